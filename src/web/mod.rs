//! The shell: turns the core's effects into browser calls, and what the browser reports into inputs.
//!
//! There is no policy here. Each file wraps one thing of the browser as a RAII handle: it attaches when it is made, and when it is
//! dropped it first detaches its listeners and then ends what it wraps, so that nothing can report after that.
//! [`driver::Driver`] owns them together with the [`Machine`](crate::core::machine::Machine), and is the only one that talks to it.

pub mod data;
pub mod driver;
pub mod endpoint;
pub mod guard;
pub mod handshake;
pub mod permitted;
pub mod provider;
pub mod request;
pub mod store;
pub mod url;

mod attempts;
pub(crate) mod clock;
mod cors;
mod fetch;
mod headers;
mod listener;
mod memory;
mod page;
mod reader;
mod reporter;
mod source;
mod task;
mod websocket;
mod xhr;
mod xhr_events;
