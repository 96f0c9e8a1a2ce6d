//! A server that is played, and its connections.

use std::{fmt, rc::Rc, time::Duration};

use super::Step;
use crate::{
    api::Message,
    core::{time::Millis, types::Transport},
    web::fake::{
        link::{LAST_ID, Link, State},
        network,
    },
};

/// A server that does as it is told. A cheap handle.
#[derive(Clone)]
pub struct Server(Rc<network::Server>);

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("attempts", &self.attempts()).finish_non_exhaustive()
    }
}

impl Server {
    pub(super) fn new(url: &str) -> Self {
        Self(network::Server::new(url))
    }

    /// What it does with the next attempts, a step for each, from now on. The last one stays.
    pub fn play(&self, steps: impl IntoIterator<Item = Step>) {
        self.0.play(steps);
    }

    /// The attempts so far, the oldest first. A request of long-polling is one.
    #[must_use]
    pub fn attempts(&self) -> Vec<Connection> {
        self.0.attempts.borrow().iter().cloned().map(Connection).collect()
    }

    /// The newest connection that is open.
    #[must_use]
    pub fn connection(&self) -> Option<Connection> {
        self.attempts().into_iter().rfind(Connection::is_open)
    }

    /// What clients have sent, on all connections.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.attempts().iter().flat_map(Connection::messages).collect()
    }

    /// Sends a message to every WebSocket that is open.
    pub fn send(&self, message: impl Into<Message>) {
        let message = message.into();
        for connection in self.attempts() {
            connection.send(message.clone());
        }
    }

    /// Sends an event to every event stream that is open; see [`Connection::event`].
    pub fn event(&self, kind: &str, data: &str, id: Option<&str>) {
        for connection in self.attempts() {
            connection.event(kind, data, id);
        }
    }

    /// The network fails, for all that is open.
    pub fn drop_all(&self) {
        for connection in self.attempts() {
            connection.lose();
        }
    }
}

/// An attempt to reach a server, and the connection that becomes of it, from the server's end. A cheap handle.
#[derive(Clone)]
pub struct Connection(Rc<Link>);

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("transport", &self.transport())
            .field("url", &self.url())
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Its URL, with the query.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// Over what.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.0.transport
    }

    /// The method of the request; `GET` for a WebSocket.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.0.method
    }

    /// The body of the request.
    #[must_use]
    pub fn body(&self) -> Option<Message> {
        self.0.body.as_ref().map(Message::from_data)
    }

    /// A header of the request. The last id is in `Last-Event-ID`, unless it goes into the query; the browser's own EventSource has the
    /// header only where it tries again by itself.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let named = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.0.headers.iter().find(named).map(|(_, value)| value.as_str())
    }

    /// The subprotocols that were offered; the server takes the first.
    #[must_use]
    pub fn protocols(&self) -> &[String] {
        &self.0.protocols
    }

    /// The id after which the client wants to go on; empty for none.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.header(LAST_ID).unwrap_or(&self.0.cursor)
    }

    /// When it was made, since the clock was set.
    #[must_use]
    pub fn at(&self) -> Duration {
        let Millis(ms) = self.0.at;
        Duration::from_millis(ms)
    }

    /// Is it open?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.state.get() == State::Open
    }

    /// What the client has sent, its heartbeats included.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.0.received.borrow().iter().map(Message::from_data).collect()
    }

    /// The code and the reason with which the client has closed a WebSocket.
    #[must_use]
    pub fn farewell(&self) -> Option<(u16, String)> {
        self.0.farewell.borrow().clone()
    }

    /// Sends a message, if it is a WebSocket that is open.
    pub fn send(&self, message: impl Into<Message>) {
        if self.is_open() && self.transport() == Transport::WebSocket {
            self.0.message(message.into().into_data());
        }
    }

    /// Sends an event, if it is an event stream that is open: of this type (`message`, or nothing, for one without a name), with an id or without.
    pub fn event(&self, kind: &str, data: &str, id: Option<&str>) {
        if self.is_open() && self.transport() != Transport::WebSocket {
            self.0.event(kind, data, id);
        }
    }

    /// Closes it, if it is open: a WebSocket with this code and reason, a response by its end.
    pub fn close(&self, code: u16, reason: &str) {
        if self.is_open() {
            self.0.close(code, reason);
        }
    }

    /// The network fails, if it is open.
    pub fn lose(&self) {
        if self.is_open() {
            self.0.lose();
        }
    }
}
