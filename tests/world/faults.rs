//! What can be wrong with the path and the server.

use everwire::__core::{time::Millis, types::Transport};

use super::MINUTE;

/// A path that holds a response back gives it up after this long.
pub(crate) const PROXY_TIMEOUT: u64 = MINUTE;

/// What the path does to new connections of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Clear,
    /// They are refused.
    Refuses,
    /// They are never answered: a proxy holds the answer back until it ends.
    Swallows,
    /// They open, and nothing follows: the answer to the handshake, or the head of the response, passes, and what comes after does not.
    Mutes,
}

/// What is wrong, from now on.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// The server is not there: whatever is asked of it fails.
    pub(crate) down: bool,
    pub(crate) websocket: Path,
    pub(crate) event_source: Path,
    pub(crate) fetch: Path,
    pub(crate) xhr: Path,
    /// Nothing comes through in either direction. Who was connected then never hears of it again, but from the system.
    pub(crate) silent: bool,
    /// A new connection is accepted, and dies after this many milliseconds.
    pub(crate) kills_after: Option<u64>,
    /// Every request is answered with this status.
    pub(crate) status: Option<(u16, Option<Millis>)>,
    /// The credentials are refused, until there are new ones.
    pub(crate) expired: bool,
    /// A POST is taken, and its connection dies before the answer.
    pub(crate) loses_answers: bool,
    /// A dying WebSocket is closing for this long before it reports that it is closed.
    pub(crate) closing: u64,
}

impl Faults {
    pub(crate) const NONE: Self = Self {
        down: false,
        websocket: Path::Clear,
        event_source: Path::Clear,
        fetch: Path::Clear,
        xhr: Path::Clear,
        silent: false,
        kills_after: None,
        status: None,
        expired: false,
        loses_answers: false,
        closing: 0,
    };

    /// The path does this to all responses that are read as they come.
    pub(crate) const fn streams(&mut self, path: Path) {
        self.event_source = path;
        self.fetch = path;
        self.xhr = path;
    }

    pub(crate) const fn path(&self, transport: Transport) -> Path {
        match transport {
            Transport::WebSocket => self.websocket,
            Transport::EventSource => self.event_source,
            Transport::FetchStream => self.fetch,
            Transport::XhrStream => self.xhr,
            _ => Path::Clear,
        }
    }

    pub(crate) const fn refusal(&self) -> Option<(u16, Option<Millis>)> {
        if self.expired { Some((401, None)) } else { self.status }
    }
}
