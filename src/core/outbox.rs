//! Messages that were accepted while nothing could carry them.
//!
//! Bounded in count and in bytes, first in, first out. Whatever was accepted leaves in one of two
//! ways: to a transport, or back to the application with a reason: it made room for another, its time was up, or a newer
//! message of the same key took its place.

use core::mem;

use super::{
    text::Text,
    time::Millis,
    types::{Payload, Why},
};

/// What to do with a message for which there is no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WhenFull {
    /// Hand it back to the caller.
    #[default]
    Refuse,
    /// Make room: give up the oldest, and report them.
    DropOldest,
    /// Make room: give up the newest of those that wait, and report them.
    DropNewest,
}

impl WhenFull {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Refuse, Self::DropOldest, Self::DropNewest];
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
    /// How long a message may wait in it that does not say so itself.
    pub ttl: Millis,
}

impl Bounds {
    /// 1,000 messages, 1 MiB, refuse; a message waits for as long as it takes.
    pub const DEFAULT: Self =
        Self { messages: 1_000, bytes: 1_048_576, when_full: WhenFull::Refuse, ttl: Millis::NEVER };
}

impl Default for Bounds {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// On what terms a message is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// It is of use only now: it is sent at once, or refused, and never queued. It passes the outbox's gate.
    pub volatile: bool,
    /// Of the messages with the same key only the newest waits; empty for none.
    pub key: Text,
    /// How long it may wait; `None`: as the outbox has it.
    pub ttl: Option<Millis>,
}

/// A message that waits, or is under way and may come back.
#[derive(Debug)]
struct Entry<P> {
    data: P,
    key: Text,
    /// Given up from then on.
    until: Millis,
}

/// The queue, as two stacks: what came goes onto the one, and when the other is empty, is turned over onto it.
///
/// A ring buffer is as fast, and a good part of a small module.
#[derive(Debug)]
pub struct Outbox<P> {
    bounds: Bounds,
    /// The newest message last.
    newer: Vec<Entry<P>>,
    /// The oldest message last. All of them are older than the newer ones.
    older: Vec<Entry<P>>,
    bytes: usize,
    /// The messages that are under way and may come back, in their order.
    away: Vec<Entry<P>>,
    /// So many of the oldest ones go first: they had left and came back, or were moved up.
    ahead: usize,
    /// No message's time is up before that.
    soonest: Millis,
}

