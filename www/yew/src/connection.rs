//! everwire for Yew 0.23: `use_socket` and `use_events`. Copy this file into your application; it needs nothing else of this one.
//!
//! A connection belongs to the component that asked for it: it opens in an effect, so once the component is on the page and never on a
//! server, and is closed with it. When the dependencies change, the old connection is closed, and then a new one is opened.
//!
//! The hook gives a handle, which is equal to itself only, so it can be a property or a context. It is live: what it says is how things are
//! at that moment, not when something was rendered. To have it renders nothing anew; the component that wants to be rendered when
//! something changes asks for just that:
//!
//! | | what | when to use it |
//! | --- | --- | --- |
//! | `use_messages(&handle, callback)` | every message, once and in order; the callback is that of the newest rendering | for all that must not be missed |
//! | `use_latest(&handle)` | the newest message | for what a newer one makes worthless: **it skips**, when several come before a rendering |
//! | `use_status(&handle)` | the [`Status`]; `None` before the first opening, so also on a server | to tell people |
//! | `use_error(&handle)` | what is wrong with the builder's configuration | while developing |
//! | `handle.connection()` | the connection itself | for everything else |

#![allow(dead_code, reason = "an application uses what it needs")]

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::Rc,
};

use everwire::{
    ConfigError, Delivery, Event, Events, EventsBuilder, Message, SendError, Socket, SocketBuilder, Status,
    Subscription,
};
use yew::prelude::*;

/// A socket of this component. `builder` is called with the dependencies in an effect, and again when they have changed.
#[hook]
pub fn use_socket<D: PartialEq + 'static>(deps: D, builder: impl Fn(&D) -> SocketBuilder + 'static) -> UseSocket {
    use_connection(deps, builder)
}

/// A stream of server-sent events of this component. `builder` is called with the dependencies in an effect, and again when they have changed.
#[hook]
pub fn use_events<D: PartialEq + 'static>(deps: D, builder: impl Fn(&D) -> EventsBuilder + 'static) -> UseEvents {
    use_connection(deps, builder)
}

/// Calls `callback` with every message of the connection, and of those that follow it, once and in order.
#[hook]
pub fn use_messages<C: Connection>(of: &Use<C>, callback: impl Fn(&C::Item) + 'static) {
    let callback: Call<C::Item> = Rc::new(callback);
    let newest = use_mut_ref(|| Rc::clone(&callback));
    *newest.borrow_mut() = callback;
    use_effect_with(of.clone(), move |of| {
        of.listen(move |item| {
            let callback = newest.borrow().clone();
            callback(item);
        })
    });
}

/// The newest message of the connection; `None` again when another one is opened, or the handle is another one.
/// Those that came before it since the last rendering are skipped.
#[hook]
pub fn use_latest<C: Connection>(of: &Use<C>) -> Option<C::Item> {
    let opening = use_changes(of, |of| of.0.openings.get());
    // Whoever has listened to another handle meanwhile does not know the newest message of this one.
    let here = use_memo(of.clone(), |_| ());
    let latest = use_state(|| None);
    let hear = {
        let (set, of, here) = (latest.setter(), of.clone(), here.clone());
        move |item: &C::Item| set.set(Some((here.clone(), of.0.openings.get(), item.clone())))
    };
    use_messages(of, hear);
    let newest = latest.as_ref().filter(|(there, its, _)| Rc::ptr_eq(there, &here) && *its == opening);
    newest.map(|(_, _, item)| item.clone())
}

/// Where the connection is. The component is rendered anew when that changes.
#[hook]
pub fn use_status<C: Connection>(of: &Use<C>) -> Option<Status> {
    use_changes(of, Use::status)
}

/// Why there is no connection, if that is a fault in its configuration.
#[hook]
pub fn use_error<C: Connection>(of: &Use<C>) -> Option<ConfigError> {
    use_changes(of, Use::error)
}

/// What is read, and rendered anew when that changes.
#[hook]
fn use_changes<C: Connection, T: PartialEq + 'static>(of: &Use<C>, read: fn(&Use<C>) -> T) -> T {
    let update = use_force_update();
    let rendered = use_mut_ref(|| read(of));
    *rendered.borrow_mut() = read(of);
    use_effect_with(of.clone(), move |of| {
        let compare = {
            let of = of.clone();
            move || {
                if *rendered.borrow() != read(&of) {
                    update.force_update();
                }
            }
        };
        // It may have changed between the rendering and this effect.
        compare();
        of.watch(compare)
    });
    read(of)
}

#[hook]
fn use_connection<C: Connection, D: PartialEq + 'static>(
    deps: D,
    builder: impl Fn(&D) -> C::Builder + 'static,
) -> Use<C> {
    let it = Use(use_memo((), |()| Inner::default()));
    {
        let it = it.clone();
        use_effect_with(deps, move |deps| {
            it.open(builder(deps));
            move || it.close()
        });
    }
    it
}

