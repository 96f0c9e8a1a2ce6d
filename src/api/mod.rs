//! The Rust surface: [`Socket`] and [`Events`], and what they are made with.
//!
//! Everything here is `!Send`, as everything of the browser is. A handle is cheap to clone; when the last clone is dropped, the
//! connection is closed. Callbacks and streams may do anything to the connection that calls them, dropping it included.

mod error;
mod events;
mod hub;
#[cfg(feature = "json")]
mod json;
mod options;
mod socket;
mod status;
mod stream;

pub use error::{ConfigError, SendError};
pub use events::{Event, Events, EventsBuilder};
pub use hub::Subscription;
#[cfg(feature = "json")]
pub use json::{DecodeError, EncodeError, JsonEvents, JsonMessages, JsonSocket, Typed};
pub use options::{Backoff, Outbox};
pub use socket::{Message, Messages, Socket, SocketBuilder, Wire};
pub use status::Status;
pub use stream::{ClosedFuture, Inbox};
