//! Lists of callbacks, and what takes one out of its list again.

use std::{
    cell::{Cell, RefCell},
    fmt,
    rc::{Rc, Weak},
};

use crate::web::guard::guarded;

/// A list of callbacks. One that is called may add to it and remove from it, itself included.
pub(super) struct Slots<F: ?Sized> {
    entries: RefCell<Vec<(u64, Rc<F>)>>,
    next: Cell<u64>,
}

impl<F: ?Sized> Slots<F> {
    pub(super) fn new() -> Self {
        Self { entries: RefCell::default(), next: Cell::new(0) }
    }

    fn add(&self, callback: Rc<F>) -> u64 {
        let id = self.next.get();
        self.next.set(id.wrapping_add(1));
        self.entries.borrow_mut().push((id, callback));
        id
    }

    fn remove(&self, id: u64) -> Option<Rc<F>> {
        let mut entries = self.entries.borrow_mut();
        let at = entries.iter().position(|(other, _)| *other == id)?;
        Some(entries.remove(at).1)
    }

    /// Calls `each` with every callback that is still there when its turn comes. One that panics is taken out, and the rest hear all the
    /// same.
    pub(super) fn each(&self, each: impl Fn(&F)) {
        let each = &each;
        let before = self.entries.borrow().clone();
        for (id, callback) in before {
            let still = self.entries.borrow().iter().any(|(other, _)| *other == id);
            if still && guarded(move || each(&callback)).is_none() {
                drop(self.remove(id));
            }
        }
    }
}

/// Something that a subscription can be taken out of.
trait Leave {
    fn leave(&self, id: u64);
}

impl<F: ?Sized> Leave for Slots<F> {
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

impl Subscription {
    pub(super) fn new<F: ?Sized + 'static>(slots: &Rc<Slots<F>>, callback: Rc<F>) -> Self {
        let weak: Weak<Slots<F>> = Rc::downgrade(slots);
        Self { from: weak, id: slots.add(callback) }
    }
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

/// A shared list of callbacks.
pub(super) type List<F> = Rc<Slots<F>>;
