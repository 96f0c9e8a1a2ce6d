//! How far a connection has come in what the server sends, beyond the last id itself.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use crate::{core::seen::Seen, web::store::Keeper};

/// The ids that were delivered, as far as they have to be known; and what keeps the last one for the next time that the page is loaded.
#[derive(Default)]
pub(super) struct Progress {
    seen: Option<RefCell<Seen>>,
    duplicates: Cell<u64>,
    keeper: Option<Rc<Keeper>>,
}

impl Progress {
    pub(super) fn new(seen: Option<Seen>, keeper: Option<Rc<Keeper>>) -> Self {
        Self { seen: seen.map(RefCell::new), duplicates: Cell::new(0), keeper }
    }

    /// Notes an id, and tells whether it is to be delivered.
    pub(super) fn is_new(&self, id: &Rc<str>) -> bool {
        let is_new = self.seen.as_ref().is_none_or(|seen| seen.borrow_mut().is_new(id));
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
