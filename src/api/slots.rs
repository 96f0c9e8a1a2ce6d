//! Who listens to a connection by callbacks, and what takes one out of the list again.

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
};

use super::{Message, Reconnected, Reconnecting, Status, TransportChange};
use crate::{core::types::Why, web::guard::guarded};

/// What listeners are told.
pub(super) enum Told<'a, T> {
    Status(&'a Status),
    Item(&'a T),
    Dropped(&'a Message, Why),
    Reconnecting(&'a Reconnecting),
    Reconnected(&'a Reconnected),
    TransportChanged(&'a TransportChange),
    Gap(&'a str),
}

/// Its kinds: each callback hears one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Status,
    Item,
    Dropped,
    Reconnecting,
    Reconnected,
    TransportChanged,
    Gap,
}

impl<T> Told<'_, T> {
    const fn kind(&self) -> Kind {
        match self {
            Self::Status(_) => Kind::Status,
            Self::Item(_) => Kind::Item,
            Self::Dropped(..) => Kind::Dropped,
            Self::Reconnecting(_) => Kind::Reconnecting,
            Self::Reconnected(_) => Kind::Reconnected,
            Self::TransportChanged(_) => Kind::TransportChanged,
            Self::Gap(_) => Kind::Gap,
        }
    }
}

type Callback<T> = dyn Fn(&Told<'_, T>);

/// One who listens.
struct Slot<T> {
    id: u64,
    kind: Kind,
    callback: Rc<Callback<T>>,
}

/// A list of callbacks. One that is called may add to it and remove from it, itself included.
///
/// There is one for all kinds, as each would be code of its own in an application.
pub(super) struct Slots<T> {
    entries: RefCell<Vec<Slot<T>>>,
    next: Cell<u64>,
}

// Not derived, which would ask for the same of `T`.
impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { entries: RefCell::default(), next: Cell::new(0) }
    }
}

impl<T: 'static> Slots<T> {
    /// Calls this with all of that kind, until the subscription is dropped.
    pub(super) fn subscribe(self: &Rc<Self>, kind: Kind, callback: impl Fn(&Told<'_, T>) + 'static) -> Subscription {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        self.entries.borrow_mut().push(Slot { id, kind, callback: Rc::new(callback) });
        let weak: Weak<Self> = Rc::downgrade(self);
        Subscription { from: weak, id }
    }

    fn remove(&self, id: u64) -> Option<Slot<T>> {
        let mut entries = self.entries.borrow_mut();
        let at = entries.iter().position(|slot| slot.id == id)?;
        Some(entries.remove(at))
    }

    /// Calls every callback of that kind that is still there when its turn comes. One that panics is taken out, and the rest hear all the
    /// same.
    pub(super) fn tell(&self, told: &Told<'_, T>) {
        let mut before = Vec::new();
        for slot in self.entries.borrow().iter().filter(|slot| slot.kind == told.kind()) {
            before.push((slot.id, Rc::clone(&slot.callback)));
        }
        for (id, callback) in before {
            let still = self.entries.borrow().iter().any(|slot| slot.id == id);
            if still && guarded(move || callback(told)).is_none() {
                drop(self.remove(id));
            }
        }
    }
}

/// Something that a subscription can be taken out of.
trait Leave {
    fn leave(&self, id: u64);
}

impl<T: 'static> Leave for Slots<T> {
    fn leave(&self, id: u64) {
        // Dropped only after the borrow is over: the callback's own drop may do anything.
        let gone = self.remove(id);
        drop(gone);
    }
}

/// A callback's registration. Dropping it unsubscribes, also from within the callback itself.
///
/// A callback that panics is not called again. The connection goes on, everybody else hears what there was to hear, and the page is told
/// as of any error that nobody caught.
#[must_use = "dropping a subscription unsubscribes at once"]
pub struct Subscription {
    from: Weak<dyn Leave>,
    id: u64,
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

/// Subscribes a callback of the application's to one kind of what a connection tells.
macro_rules! subscribe {
    ($face:ident, $kind:ident($($part:ident),+) => $call:expr) => {
        $face.connection.hub.slots.subscribe(super::slots::Kind::$kind, move |told| {
            if let super::slots::Told::$kind($($part),+) = told {
                $call;
            }
        })
    };
}

pub(super) use subscribe;
