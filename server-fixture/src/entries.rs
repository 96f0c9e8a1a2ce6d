//! A log as the source of an event stream.

use crate::log::{Draft, Subscription};
use crate::sse::{Page, Source};

/// The entries of a log, from a position on.
#[derive(Debug)]
pub(crate) struct Entries {
    subscription: Subscription,
    first: Option<Draft>,
    ends_with: Option<&'static str>,
    over: bool,
}

impl Entries {
    pub(crate) fn of(subscription: Subscription) -> Self {
        Self { subscription, first: None, ends_with: None, over: false }
    }

    /// One event before those of the log. It has the id of the position, since it moves nothing.
    pub(crate) fn first(mut self, draft: Draft) -> Self {
        self.first = Some(draft);
        self
    }

    /// The stream ends after an event of this kind.
    pub(crate) fn ends_with(mut self, kind: &'static str) -> Self {
        self.ends_with = Some(kind);
        self
    }
}

impl Source for Entries {
    async fn write(&mut self, page: &mut Page) -> bool {
        if self.over {
            return false;
        }
        if let Some(draft) = self.first.take() {
            page.event(Some(&self.subscription.position()), &draft.kind, &draft.body);
            return true;
        }
        let entry = self.subscription.next().await;
        self.over = self.ends_with.is_some_and(|last| entry.draft.kind == last);
        page.event(Some(&self.subscription.id(entry.seq)), &entry.draft.kind, &entry.draft.body);
        true
    }
}
