//! Server-sent events, as they are handed on.

use std::rc::Rc;

/// A server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvent {
    /// Its type; empty means `message`.
    pub kind: Box<str>,
    /// Its data.
    pub data: Box<str>,
    /// The last event id, its own included. Events that follow without one of their own share it.
    pub last_id: Rc<str>,
    /// It has an id of its own, as far as can be told: one that the event before it in the same response has not.
    pub own_id: bool,
}
