//! Who listens to a connection, on the Rust side.

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
    task::{Poll, Waker},
    time::Duration,
};

use super::{
    ConfigError, Message, Reconnected, Status,
    stats::Counters,
    stream::{Overflow, Queue},
};
use crate::{
    core::{
        machine::Config,
        types::{self, End, Notice, Snapshot, Why},
        wire::Wire,
    },
    web::{
        data::Data,
        driver::{Driver, Observer},
        endpoint::Endpoint,
    },
};

/// A list of callbacks. One that is called may add to it and remove from it, itself included.
pub(super) struct Slots<F: ?Sized> {
    entries: RefCell<Vec<(u64, Rc<F>)>>,
    next: Cell<u64>,
}

impl<F: ?Sized> Slots<F> {
    pub(super) fn new() -> Self {
        Self { entries: RefCell::default(), next: Cell::new(0) }
    }

    fn add(&self, callback: Rc<F>) -> u64 {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        self.entries.borrow_mut().push((id, callback));
        id
    }

    fn remove(&self, id: u64) -> Option<Rc<F>> {
        let mut entries = self.entries.borrow_mut();
        let at = entries.iter().position(|(other, _)| *other == id)?;
        Some(entries.remove(at).1)
    }

    /// Calls `each` with every callback that is still there when its turn comes.
    pub(super) fn each(&self, each: impl Fn(&F)) {
        let before = self.entries.borrow().clone();
        for (id, callback) in before {
            let still = self.entries.borrow().iter().any(|(other, _)| *other == id);
            if still {
                each(&callback);
            }
        }
    }
}

/// Something that a subscription can be taken out of.
trait Leave {
    fn leave(&self, id: u64);
}

impl<F: ?Sized> Leave for Slots<F> {
    fn leave(&self, id: u64) {
        // Dropped only after the borrow is over: the callback's own drop may do anything.
        let gone = self.remove(id);
        drop(gone);
    }
}

/// A callback's registration. Dropping it unsubscribes, also from within the callback itself.
#[must_use = "dropping a subscription unsubscribes at once"]
pub struct Subscription {
    from: Weak<dyn Leave>,
    id: u64,
}

impl Subscription {
    pub(super) fn new<F: ?Sized + 'static>(slots: &Rc<Slots<F>>, callback: Rc<F>) -> Self {
        let weak: Weak<Slots<F>> = Rc::downgrade(slots);
        Self { from: weak, id: slots.add(callback) }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(from) = self.from.upgrade() {
            from.leave(self.id);
        }
    }
}

/// What a face delivers.
pub(super) trait Item: Clone + 'static {
    /// What the face has to know to make one.
    type Context;
    /// Takes apart what came, and delivers each that is for the application, in order, until no more is wanted.
    fn unpack(message: types::Message<Data>, context: &Self::Context, deliver: &mut dyn FnMut(Self) -> bool);
    /// The id of the last item that was delivered.
    fn last_id(_context: &Self::Context, driver: &Driver) -> String {
        driver.last_id()
    }
    /// The connection is over.
    fn end(_context: &Self::Context, _driver: &Driver) {}
}

/// How it ended, and who waits for that.
#[derive(Default)]
pub(super) struct Ending {
    end: RefCell<Option<End>>,
    waiting: RefCell<Vec<Waker>>,
}

impl Ending {
    /// The end, or a promise to wake this one then.
    pub(super) fn poll(&self, waker: &Waker) -> Poll<End> {
        if let Some(end) = self.end.borrow().as_ref() {
            return Poll::Ready(end.clone());
        }
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|other| other.will_wake(waker)) {
            waiting.push(waker.clone());
        }
        Poll::Pending
    }

    fn set(&self, end: End) {
        self.end.replace(Some(end));
        for waker in self.waiting.take() {
            waker.wake();
        }
    }
}

/// A shared list of callbacks.
type List<F> = Rc<Slots<F>>;

/// What hears of a message that was given up.
type OnDropped = dyn Fn(&Message, Why);

/// Everybody who listens to one connection.
pub(super) struct Hub<T: Item> {
    pub(super) context: T::Context,
    pub(super) counters: Counters,
    status: RefCell<Status>,
    pub(super) ending: Rc<Ending>,
    queues: RefCell<Vec<Weak<Queue<T>>>>,
    pub(super) on_status: List<dyn Fn(&Status)>,
    pub(super) on_item: List<dyn Fn(&T)>,
    pub(super) on_dropped: List<OnDropped>,
    pub(super) on_reconnected: List<dyn Fn(&Reconnected)>,
}

