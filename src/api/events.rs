//! [`Events`]: the receive-only face.

use std::{cell::RefCell, rc::Rc, time::Duration};

use super::{
    Backoff, ConfigError, Subscription,
    hub::{Connection, Item, common_face},
    options::{Common, common_options, millis},
    stream::Inbox,
};
use crate::{
    core::{
        types::{self, Transport},
        wire::sse::Sse,
    },
    web::{data::Data, driver::Endpoint, url},
};

/// 16 MiB.
const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// A server-sent event.
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

/// What is needed to make an [`Event`] of what came.
pub(super) struct Context {
    kinds: Vec<String>,
    last_id: RefCell<String>,
}

impl Item for Event {
    type Context = Context;

    fn make(message: types::Message<Data>, context: &Context) -> Option<Self> {
        if let Some(id) = message.id {
            context.last_id.replace(id.into());
        }
        let kind = message.data.kind.map_or_else(|| String::from("message"), String::from);
        let wanted = if context.kinds.is_empty() { kind == "message" } else { context.kinds.contains(&kind) };
        let last_event_id = context.last_id.borrow().clone();
        wanted.then(|| Self { kind, data: message.data.value.as_string().unwrap_or_default(), last_event_id })
    }
}

/// An EventSource that survives: it reconnects with backoff, resumes after the last id, and changes to another transport where
/// the browser's own class gives up.
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
        EventsBuilder {
            url: url.into(),
            kinds: Vec::new(),
            credentials: false,
            query: String::new(),
            silence: None,
            max_event_bytes: MAX_EVENT_BYTES,
            common: Common::default(),
        }
    }

    /// Calls back for each event, until the subscription is dropped.
    pub fn on_event(&self, callback: impl Fn(&Event) + 'static) -> Subscription {
        Subscription::new(&self.connection.hub.on_item, Rc::new(callback))
    }

    /// The events from now on, as a stream that ends when the connection is closed for good.
    pub fn events(&self) -> Inbox<Event> {
        Inbox::new(self.connection.hub.queue())
    }
}

/// [`Events`] that are being described.
#[derive(Clone, Debug)]
#[must_use = "nothing is opened before `open` is called"]
pub struct EventsBuilder {
    url: String,
    kinds: Vec<String>,
    credentials: bool,
    query: String,
    silence: Option<Duration>,
    max_event_bytes: usize,
    common: Common,
}

common_options!(EventsBuilder);

impl EventsBuilder {
    /// Delivers events of this type; may be called several times. Default: those without a name, whose type is `message`.
    pub fn event(mut self, kind: impl Into<String>) -> Self {
        self.kinds.push(kind.into());
        self
    }

    /// Whether requests to another origin carry cookies. Default: no.
    pub fn with_credentials(mut self, credentials: bool) -> Self {
        self.credentials = credentials;
        self
    }

    /// Sends the last id in the query, under this name, instead of the header `Last-Event-ID`; to another origin, that
    /// spares the CORS preflight.
    pub fn resume_query(mut self, name: impl Into<String>) -> Self {
        self.query = name.into();
        self
    }

    /// A stream from which nothing came for this long, not even a comment, is ended and opened anew. The browser's own EventSource
    /// does not show comments, so it is not used then. Choose more than the server's interval between comments. Default: off.
    pub fn silence_timeout(mut self, span: Duration) -> Self {
        self.silence = Some(span);
        self
    }

    /// The most bytes of one line, and of one event; a longer one ends the connection. Default: 16 MiB.
    pub fn max_event_bytes(mut self, bytes: usize) -> Self {
        self.max_event_bytes = bytes;
        self
    }

    /// Connects. What is not a fault of the configuration is not an error here, but a status.
    ///
    /// # Errors
    ///
    /// If the URL or a bound cannot be used; it says what was given and what was expected.
    pub fn open(self) -> Result<Events, ConfigError> {
        let resolved =
            url::resolve(&self.url, "http").map_err(|error| ConfigError::new("url", &self.url, error.expected()))?;
        if self.max_event_bytes == 0 {
            return Err(ConfigError::new("max_event_bytes", "0", "expected more than zero"));
        }
        let silence = self.silence.map(millis);
        if silence.is_some_and(|silence| silence.0 == 0) {
            return Err(ConfigError::new("silence_timeout", "0", "expected more than zero, or none"));
        }
        let wire = Box::new(Sse {
            cross_origin: url::is_cross_origin(&resolved),
            query: self.query.into(),
            comments: silence.is_some(),
            max_event_bytes: self.max_event_bytes,
        });
        let endpoint = Endpoint { http_url: resolved, credentials: self.credentials, ..Endpoint::default() };
        let mut config = self.common.config(Sse::LADDER)?;
        config.silence = silence;
        let context = Context { last_id: RefCell::new(config.last_id.clone().into()), kinds: self.kinds.clone() };
        Ok(Events { connection: Connection::open(config, endpoint, wire, context, &self.kinds) })
    }
}
