//! What happens to a connection once, and who waits for it.

use std::{
    cell::RefCell,
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use crate::core::types::End;

/// Something that happens once.
pub(super) struct Milestone<T> {
    reached: RefCell<Option<T>>,
    waiting: RefCell<Vec<Waker>>,
}

impl<T> Default for Milestone<T> {
    fn default() -> Self {
        Self { reached: RefCell::new(None), waiting: RefCell::default() }
    }
}

impl<T: Clone> Milestone<T> {
    pub(super) fn is_reached(&self) -> bool {
        self.reached.borrow().is_some()
    }

    /// It has happened, unless it had before.
    pub(super) fn reach(&self, how: T) {
        self.reached.borrow_mut().get_or_insert(how);
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    /// How it happened, or a promise to wake this one then.
    fn poll(&self, waker: &Waker) -> Poll<T> {
        if let Some(how) = self.reached.borrow().as_ref() {
            return Poll::Ready(how.clone());
        }
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|other| other.will_wake(waker)) {
            waiting.push(waker.clone());
        }
        Poll::Pending
    }
}

/// That a connection is open, the first time; or how it ended before that.
pub(super) type Opening = Milestone<Result<(), End>>;
/// How a connection ended.
pub(super) type Ending = Milestone<End>;

/// Resolves when the connection is open, the first time, and at once if it was; to how it ended, if it is closed for good before that.
#[must_use = "a future does nothing unless it is awaited"]
pub struct OpenedFuture(pub(super) Rc<Opening>);

/// Resolves when the connection is closed for good; at once if it is.
#[must_use = "a future does nothing unless it is awaited"]
pub struct ClosedFuture(pub(super) Rc<Ending>);

impl fmt::Debug for OpenedFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for ClosedFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClosedFuture").finish_non_exhaustive()
    }
}

impl Future for OpenedFuture {
    type Output = Result<(), End>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context.waker())
    }
}

impl Future for ClosedFuture {
    type Output = End;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<End> {
        self.0.poll(context.waker())
    }
}
