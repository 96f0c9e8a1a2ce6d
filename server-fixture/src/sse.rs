//! Server-sent events: a log written as `text/event-stream`, from a position on, for as long as the client listens.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::{Error, Extension};
use bytes::Bytes;
use futures_util::stream;
use tokio::time::{Interval, MissedTickBehavior};

use crate::app::Shared;
use crate::errors::Problem;
use crate::faults::{Finish, Silence};
use crate::gate::Call;
use crate::log::{Draft, Id, Start, Subscription};
use crate::params::Params;
use crate::resume;

const BETWEEN_COMMENTS: Duration = Duration::from_secs(15);

/// The longest `retry:` that can be asked for: a day.
const MAX_RETRY_MS: u64 = 86_400_000;

/// A stream before it is opened.
pub(crate) struct Feed {
    subscription: Subscription,
    retry_ms: Option<u64>,
    first: Option<Bytes>,
    ends_with: Option<&'static str>,
}

impl Feed {
    /// The log's entries, with `retry:` before them if the query asks for it.
    pub(crate) fn of(subscription: Subscription, params: &Params) -> Result<Self, Problem> {
        let retry_ms = params.number("retry", 0..=MAX_RETRY_MS)?;
        Ok(Self { subscription, retry_ms, first: None, ends_with: None })
    }

    /// Has a `retry:` even if the query does not ask for one.
    pub(crate) fn retry(mut self, default_ms: u64) -> Self {
        self.retry_ms.get_or_insert(default_ms);
        self
    }

    /// One event before those of the log. It has the id of the position, since it moves nothing.
    pub(crate) fn first(mut self, draft: &Draft) -> Self {
        self.first = Some(event(self.subscription.position(), draft));
        self
    }

    /// The response ends after an event of this kind.
    pub(crate) fn ends_with(mut self, kind: &'static str) -> Self {
        self.ends_with = Some(kind);
        self
    }

    /// The response.
    pub(crate) fn open(self, call: Call) -> Response {
        let mut comments = tokio::time::interval(BETWEEN_COMMENTS);
        comments.set_missed_tick_behavior(MissedTickBehavior::Delay);
        comments.reset();
        let retry = self.retry_ms.map(|ms| format!("retry: {ms}\n\n"));
        let opening = format!(": hi\n\n{}", retry.unwrap_or_default()).into();
        let stream = Stream { feed: self, call, opening: Some(opening), comments, over: false };
        let body = stream::unfold(stream, |mut stream| async move {
            let bytes = stream.next().await?;
            Some((Ok::<_, Error>(bytes), stream))
        });
        let headers: [(HeaderName, &str); 3] = [
            (CONTENT_TYPE, "text/event-stream"),
            (CACHE_CONTROL, "no-store"),
            // Asks nginx, if one is in between, not to buffer.
            (HeaderName::from_static("x-accel-buffering"), "no"),
        ];
        (headers, Body::from_stream(body)).into_response()
    }
}

/// A stream under way.
struct Stream {
    feed: Feed,
    call: Call,
    opening: Option<Bytes>,
    comments: Interval,
    over: bool,
}

impl Stream {
    /// The next bytes to write; `None` ends the response.
    async fn next(&mut self) -> Option<Bytes> {
        let Call { faults, visit, kind } = &self.call;
        if faults.silent == Some(Silence::Open) {
            std::future::pending::<()>().await;
        }
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        match faults.finish(visit.sent(), *kind) {
            Some(Finish::Cut) => {
                // The bytes before this one may still be in hyper's buffer.
                visit.connection().cut_when_flushed();
                std::future::pending::<()>().await;
            }
            Some(Finish::End | Finish::Close(..)) => return None,
            None if self.over => return None,
            None => {}
        }
        if let Some(first) = self.feed.first.take() {
            visit.count();
            return Some(first);
        }
        tokio::select! {
            entry = self.feed.subscription.next() => {
                visit.count();
                self.over = self.feed.ends_with.is_some_and(|last| entry.draft.kind == last);
                Some(event(self.feed.subscription.id(entry.seq), &entry.draft))
            }
            _ = self.comments.tick() => Some(Bytes::from_static(b": still here\n\n")),
        }
    }
}

/// One event as it is written. Bytes that are not UTF-8 are replaced: SSE has text only.
fn event(id: Id, draft: &Draft) -> Bytes {
    let mut text = format!("id: {id}\n");
    if !draft.kind.is_empty() {
        text.push_str(&format!("event: {}\n", draft.kind));
    }
    let body = String::from_utf8_lossy(&draft.body).replace("\r\n", "\n").replace('\r', "\n");
    for line in body.split('\n') {
        text.push_str(&format!("data: {line}\n"));
    }
    text.push('\n');
    text.into()
}

/// `GET /sse/{channel}`: a relay channel.
pub(crate) async fn channel(
    State(app): State<Shared>,
    Path(name): Path<String>,
    params: Params,
    headers: HeaderMap,
    Extension(call): Extension<Call>,
) -> Result<Response, Problem> {
    let start = resume::start(&headers, &params, Start::Oldest)?;
    let log = app.channels.get(&name)?;
    Ok(Feed::of(log.subscribe(start), &params)?.open(call))
}
