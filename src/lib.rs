//! everwire: the browser connection that survives.
//!
//! It wraps the browser's own WebSocket and EventSource, reconnects with backoff and jitter, resumes from the last id, and falls
//! back to HTTP where the better transports are blocked and the server speaks a wire that allows it.
//!
//! | | duplex | receive only |
//! | --- | --- | --- |
//! | face | [`Socket`] | [`Events`] |
//! | transports | WebSocket, and what the wire has besides | EventSource, fetch, then XMLHttpRequest: as it grows, or when it ends |
//!
//! What a [`Socket`] does depends on the protocol that its server speaks, its [`Wire`]. None is guessed:
//!
//! | wire | for | fallback | after a loss |
//! | --- | --- | --- | --- |
//! | [`Wire::Raw`] | any WebSocket server | none | goes on if [ids](SocketBuilder::id) are read from messages |
//! | [`Wire::Relay`] | nginx with nchan, or what does the same | server-sent events, long-polling; POST | goes on, by any transport |
//! | [`Wire::EngineIo`] | the servers of the Socket.IO family | long-polling, POST; up again in place | a new session; else as `Raw` |
//!
//! ```no_run
//! use everwire::{Delivery, Socket, Wire};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let socket = Socket::builder("/relay/chat").wire(Wire::Relay).open()?;
//! let listening = socket.on_message(|message| println!("{message:?}"));
//! match socket.send("hello")? {
//!     Delivery::Sent => println!("under way"),
//!     Delivery::Queued => println!("goes as soon as there is a connection"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Constructors are synchronous and fail only for a fault in the configuration. Trouble with the network is a [`Status`], never
//! an error of a stream. What belongs to a connection (handles, builders, subscriptions, streams, futures) is `!Send`, as everything of the
//! browser is; values, such as a [`Message`], a [`Status`] or an error, are `Send`.
//!
//! # Panics
//!
//! Nothing here panics, and a panic of the application's own is kept to where it is. A callback that panics is not called again, all
//! others are, and the connection goes on. A function of a builder that panics counts as one that gave no answer: the default verdict
//! holds, or the try has failed. The page is told as of any error that nobody caught.
//!
//! # Features
//!
//! - `serde-json`: typed messages over serde_json. Choose this one. It adds 12.8 KB with brotli to an application that has no serde_json yet.
//! - `json`: the same over the browser's own JSON, for applications that have serde-wasm-bindgen anyway. It adds 9.7 KB where nothing else
//!   needs that, and is slower: 3 to 6 times in reading, 7 to 15 in writing (`make bench`). Its numbers are those of JavaScript:
//!   integers beyond ±(2⁵³ − 1), maps whose keys are no text, and `i128` are errors, which serde_json takes. If both are on, serde_json does it.
//! - `testing`: a played network for native tests of an application's own, `everwire::testing`.
//! - `npm`, `npm-wires`, `npm-parser`: what the npm package of the same name is built from. Not for Rust applications.
#![forbid(unsafe_code)]
// Only docs.rs sets it, and compiles with the nightly compiler.
#![cfg_attr(docsrs, feature(doc_cfg))]

// For the tests, the benchmarks and the fuzzer of this repository, which drive it in virtual time. No promise to anybody else: what applications
// name of it is exported below. Under this name, for `use everwire::*` would put another one before the language's own `core`.
#[doc(hidden)]
#[path = "core/mod.rs"]
pub mod __core;
use __core as core;
mod web;

mod api;
#[cfg(any(feature = "npm", feature = "npm-parser"))]
mod js;
#[cfg(all(feature = "testing", not(target_arch = "wasm32")))]
pub mod testing;

pub use api::*;
pub use core::{
    cause::{Cause, Kind as CauseKind, Verdict},
    cursor::Continuity,
    outbox::WhenFull,
    text::Text,
    types::{Delivery, End as Closed, Transport, Why},
};
