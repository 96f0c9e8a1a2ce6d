//! [`Socket`]: the duplex face.

use std::{rc::Rc, time::Duration};

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::{
    Backoff, ConfigError, Outbox, SendError, Subscription,
    hub::{Connection, Item, common_face},
    options::{self, Common, common_options},
    stream::{Inbox, Overflow},
};
use crate::{
    core::{
        outbox::Terms,
        types::{self, Delivery, Payload, Refused, Transport, Why},
        wire::{raw::Raw, relay::Relay},
    },
    web::{data::Data, endpoint::Endpoint, request::Recipe, url},
};

/// What is sent and received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Message {
    pub(super) fn from_data(data: &Data) -> Self {
        if data.is_binary() {
            Self::Binary(data.bytes())
        } else {
            Self::Text(data.value.as_string().unwrap_or_default())
        }
    }

    pub(super) fn into_data(self) -> Data {
        Data::from(match self {
            Self::Text(text) => JsValue::from_str(&text),
            // The buffer itself, not a view on it: wasm memory may move before the browser has read it.
            Self::Binary(bytes) => Uint8Array::from(bytes.as_slice()).buffer().into(),
        })
    }

    /// The text, if it is text.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) => None,
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(String::from(text))
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Message {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Binary(bytes)
    }
}

impl From<&[u8]> for Message {
    fn from(bytes: &[u8]) -> Self {
        Self::Binary(bytes.to_vec())
    }
}

impl Item for Message {
    type Context = ();

    fn unpack(message: types::Message<Data>, (): &(), deliver: &mut dyn FnMut(Self) -> bool) {
        deliver(Self::from_data(&message.data));
    }
}

/// The protocol that the server speaks. A fallback is never guessed: with [`Wire::Raw`] there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wire {
    /// A plain WebSocket.
    #[default]
    Raw,
    /// A push relay (nchan's "HTTP Push Relay"): WebSocket, then long-polling and POST, on one URL, with message ids that
    /// let a connection go on where it was lost.
    Relay,
}

/// The stream of a [`Socket`]'s messages.
pub type Messages = Inbox<Message>;

/// A WebSocket that survives: it reconnects, resumes and falls back as far as its [`Wire`] allows.
///
/// A cheap handle; when its last clone is dropped, the connection is closed.
///
/// ```no_run
/// use everwire::{Socket, Wire};
///
/// # fn main() -> Result<(), everwire::ConfigError> {
/// let socket = Socket::builder("/chat").wire(Wire::Relay).open()?;
/// let listening = socket.on_message(|message| println!("{message:?}"));
/// let watching = socket.on_status(|status| println!("{status:?}"));
/// if let Err(refused) = socket.send("hi") {
///     println!("{:?} is still ours", refused.into_message());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Socket {
    connection: Rc<Connection<Message>>,
}

common_face!(Socket);

impl Socket {
    /// Begins to describe a connection to `url`: `ws`, `wss`, `http` or `https`, or relative to the page.
    pub fn builder(url: impl Into<String>) -> SocketBuilder {
        SocketBuilder {
            url: url.into(),
            fallback_url: None,
            protocols: Vec::new(),
            wire: Wire::Raw,
            credentials: true,
            outbox: Outbox::default(),
            common: Common::default(),
        }
    }

    /// Sends a message, or queues it while there is no connection.
    ///
    /// # Errors
    ///
    /// The message comes back when the outbox is full or the connection is closed.
    pub fn send(&self, message: impl Into<Message>) -> Result<Delivery, SendError> {
        self.connection.driver.send(message.into().into_data(), Terms::default()).map_err(|refused| match refused {
            Refused::Full(data) => SendError::Full(Message::from_data(&data)),
            Refused::Closed(data) => SendError::Closed(Message::from_data(&data)),
            Refused::Volatile(data) => SendError::Volatile(Message::from_data(&data)),
            Refused::Unsendable(data) => SendError::Unsendable(Message::from_data(&data)),
        })
    }

    /// The subprotocol that the server chose; empty if none.
    #[must_use]
    pub fn protocol(&self) -> String {
        self.connection.driver.protocol()
    }

