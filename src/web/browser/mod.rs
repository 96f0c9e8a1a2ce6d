//! The browser. Each file wraps one thing of it as a RAII handle: it attaches when it is made, and when it is dropped it first detaches its
//! listeners and then ends what it wraps, so that nothing can report after that.

pub(super) mod attempts;
pub(crate) mod clock;
pub(crate) mod data;
pub(super) mod fetch;
pub(crate) mod guard;
pub(super) mod page;
pub(crate) mod requests;
pub(crate) mod store;
pub(super) mod task;
pub(crate) mod url;

mod cors;
mod headers;
mod listener;
mod reader;
mod reporter;
mod source;
mod websocket;
mod xhr;
mod xhr_events;
