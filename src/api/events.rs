//! [`Events`]: the receive-only face.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::{
    ConfigError, EventsBuilder, Stats, Subscription,
    hub::{Connection, Hub, Item, common_face},
    slots::subscribe,
    stream::{Inbox, Overflow},
};
use crate::{
    core::types,
    web::{
        data::{Data, ServerEvent},
        driver::Driver,
    },
};

/// The type of an event that the server did not name.
const UNNAMED: &str = "message";

/// A server-sent event (WHATWG HTML 9.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its type; `message` unless the server named it.
    pub kind: String,
    /// Its data, lines joined by U+000A.
    pub data: String,
    /// The last event id, this event's own included.
    pub last_event_id: String,
}

impl From<ServerEvent> for Event {
    fn from(event: ServerEvent) -> Self {
        let ServerEvent { kind, data, last_id, .. } = event;
        let kind = if kind.is_empty() { String::from(UNNAMED) } else { String::from(kind) };
        Self { kind, data: String::from(data), last_event_id: String::from(&*last_id) }
    }
}

/// What it takes to tell which events are for the application, and how far it has come.
pub(super) struct Context {
    kinds: Vec<String>,
    /// The connection is further than this: of several events that came together it is not yet the last one's turn, or it never will be, as
    /// the application has closed.
    is_ahead: Cell<bool>,
    /// The last id of the last event whose turn it was; before the first, the one that the connection began after.
    passed: RefCell<Rc<str>>,
}

impl Context {
    pub(super) fn new(mut kinds: Vec<String>, first: &str) -> Self {
        if kinds.is_empty() {
            kinds.push(String::from(UNNAMED));
        }
        Self { kinds, is_ahead: Cell::new(false), passed: RefCell::new(Rc::from(first)) }
    }
}

impl Hub<Event> {
    /// Is this event for the application?
    fn wants(&self, event: &ServerEvent) -> bool {
        let kind = if event.kind.is_empty() { UNNAMED } else { &event.kind };
        let is_asked_for = self.context.kinds.iter().any(|wanted| wanted == kind);
        let has_id = event.own_id && !event.last_id.is_empty();
        is_asked_for && (!has_id || self.progress.is_new(&event.last_id))
    }
}

impl Item for Event {
    type Context = Context;

    fn size(&self) -> usize {
        self.data.len()
    }

    fn unpack(message: types::Message<Data>, hub: &Hub<Self>, driver: &Driver) {
        let Some(events) = message.data.events else { return };
        hub.context.is_ahead.set(true);
        if driver.is_closing() {
            return;
        }
        for event in Rc::unwrap_or_clone(events) {
            let last_id = Rc::clone(&event.last_id);
            hub.context.passed.replace(Rc::clone(&last_id));
            if hub.wants(&event) {
                hub.deliver(Self::from(event));
            }
            hub.progress.keep(last_id);
            if driver.is_closing() {
                return;
            }
        }
        hub.context.is_ahead.set(false);
    }

    fn last_id(context: &Context, driver: &Driver) -> String {
        if context.is_ahead.get() { String::from(&**context.passed.borrow()) } else { driver.last_id() }
    }
}

/// An EventSource that survives: it reconnects with backoff, resumes after the last id, and changes to another transport where
/// the browser's own class gives up, or cannot do what is asked.
///
/// A cheap handle; when its last clone is dropped, the connection is closed. Subscriptions and streams do not keep it.
///
/// ```no_run
/// use everwire::Events;
///
/// # fn main() -> Result<(), everwire::ConfigError> {
/// let events = Events::builder("/prices").event("price").open()?;
/// let listening = events.on_event(|event| println!("{}: {}", event.last_event_id, event.data));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "dropping the last handle closes the connection"]
pub struct Events {
    connection: Rc<Connection<Event>>,
}

common_face!(Events);

impl Events {
    /// Begins to describe a connection to `url`: `http` or `https`, or relative to the page. `ws` and `wss` are taken for them, so that
    /// one URL does for both faces.
    pub fn builder(url: impl Into<String>) -> EventsBuilder {
        EventsBuilder::new(url.into())
    }

    pub(super) const fn new(connection: Rc<Connection<Event>>) -> Self {
        Self { connection }
    }

    /// Calls back for each event, until the subscription is dropped.
    pub fn on_event(&self, callback: impl Fn(&Event) + 'static) -> Subscription {
        subscribe!(self, Item(event) => callback(event))
    }

    /// The events from now on, as a stream that ends when the connection is closed for good. It does not keep the connection: a handle
    /// has to live for as long as the stream is read.
    pub fn events(&self) -> Inbox<Event> {
        Inbox::new(self.connection.hub.queue(Inbox::<Event>::CAPACITY, Overflow::DropOldest))
    }

    /// The same, with room for `capacity` events that are not read in time, and a choice of what happens beyond.
    ///
    /// # Errors
    ///
    /// If the capacity is zero.
    pub fn events_bounded(&self, capacity: usize, overflow: Overflow) -> Result<Inbox<Event>, ConfigError> {
        self.connection.hub.bounded_queue(capacity, overflow).map(Inbox::new)
    }

    /// The connection in numbers.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let bytes = self.connection.driver.bytes();
        let (events, stats) = self.connection.stats();
        Stats { events, bytes, ..stats }
    }
}
