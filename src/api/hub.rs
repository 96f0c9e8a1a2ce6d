//! Who listens to a connection, on the Rust side.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use super::{
    ConfigError, Message, Reconnected, Reconnecting, Stats, Status, TransportChange,
    milestones::{Ending, Opening},
    options::to_duration,
    progress::Progress,
    slots::{Slots, Told},
    stats::Counters,
    stream::{Overflow, Queue},
};
use crate::{
    core::{
        cursor::Continuity,
        machine::Config,
        types::{self, End, Notice, Snapshot},
        wire::Wire,
    },
    web::{
        data::Data,
        driver::{Driver, Observer},
        endpoint::Endpoint,
    },
};

/// What a face delivers.
pub(super) trait Item: Clone + 'static {
    /// What the face has to know to make one.
    type Context;
    /// Its size in bytes.
    fn size(&self) -> usize;
    /// Takes apart what came, and delivers each that is for the application, in order, until no more is wanted.
    fn unpack(message: types::Message<Data>, hub: &Hub<Self>, driver: &Driver);
    /// The id of the last item that was delivered.
    fn last_id(_context: &Self::Context, driver: &Driver) -> String {
        driver.last_id()
    }
    /// What the face itself does about a notice, before the application hears it.
    fn hear_first(_context: &Self::Context, _driver: &Driver, _notice: &Notice<Data>) {}
}

/// Everybody who listens to one connection.
pub(super) struct Hub<T: Item> {
    pub(super) context: T::Context,
    pub(super) progress: Progress,
    pub(super) counters: Counters,
    status: RefCell<Status>,
    pub(super) opening: Rc<Opening>,
    pub(super) ending: Rc<Ending>,
    queues: RefCell<Vec<Weak<Queue<T>>>>,
    pub(super) slots: Rc<Slots<T>>,
}

impl<T: Item> Hub<T> {
    pub(super) fn new(context: T::Context, progress: Progress) -> Rc<Self> {
        Rc::new(Self {
            context,
            progress,
            counters: Counters::default(),
            status: RefCell::new(Status::Connecting { attempt: 0, transport: None }),
            opening: Rc::default(),
            ending: Rc::default(),
            queues: RefCell::default(),
            slots: Rc::default(),
        })
    }

    fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// The status that was told last; or the one that is about to be, where a callback has brought it about and has not returned yet.
    pub(super) fn status_now(&self, driver: &Driver) -> Status {
        // What the application has closed is over, whatever there is left to do.
        if driver.is_closing() {
            return Status::Closed;
        }
        let (told, snapshot) = (self.status(), driver.snapshot());
        if told.phase() == snapshot.phase { told } else { Self::status_at(driver, snapshot) }
    }

    fn status_at(driver: &Driver, snapshot: Snapshot) -> Status {
        Status::new(snapshot, driver.last_cause(), driver.continuity())
    }

    /// A new reader, of what comes from now on, with room for this many items.
    pub(super) fn queue(&self, capacity: usize, overflow: Overflow) -> Rc<Queue<T>> {
        let queue = Queue::new(capacity, overflow);
        if self.ending.is_reached() {
            queue.end();
        }
        let mut queues = self.queues.borrow_mut();
        queues.retain(|queue| queue.strong_count() > 0);
        queues.push(Rc::downgrade(&queue));
        queue
    }

    /// The same, for a capacity of the application's choice.
    pub(super) fn bounded_queue(&self, capacity: usize, overflow: Overflow) -> Result<Rc<Queue<T>>, ConfigError> {
        if capacity == 0 {
            return Err(ConfigError::new("capacity", "0", "expected room for at least one item"));
        }
        Ok(self.queue(capacity, overflow))
    }

