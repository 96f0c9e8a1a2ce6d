//! The Rust surface: [`Socket`] and [`Events`], and what they are made with.
//!
//! Everything here is `!Send`, as everything of the browser is. A handle is cheap to clone; when the last clone is dropped, the
//! connection is closed. Callbacks and streams may do anything to the connection that calls them, dropping it included.

mod error;
mod events;
mod events_builder;
mod hub;
#[cfg(feature = "json")]
mod json;
mod options;
mod ruling;
mod socket;
mod stats;
mod status;
mod stream;

pub use error::{ConfigError, SendError};
pub use events::{Event, Events};
pub use events_builder::{EventsBuilder, Store};
pub use hub::Subscription;
#[cfg(feature = "json")]
pub use json::{DecodeError, EncodeError, JsonEvents, JsonMessages, JsonSocket, Typed};
pub use options::{Backoff, Outbox};
pub use ruling::Ruling;
pub use socket::{Message, Messages, Socket, SocketBuilder, Wire};
pub use stats::Stats;
pub use status::{Reconnected, Status};
pub use stream::{ClosedFuture, Inbox, Overflow};
