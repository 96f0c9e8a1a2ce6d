//! A future that runs in the browser's event loop until it is done or dropped.

use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use js_sys::futures::spawn_local;

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// A running future. Dropping this drops it, also from within itself: then as soon as it waits for something.
pub(in crate::web) struct Task(Rc<Shared>);

struct Shared {
    /// Not here while it is being polled, and never again once it is done or not wanted.
    work: Cell<Option<Work>>,
    wanted: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Task {
    pub(in crate::web) fn spawn(work: impl Future<Output = ()> + 'static) -> Self {
        let shared =
            Rc::new(Shared { work: Cell::new(Some(Box::pin(work))), wanted: Cell::new(true), waker: Cell::new(None) });
        spawn_local(Runner(Rc::clone(&shared)));
        Self(shared)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.wanted.set(false);
        drop(self.0.work.take());
        // The event loop holds what it has begun until that ends.
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }
}

/// What the event loop holds.
struct Runner(Rc<Shared>);

impl Future for Runner {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(mut work) = self.0.work.take() else { return Poll::Ready(()) };
        self.0.waker.set(Some(context.waker().clone()));
        let done = work.as_mut().poll(context).is_ready();
        if done || !self.0.wanted.get() {
            self.0.waker.take();
            return Poll::Ready(());
        }
        self.0.work.set(Some(work));
        Poll::Pending
    }
}