    /// The queues that still have a reader.
    fn readers(&self) -> Vec<Rc<Queue<T>>> {
        self.queues.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    /// Hands an item to all who listen.
    pub(super) fn deliver(&self, item: T) {
        self.counters.delivered();
        // Those that there are before the callbacks make more; and the last one takes the item itself.
        let mut readers = self.readers();
        self.slots.tell(&Told::Item(&item));
        let size = item.size();
        let last = readers.pop();
        for reader in readers {
            reader.push(item.clone(), size);
        }
        if let Some(last) = last {
            last.push(item, size);
        }
    }

    fn set_status(&self, driver: &Driver, snapshot: Snapshot) {
        self.tell_status(Self::status_at(driver, snapshot));
    }

    fn tell_status(&self, status: Status) {
        if *self.status.borrow() != status {
            self.status.replace(status.clone());
            self.slots.tell(&Told::Status(&status));
        }
    }

    /// An open connection turns out to have begun behind a gap: its ids come later than its opening.
    fn note_gap(&self) {
        if let Status::Open { transport, .. } = self.status() {
            self.tell_status(Status::Open { transport, continuity: Some(Continuity::Gap) });
        }
    }

    fn set_end(&self, driver: &Driver, end: &End) {
        self.progress.end(T::last_id(&self.context, driver).into());
        for reader in self.readers() {
            reader.end();
        }
        self.opening.reach(Err(end.clone()));
        self.ending.reach(end.clone());
    }
}

impl<T: Item> Observer for Rc<Hub<T>> {
    fn hear(&self, driver: &Driver, notice: Notice<Data>) {
        self.counters.hear(&notice);
        T::hear_first(&self.context, driver, &notice);
        match notice {
            Notice::Message(message) => T::unpack(message, self, driver),
            Notice::Status(snapshot) => self.set_status(driver, snapshot),
            Notice::Opened => self.opening.reach(Ok(())),
            Notice::Gap { after } => {
                self.note_gap();
                self.slots.tell(&Told::Gap(&after.decoded()));
            }
            Notice::Dropped { data, why } => {
                let message = Message::from_data(&data);
                self.slots.tell(&Told::Dropped(&message, why));
            }
            Notice::Closed(end) => self.set_end(driver, &end),
            Notice::Reconnecting { attempt, delay, cause } => {
                let reconnecting = Reconnecting { attempt, delay: to_duration(delay), cause: *cause };
                self.slots.tell(&Told::Reconnecting(&reconnecting));
            }
            Notice::Reconnected { continuity, transport, downtime } => {
                let reconnected = Reconnected { continuity, transport, downtime: to_duration(downtime) };
                self.slots.tell(&Told::Reconnected(&reconnected));
            }
            Notice::TransportChanged { from, to, why } => {
                let change = TransportChange { from, to, why: why.map(|why| *why) };
                self.slots.tell(&Told::TransportChanged(&change));
            }
        }
    }
}

/// A connection and its listeners. Dropping it closes the connection: each face holds it in an `Rc`, one for all clones.
pub(super) struct Connection<T: Item> {
    pub(super) driver: Rc<Driver>,
    pub(super) hub: Rc<Hub<T>>,
}

impl<T: Item> Connection<T> {
    pub(super) fn open(
        config: Config,
        endpoint: Endpoint,
        wire: Box<dyn Wire<Data>>,
        context: T::Context,
        progress: Progress,
        kinds: &[String],
    ) -> Rc<Self> {
        let hub = Hub::<T>::new(context, progress);
        let driver = Driver::new(config, endpoint, wire, Box::new(Rc::clone(&hub)));
        for kind in kinds {
            driver.listen(kind);
        }
        driver.start();
        Rc::new(Self { driver, hub })
    }

    /// The id of the last item that was delivered.
    pub(super) fn last_id(&self) -> String {
        T::last_id(&self.hub.context, &self.driver)
    }

    /// How many items were delivered, and the rest of what is counted.
    pub(super) fn stats(&self) -> (u64, Stats) {
        self.hub.counters.stats(&self.driver, self.hub.progress.duplicates())
    }
}

impl<T: Item> Drop for Connection<T> {
    fn drop(&mut self) {
        self.driver.abandon();
    }
}

/// What both faces do with their connection.
macro_rules! common_face {
    ($face:ident) => {
        impl std::fmt::Debug for $face {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($face)).field("status", &self.status()).finish_non_exhaustive()
            }
        }

        impl PartialEq for $face {
            /// Two handles are equal if they are of the same connection.
            fn eq(&self, other: &Self) -> bool {
                Rc::ptr_eq(&self.connection, &other.connection)
            }
        }

        impl $face {
            /// Where the connection is now. In a callback that has brought about another status, it is ahead of what `on_status` tells, which
            /// comes when the callback has returned.
            #[must_use]
            pub fn status(&self) -> super::Status {
                self.connection.hub.status_now(&self.connection.driver)
            }

            /// The last id seen; empty if there was none, and where the wire has none.
            #[must_use]
            pub fn last_event_id(&self) -> String {
                self.connection.last_id()
            }

            /// Calls back for each change of the status, until the subscription is dropped.
            pub fn on_status(&self, callback: impl Fn(&super::Status) + 'static) -> Subscription {
                super::slots::subscribe!(self, Status(status) => callback(status))
            }

            /// Calls back when the connection was lost, or an attempt failed, and another follows; until the subscription is dropped.
            pub fn on_reconnecting(&self, callback: impl Fn(&super::Reconnecting) + 'static) -> Subscription {
                super::slots::subscribe!(self, Reconnecting(reconnecting) => callback(reconnecting))
            }

            /// Calls back when there is a connection again after one was lost, until the subscription is dropped.
            pub fn on_reconnected(&self, callback: impl Fn(&super::Reconnected) + 'static) -> Subscription {
                super::slots::subscribe!(self, Reconnected(reconnected) => callback(reconnected))
            }

            /// Calls back when another transport has taken over, until the subscription is dropped.
            pub fn on_transport_changed(&self, callback: impl Fn(&super::TransportChange) + 'static) -> Subscription {
                super::slots::subscribe!(self, TransportChanged(change) => callback(change))
            }

            /// Resolves when the connection is open, the first time; to how it ended, if it is closed for good before that.
            pub fn opened(&self) -> super::OpenedFuture {
                super::OpenedFuture::new(&self.connection.hub.opening)
            }

            /// Resolves when the connection is closed for good.
            pub fn closed(&self) -> super::ClosedFuture {
                super::ClosedFuture::new(&self.connection.hub.ending)
            }

            /// Drops the connection, if there is one, and connects now, going on after the last id where the wire can. A
            /// closed one stays closed.
            pub fn reconnect(&self) {
                self.connection.driver.input(types::Input::Reconnect);
            }

            /// Closes for good, with code 1000 where there is one.
            pub fn close(&self) {
                self.connection.driver.close(1000, String::new());
            }
        }
    };
}

pub(super) use common_face;
