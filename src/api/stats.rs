//! What a connection has done so far.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use super::options::to_duration;
use crate::{
    core::{
        cause::Cause,
        time::Millis,
        types::{Notice, Phase, Transport},
    },
    web::{clock, data::Data, driver::Driver},
};

/// A connection in numbers, since it was opened.
///
/// ```no_run
/// # fn example(socket: &everwire::Socket) {
/// let stats = socket.stats();
/// println!("{} messages in {:?}; lost {} times, last for {:?}", stats.messages, stats.uptime, stats.drops, stats.last_error);
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Attempts to connect, those of a better transport beside the connection included. The polls of one long-polling connection
    /// are one attempt.
    pub attempts: u64,
    /// Times that an open connection was lost.
    pub drops: u64,
    /// Of [`Events`](super::Events) the bytes of responses; where it is the browser's own EventSource, which shows no more, and of a
    /// [`Socket`](super::Socket), those of what was delivered, text counted as UTF-8.
    pub bytes: u64,
    /// Events that were delivered, of [`Events`](super::Events).
    pub events: u64,
    /// Messages that were delivered, of a [`Socket`](super::Socket).
    pub messages: u64,
    /// Events or messages that came again and were not delivered; see [`EventsBuilder::dedupe`](super::EventsBuilder::dedupe) and
    /// [`SocketBuilder::dedupe`](super::SocketBuilder::dedupe).
    pub duplicates: u64,
    /// How long there was a connection, all in all.
    pub uptime: Duration,
    /// The transport in use or being tried.
    pub transport: Option<Transport>,
    /// What last went wrong, even if all is well again.
    pub last_error: Option<Cause>,
}

/// What is counted as it happens.
#[derive(Default)]
pub(super) struct Counters {
    drops: Cell<u64>,
    delivered: Cell<u64>,
    /// There was a connection, and it has not been reported as lost.
    connected: Cell<bool>,
    /// Before the connection that there is.
    uptime: Cell<Millis>,
    open_since: Cell<Option<Millis>>,
    last_error: RefCell<Option<Cause>>,
}

fn count(counter: &Cell<u64>) {
    counter.set(counter.get().saturating_add(1));
}

impl Counters {
    pub(super) fn delivered(&self) {
        count(&self.delivered);
    }

    pub(super) fn hear(&self, notice: &Notice<Data>) {
        match notice {
            Notice::Status(now) if now.phase == Phase::Open => {
                self.connected.set(true);
                if self.open_since.get().is_none() {
                    self.open_since.set(Some(clock::now()));
                }
            }
            Notice::Status(_) => {
                self.uptime.set(self.uptime());
                self.open_since.set(None);
            }
            Notice::Reconnecting { cause, .. } => self.failed(cause),
            Notice::Closed(end) => {
                if let Some(cause) = &end.cause {
                    self.failed(cause);
                }
            }
            _ => {}
        }
    }

    fn failed(&self, cause: &Cause) {
        if self.connected.take() {
            count(&self.drops);
        }
        self.last_error.replace(Some(cause.clone()));
    }

    fn uptime(&self) -> Millis {
        let current = self.open_since.get().map_or(Millis::ZERO, |since| clock::now().since(since));
        self.uptime.get().after(current)
    }

    /// How many items were delivered, and what does not depend on what they are.
    pub(super) fn stats(&self, driver: &Driver, duplicates: u64) -> (u64, Stats) {
        let stats = Stats {
            attempts: driver.attempted(),
            drops: self.drops.get(),
            duplicates,
            uptime: to_duration(self.uptime()),
            transport: driver.snapshot().transport,
            last_error: self.last_error.borrow().clone(),
            ..Stats::default()
        };
        (self.delivered.get(), stats)
    }
}