impl<T: Item> Hub<T> {
    pub(super) fn new(context: T::Context) -> Rc<Self> {
        Rc::new(Self {
            context,
            counters: Counters::default(),
            status: RefCell::new(Status::Connecting { attempt: 0, transport: None }),
            ending: Rc::default(),
            queues: RefCell::default(),
            on_status: Rc::new(Slots::new()),
            on_item: Rc::new(Slots::new()),
            on_dropped: Rc::new(Slots::new()),
            on_reconnected: Rc::new(Slots::new()),
        })
    }

    pub(super) fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// A new reader, of what comes from now on, with room for this many items.
    pub(super) fn queue(&self, capacity: usize, overflow: Overflow) -> Rc<Queue<T>> {
        let queue = Queue::new(capacity, overflow);
        if self.ending.end.borrow().is_some() {
            queue.end();
        }
        self.queues.borrow_mut().push(Rc::downgrade(&queue));
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
        self.queues.borrow_mut().retain(|queue| queue.strong_count() > 0);
        self.queues.borrow().iter().filter_map(Weak::upgrade).collect()
    }

    fn deliver(&self, driver: &Driver, message: types::Message<Data>) {
        T::unpack(message, &self.context, &mut |item| {
            self.counters.delivered();
            for reader in self.readers() {
                reader.push(item.clone());
            }
            self.on_item.each(|callback| callback(&item));
            !driver.is_closing()
        });
    }

    fn set_status(&self, driver: &Driver, snapshot: Snapshot) {
        let status = Status::new(snapshot, driver.last_cause(), driver.continuity());
        if *self.status.borrow() != status {
            self.status.replace(status.clone());
            self.on_status.each(|callback| callback(&status));
        }
    }

    fn set_end(&self, driver: &Driver, end: End) {
        T::end(&self.context, driver);
        for reader in self.readers() {
            reader.end();
        }
        self.ending.set(end);
    }
}

impl<T: Item> Observer for Rc<Hub<T>> {
    fn hear(&self, driver: &Driver, notice: Notice<Data>) {
        self.counters.hear(&notice);
        match notice {
            Notice::Message(message) => self.deliver(driver, message),
            Notice::Status(snapshot) => self.set_status(driver, snapshot),
            Notice::Dropped { data, why } => {
                let message = Message::from_data(&data);
                self.on_dropped.each(|callback| callback(&message, why));
            }
            Notice::Closed(end) => self.set_end(driver, end),
            Notice::Reconnected { continuity, transport, downtime } => {
                let downtime = Duration::from_millis(downtime.0);
                let reconnected = Reconnected { continuity, transport, downtime };
                self.on_reconnected.each(|callback| callback(&reconnected));
            }
            // The status says it.
            Notice::Opened | Notice::Gap { .. } | Notice::Reconnecting { .. } | Notice::TransportChanged { .. } => {}
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
        kinds: &[String],
    ) -> Rc<Self> {
        let hub = Hub::<T>::new(context);
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
            /// Where the connection is now.
            #[must_use]
            pub fn status(&self) -> super::Status {
                self.connection.hub.status()
            }

            /// The last id seen; empty if there was none, and where the wire has none.
            #[must_use]
            pub fn last_event_id(&self) -> String {
                self.connection.last_id()
            }

            /// Calls back for each change of the status, until the subscription is dropped.
            pub fn on_status(&self, callback: impl Fn(&super::Status) + 'static) -> Subscription {
                Subscription::new(&self.connection.hub.on_status, Rc::new(callback))
            }

            /// Calls back when there is a connection again after one was lost, until the subscription is dropped.
            pub fn on_reconnected(&self, callback: impl Fn(&super::Reconnected) + 'static) -> Subscription {
                Subscription::new(&self.connection.hub.on_reconnected, Rc::new(callback))
            }

            /// Resolves when the connection is closed for good.
            pub fn closed(&self) -> super::ClosedFuture {
                super::ClosedFuture::new(Rc::clone(&self.connection.hub.ending))
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
