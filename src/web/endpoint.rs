//! Where a server is, and how it is spoken to: what the core leaves to the shell.

use std::{fmt, rc::Rc};

use super::{data::Data, provider::Provider, request::Recipe};
use crate::core::{cause::Cause, types::Ruling};

/// The application's own verdict on a failure; `None`: the default.
pub type Judge = Rc<dyn Fn(&Cause) -> Option<Ruling>>;

/// A server, and what the application does about it.
#[derive(Default)]
pub struct Endpoint {
    /// Its WebSocket: an absolute URL, `ws` or `wss`. Empty where there is none.
    pub socket_url: String,
    /// The application's subprotocols, best first.
    pub protocols: Vec<String>,
    /// Its HTTP side.
    pub http: Recipe,
    /// Gives the heartbeat of a WebSocket.
    pub heartbeat: Option<Rc<dyn Fn() -> Data>>,
    /// The most bytes of one line, and of one event, of an event stream.
    pub max_event_bytes: usize,
    /// Judges failures.
    pub judge: Option<Judge>,
    /// Gets new credentials.
    pub refresh: Option<Provider<()>>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("http", &self.http).finish_non_exhaustive()
    }
}
