//! A world in virtual time, for the tests of the core.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Data`] | the payload |
//! | [`Bench`] | one machine and its clock; each step is watched by an [`audit::Audit`], which knows the invariants |
//! | [`engine`] | its server of Engine.IO: sessions that are lost with a poll, and upgraded in place |
//! | [`packets`] | what is in the frames and bodies of Engine.IO |
//! | [`reader::Reader`] | the shell's reader of event streams |
//! | [`server::Server`] | the other side: a bounded log with ids `E:N`, and what it received |
//! | [`net::World`] | a bench, a server, and the browser and the network between them, with their [`faults`] |
//! | [`shell`], [`host`] | how its shell and its application do what the machine wants, and how its server answers |
//!
//! The model is quinn-proto's `Pair`: the clock jumps to the next thing that happens, whatever that is. All of it is the same for
//! the same seed.
#![allow(dead_code, unused_imports, reason = "each test file uses its own part")]

pub(crate) mod audit;
pub(crate) mod bench;
pub(crate) mod engine;
pub(crate) mod faults;
pub(crate) mod host;
pub(crate) mod net;
pub(crate) mod packets;
pub(crate) mod reader;
pub(crate) mod server;
pub(crate) mod shell;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use everwire::__core::{
    cause::Cause,
    text::Text,
    types::{End, Head, Lane, Message, Notice, Payload, Report, Transport},
    wire::sse::Sse,
};

pub(crate) use bench::Bench;
pub(crate) use faults::{Faults, Path};
pub(crate) use net::{Refreshing, World};

/// A payload that owns what it holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Data {
    Text(String),
    Bytes(Vec<u8>),
    /// Server-sent events that came together.
    Events(Vec<String>),
}

impl Data {
    pub(crate) fn new(text: &str) -> Self {
        Self::Text(String::from(text))
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Bytes(bytes) => bytes.clone(),
            Self::Events(events) => events.join("\n").into_bytes(),
        }
    }

    /// For assertions: the text, or what the bytes stand for.
    pub(crate) fn show(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    /// The messages that it is: one, or several events.
    pub(crate) fn messages(&self) -> Vec<String> {
        match self {
            Self::Events(events) => events.clone(),
            _ => vec![self.show()],
        }
    }
}

impl Payload for Data {
    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Events(events) => events.iter().map(String::len).sum(),
        }
    }

    fn into_text(self) -> Self {
        match self {
            Self::Bytes(_) => Self::Text(self.show()),
            _ => self,
        }
    }

    fn is_binary(&self) -> bool {
        matches!(self, Self::Bytes(_))
    }

    fn of_text(text: &[u8]) -> Self {
        Self::Bytes(text.to_vec()).into_text()
    }

    fn peek(&self, most: usize) -> Text {
        let bytes = self.bytes();
        Text::from(&bytes[..most.min(bytes.len())])
    }

    fn cut(&self, mark: &[u8]) -> Option<(Self, Self)> {
        let bytes = self.bytes();
        let at = bytes.windows(mark.len()).position(|window| window == mark)?;
        let like_this = |bytes: &[u8]| match self {
            Self::Bytes(_) => Self::Bytes(bytes.to_vec()),
            _ => Self::of_text(bytes),
        };
        Some((like_this(&bytes[..at]), like_this(&bytes[at + mark.len()..])))
    }

    fn split_first(&self) -> Option<(u8, Self)> {
        let Self::Text(text) = self else { return None };
        let first = u8::try_from(text.chars().next()?).ok().filter(u8::is_ascii)?;
        Some((first, Self::new(&text[1..])))
    }

    fn prefixed(&self, first: u8) -> Self {
        Self::Text(format!("{}{}", char::from(first), self.show()))
    }

    fn decoded_from_base64(&self) -> Option<Self> {
        BASE64_STANDARD.decode(self.bytes()).ok().map(Self::Bytes)
    }

    fn join(parts: Vec<Self>) -> Self {
        let packets: Vec<String> = parts
            .iter()
            .map(|part| match part {
                Self::Bytes(bytes) => format!("b{}", BASE64_STANDARD.encode(bytes)),
                _ => part.show(),
            })
            .collect();
        Self::Text(packets.join("\u{1e}"))
    }
}

pub(crate) const WEBSOCKET: Transport = Transport::WebSocket;
pub(crate) const EVENT_SOURCE: Transport = Transport::EventSource;
pub(crate) const FETCH_STREAM: Transport = Transport::FetchStream;
pub(crate) const XHR_STREAM: Transport = Transport::XhrStream;
pub(crate) const LONG_POLL: Transport = Transport::LongPoll;
/// Of a relay or of Engine.IO, where no stream is in between.
pub(crate) const SOCKET_OR_POLL: [Transport; 2] = [WEBSOCKET, LONG_POLL];

/// An SSE server of the page's own origin.
pub(crate) fn sse() -> Sse {
    Sse { keeps_source: false, query: Text::default(), needs_fetch: false }
}

/// An SSE server of another origin.
pub(crate) fn elsewhere() -> Sse {
    Sse { keeps_source: true, ..sse() }
}

/// The socket is open, and the server took the wire's own subprotocol or did not.
pub(crate) const fn opened(own: bool) -> Report<Data> {
    Report::Opened { own }
}

/// The first packet of an Engine.IO server: 45 s without a sign mean that the session is dead, and a body has so many bytes at most.
pub(crate) fn handshake(sid: &str, max: usize) -> String {
    let ping = r#""pingInterval":25000,"pingTimeout":20000"#;
    format!(r#"0{{"sid":"{sid}","upgrades":["websocket"],{ping},"maxPayload":{max}}}"#)
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

/// The relay's answer to a poll.
pub(crate) fn answer(head: Head, body: &str) -> Report<Data> {
    Report::Answer { lane: Lane::Down, head, body: Data::Bytes(body.into()) }
}

/// The answer to a message.
pub(crate) fn posted(code: u16) -> Report<Data> {
    Report::Answer { lane: Lane::Up, head: status(code), body: Data::Bytes(Vec::new()) }
}

/// The request to receive failed.
pub(crate) fn failed() -> Report<Data> {
    Report::Failed { lane: Lane::Down, why: Text::default() }
}

/// An event stream begins.
pub(crate) fn begins() -> Report<Data> {
    Report::Head(event_stream())
}

/// Some of an event stream, as a report of its own.
pub(crate) fn piece(text: &str) -> Report<Data> {
    Report::Piece(reader::Reader::new(1 << 20, "").read(text.as_bytes()))
}

/// The cause that goes with a notice.
pub(crate) fn cause_of(notice: &Notice<Data>) -> &Cause {
    match notice {
        Notice::Reconnecting { cause, .. } => cause,
        Notice::Closed(End { cause: Some(cause), .. }) => cause,
        other => panic!("it has no cause: {other:?}"),
    }
}

pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const HOUR: u64 = 60 * MINUTE;
