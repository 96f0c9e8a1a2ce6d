//! Things by number: what JavaScript has of what lives here.

use std::cell::RefCell;

/// Some things. A place that is free again is used again.
pub(super) struct Slab<T>(RefCell<Vec<Option<T>>>);

impl<T> Slab<T> {
    pub(super) const fn new() -> Self {
        Self(RefCell::new(Vec::new()))
    }

    /// Keeps a thing, and tells its number.
    pub(super) fn keep(&self, thing: T) -> usize {
        let mut all = self.0.borrow_mut();
        match all.iter().position(Option::is_none) {
            Some(free) => {
                if let Some(place) = all.get_mut(free) {
                    *place = Some(thing);
                }
                free
            }
            None => {
                all.push(Some(thing));
                all.len().wrapping_sub(1)
            }
        }
    }

    /// Frees a number, and what it stands for.
    pub(super) fn free(&self, number: usize) {
        if let Some(place) = self.0.borrow_mut().get_mut(number) {
            *place = None;
        }
    }

    /// Lets a thing do something, if it is still there.
    pub(super) fn with<R: Default>(&self, number: usize, what: impl FnOnce(&mut T) -> R) -> R {
        match self.0.borrow_mut().get_mut(number) {
            Some(Some(thing)) => what(thing),
            _ => R::default(),
        }
    }
}
