//! What happens to a connection once, and who waits for it.

use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use futures_core::future::FusedFuture;

use crate::core::types::End;

/// Something that happens once.
pub(super) struct Milestone<T> {
    reached: RefCell<Option<T>>,
    /// The wakers of those who wait, each under the number of its future.
    waiting: RefCell<Vec<(u64, Waker)>>,
    /// The last number.
    count: Cell<u64>,
}

impl<T> Default for Milestone<T> {
    fn default() -> Self {
        Self { reached: RefCell::new(None), waiting: RefCell::default(), count: Cell::new(0) }
    }
}

impl<T: Clone> Milestone<T> {
    pub(super) fn is_reached(&self) -> bool {
        self.reached.borrow().is_some()
    }

    /// It has happened, unless it had before.
    pub(super) fn reach(&self, how: T) {
        self.reached.borrow_mut().get_or_insert(how);
        for (_, waker) in self.waiting.take() {
            waker.wake();
        }
    }

    /// How it happened, or a promise to wake this one then.
    fn poll(&self, number: u64, waker: &Waker) -> Poll<T> {
        if let Some(how) = self.reached.borrow().as_ref() {
            return Poll::Ready(how.clone());
        }
        self.leaves(number);
        self.waiting.borrow_mut().push((number, waker.clone()));
        Poll::Pending
    }

    /// This one waits no longer.
    fn leaves(&self, number: u64) {
        self.waiting.borrow_mut().retain(|(other, _)| *other != number);
    }
}

/// One who waits for it.
struct Wait<T: Clone> {
    milestone: Rc<Milestone<T>>,
    number: u64,
    /// It has been told.
    is_over: Cell<bool>,
}

impl<T: Clone> Wait<T> {
    fn new(milestone: &Rc<Milestone<T>>) -> Self {
        let number = milestone.count.get().wrapping_add(1);
        milestone.count.set(number);
        Self { milestone: Rc::clone(milestone), number, is_over: Cell::new(false) }
    }

    fn poll(&self, context: &Context<'_>) -> Poll<T> {
        let told = self.milestone.poll(self.number, context.waker());
        self.is_over.set(told.is_ready());
        told
    }
}

impl<T: Clone> Drop for Wait<T> {
    fn drop(&mut self) {
        self.milestone.leaves(self.number);
    }
}

/// That a connection is open, the first time; or how it ended before that.
pub(super) type Opening = Milestone<Result<(), End>>;
/// How a connection ended.
pub(super) type Ending = Milestone<End>;

/// Resolves when the connection is open, the first time, and at once if it was; to how it ended, if it is closed for good before that.
///
/// ```no_run
/// # async fn example(socket: &everwire::Socket) {
/// match socket.opened().await {
///     Ok(()) => println!("open"),
///     Err(end) => println!("never opened: {end}"),
/// }
/// # }
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct OpenedFuture(Wait<Result<(), End>>);

/// Resolves when the connection is closed for good; at once if it is.
///
/// ```no_run
/// # async fn example(socket: &everwire::Socket) {
/// let end = socket.closed().await;
/// println!("{} {}: {:?}", end.code, end.reason, end.cause);
/// # }
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct ClosedFuture(Wait<End>);

impl OpenedFuture {
    pub(super) fn new(opening: &Rc<Opening>) -> Self {
        Self(Wait::new(opening))
    }
}

impl ClosedFuture {
    pub(super) fn new(ending: &Rc<Ending>) -> Self {
        Self(Wait::new(ending))
    }
}

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
        self.0.poll(context)
    }
}

impl Future for ClosedFuture {
    type Output = End;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<End> {
        self.0.poll(context)
    }
}

impl FusedFuture for OpenedFuture {
    fn is_terminated(&self) -> bool {
        self.0.is_over.get()
    }
}

impl FusedFuture for ClosedFuture {
    fn is_terminated(&self) -> bool {
        self.0.is_over.get()
    }
}
