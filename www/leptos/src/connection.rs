//! everwire for Leptos 0.8: `use_socket` and `use_events`. Copy this file into your application; it needs nothing else of this one.
//!
//! A connection belongs to the scope (the component, or the owner) that asked for it, and is closed with it. It opens when an effect
//! first runs, which is after the page is mounted or hydrated, and on a server never: there every call here is inert. The closure that
//! makes the builder is reactive: when a signal that it reads is set, the old connection is closed, and then a new one is opened. That is so
//! also where it is set to the value that it has; a `Memo` tells changes only.
//!
//! | | what | when to read it |
//! | --- | --- | --- |
//! | `on_message`, `on_event` | every message, once and in order | for all that must not be missed |
//! | `latest` | a signal of the newest message | for what a newer one makes worthless: **it skips**, when several come before effects run |
//! | `status` | a signal of the [`Status`]; `None` before the first opening, so also on a server | to tell people |
//! | `error` | a signal of what is wrong with the builder's configuration | while developing |
//! | `connection` | the connection itself | for everything else |
//!
//! The values here are `Copy`, so closures and contexts can have them.

#![allow(dead_code, reason = "an application uses what it needs")]

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use everwire::{
    ConfigError, Delivery, Event, Events, EventsBuilder, Message, SendError, Socket, SocketBuilder, Status,
    Subscription,
};
use leptos::{prelude::*, reactive::send_wrapper_ext::SendOption, task::spawn_local};

/// A socket of this scope. `builder` is called in an effect, and again when a signal that it reads has changed.
pub fn use_socket(builder: impl Fn() -> SocketBuilder + 'static) -> UseSocket {
    Use::new(builder)
}

/// A stream of server-sent events of this scope. `builder` is called in an effect, and again when a signal that it reads has changed.
pub fn use_events(builder: impl Fn() -> EventsBuilder + 'static) -> UseEvents {
    Use::new(builder)
}

/// What [`use_socket`] gives.
pub type UseSocket = Use<Socket>;
/// What [`use_events`] gives.
pub type UseEvents = Use<Events>;

/// A connection of a scope. See the file's documentation.
pub struct Use<C: Connection> {
    status: RwSignal<Option<Status>>,
    error: RwSignal<Option<ConfigError>>,
    latest: RwSignal<Option<C::Item>>,
    /// Of the browser, so of one thread; on a server, where scopes move between threads, there is none.
    inner: StoredValue<SendOption<Rc<Inner<C>>>>,
}

impl<C: Connection> Use<C> {
    fn new(builder: impl Fn() -> C::Builder + 'static) -> Self {
        let in_browser = cfg!(target_arch = "wasm32");
        let it = Self {
            status: RwSignal::new(None),
            error: RwSignal::new(None),
            latest: RwSignal::new(None),
            inner: StoredValue::new(SendOption::new_local(in_browser.then(Rc::default))),
        };
        Effect::new(move |_| {
            // Before the next run of this effect as well as when the scope ends.
            on_cleanup(move || it.close());
            it.open(builder());
        });
        it
    }

    /// Where the connection is; `None` before there is one.
    pub fn status(&self) -> Signal<Option<Status>> {
        self.status.into()
    }

    /// Why there is no connection, if that is a fault in its configuration.
    pub fn error(&self) -> Signal<Option<ConfigError>> {
        self.error.into()
    }

    /// The newest message of the connection; `None` again when another one is opened.
    /// Those that came before it since effects last ran are skipped.
    pub fn latest(&self) -> Signal<Option<C::Item>> {
        self.latest.into()
    }

    /// The connection as it is now, not as it was when this was rendered; `None` before it is opened, and on a server.
    pub fn connection(&self) -> Option<C> {
        self.inner()?.live.borrow().as_ref().map(|(connection, _)| connection.clone())
    }

    /// Connects now, whatever the connection is doing.
    pub fn reconnect(&self) {
        if let Some(connection) = self.connection() {
            connection.reconnect();
        }
    }

    /// Calls `callback` with every message, until the scope that asked for it ends.
    fn listen(&self, callback: impl Fn(&C::Item) + 'static) {
        let Some(inner) = self.inner() else { return };
        let key = inner.keys.replace(inner.keys.get() + 1);
        let mut listener = Listener { key, callback: Rc::new(callback), hearing: None };
        if let Some(connection) = self.connection() {
            listener.hear(&connection);
        }
        inner.listeners.borrow_mut().push(listener);
        let it = *self;
        on_cleanup(move || {
            if let Some(inner) = it.inner() {
                inner.listeners.borrow_mut().retain(|listener| listener.key != key);
            }
        });
    }

