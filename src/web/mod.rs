//! The shell: turns the core's effects into browser calls, and what the browser reports into inputs.
//!
//! What touches the browser is in `browser`. Natively, with the feature `testing`, `fake` stands in for it: what is of it has a counterpart
//! there of the same name.
//!
//! There is no policy here. [`driver::Driver`] owns the [`Machine`](crate::core::machine::Machine) and what it has in the browser, and is
//! the only one that talks to either.

pub(crate) mod driver;
#[cfg_attr(
    all(feature = "testing", not(target_arch = "wasm32")),
    allow(dead_code, reason = "some is for a browser alone")
)]
pub(crate) mod endpoint;
#[cfg_attr(
    all(feature = "testing", not(target_arch = "wasm32")),
    allow(dead_code, reason = "some is for a browser alone")
)]
pub(crate) mod handshake;
pub(crate) mod permitted;
pub(crate) mod provider;
#[cfg_attr(
    all(feature = "testing", not(target_arch = "wasm32")),
    allow(dead_code, reason = "some is for a browser alone")
)]
pub(crate) mod request;

mod event;
pub(crate) mod memory;
mod query;
mod url_error;

#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
mod browser;
#[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
use browser as host;

#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub(crate) mod fake;
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
use fake as host;

pub(crate) use host::clock;
use host::{attempts, fetch, page, task};
pub(crate) use host::{data, guard, requests, store, url};
