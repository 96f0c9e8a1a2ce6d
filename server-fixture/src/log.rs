//! A channel's bounded log, and reading along it.
//!
//! Entries are numbered 1, 2, 3 … without a hole. A message's id is `E:N`: the server's epoch, a unix second, and the number in
//! the channel. The same id goes over every transport. The log keeps the newest entries up to a bound in count and in bytes;
//! a reader pulls from it at its own pace, so a slow reader costs nothing but its own lag.
//!
//! With a store, an entry is committed before any reader can see it and before its publisher is told.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::ws::Message;
use bytes::Bytes;
use tokio::sync::watch;

use crate::channels::OCTETS;
use crate::store::{Store, StoreError};

const MAX_ENTRIES: usize = 10_000;
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// A message's id, which is also a position: "everything up to and including this was seen".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) epoch: u64,
    pub(crate) seq: u64,
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.seq)
    }
}

impl FromStr for Id {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (epoch, seq) = text.split_once(':').ok_or(())?;
        Ok(Self { epoch: number(epoch)?, seq: number(seq)? })
    }
}

/// A whole number in digits, without a sign.
pub(crate) fn number(digits: &str) -> Result<u64, ()> {
    match digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse().map_err(|_| ()),
        false => Err(()),
    }
}

/// What a publisher hands in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Draft {
    /// The name of the SSE event; empty for a plain message.
    pub(crate) kind: String,
    /// Empty when the publisher did not say.
    pub(crate) content_type: String,
    pub(crate) body: Bytes,
}

impl Draft {
    /// What came over a socket.
    pub(crate) fn heard(message: Message) -> Self {
        let content_type = if matches!(message, Message::Binary(_)) { OCTETS } else { "" };
        Self { kind: String::new(), content_type: content_type.into(), body: message.into_data() }
    }

    /// A generated event whose data is JSON.
    pub(crate) fn json(kind: &str, value: &serde_json::Value) -> Self {
        Self { kind: kind.into(), content_type: "application/json".into(), body: value.to_string().into() }
    }
}

/// One message of a log.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) seq: u64,
    pub(crate) draft: Draft,
}

impl Entry {
    fn size(&self) -> usize {
        let Draft { kind, content_type, body } = &self.draft;
        kind.len().saturating_add(content_type.len()).saturating_add(body.len())
    }
}

#[derive(Debug, Default)]
struct History {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
}

impl History {
    fn push(&mut self, entry: Arc<Entry>) {
        self.bytes = self.bytes.saturating_add(entry.size());
        self.entries.push_back(entry);
    }

    /// How many of the oldest have to go to make room for `incoming`.
    fn surplus(&self, incoming: &[Arc<Entry>]) -> usize {
        let added = incoming.iter().fold(0_usize, |sum, entry| sum.saturating_add(entry.size()));
        let mut bytes = self.bytes.saturating_add(added);
        let mut count = self.entries.len().saturating_add(incoming.len());
        let all = self.entries.iter().chain(incoming);
        all.take_while(|oldest| {
            let too_much = count > MAX_ENTRIES || bytes > MAX_BYTES;
            count = count.saturating_sub(1);
            bytes = bytes.saturating_sub(oldest.size());
            too_much
        })
        .count()
    }

    fn drop_oldest(&mut self, count: usize) {
        for entry in self.entries.drain(..count.min(self.entries.len())) {
            self.bytes = self.bytes.saturating_sub(entry.size());
        }
    }
}

/// Where a reader wants to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Oldest,
    Newest,
    After(Id),
}

/// A channel: its history, and a signal of the newest number for those who wait.
#[derive(Debug)]
pub(crate) struct Log {
    name: String,
    epoch: u64,
    store: Option<Arc<Store>>,
    history: Mutex<History>,
    newest: watch::Sender<u64>,
    /// Held through numbering, committing and showing, so that the three happen in one order.
    turn: Mutex<()>,
}

impl Log {
    pub(crate) fn new(name: &str, epoch: u64, store: Option<Arc<Store>>, kept: Vec<Entry>) -> Arc<Self> {
        let mut history = History::default();
        for entry in kept {
            history.push(Arc::new(entry));
        }
        let newest = watch::Sender::new(history.entries.back().map_or(0, |entry| entry.seq));
        Arc::new(Self { name: name.into(), epoch, store, history: Mutex::new(history), newest, turn: Mutex::new(()) })
    }

