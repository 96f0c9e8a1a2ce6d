//! [`Socket`]: the duplex face.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::{
    ConfigError, Message, SendError, Sending, SocketBuilder, Stats, Subscription,
    heartbeat::IsReply,
    hub::{Connection, Hub, Item, common_face},
    slots::subscribe,
    stream::{Inbox, Overflow},
};
use crate::{
    core::{
        outbox::Terms,
        text::Text,
        types::{self, Delivery, Input, Notice, Phase, Why},
    },
    web::{data::Data, driver::Driver, guard::guarded},
};

/// Reads the id of a message.
pub(super) type ReadId = Rc<dyn Fn(&Message) -> Option<String>>;
/// Makes of the last id what a connection begins with.
pub(super) type Greet = Rc<dyn Fn(&str) -> Message>;

/// What the application has said of its messages, and how far it has come.
pub(super) struct Context {
    read_id: Option<ReadId>,
    greet: Option<Greet>,
    is_reply: Option<IsReply>,
    /// The connection that there is has begun with that.
    greeted: Cell<bool>,
    bytes: Cell<u64>,
    /// The last id of what was delivered.
    delivered: RefCell<Rc<str>>,
    /// The same, where it was closed before all was delivered that had come.
    stopped: RefCell<Option<Rc<str>>>,
}

impl Context {
    pub(super) fn new(
        read_id: Option<ReadId>,
        greet: Option<Greet>,
        is_reply: Option<IsReply>,
        last_id: &Text,
    ) -> Self {
        Self {
            read_id,
            greet,
            is_reply,
            greeted: Cell::new(false),
            bytes: Cell::new(0),
            delivered: RefCell::new(Rc::from(&*last_id.decoded())),
            stopped: RefCell::new(None),
        }
    }

    /// It is closed, and nothing is delivered any more.
    fn stops(&self) {
        self.stopped.borrow_mut().get_or_insert_with(|| Rc::clone(&self.delivered.borrow()));
    }
}

impl Item for Message {
    type Context = Context;

    fn size(&self) -> usize {
        self.size()
    }

    fn unpack(message: types::Message<Data>, hub: &Hub<Self>, driver: &Driver) {
        let context = &hub.context;
        if driver.is_closing() {
            return context.stops();
        }
        let item = Self::from_data(&message.data);
        if context.is_reply.as_ref().is_some_and(|is_reply| guarded(|| is_reply(&item)) == Some(true)) {
            return;
        }
        let own =
            context.read_id.as_ref().and_then(|read| guarded(|| read(&item)).flatten()).filter(|id| !id.is_empty());
        let id: Option<Rc<str>> = match &own {
            Some(own) => Some(Rc::from(own.as_str())),
            None => message.id.map(|id| Rc::from(&*id.decoded())),
        };
        if driver.is_closing() {
            return context.stops();
        }
        if id.as_ref().is_some_and(|id| !hub.progress.is_new(id)) {
            return;
        }
        if let Some(own) = own {
            driver.input(Input::Moved(own.into()));
        }
        if let Some(id) = &id {
            context.delivered.replace(Rc::clone(id));
        }
        context.bytes.set(context.bytes.get().saturating_add(item.size() as u64));
        hub.deliver(item);
        if driver.is_closing() {
            context.stops();
        } else if let Some(id) = id {
            hub.progress.keep(id);
        }
    }

    fn last_id(context: &Context, driver: &Driver) -> String {
        let stopped = context.stopped.borrow().as_deref().map(String::from);
        stopped.unwrap_or_else(|| driver.last_id())
    }

    /// Begins a connection that goes on after an id with the application's words on that.
    fn hear_first(context: &Context, driver: &Driver, notice: &Notice<Data>) {
        let (Some(greet), Notice::Status(now)) = (&context.greet, notice) else { return };
        let is_open = now.phase == Phase::Open;
        if context.greeted.replace(is_open) || !is_open || driver.is_closing() {
            return;
        }
        let last_id = driver.last_id();
        if !last_id.is_empty() {
            // If the connection is gone by now, the next one begins with it.
            let terms = Terms { volatile: true, ..Terms::default() };
            if let Some(greeting) = guarded(|| greet(&last_id)) {
                let _ = driver.send(greeting.into_data(), terms);
            }
        }
    }
}