    /// Messages and bytes (text counted as UTF-8) that wait in the outbox.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        self.connection.driver.queued()
    }

    /// Calls back for each message, until the subscription is dropped.
    pub fn on_message(&self, callback: impl Fn(&Message) + 'static) -> Subscription {
        Subscription::new(&self.connection.hub.on_item, Rc::new(callback))
    }

    /// Calls back for each message that was accepted and then given up, with the reason, until the subscription is dropped.
    pub fn on_dropped(&self, callback: impl Fn(&Message, Why) + 'static) -> Subscription {
        Subscription::new(&self.connection.hub.on_dropped, Rc::new(callback))
    }

    /// The messages from now on, as a stream that ends when the connection is closed for good.
    pub fn messages(&self) -> Messages {
        Inbox::new(self.connection.hub.queue(Messages::CAPACITY, Overflow::DropOldest))
    }

    /// The same, with room for `capacity` messages that are not read in time, and a choice of what happens beyond.
    ///
    /// # Errors
    ///
    /// If the capacity is zero.
    pub fn messages_bounded(&self, capacity: usize, overflow: Overflow) -> Result<Messages, ConfigError> {
        self.connection.hub.bounded_queue(capacity, overflow).map(Inbox::new)
    }

    /// Closes for good, with a code and a reason for the server.
    ///
    /// # Errors
    ///
    /// If the code is neither 1000 nor in 3000–4999, or the reason is longer than 123 bytes of UTF-8
    /// (WHATWG WebSockets, `close()`).
    pub fn close_with(&self, code: u16, reason: &str) -> Result<(), ConfigError> {
        if code != 1000 && !(3000..=4999).contains(&code) {
            return Err(ConfigError::new("code", code.to_string(), "expected 1000 or 3000 to 4999"));
        }
        if reason.len() > 123 {
            return Err(ConfigError::new("reason", reason, "expected at most 123 bytes of UTF-8"));
        }
        self.connection.driver.close(code, String::from(reason));
        Ok(())
    }
}

/// A [`Socket`] that is being described.
#[derive(Clone, Debug)]
#[must_use = "nothing is opened before `open` is called"]
pub struct SocketBuilder {
    url: String,
    fallback_url: Option<String>,
    protocols: Vec<String>,
    wire: Wire,
    credentials: bool,
    outbox: Outbox,
    common: Common,
}

common_options!(SocketBuilder);

impl SocketBuilder {
    /// The subprotocols to offer, best first. Default: none.
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// The protocol that the server speaks. Default: [`Wire::Raw`].
    pub fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Where the server's HTTP side is. Default: the same URL, with `http` for `ws`.
    pub fn fallback_url(mut self, url: impl Into<String>) -> Self {
        self.fallback_url = Some(url.into());
        self
    }

    /// Whether HTTP requests to another origin carry cookies, as a WebSocket's always do. Default: yes.
    pub fn with_credentials(mut self, credentials: bool) -> Self {
        self.credentials = credentials;
        self
    }

    /// What may wait while there is no connection.
    pub fn outbox(mut self, outbox: Outbox) -> Self {
        self.outbox = outbox;
        self
    }

    /// Connects. What is not a fault of the configuration is not an error here, but a status.
    ///
    /// # Errors
    ///
    /// If the URL, a subprotocol or a bound cannot be used; it says what was given and what was expected.
    pub fn open(self) -> Result<Socket, ConfigError> {
        let refuse = |error: url::UrlError| ConfigError::new("url", &self.url, error.expected());
        let socket_url = url::resolve(&self.url, "ws").map_err(refuse)?;
        let http = self.fallback_url.as_ref().unwrap_or(&socket_url);
        let http_url =
            url::resolve(http, "http").map_err(|error| ConfigError::new("fallback_url", http, error.expected()))?;
        options::check_protocols(&self.protocols)?;
        self.outbox.check()?;
        let http = Recipe { url: http_url, credentials: self.credentials, ..Recipe::default() };
        let endpoint = Endpoint { socket_url, protocols: self.protocols, http, ..Endpoint::default() };
        let wire: Box<dyn crate::core::wire::Wire<Data>> = match self.wire {
            Wire::Raw => Box::new(Raw::default()),
            Wire::Relay => Box::new(Relay),
        };
        let mut config = self.common.config(wire.ladder())?;
        config.outbox = self.outbox.0;
        Ok(Socket { connection: Connection::open(config, endpoint, wire, (), &[]) })
    }
}