    pub(crate) fn newest(&self) -> Id {
        Id { epoch: self.epoch, seq: *self.newest.borrow() }
    }

    pub(crate) fn has_readers(&self) -> bool {
        self.newest.receiver_count() > 0
    }

    /// Appends `count` entries at once; `make` gets the number of each. Answers the id of the last.
    ///
    /// A commit blocks, so it goes to a thread of its own; there it also runs to its end when the publisher has gone.
    pub(crate) async fn append<F>(self: &Arc<Self>, count: u64, make: F) -> Result<Id, StoreError>
    where
        F: Fn(u64) -> Draft + Send + 'static,
    {
        if self.store.is_none() {
            return self.append_now(count, make);
        }
        let log = Arc::clone(self);
        match tokio::task::spawn_blocking(move || log.append_now(count, make)).await {
            Ok(appended) => appended,
            Err(stopped) => Err(StoreError::new(stopped)),
        }
    }

    /// The same, for those who cannot wait: with a store it blocks.
    pub(crate) fn append_now(&self, count: u64, make: impl Fn(u64) -> Draft) -> Result<Id, StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = self.newest().seq;
        let last = newest.saturating_add(count);
        let fresh: Vec<_> =
            (newest.saturating_add(1)..=last).map(|seq| Arc::new(Entry { seq, draft: make(seq) })).collect();
        let surplus = self.history().surplus(&fresh);
        if let Some(store) = &self.store {
            store.append(&self.name, &fresh, self.oldest().saturating_add(surplus as u64))?;
        }
        let mut history = self.history();
        for entry in fresh {
            history.push(entry);
        }
        history.drop_oldest(surplus);
        drop(history);
        self.newest.send_replace(last);
        Ok(Id { epoch: self.epoch, seq: last })
    }

    /// Forgets all but the newest, and says how many that were. With a store it blocks.
    pub(crate) fn trim(&self, keep: usize) -> Result<usize, StoreError> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let surplus = self.history().entries.len().saturating_sub(keep);
        if let Some(store) = &self.store {
            store.append(&self.name, &[], self.oldest().saturating_add(surplus as u64))?;
        }
        self.history().drop_oldest(surplus);
        Ok(surplus)
    }

    /// The number of the oldest entry kept, or the one that the first will get.
    fn oldest(&self) -> u64 {
        self.history().entries.front().map_or(1, |entry| entry.seq)
    }

    pub(crate) fn subscribe(self: &Arc<Self>, start: Start) -> Subscription {
        let signal = self.newest.subscribe();
        let newest = self.newest().seq;
        let after = match start {
            Start::Newest => newest,
            Start::After(id) if id.epoch == self.epoch => id.seq.min(newest),
            Start::After(_) | Start::Oldest => 0,
        };
        Subscription { log: Arc::clone(self), signal, after }
    }

    /// The first entry behind a number, which is the oldest one kept if the next is gone.
    fn first_after(&self, after: u64) -> Option<Arc<Entry>> {
        let history = self.history();
        let oldest = history.entries.front()?.seq;
        let index = after.saturating_add(1).saturating_sub(oldest);
        history.entries.get(usize::try_from(index).ok()?).cloned()
    }

    /// All that is kept, oldest first.
    pub(crate) fn entries(&self) -> Vec<Arc<Entry>> {
        self.history().entries.iter().cloned().collect()
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader of a log.
#[derive(Debug)]
pub(crate) struct Subscription {
    log: Arc<Log>,
    signal: watch::Receiver<u64>,
    after: u64,
}

impl Subscription {
    /// The next entry, as soon as there is one. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Arc<Entry> {
        loop {
            self.signal.mark_unchanged();
            if let Some(entry) = self.log.first_after(self.after) {
                self.after = entry.seq;
                return entry;
            }
            if self.signal.changed().await.is_err() {
                // Cannot be: the sender lives in the log that this holds. Waiting is harmless, spinning is not.
                std::future::pending::<()>().await;
            }
        }
    }

    /// The id of the last entry that was read, or of where reading began.
    pub(crate) fn position(&self) -> Id {
        self.id(self.after)
    }

    pub(crate) fn id(&self, seq: u64) -> Id {
        Id { epoch: self.log.epoch, seq }
    }

    pub(crate) fn log(&self) -> &Arc<Log> {
        &self.log
    }
}