/// What [`use_socket`] gives.
pub type UseSocket = Use<Socket>;
/// What [`use_events`] gives.
pub type UseEvents = Use<Events>;

/// A connection of a component. See the file's documentation.
pub struct Use<C: Connection>(Rc<Inner<C>>);

impl<C: Connection> Use<C> {
    /// Where the connection is at this moment; `None` before there is one.
    pub fn status(&self) -> Option<Status> {
        self.connection().map(|connection| connection.status())
    }

    /// Why there is no connection, if that is a fault in its configuration.
    pub fn error(&self) -> Option<ConfigError> {
        self.0.error.borrow().clone()
    }

    /// The connection as it is at this moment; `None` before it is opened, and on a server.
    pub fn connection(&self) -> Option<C> {
        self.0.live.borrow().as_ref().map(|(connection, _)| connection.clone())
    }

    /// Connects now, whatever the connection is doing.
    pub fn reconnect(&self) {
        if let Some(connection) = self.connection() {
            connection.reconnect();
        }
    }

    fn open(&self, builder: C::Builder) {
        let opened = C::open(builder);
        self.0.openings.set(self.0.openings.get() + 1);
        self.0.error.replace(opened.as_ref().err().cloned());
        if let Ok(connection) = opened {
            self.0.listeners.borrow().iter().for_each(|listener| listener.hear(&connection));
            let changed = Rc::downgrade(&self.0);
            let telling =
                connection.on_status(move |_| changed.upgrade().into_iter().for_each(|inner| inner.changed()));
            self.0.live.replace(Some((connection, telling)));
        }
        self.0.changed();
    }

    fn close(&self) {
        let live = self.0.live.take();
        if let Some((connection, telling)) = live {
            drop(telling);
            self.0.listeners.borrow().iter().for_each(|listener| drop(listener.hearing.take()));
            connection.close();
        }
    }

    /// Calls `callback` with every message, whatever connection there is. Gives how to end it.
    fn listen<F: Fn(&C::Item) + 'static>(&self, callback: F) -> impl FnOnce() + use<C, F> {
        let listener = Rc::new(Listener { callback: Rc::new(callback), hearing: Cell::default() });
        if let Some(connection) = self.connection() {
            listener.hear(&connection);
        }
        self.0.listeners.borrow_mut().push(Rc::clone(&listener));
        let it = self.clone();
        move || {
            drop(listener.hearing.take());
            it.0.listeners.borrow_mut().retain(|other| !Rc::ptr_eq(other, &listener));
        }
    }

    /// Calls `callback` when the status has changed, or another connection is opened. Gives how to end it.
    fn watch<F: Fn() + 'static>(&self, callback: F) -> impl FnOnce() + use<C, F> {
        let callback: Rc<dyn Fn()> = Rc::new(callback);
        self.0.watchers.borrow_mut().push(Rc::clone(&callback));
        let it = self.clone();
        move || it.0.watchers.borrow_mut().retain(|other| !Rc::ptr_eq(other, &callback))
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
        Self(Rc::clone(&self.0))
    }
}

impl<C: Connection> PartialEq for Use<C> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<C: Connection> fmt::Debug for Use<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Use").field("status", &self.status()).finish_non_exhaustive()
    }
}

struct Inner<C: Connection> {
    live: RefCell<Option<(C, Subscription)>>,
    error: RefCell<Option<ConfigError>>,
    /// How many times one was opened, or could not be.
    openings: Cell<u32>,
    listeners: RefCell<Vec<Rc<Listener<C>>>>,
    watchers: RefCell<Vec<Rc<dyn Fn()>>>,
}

impl<C: Connection> Default for Inner<C> {
    fn default() -> Self {
        Self {
            live: RefCell::default(),
            error: RefCell::default(),
            openings: Cell::default(),
            listeners: RefCell::default(),
            watchers: RefCell::default(),
        }
    }
}

impl<C: Connection> Inner<C> {
    fn changed(&self) {
        // A copy, for a component that is rendered anew may end others.
        let watchers = self.watchers.borrow().clone();
        watchers.iter().for_each(|watcher| watcher());
    }
}

/// Who hears the messages.
struct Listener<C: Connection> {
    callback: Call<C::Item>,
    /// Each has one of its own, for it ends when the callback panics: the others go on hearing.
    hearing: Cell<Option<Subscription>>,
}

type Call<T> = Rc<dyn Fn(&T)>;

impl<C: Connection> Listener<C> {
    fn hear(&self, connection: &C) {
        let callback = Rc::clone(&self.callback);
        self.hearing.set(Some(connection.on_item(move |item| callback(item))));
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
connection!(Events, EventsBuilder, Event, on_event);
