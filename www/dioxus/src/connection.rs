//! everwire for Dioxus 0.7: `use_socket` and `use_events`. Copy this file into your application; it needs nothing else of this one.
//!
//! A connection belongs to the component that asked for it: it opens in an effect, so once the component is on the page and never on a
//! server, and is closed with it. The closure that makes the builder is reactive: when a signal that it reads is set, the old connection is
//! closed, and then a new one is opened. That is so also where it is set to the value that it has; a `Memo` tells changes only. (A property
//! changes it if it is a `ReadSignal`.)
//!
//! | | what | when to use it |
//! | --- | --- | --- |
//! | `use_messages(of, callback)` | every message, once and in order; the callback is that of the newest rendering | for all that must not be missed |
//! | `latest()` | the newest message | for what a newer one makes worthless: **it skips**, when several come before a rendering |
//! | `status()` | the [`Status`]; `None` before the first opening, so also on a server | to tell people |
//! | `error()` | what is wrong with the builder's configuration | while developing |
//! | `connection()` | the connection itself | for everything else |
//!
//! `status`, `latest` and `error` are signals: a component that reads them is rendered anew when they change. The values here are `Copy`.

#![allow(dead_code, reason = "an application uses what it needs")]

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use dioxus::{
    core::{Runtime, current_scope_id},
    prelude::*,
};
use everwire::{
    ConfigError, Delivery, Event as ServerEvent, Events, EventsBuilder, Message, SendError, Socket, SocketBuilder,
    Status, Subscription,
};

/// On a server nothing is opened, whether effects run there or not.
const IN_BROWSER: bool = cfg!(target_arch = "wasm32");

/// A socket of this component. `builder` is called in an effect, and again when a signal that it reads has changed.
pub fn use_socket(builder: impl Fn() -> SocketBuilder + 'static) -> UseSocket {
    use_connection(builder)
}

/// A stream of server-sent events of this component. `builder` is called in an effect, and again when a signal that it reads has changed.
pub fn use_events(builder: impl Fn() -> EventsBuilder + 'static) -> UseEvents {
    use_connection(builder)
}

/// Calls `callback` with every message of the connection, and of those that follow it, once and in order.
pub fn use_messages<C: Connection>(of: Use<C>, callback: impl FnMut(C::Item) + 'static) {
    let callback: Rc<RefCell<dyn FnMut(C::Item)>> = Rc::new(RefCell::new(callback));
    let newest = use_hook(|| Rc::new(RefCell::new(Rc::clone(&callback))));
    newest.replace(callback);
    // Not a `Callback`: one that has panicked can neither be replaced nor dropped, and so would take its component with it.
    let callback = use_hook(|| {
        let (runtime, scope) = (Rc::downgrade(&Runtime::current()), current_scope_id());
        let call: Call<C::Item> = Rc::new(move |item: &C::Item| {
            let Some(runtime) = runtime.upgrade() else { return };
            let callback = newest.borrow().clone();
            runtime.in_scope(scope, || callback.borrow_mut()(item.clone()));
        });
        call
    });
    let heard = use_hook(|| Rc::new(Cell::new((of, of.listen(Rc::clone(&callback))))));
    let (before, key) = heard.get();
    if before != of {
        before.leave(key);
        heard.set((of, of.listen(callback)));
    }
    use_drop(move || {
        let (of, key) = heard.get();
        of.leave(key);
    });
}

fn use_connection<C: Connection>(builder: impl Fn() -> C::Builder + 'static) -> Use<C> {
    let it = use_hook(Use::<C>::new);
    use_effect(move || {
        if !IN_BROWSER {
            return;
        }
        let builder = builder();
        it.close();
        it.open(builder);
    });
    use_drop(move || it.close());
    it
}

/// What [`use_socket`] gives.
pub type UseSocket = Use<Socket>;
/// What [`use_events`] gives.
pub type UseEvents = Use<Events>;

/// A connection of a component. See the file's documentation.
pub struct Use<C: Connection> {
    status: Signal<Option<Status>>,
    error: Signal<Option<ConfigError>>,
    latest: Signal<Option<C::Item>>,
    /// What comes, comes from outside of Dioxus. A callback is how to get in.
    told: Callback<Status>,
    heard: Callback<C::Item>,
    inner: CopyValue<Rc<Inner<C>>>,
}

