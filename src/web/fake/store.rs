//! The last id, kept for as long as the network is: what a page finds when it is loaded anew.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

/// Which of the page's storages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Area {
    /// That of this tab, until it is closed.
    Session,
    /// That of this origin, without an end.
    Local,
}

thread_local! {
    static STORAGE: RefCell<BTreeMap<(Area, String), Rc<str>>> = RefCell::default();
}

/// Keeps one last id.
#[derive(Debug)]
pub(crate) struct Keeper {
    key: (Area, String),
}

impl Keeper {
    /// Keeps the last id under this key.
    #[must_use]
    pub(crate) fn new(area: Area, key: &str) -> Rc<Self> {
        Rc::new(Self { key: (area, String::from(key)) })
    }

    /// The id that was kept; empty for none.
    #[must_use]
    pub(crate) fn kept(&self) -> String {
        STORAGE.with_borrow(|storage| storage.get(&self.key).map(|id| String::from(&**id))).unwrap_or_default()
    }

    /// This is the last id now.
    pub(crate) fn keep(&self, id: Rc<str>) {
        STORAGE.with_borrow_mut(|storage| {
            if id.is_empty() { storage.remove(&self.key) } else { storage.insert(self.key.clone(), id) }
        });
    }

    /// This is the last id, for good.
    pub(crate) fn end(&self, id: Rc<str>) {
        self.keep(id);
    }
}

/// Nothing is kept.
pub(crate) fn reset() {
    STORAGE.take();
}
