//! The ids of the last events, to tell those that come a second time.
//!
//! A server that resumes inclusively, or a little before the last id to be on the safe side, sends events again. Whoever may not
//! hear anything twice asks here first. The window is bounded in ids and in bytes, and the oldest ids leave it first.

use std::{
    collections::{BTreeSet, VecDeque},
    rc::Rc,
};

/// The most bytes of ids that are kept: 1 MiB.
const MAX_BYTES: usize = 1 << 20;

/// The last `limit` ids.
#[derive(Clone, Debug)]
pub struct Seen {
    limit: usize,
    bytes: usize,
    /// Oldest first.
    order: VecDeque<Rc<str>>,
    known: BTreeSet<Rc<str>>,
}

impl Seen {
    /// A window of this many ids, in which there are none.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, bytes: 0, order: VecDeque::new(), known: BTreeSet::new() }
    }

    /// Notes an id, and tells whether it was not in the window.
    pub fn is_new(&mut self, id: &Rc<str>) -> bool {
        if !self.known.insert(Rc::clone(id)) {
            return false;
        }
        self.order.push_back(Rc::clone(id));
        self.bytes = self.bytes.saturating_add(id.len());
        while self.order.len() > self.limit || self.bytes > MAX_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.len());
            self.known.remove(&oldest);
        }
        true
    }
}
