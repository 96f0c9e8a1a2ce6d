//! The last id, kept in the browser's storage (WHATWG HTML 12, Web storage) for the next time that the page is loaded.
//!
//! It is a convenience: where there is no storage (in a worker), or it is forbidden or full, nothing is kept, and that is all.

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventTarget, Storage};

use super::{clock, listener::Listener};
use crate::core::time::Millis;

/// It is written at most this often.
const INTERVAL: Millis = Millis(1_000);

/// Which of the page's storages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Area {
    /// That of this tab, until it is closed.
    Session,
    /// That of this origin, without an end.
    Local,
}

/// Keeps one last id.
pub(crate) struct Keeper {
    me: Weak<Self>,
    storage: Option<Storage>,
    key: String,
    /// What is to be written.
    next: RefCell<Option<Rc<str>>>,
    /// Until it fires, nothing is written.
    rest: Cell<Option<Timeout>>,
    on_hide: Cell<Option<Listener>>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Keeper {
    /// Keeps the last id of what this URL gives.
    #[must_use]
    pub(crate) fn new(area: Area, url: &str) -> Rc<Self> {
        let global = js_sys::global();
        let name = match area {
            Area::Session => "sessionStorage",
            Area::Local => "localStorage",
        };
        // A page that may not use it gets an exception for looking.
        let storage = Reflect::get(&global, &JsValue::from_str(name)).ok().and_then(|found| found.dyn_into().ok());
        let keeper = Rc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            storage,
            key: ["everwire:last-event-id:", url].concat(),
            next: RefCell::new(None),
            rest: Cell::new(None),
            on_hide: Cell::new(None),
        });
        let me = keeper.me.clone();
        let on_hide = move |_| {
            if let Some(keeper) = me.upgrade() {
                keeper.write();
            }
        };
        let target: EventTarget = global.unchecked_into();
        keeper.on_hide.set(Some(Listener::new(&target, "pagehide", Box::new(on_hide))));
        keeper
    }

    /// The id that was kept; empty for none.
    #[must_use]
    pub(crate) fn kept(&self) -> String {
        self.storage.as_ref().and_then(|storage| storage.get_item(&self.key).ok().flatten()).unwrap_or_default()
    }

    /// This is the last id now: it is written at once, or soon, if that was done a moment ago.
    pub(crate) fn keep(&self, id: Rc<str>) {
        self.next.replace(Some(id));
        let rest = self.rest.take();
        if rest.is_some() {
            self.rest.set(rest);
        } else {
            self.write();
        }
    }

    /// This is the last id, for good.
    pub(crate) fn end(&self, id: Rc<str>) {
        self.next.replace(Some(id));
        self.write();
        self.rest.take();
        self.on_hide.take();
    }

    fn write(&self) {
        let (Some(storage), Some(id)) = (&self.storage, self.next.take()) else { return };
        // It may be full, which is the application's affair.
        let _ = if id.is_empty() { storage.remove_item(&self.key) } else { storage.set_item(&self.key, &id) };
        let me = self.me.clone();
        let rested = move || {
            if let Some(keeper) = me.upgrade() {
                keeper.rest.take();
                keeper.write();
            }
        };
        self.rest.set(Some(clock::at(clock::now().after(INTERVAL), rested)));
    }
}
