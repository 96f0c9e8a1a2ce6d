//! What one attempt has of the browser's.

use super::{fetch, source::Source, task::Task, websocket::Socket, xhr::Xhr};
use crate::core::types::{ConnId, Transport};

/// One attempt over one transport, with at most one request to receive and one to send. Dropping it ends both.
pub(super) struct Attempt {
    pub(super) id: ConnId,
    pub(super) transport: Transport,
    pub(super) down: Down,
    pub(super) up: Option<Xhr>,
}

impl Attempt {
    pub(super) const fn new(id: ConnId, transport: Transport) -> Self {
        Self { id, transport, down: Down::Nothing, up: None }
    }
}

/// What receives. Dropping it detaches it and ends it.
pub(super) enum Down {
    /// Nothing yet, or nothing any more.
    Nothing,
    /// The application is asked for what the request needs.
    #[expect(dead_code, reason = "held for its drop")]
    Preparing(Task),
    Socket(Socket),
    Source(Source),
    #[expect(dead_code, reason = "held for its drop")]
    Fetch(fetch::Stream),
    #[expect(dead_code, reason = "held for its drop")]
    Xhr(Xhr),
}
