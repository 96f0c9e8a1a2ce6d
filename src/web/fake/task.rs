//! Futures that run while time passes, until they are done or dropped.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::{Rc, Weak},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Wake, Waker},
};

type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Whether there is something to do.
pub(crate) struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Flag {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    /// Was it woken since this was asked before?
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// A running future. Dropping this drops it, also from within itself.
pub(in crate::web) struct Task(Rc<Shared>);

struct Shared {
    /// Not here while it is being polled, and never again once it is done or not wanted.
    work: Cell<Option<Work>>,
    wanted: Cell<bool>,
    flag: Arc<Flag>,
}

thread_local! {
    static TASKS: RefCell<Vec<Weak<Shared>>> = RefCell::default();
}

impl Task {
    pub(in crate::web) fn spawn(work: impl Future<Output = ()> + 'static) -> Self {
        let work: Work = Box::pin(work);
        let shared = Rc::new(Shared { work: Cell::new(Some(work)), wanted: Cell::new(true), flag: Flag::new() });
        TASKS.with_borrow_mut(|tasks| tasks.push(Rc::downgrade(&shared)));
        Self(shared)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.wanted.set(false);
        drop(self.0.work.take());
    }
}

/// Polls what was woken, and says whether there was something.
pub(super) fn run() -> bool {
    let tasks: Vec<_> = TASKS.with_borrow_mut(|tasks| {
        tasks.retain(|task| task.strong_count() > 0);
        tasks.iter().filter_map(Weak::upgrade).collect()
    });
    let mut has_run = false;
    for task in tasks {
        if !task.flag.take() {
            continue;
        }
        if let Some(mut work) = task.work.take() {
            has_run = true;
            let waker = Waker::from(Arc::clone(&task.flag));
            let is_done = work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
            if !is_done && task.wanted.get() {
                task.work.set(Some(work));
            }
        }
    }
    has_run
}
