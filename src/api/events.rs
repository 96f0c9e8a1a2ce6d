//! [`Events`]: the receive-only face.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::{
    ConfigError, EventsBuilder, Stats, Subscription,
    hub::{Connection, Item, common_face},
    stream::{Inbox, Overflow},
};
use crate::{
    core::{seen::Seen, types},
    web::{
        data::{Data, ServerEvent},
        driver::Driver,
        store::Keeper,
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
    seen: Option<RefCell<Seen>>,
    duplicates: Cell<u64>,
    keeper: Option<Rc<Keeper>>,
    /// Of several events that came together, the last id of the one whose turn it is, or was when the connection was closed.
    reached: RefCell<Option<Rc<str>>>,
}

impl Context {
    pub(super) fn new(mut kinds: Vec<String>, seen: Option<Seen>, keeper: Option<Rc<Keeper>>) -> Self {
        if kinds.is_empty() {
            kinds.push(String::from(UNNAMED));
        }
        let seen = seen.map(RefCell::new);
        Self { kinds, seen, duplicates: Cell::new(0), keeper, reached: RefCell::new(None) }
    }

    /// Is this event for the application?
    fn wants(&self, event: &ServerEvent) -> bool {
        let kind = if event.kind.is_empty() { UNNAMED } else { &event.kind };
        if !self.kinds.iter().any(|wanted| wanted == kind) {
            return false;
        }
        let id = Some(&event.last_id).filter(|id| event.own_id && !id.is_empty());
        if let (Some(seen), Some(id)) = (&self.seen, id) {
            if !seen.borrow_mut().is_new(id) {
                self.duplicates.set(self.duplicates.get().saturating_add(1));
                return false;
            }
        }
        true
    }
}

impl Item for Event {
    type Context = Context;

    fn unpack(message: types::Message<Data>, context: &Context, deliver: &mut dyn FnMut(Self) -> bool) {
        let Some(events) = message.data.events else { return };
        for event in Rc::unwrap_or_clone(events) {
            let last_id = Rc::clone(&event.last_id);
            context.reached.replace(Some(Rc::clone(&last_id)));
            let goes_on = !context.wants(&event) || deliver(Self::from(event));
            if let Some(keeper) = &context.keeper {
                keeper.keep(last_id);
            }
            if !goes_on {
                return;
            }
        }
        context.reached.replace(None);
    }

    fn last_id(context: &Context, driver: &Driver) -> String {
        let reached = context.reached.borrow().as_deref().map(String::from);
        reached.unwrap_or_else(|| driver.last_id())
    }

    fn end(context: &Context, driver: &Driver) {
        if let Some(keeper) = &context.keeper {
            keeper.end(Self::last_id(context, driver).into());
        }
    }
}

/// An EventSource that survives: it reconnects with backoff, resumes after the last id, and changes to another transport where
/// the browser's own class gives up, or cannot do what is asked.
///
/// A cheap handle; when its last clone is dropped, the connection is closed.
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
pub struct Events {
    connection: Rc<Connection<Event>>,
}

common_face!(Events);

impl Events {
    /// Begins to describe a connection to `url`: `http` or `https`, or relative to the page.
    pub fn builder(url: impl Into<String>) -> EventsBuilder {
        EventsBuilder::new(url.into())
    }

    pub(super) const fn new(connection: Rc<Connection<Event>>) -> Self {
        Self { connection }
    }

    /// Calls back for each event, until the subscription is dropped.
    pub fn on_event(&self, callback: impl Fn(&Event) + 'static) -> Subscription {
        Subscription::new(&self.connection.hub.on_item, Rc::new(callback))
    }

    /// The events from now on, as a stream that ends when the connection is closed for good.
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
        let Connection { driver, hub } = &*self.connection;
        hub.counters.stats(driver, hub.context.duplicates.get())
    }
}