/// The stream of a [`Socket`]'s messages.
pub type Messages = Inbox<Message>;

/// A WebSocket that survives: it reconnects, resumes and falls back as far as its [`Wire`](super::Wire) allows.
///
/// A cheap handle; when its last clone is dropped, the connection is closed. Subscriptions and streams do not keep it.
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
#[must_use = "dropping the last handle closes the connection"]
pub struct Socket {
    connection: Rc<Connection<Message>>,
}

common_face!(Socket);

impl Socket {
    /// Begins to describe a connection to `url`: `ws` or `wss`, or relative to the page. `http` and `https` are taken for them, so that one
    /// URL does for both faces.
    pub fn builder(url: impl Into<String>) -> SocketBuilder {
        SocketBuilder::new(url.into())
    }

    pub(super) const fn new(connection: Rc<Connection<Message>>) -> Self {
        Self { connection }
    }

    /// Sends a message, or queues it while there is no connection.
    ///
    /// # Errors
    ///
    /// The message comes back when the outbox is full, when the connection is closed, or when the wire cannot carry it.
    pub fn send(&self, message: impl Into<Message>) -> Result<Delivery, SendError> {
        self.send_with(message, Sending::default())
    }

    /// The same, on terms of its own.
    ///
    /// ```no_run
    /// # use everwire::{Sending, Socket};
    /// # fn example(socket: &Socket) {
    /// // Where the pointer was is of no interest later.
    /// let moved = socket.send_with("at 10 20", Sending::volatile());
    /// // Only the newest title waits for the connection.
    /// let titled = socket.send_with("title: Chapter 2", Sending::default().key("title"));
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); and a volatile message comes back when there is nothing to send it over at this moment.
    pub fn send_with(&self, message: impl Into<Message>, sending: Sending) -> Result<Delivery, SendError> {
        self.connection.driver.send(message.into().into_data(), sending.0).map_err(SendError::from)
    }

    /// Opens the outbox's [gate](super::Outbox::gate), until the connection is lost: what is queued goes.
    pub fn release(&self) {
        self.connection.driver.input(Input::Release);
    }

    /// The subprotocol that the server chose; empty if none, and over another transport.
    #[must_use]
    pub fn protocol(&self) -> String {
        self.connection.driver.protocol()
    }

    /// Messages and bytes (text counted as UTF-8) that wait in the outbox.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        self.connection.driver.queued()
    }

    /// Bytes that were sent and have not left the browser, as its own `bufferedAmount` has them, and those that are
    /// [queued](Self::queued). Of what was sent over HTTP nothing is counted.
    #[must_use]
    pub fn buffered_amount(&self) -> usize {
        let driver = &self.connection.driver;
        driver.buffered().saturating_add(driver.queued().1)
    }

    /// The connection in numbers.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (messages, stats) = self.connection.stats();
        Stats { messages, bytes: self.connection.hub.context.bytes.get(), ..stats }
    }

    /// Calls back for each message, until the subscription is dropped.
    pub fn on_message(&self, callback: impl Fn(&Message) + 'static) -> Subscription {
        subscribe!(self, Item(message) => callback(message))
    }

    /// Calls back for each message that was accepted and then given up, with the reason, until the subscription is dropped.
    pub fn on_dropped(&self, callback: impl Fn(&Message, Why) + 'static) -> Subscription {
        subscribe!(self, Dropped(message, why) => callback(message, *why))
    }

    /// Calls back when ids tell that messages are missing after the one with this id, until the subscription is dropped. Only
    /// [`Wire::Relay`](super::Wire::Relay) has such ids.
    pub fn on_gap(&self, callback: impl Fn(&str) + 'static) -> Subscription {
        subscribe!(self, Gap(after) => callback(after))
    }

    /// The messages from now on, as a stream that ends when the connection is closed for good. It does not keep the connection: a handle
    /// has to live for as long as the stream is read.
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
            return Err(ConfigError::new("code", &code.to_string(), "expected 1000 or 3000 to 4999"));
        }
        if reason.len() > 123 {
            return Err(ConfigError::new("reason", reason, "expected at most 123 bytes of UTF-8"));
        }
        self.connection.driver.close(code, String::from(reason));
        Ok(())
    }
}
