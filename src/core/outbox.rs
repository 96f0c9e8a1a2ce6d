//! Messages that were accepted while nothing could carry them.
//!
//! Bounded in count and in bytes, first in, first out. Whatever was accepted leaves in one of two
//! ways: to a transport, or back to the application with a reason.

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

/// The queue, as two stacks: what came goes onto the one, and when the other is empty, is turned over onto it.
///
/// A ring buffer is as fast, and a good part of a small module.
#[derive(Debug)]
pub struct Outbox<P> {
    bounds: Bounds,
    /// The newest message last.
    newer: Vec<P>,
    /// The oldest message last. All of them are older than the newer ones.
    older: Vec<P>,
    bytes: usize,
}

impl<P: Payload> Outbox<P> {
    /// An empty one.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self { bounds, newer: Vec::new(), older: Vec::new(), bytes: 0 }
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
        while self.len() >= self.bounds.messages || self.bytes.saturating_add(size) > self.bounds.bytes {
            if self.bounds.when_full == WhenFull::Refuse {
                return Err(payload);
            }
            match self.pop() {
                Some(oldest) => gone.push(oldest),
                None => return Err(payload),
            }
        }
        self.bytes = self.bytes.saturating_add(size);
        self.newer.push(payload);
        Ok(gone)
    }

    /// Puts a message back behind the `ahead` first ones: it had left and was not taken, like those before it.
    /// It was accepted once, so it is not measured against the bounds again.
    pub fn put_back(&mut self, payload: P, ahead: usize) {
        self.bytes = self.bytes.saturating_add(payload.size());
        self.turn();
        self.older.insert(self.older.len().saturating_sub(ahead), payload);
    }

    /// Moves the message that came last to behind the `ahead` first ones.
    pub fn move_up(&mut self, ahead: usize) {
        if let Some(payload) = self.newer.pop() {
            self.bytes = self.bytes.saturating_sub(payload.size());
            self.put_back(payload, ahead);
        }
    }

    /// The oldest message.
    pub fn pop(&mut self) -> Option<P> {
        self.turn();
        let payload = self.older.pop()?;
        self.bytes = self.bytes.saturating_sub(payload.size());
        Some(payload)
    }

    fn turn(&mut self) {
        if self.older.is_empty() {
            while let Some(payload) = self.newer.pop() {
                self.older.push(payload);
            }
        }
    }

    /// How many messages wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.newer.len().saturating_add(self.older.len())
    }

    /// Is there nothing to send?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.newer.is_empty() && self.older.is_empty()
    }

    /// How many bytes wait.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }
}
