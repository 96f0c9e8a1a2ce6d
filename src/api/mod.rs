//! The Rust surface: [`Socket`] and [`Events`], and what they are made with.
//!
//! What belongs to a connection is `!Send`, as everything of the browser is; values are `Send`. A handle is cheap to clone; when the last
//! clone is dropped, the connection is closed. Callbacks and streams may do anything to the connection that calls them, dropping it
//! included.

#[cfg(any(feature = "json", feature = "serde-json"))]
mod codec;
mod error;
mod events;
mod events_builder;
mod heartbeat;
mod hub;
#[cfg(any(feature = "json", feature = "serde-json"))]
mod json;
mod message;
mod milestones;
mod options;
mod outbox;
mod progress;
mod ruling;
mod slots;
mod socket;
mod socket_builder;
mod stats;
mod status;
mod stream;

pub use error::{ConfigError, SendError};
pub use events::{Event, Events};
pub use events_builder::EventsBuilder;
pub use heartbeat::Heartbeat;
#[cfg(any(feature = "json", feature = "serde-json"))]
pub use json::{DecodeError, EncodeError, JsonEvents, JsonMessages, JsonSocket, Typed};
pub use message::Message;
pub use milestones::{ClosedFuture, OpenedFuture};
pub use options::{Backoff, Store};
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub(crate) use options::{millis, resolve};
pub use outbox::{Outbox, Sending};
pub use ruling::Ruling;
pub use slots::Subscription;
pub use socket::{Messages, Socket};
pub use socket_builder::{SocketBuilder, Wire};
pub use stats::Stats;
pub use status::{Reconnected, Reconnecting, Status, TransportChange};
pub use stream::{Inbox, Overflow};
