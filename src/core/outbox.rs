//! Messages that were accepted while nothing could carry them.
//!
//! Bounded in count and in bytes, first in, first out. Whatever was accepted leaves in one of two
//! ways: to a transport, or back to the application with a reason.

use std::collections::VecDeque;

use super::types::Payload;

/// What to do with a message for which there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WhenFull {
    /// Hand it back to the caller.
    #[default]
    Refuse,
    /// Make room: give up the oldest, and report them.
    DropOldest,
}

/// The bounds of an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most messages it holds.
    pub messages: usize,
    /// The most bytes it holds.
    pub bytes: usize,
    /// The policy when a message has no room.
    pub when_full: WhenFull,
}

impl Bounds {
    /// 1,000 messages, 1 MiB, refuse.
    pub const DEFAULT: Self = Self { messages: 1_000, bytes: 1_048_576, when_full: WhenFull::Refuse };
}

impl Default for Bounds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The queue.
#[derive(Debug)]
pub struct Outbox<P> {
    bounds: Bounds,
    queue: VecDeque<P>,
    bytes: usize,
}

impl<P: Payload> Outbox<P> {
    /// An empty one.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, queue: VecDeque::new(), bytes: 0 }
    }

    /// Takes a message in at the end. `Err` hands it back: there is no room for it. `Ok` are the
    /// messages that had to go for it, oldest first.
    ///
    /// # Errors
    ///
    /// When it is full and refuses, or when the message alone is larger than the bounds.
    pub fn push(&mut self, payload: P) -> Result<Vec<P>, P> {
        let size = payload.size();
        let mut gone = Vec::new();
        if size > self.bounds.bytes || self.bounds.messages == 0 {
            return Err(payload);
        }
        while self.queue.len() >= self.bounds.messages || self.bytes.saturating_add(size) > self.bounds.bytes {
            if self.bounds.when_full == WhenFull::Refuse {
                return Err(payload);
            }
            match self.pop() {
                Some(oldest) => gone.push(oldest),
                None => return Err(payload),
            }
        }
        self.bytes = self.bytes.saturating_add(size);
        self.queue.push_back(payload);
        Ok(gone)
    }

    /// Puts a message back behind the `ahead` first ones: it had left and was not taken, like those before it.
    /// It was accepted once, so it is not measured against the bounds again.
    pub fn put_back(&mut self, payload: P, ahead: usize) {
        self.bytes = self.bytes.saturating_add(payload.size());
        self.queue.insert(ahead.min(self.queue.len()), payload);
    }

    /// The oldest message.
    pub fn pop(&mut self) -> Option<P> {
        let payload = self.queue.pop_front()?;
        self.bytes = self.bytes.saturating_sub(payload.size());
        Some(payload)
    }

    /// How many messages wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Is there nothing to send?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// How many bytes wait.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}
