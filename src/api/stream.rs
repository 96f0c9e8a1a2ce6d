//! Views on a connection for asynchronous code: streams.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

use futures_core::{FusedStream, Stream};

/// What happens to an item for which a stream has no room, because its reader is late. A browser cannot be told to slow a
/// connection down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// The oldest item makes room for it.
    #[default]
    DropOldest,
    /// It is given up itself. (Of an outbox, [`WhenFull::DropNewest`](crate::WhenFull::DropNewest) gives up the newest that waits.)
    DropNewest,
    /// The stream ends after what it holds: it has no gap, but the rest is missing.
    End,
}

/// The most bytes that it holds: a wasm module has no more than four gigabytes, and what does not fit is the end of everything.
const BYTES: usize = 64 << 20;

/// The queue between a connection and one reader.
pub(super) struct Queue<T> {
    capacity: usize,
    overflow: Overflow,
    /// With their sizes.
    items: RefCell<VecDeque<(T, usize)>>,
    bytes: Cell<usize>,
    waker: RefCell<Option<Waker>>,
    ended: Cell<bool>,
    missed: Cell<u64>,
}

impl<T> Queue<T> {
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Rc<Self> {
        Rc::new(Self {
            capacity,
            overflow,
            items: RefCell::default(),
            bytes: Cell::new(0),
            waker: RefCell::default(),
            ended: Cell::new(false),
            missed: Cell::new(0),
        })
    }

    /// Takes in an item of so many bytes.
    pub(super) fn push(&self, item: T, size: usize) {
        if self.ended.get() {
            return self.misses();
        }
        while self.overflow == Overflow::DropOldest && self.is_full(size) && self.pop().is_some() {
            self.misses();
        }
        if self.is_full(size) {
            self.misses();
            if self.overflow == Overflow::End {
                self.ended.set(true);
            }
        } else {
            self.items.borrow_mut().push_back((item, size));
            self.bytes.set(self.bytes.get().saturating_add(size));
        }
        self.wake();
    }

    /// Has it no room for so many bytes more?
    fn is_full(&self, size: usize) -> bool {
        let count = self.items.borrow().len();
        // One is taken in whatever its size is, for it is there already.
        let is_heavy = count > 0 && self.bytes.get().saturating_add(size) > BYTES;
        count >= self.capacity || is_heavy
    }

    fn pop(&self) -> Option<T> {
        let (item, size) = self.items.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get().saturating_sub(size));
        Some(item)
    }

    fn misses(&self) {
        self.missed.set(self.missed.get().saturating_add(1));
    }

    pub(super) fn end(&self) {
        self.ended.set(true);
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A stream of what a connection receives, from when it was made until the connection is closed for good.
///
/// It does not keep the connection: that is closed when the last handle is dropped, and the stream then ends after what it holds.
///
/// It is lossless for a reader that keeps up: unless asked for another [capacity](super::Events::events_bounded), it holds 65,536
/// items, and 64 MiB in any case. What then happens is a matter of its [`Overflow`], by default that the oldest is given up, and
/// [`missed`](Self::missed) counts it.
///
/// ```no_run
/// use everwire::Socket;
/// use futures_util::StreamExt;
///
/// # async fn example() -> Result<(), everwire::ConfigError> {
/// let socket = Socket::builder("/chat").open()?;
/// let mut messages = socket.messages();
/// while let Some(message) = messages.next().await {
///     println!("{message:?}");
/// }
/// println!("{:?}", socket.closed().await);
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing unless it is read"]
pub struct Inbox<T> {
    queue: Rc<Queue<T>>,
}

impl<T> Inbox<T> {
    /// How many items it holds for a reader that is late, unless asked for another capacity.
    pub(super) const CAPACITY: usize = 65_536;

    pub(super) const fn new(queue: Rc<Queue<T>>) -> Self {
        Self { queue }
    }

    /// How many items were given up because they were not read in time.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.queue.missed.get()
    }
}

impl<T> fmt::Debug for Inbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("waiting", &self.queue.items.borrow().len()).finish_non_exhaustive()
    }
}

impl<T> Stream for Inbox<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(item) = self.queue.pop() {
            return Poll::Ready(Some(item));
        }
        if self.queue.ended.get() {
            return Poll::Ready(None);
        }
        self.queue.waker.replace(Some(context.waker().clone()));
        Poll::Pending
    }
}

impl<T> FusedStream for Inbox<T> {
    fn is_terminated(&self) -> bool {
        self.queue.ended.get() && self.queue.items.borrow().is_empty()
    }
}
