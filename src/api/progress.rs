//! How far a connection has come in what the server sends, beyond the last id itself.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use super::Store;
use crate::{
    core::seen::Seen,
    web::store::{Area, Keeper},
};

/// Notes an id, and tells whether it was not known.
type Window = Box<dyn FnMut(&Rc<str>) -> bool>;

/// Not to deliver what has been delivered.
#[derive(Clone, Copy)]
pub(super) struct Dedupe {
    /// How many ids are known.
    pub(super) ids: usize,
    /// By a pointer, so that an application that delivers everything is linked without it.
    open: fn(usize) -> Window,
}

impl Dedupe {
    /// Knows the last so many ids.
    pub(super) fn among(ids: usize) -> Self {
        let open = |ids| -> Window {
            let mut seen = Seen::new(ids);
            Box::new(move |id| seen.is_new(id))
        };
        Self { ids, open }
    }

    /// One in which there are none.
    pub(super) fn window(self) -> Window {
        (self.open)(self.ids)
    }
}

/// Keeps the last id for the next time that the page is loaded.
pub(super) trait Keep {
    /// The id that was kept; empty for none.
    fn kept(&self) -> String;
    /// This is the last id now.
    fn keep(&self, id: Rc<str>);
    /// This is the last id, for good.
    fn end(&self, id: Rc<str>);
}

impl Keep for Keeper {
    fn kept(&self) -> String {
        Self::kept(self)
    }

    fn keep(&self, id: Rc<str>) {
        Self::keep(self, id);
    }

    fn end(&self, id: Rc<str>) {
        Self::end(self, id);
    }
}

/// Where the last id is kept.
#[derive(Clone, Copy)]
pub(super) struct Storing {
    store: Store,
    /// By a pointer, so that an application that keeps nothing is linked without it.
    open: fn(Store, &str) -> Rc<dyn Keep>,
}

impl Storing {
    pub(super) fn at(store: Store) -> Self {
        let open = |store, key: &str| -> Rc<dyn Keep> {
            let area = match store {
                Store::Session => Area::Session,
                Store::Local => Area::Local,
            };
            Keeper::new(area, key)
        };
        Self { store, open }
    }

    /// What keeps the last id under this key: a URL, or a name that the application chose.
    pub(super) fn keeper(self, key: &str) -> Rc<dyn Keep> {
        (self.open)(self.store, key)
    }
}

/// The ids that were delivered, as far as they have to be known; and what keeps the last one for the next time that the page is loaded.
#[derive(Default)]
pub(super) struct Progress {
    seen: Option<RefCell<Window>>,
    duplicates: Cell<u64>,
    keeper: Option<Rc<dyn Keep>>,
}

impl Progress {
    pub(super) fn new(seen: Option<Window>, keeper: Option<Rc<dyn Keep>>) -> Self {
        Self { seen: seen.map(RefCell::new), duplicates: Cell::new(0), keeper }
    }

    /// Notes an id, and tells whether it is to be delivered.
    pub(super) fn is_new(&self, id: &Rc<str>) -> bool {
        let is_new = self.seen.as_ref().is_none_or(|seen| seen.borrow_mut()(id));
        if !is_new {
            self.duplicates.set(self.duplicates().saturating_add(1));
        }
        is_new
    }

    /// How often one was not.
    pub(super) fn duplicates(&self) -> u64 {
        self.duplicates.get()
    }

    /// This is the last id now.
    pub(super) fn keep(&self, id: Rc<str>) {
        if let Some(keeper) = &self.keeper {
            keeper.keep(id);
        }
    }

    /// This is the last id, for good.
    pub(super) fn end(&self, id: Rc<str>) {
        if let Some(keeper) = &self.keeper {
            keeper.end(id);
        }
    }
}
