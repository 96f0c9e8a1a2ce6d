//! Where a server is, and how it is spoken to: what the core leaves to the shell.

use std::{fmt, rc::Rc};

use super::{data::Data, handshake::Handshake, provider::Provider, request::Recipe, requests::Requests};
use crate::core::{cause::Cause, types::Ruling};

/// The application's own verdict on a failure; `None`: the default.
pub(crate) type Judge = Rc<dyn Fn(&Cause) -> Option<Ruling>>;

/// Tells the reply to the heartbeat from messages.
pub(crate) type IsReply = Rc<dyn Fn(&Data) -> bool>;

/// The application's own heartbeat, over a WebSocket.
pub(crate) struct Pulse {
    /// Gives what is sent.
    pub message: Rc<dyn Fn() -> Data>,
    /// What it tells from messages is not delivered; `None`: all is.
    pub is_reply: Option<IsReply>,
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").finish_non_exhaustive()
    }
}

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