impl<C: Connection> Use<C> {
    fn new() -> Self {
        let (mut status, mut latest) = (Signal::new(None), Signal::new(None));
        let inner = CopyValue::new(Rc::new(Inner::<C>::default()));
        Self {
            status,
            error: Signal::new(None),
            latest,
            told: Callback::new(move |now| {
                let shown = status.try_write().map(|mut shown| *shown = Some(now));
                if shown.is_err() {
                    // Whoever has brought this about is reading it.
                    spawn(async move { status.set(inner.peek().connection().map(|connection| connection.status())) });
                }
            }),
            heard: Callback::new(move |item| latest.set(Some(item))),
            inner,
        }
    }

    /// Where the connection is; `None` before there is one.
    pub fn status(&self) -> ReadSignal<Option<Status>> {
        self.status.into()
    }

    /// Why there is no connection, if that is a fault in its configuration.
    pub fn error(&self) -> ReadSignal<Option<ConfigError>> {
        self.error.into()
    }

    /// The newest message of the connection; `None` again when another one is opened.
    /// Those that came before it since the last rendering are skipped.
    pub fn latest(&self) -> ReadSignal<Option<C::Item>> {
        self.latest.into()
    }

    /// The connection as it is at this moment; `None` before it is opened, and on a server.
    pub fn connection(&self) -> Option<C> {
        self.inner().connection()
    }

    /// Connects now, whatever the connection is doing.
    pub fn reconnect(&self) {
        if let Some(connection) = self.connection() {
            connection.reconnect();
        }
    }

    fn listen(&self, callback: Call<C::Item>) -> u32 {
        let inner = self.inner();
        let key = inner.keys.replace(inner.keys.get() + 1);
        let mut listener = Listener { key, callback, hearing: None };
        if let Some(connection) = self.connection() {
            listener.hear(&connection);
        }
        inner.listeners.borrow_mut().push(listener);
        key
    }

    fn leave(&self, key: u32) {
        // Its component may be gone.
        if let Ok(inner) = self.inner.try_peek() {
            inner.listeners.borrow_mut().retain(|listener| listener.key != key);
        }
    }

    fn inner(&self) -> Rc<Inner<C>> {
        self.inner.peek().clone()
    }

    fn open(&self, builder: C::Builder) {
        let (mut status, mut error, mut latest) = (self.status, self.error, self.latest);
        let opened = C::open(builder);
        // What was of the connection before is not of this one, nor of none.
        latest.set(None);
        error.set(opened.as_ref().err().cloned());
        status.set(opened.as_ref().ok().map(Connection::status));
        if let Ok(connection) = opened {
            let (told, heard) = (self.told, self.heard);
            let subscriptions = [
                connection.on_status(move |status| told.call(status.clone())),
                connection.on_item(move |item| heard.call(item.clone())),
            ];
            let inner = self.inner();
            inner.listeners.borrow_mut().iter_mut().for_each(|listener| listener.hear(&connection));
            inner.live.replace(Some((connection, subscriptions)));
        }
    }

    fn close(&self) {
        let inner = self.inner();
        let live = inner.live.take();
        if let Some((connection, subscriptions)) = live {
            // The signals may be gone soon.
            drop(subscriptions);
            inner.listeners.borrow_mut().iter_mut().for_each(|listener| listener.hearing = None);
            connection.close();
        }
    }
}

impl Use<Socket> {
    /// Sends over the connection as it is at this moment.
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
}

impl<C: Connection> Clone for Use<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: Connection> Copy for Use<C> {}

impl<C: Connection> PartialEq for Use<C> {
    fn eq(&self, other: &Self) -> bool {
        self.inner == other.inner
    }
}

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

impl<C: Connection> Inner<C> {
    fn connection(&self) -> Option<C> {
        self.live.borrow().as_ref().map(|(connection, _)| connection.clone())
    }
}

/// Who hears the messages.
struct Listener<C: Connection> {
    key: u32,
    callback: Call<C::Item>,
    /// Each has one of its own, for it ends when the callback panics: the others go on hearing.
    hearing: Option<Subscription>,
}

type Call<T> = Rc<dyn Fn(&T)>;

impl<C: Connection> Listener<C> {
    fn hear(&mut self, connection: &C) {
        let callback = Rc::clone(&self.callback);
        self.hearing = Some(connection.on_item(move |item| callback(item)));
    }
}

/// What a [`Socket`] and an [`Events`] have in common.
pub trait Connection: Clone + 'static {
    type Builder;
    type Item: Clone + 'static;

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
connection!(Events, EventsBuilder, ServerEvent, on_event);