    fn inner(&self) -> Option<Rc<Inner<C>>> {
        self.inner.try_with_value(|inner| (**inner).clone()).flatten()
    }

    fn open(&self, builder: C::Builder) {
        let Some(inner) = self.inner() else { return };
        let opened = C::open(builder);
        // What was of the connection before is not of this one, nor of none.
        self.latest.set(None);
        self.status.set(opened.as_ref().ok().map(Connection::status));
        self.error.set(opened.as_ref().err().cloned());
        let Ok(connection) = opened else { return };
        let it = *self;
        let telling = connection.on_status(move |_| it.show_status());
        let hearing = connection.on_item(move |item| it.latest.set(Some(item.clone())));
        inner.listeners.borrow_mut().iter_mut().for_each(|listener| listener.hear(&connection));
        *inner.live.borrow_mut() = Some((connection, [telling, hearing]));
    }

    /// Shows the status soon, and not now: whoever has brought it about may be reading what is shown, and then it cannot be written.
    fn show_status(self) {
        let now = move || self.connection().map(|connection| connection.status());
        spawn_local(async move { drop(self.status.try_set(now())) });
    }

    fn close(&self) {
        let Some(inner) = self.inner() else { return };
        let Some((connection, subscriptions)) = inner.live.take() else { return };
        // The signals may be gone already.
        drop(subscriptions);
        inner.listeners.borrow_mut().iter_mut().for_each(|listener| listener.hearing = None);
        connection.close();
    }
}

impl Use<Socket> {
    /// Sends over the connection as it is now.
    ///
    /// # Errors
    ///
    /// As [`Socket::send`]; `Closed` where there is no connection, as on a server. The message is in the error.
    pub fn send(&self, message: impl Into<Message>) -> Result<Delivery, SendError> {
        match self.connection() {
            Some(socket) => socket.send(message),
            None => Err(SendError::Closed(message.into())),
        }
    }

    /// Calls `callback` with every message, once and in order, until the scope that asked for it ends.
    pub fn on_message(&self, callback: impl Fn(&Message) + 'static) {
        self.listen(callback);
    }
}

impl Use<Events> {
    /// Calls `callback` with every event, once and in order, until the scope that asked for it ends.
    pub fn on_event(&self, callback: impl Fn(&Event) + 'static) {
        self.listen(callback);
    }
}

impl<C: Connection> Clone for Use<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Connection> Copy for Use<C> {}

struct Inner<C: Connection> {
    live: RefCell<Option<(C, [Subscription; 2])>>,
    listeners: RefCell<Vec<Listener<C>>>,
    keys: Cell<u32>,
}

impl<C: Connection> Default for Inner<C> {
    fn default() -> Self {
        Self { live: RefCell::default(), listeners: RefCell::default(), keys: Cell::default() }
    }
}

/// Who hears the messages.
struct Listener<C: Connection> {
    key: u32,
    callback: Rc<dyn Fn(&C::Item)>,
    /// Each has one of its own, for it ends when the callback panics: the others go on hearing.
    hearing: Option<Subscription>,
}

impl<C: Connection> Listener<C> {
    fn hear(&mut self, connection: &C) {
        let callback = Rc::clone(&self.callback);
        self.hearing = Some(connection.on_item(move |item| callback(item)));
    }
}

/// What a [`Socket`] and an [`Events`] have in common.
pub trait Connection: Clone + 'static {
    type Builder;
    type Item: Clone + Send + Sync + 'static;

    fn open(builder: Self::Builder) -> Result<Self, ConfigError>;
    fn status(&self) -> Status;
    fn on_status(&self, callback: impl Fn(&Status) + 'static) -> Subscription;
    fn on_item(&self, callback: impl Fn(&Self::Item) + 'static) -> Subscription;
    fn reconnect(&self);
    fn close(&self);
}

macro_rules! connection {
    ($face:ty, $builder:ty, $item:ty, $on_item:ident) => {
        impl Connection for $face {
            type Builder = $builder;
            type Item = $item;

            fn open(builder: $builder) -> Result<Self, ConfigError> {
                builder.open()
            }
            fn status(&self) -> Status {
                self.status()
            }
            fn on_status(&self, callback: impl Fn(&Status) + 'static) -> Subscription {
                self.on_status(callback)
            }
            fn on_item(&self, callback: impl Fn(&$item) + 'static) -> Subscription {
                self.$on_item(callback)
            }
            fn reconnect(&self) {
                self.reconnect();
            }
            fn close(&self) {
                self.close();
            }
        }
    };
}
connection!(Socket, SocketBuilder, Message, on_message);
connection!(Events, EventsBuilder, Event, on_event);
