//! The shell: turns the core's effects into browser calls, and what the browser reports into inputs.
//!
//! Natively, with the feature `testing`, `fake` stands in for the browser: what is of it has a counterpart there of the same name.
//!
//! There is no policy here. Each file wraps one thing of the browser as a RAII handle: it attaches when it is made, and when it is
//! dropped it first detaches its listeners and then ends what it wraps, so that nothing can report after that.
//! [`driver::Driver`] owns them together with the [`Machine`](crate::core::machine::Machine), and is the only one that talks to it.

pub mod driver;
pub mod endpoint;
#[cfg_attr(
    all(feature = "testing", not(target_arch = "wasm32")),
    allow(dead_code, reason = "some is for a browser alone")
)]
pub mod handshake;
pub mod permitted;
pub mod provider;
#[cfg_attr(
    all(feature = "testing", not(target_arch = "wasm32")),
    allow(dead_code, reason = "some is for a browser alone")
)]
pub mod request;

mod event;
pub(crate) mod memory;
mod query;
mod url_error;

#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod attempts;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
pub(crate) mod clock;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod cors;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
pub mod data;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod fetch;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
pub mod guard;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod headers;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod listener;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod page;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod reader;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod reporter;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod source;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
pub mod store;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod task;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
pub mod url;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod websocket;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod xhr;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod xhr_events;

#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub(crate) mod fake;
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub(crate) use fake::clock;
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
use fake::{attempts, fetch, page, task};
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub use fake::{data, guard, store, url};