impl<P: Payload> Outbox<P> {
    /// An empty one.
    #[must_use]
    pub const fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            newer: Vec::new(),
            older: Vec::new(),
            bytes: 0,
            away: Vec::new(),
            ahead: 0,
            soonest: Millis::NEVER,
        }
    }

    /// Takes a message in at the end. `Err` hands it back: there is no room for it. `Ok` are the
    /// messages that had to go for it, and why.
    ///
    /// # Errors
    ///
    /// When it is full and refuses, or when the message alone is larger than the bounds.
    pub fn push(&mut self, now: Millis, payload: P, terms: Terms) -> Result<Vec<(P, Why)>, P> {
        let size = payload.size();
        let mut gone = Vec::new();
        if size > self.bounds.bytes || self.bounds.messages == 0 {
            return Err(payload);
        }
        if !terms.key.is_empty() {
            let same = |entry: &Entry<P>| entry.key == terms.key;
            if self.bounds.when_full == WhenFull::Refuse && !self.has_room(size, &same) {
                return Err(payload);
            }
            self.take_out(&same, Why::Replaced, &mut gone);
        }
        while self.len() >= self.bounds.messages || self.bytes.saturating_add(size) > self.bounds.bytes {
            let next = match self.bounds.when_full {
                WhenFull::Refuse => None,
                WhenFull::DropOldest => self.pop(),
                WhenFull::DropNewest => self.pop_newest(),
            };
            match next {
                Some(other) => gone.push((other, Why::Full)),
                None => return Err(payload),
            }
        }
        let entry = self.entry(now, payload, terms);
        self.soonest = self.soonest.min(entry.until);
        self.bytes = self.bytes.saturating_add(size);
        self.newer.push(entry);
        Ok(gone)
    }

    fn entry(&self, now: Millis, data: P, terms: Terms) -> Entry<P> {
        let ttl = terms.ttl.unwrap_or(self.bounds.ttl);
        // What is of use only now does not wait at all.
        Entry { data, key: terms.key, until: if terms.volatile { Millis::ZERO } else { now.after(ttl) } }
    }

    /// A message goes past it, on these terms, and may come back.
    pub fn passes(&mut self, now: Millis, payload: P, terms: Terms) {
        let entry = self.entry(now, payload, terms);
        self.away.push(entry);
    }

    /// What is under way does not come back.
    pub fn settled(&mut self) {
        self.away.clear();
    }

    /// What is under way is given up for this reason.
    pub fn lose(&mut self, why: Why) -> Vec<(P, Why)> {
        let mut gone = Vec::new();
        for entry in mem::take(&mut self.away) {
            gone.push((entry.data, why));
        }
        gone
    }

    /// Puts what was under way back behind those that go first: it had left and was not taken, like them. It was accepted once, so it is not
    /// measured against the bounds again; but a newer one may have replaced it, or its time be up. What is given up is handed back, and why.
    pub fn take_back(&mut self, now: Millis) -> Vec<(P, Why)> {
        let mut gone = Vec::new();
        let (ahead, mut count) = (self.ahead, 0_usize);
        // The newest first, so that it is what an older one finds in its place.
        while let Some(entry) = self.away.pop() {
            let mut all = self.older.iter().chain(&self.newer);
            if !entry.key.is_empty() && all.any(|newer| newer.key == entry.key) {
                gone.push((entry.data, Why::Replaced));
            } else {
                self.ahead = ahead;
                self.insert(entry);
                count = count.saturating_add(1);
            }
        }
        self.ahead = ahead.saturating_add(count);
        gone.append(&mut self.expired(now));
        gone
    }

    /// Would there be room for so many bytes without those of which this is true?
    fn has_room(&self, size: usize, goes: &dyn Fn(&Entry<P>) -> bool) -> bool {
        let (mut messages, mut bytes) = (0_usize, size);
        for entry in self.older.iter().chain(&self.newer).filter(|entry| !goes(entry)) {
            messages = messages.saturating_add(1);
            bytes = bytes.saturating_add(entry.data.size());
        }
        messages < self.bounds.messages && bytes <= self.bounds.bytes
    }

    /// Puts a message back, as [`Self::take_back`] does, of whose terms nothing is known any more.
    pub fn put_back(&mut self, now: Millis, payload: P) {
        let entry = self.entry(now, payload, Terms::default());
        self.insert(entry);
    }

    /// Moves the message that came last to behind those that go first.
    pub fn move_up(&mut self) {
        if let Some(entry) = self.newer.pop() {
            self.bytes = self.bytes.saturating_sub(entry.data.size());
            self.insert(entry);
        }
    }

    fn insert(&mut self, entry: Entry<P>) {
        self.bytes = self.bytes.saturating_add(entry.data.size());
        self.soonest = self.soonest.min(entry.until);
        self.turn();
        self.older.insert(self.older.len().saturating_sub(self.ahead), entry);
        self.ahead = self.ahead.saturating_add(1);
    }

    /// Whatever takes messages now, it is another one: what comes back from there goes before all of them.
    pub const fn begins_anew(&mut self) {
        self.ahead = 0;
    }

    /// The oldest message, which stays.
    pub fn peek(&mut self) -> Option<&P> {
        self.turn();
        self.older.last().map(|entry| &entry.data)
    }

    /// The oldest message.
    pub fn pop(&mut self) -> Option<P> {
        self.take().map(|entry| entry.data)
    }

    /// The oldest message, which may come back.
    pub fn lend(&mut self) -> Option<P> {
        let entry = self.take()?;
        let data = entry.data.clone();
        self.away.push(entry);
        Some(data)
    }

    fn take(&mut self) -> Option<Entry<P>> {
        self.turn();
        let entry = self.older.pop();
        self.ahead = self.ahead.saturating_sub(1);
        self.leaves(entry)
    }

    fn pop_newest(&mut self) -> Option<P> {
        let entry = if self.newer.is_empty() {
            // The newest of the older ones is their first.
            (!self.older.is_empty()).then(|| self.older.remove(0))
        } else {
            self.newer.pop()
        };
        self.leaves(entry).map(|entry| entry.data)
    }

    fn leaves(&mut self, entry: Option<Entry<P>>) -> Option<Entry<P>> {
        let entry = entry?;
        self.bytes = self.bytes.saturating_sub(entry.data.size());
        self.ahead = self.ahead.min(self.len());
        if self.is_empty() {
            self.soonest = Millis::NEVER;
        }
        Some(entry)
    }

    /// When the next message's time may be up.
    #[must_use]
    pub const fn soonest(&self) -> Millis {
        self.soonest
    }

    /// The messages whose time is up, oldest first.
    pub fn expired(&mut self, now: Millis) -> Vec<(P, Why)> {
        let mut gone = Vec::new();
        if self.soonest <= now {
            self.take_out(&|entry| entry.until <= now, Why::Expired, &mut gone);
        }
        gone
    }

    /// Takes out those of which this is true, oldest first.
    fn take_out(&mut self, goes: &dyn Fn(&Entry<P>) -> bool, why: Why, gone: &mut Vec<(P, Why)>) {
        let mut all = Vec::new();
        while let Some(entry) = self.older.pop() {
            all.push(entry);
        }
        all.append(&mut self.newer);
        self.soonest = Millis::NEVER;
        let ahead = mem::take(&mut self.ahead);
        for (at, entry) in all.into_iter().enumerate() {
            if goes(&entry) {
                self.bytes = self.bytes.saturating_sub(entry.data.size());
                gone.push((entry.data, why));
            } else {
                self.ahead = self.ahead.saturating_add(usize::from(at < ahead));
                self.soonest = self.soonest.min(entry.until);
                self.newer.push(entry);
            }
        }
    }

    fn turn(&mut self) {
        if self.older.is_empty() {
            while let Some(entry) = self.newer.pop() {
                self.older.push(entry);
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
