//! Calls into the application, which may panic. Here a panic is a test that fails, so it goes where panics go.

use std::{future::Future, pin::Pin};

/// What comes of this.
pub(crate) fn guarded<R>(call: impl FnOnce() -> R) -> Option<R> {
    Some(call())
}

/// The same for what takes its time.
pub(in crate::web) async fn guarded_work<F: Future>(work: Pin<Box<F>>) -> Option<F::Output> {
    Some(work.await)
}
