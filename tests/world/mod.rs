//! A world in virtual time, for the tests of the core.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Data`] | the payload |
//! | [`Bench`] | one machine and its clock; each step is watched by an [`audit::Audit`], which knows the invariants |
//! | [`server::Server`] | the other side: a bounded log with ids `E:N`, and what it received |
//! | [`net::World`] | a bench, a server, and the browser and the network between them, with their faults |
//!
//! The model is quinn-proto's `Pair`: the clock jumps to the next thing that happens, whatever that is. All of it is the same for
//! the same seed.
#![allow(dead_code, unused_imports, reason = "each test file uses its own part")]

pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod net;
pub(crate) mod server;

use everwire::core::{
    text::Text,
    types::{Head, Message, Payload, Report},
    wire::sse::Sse,
};

pub(crate) use bench::Bench;
pub(crate) use net::{Faults, Path, World};

/// A payload that owns what it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Data {
    Text(String),
    Bytes(Vec<u8>),
}

impl Data {
    pub(crate) fn new(text: &str) -> Self {
        Self::Text(String::from(text))
    }

    /// For assertions: the text, or what the bytes stand for.
    pub(crate) fn show(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

impl Payload for Data {
    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    fn event(kind: &[u8], data: &[u8]) -> Self {
        let named = !kind.is_empty() && kind != b"message";
        let name = if named { format!("{}: ", String::from_utf8_lossy(kind)) } else { String::new() };
        Self::Text(name + &String::from_utf8_lossy(data))
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }

    fn into_text(self) -> Self {
        match self {
            Self::Text(_) => self,
            Self::Bytes(_) => Self::Text(self.show()),
        }
    }

    fn split_head(&self) -> Option<(Text, Self)> {
        let bytes = self.bytes();
        let at = bytes.windows(2).position(|pair| pair == b"\n\n")?;
        let head = Text::from(&bytes[..at]);
        let rest = bytes[at + 2..].to_vec();
        let rest = match self {
            Self::Bytes(_) => Self::Bytes(rest),
            Self::Text(_) => Self::Text(String::from_utf8_lossy(&rest).into_owned()),
        };
        Some((head, rest))
    }
}

/// An SSE server of the page's own origin.
pub(crate) fn sse() -> Sse {
    Sse { cross_origin: false, query: Text::default(), comments: false, max_event_bytes: 1 << 20 }
}

/// The socket is open, and the server took the wire's own subprotocol or did not.
pub(crate) const fn opened(own: bool) -> Report<Data> {
    Report::Opened { own }
}

pub(crate) fn frame(text: &str) -> Report<Data> {
    Report::Frame(Data::new(text))
}

/// An event of the browser's own EventSource.
pub(crate) fn event(data: &str, id: &str) -> Report<Data> {
    Report::Event { data: Data::new(data), id: id.into() }
}

pub(crate) fn closed(code: u16, reason: &str) -> Report<Data> {
    Report::Closed { code, reason: reason.into() }
}

/// A message for the application.
pub(crate) fn message(text: &str, id: Option<&str>) -> Message<Data> {
    Message { data: Data::new(text), id: id.map(Text::from) }
}

/// An HTTP answer with this status and nothing else.
pub(crate) fn status(status: u16) -> Head {
    Head { status, ..Head::default() }
}

/// The head of an event stream.
pub(crate) fn event_stream() -> Head {
    Head { content_type: "text/event-stream".into(), ..status(200) }
}

/// The relay's answer that brings the message with this id.
pub(crate) fn with_id(id: &str) -> Head {
    Head { content_type: "text/plain".into(), position: id.into(), ..status(200) }
}

pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
