//! The HTTP side of a connection, as the builders name it. Whatever it is, its requests are links to a server that is played.

/// What a wire does over HTTP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Requests;

impl Requests {
    /// It receives event streams.
    pub(crate) const EVENT_STREAMS: Self = Self;
    /// It receives messages.
    pub(crate) const MESSAGES: Self = Self;
    /// It receives the answers to polls.
    pub(crate) const POLLS: Self = Self;
}
