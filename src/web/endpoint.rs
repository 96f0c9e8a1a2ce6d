//! Where a server is, and how it is spoken to: what the core leaves to the shell.

use std::{fmt, rc::Rc};

use super::{data::Data, handshake::Handshake, provider::Provider, request::Recipe, requests::Requests};
use crate::core::{cause::Cause, types::Ruling};

/// The application's own verdict on a failure; `None`: the default.
pub(crate) type Judge = Rc<dyn Fn(&Cause) -> Option<Ruling>>;

/// Gives the message that is the application's own heartbeat, over a WebSocket.
pub(crate) type Pulse = Rc<dyn Fn() -> Data>;

/// A server, and what the application does about it.
#[derive(Default)]
pub(crate) struct Endpoint {
    /// Its WebSocket.
    pub socket: Handshake,
    /// Its HTTP side.
    pub http: Recipe,
    /// What is done there; `None` where the wire does nothing.
    pub requests: Option<Requests>,
    /// What keeps an eye on a WebSocket.
    pub heartbeat: Option<Pulse>,
    /// The most bytes of one line, and of one event, of an event stream.
    pub max_event_bytes: usize,
    /// Judges failures.
    pub judge: Option<Judge>,
    /// Gets new credentials.
    pub refresh: Option<Provider<()>>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("socket", &self.socket).field("http", &self.http).finish_non_exhaustive()
    }
}
