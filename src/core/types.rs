//! The nouns that the machine, the wires and the shell share.

use std::{collections::VecDeque, fmt};

use super::{
    cause::{Cause, Verdict},
    cursor::Continuity,
    text::Text,
    time::Millis,
};

/// How bytes move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// The browser's WebSocket.
    WebSocket,
    /// The browser's own EventSource.
    EventSource,
    /// fetch, its body read as it comes.
    FetchStream,
    /// XMLHttpRequest, its text read as it grows.
    XhrStream,
    /// XMLHttpRequest, each response read when it ends.
    LongPoll,
}

impl Transport {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::WebSocket, Self::EventSource, Self::FetchStream, Self::XhrStream, Self::LongPoll];

    /// The name that JavaScript and the documentation use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::EventSource => "eventsource",
            Self::FetchStream => "fetch-stream",
            Self::XhrStream => "xhr-stream",
            Self::LongPoll => "long-poll",
        }
    }
}

/// One attempt over one transport. Never used twice in the life of a connection, so whatever an
/// abandoned attempt still says can be told from what its successor says (trap T11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnId(pub u32);

/// What an application sends and receives: a message, or several server-sent events that came together. The core asks for its size
/// and, where a wire puts something around it, has it put together and taken apart; it never reads what the application wrote.
pub trait Payload: Sized + Clone {
    /// Size in bytes, text counted as UTF-8.
    fn size(&self) -> usize;
    /// Is that at most so much? Where texts are not UTF-8 by nature, that is mostly known without counting.
    fn fits(&self, most: usize) -> bool {
        self.size() <= most
    }
    /// Is it bytes rather than text?
    fn is_binary(&self) -> bool;
    /// The text that a body of bytes stands for; what is text already stays as it is.
    fn into_text(self) -> Self;
    /// A text that a wire says of itself: ASCII.
    fn of_text(text: &[u8]) -> Self;
    /// What it begins with, at most this many bytes of it: for what a wire says of itself.
    fn peek(&self, most: usize) -> Text;
    /// Splits at the first `mark`, which is ASCII and goes: what is before it, and what comes after. `None` if it is not in there.
    fn cut(&self, mark: &[u8]) -> Option<(Self, Self)>;
    /// Splits a text after its first character, which has to be ASCII; `None` of bytes and of an empty text.
    fn split_first(&self) -> Option<(u8, Self)>;
    /// The text with this before it, which is ASCII.
    fn prefixed(&self, first: u8) -> Self;
    /// The bytes that this text in base64 stands for; `None` if it is no such text.
    fn decoded_from_base64(&self) -> Option<Self>;
    /// These as the body of one request: with U+001E between them, bytes as `b` and base64 (Engine.IO v4).
    fn join(parts: Vec<Self>) -> Self;
}

/// A message on its way to the application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<P> {
    /// What the other side sent.
    pub data: P,
    /// The new last id, where this message moved it.
    pub id: Option<Text>,
}

/// The part of an HTTP response that wires look at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// The essence of `Content-Type`: in lower case, without parameters; empty if there was none.
    pub content_type: Text,
    /// The message id that `Last-Modified` (T, an HTTP date) and `Etag` (N) stand for: `T:N`, T in seconds since 1970, or the
    /// `Etag` alone where that has a colon (nchan's message ids). Empty if there was none.
    pub position: Text,
    /// `Retry-After`, as a span from now.
    pub retry_after: Option<Millis>,
}

/// What some bytes of an event stream brought: what the [parser](super::sse::Parser) said of them, taken together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece<P> {
    /// How many bytes they are.
    pub bytes: usize,
    /// The events that they complete, in order, as one payload; `None` if there is none.
    pub events: Option<P>,
    /// The "last event ID string" after them, where they changed it.
    pub last_id: Option<Text>,
    /// The last `retry` among them, in milliseconds.
    pub retry: Option<u64>,
    /// A line or an event is longer than the limit: the stream cannot be read on.
    pub overflow: bool,
}

/// Which of a session's requests: one to receive, one to send. Each lane has at most one in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// To receive.
    Down,
    /// To send.
    Up,
}

/// How a wire speaks: what the shell has to know to make its requests. Where the server is, the core does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// A WebSocket subprotocol of the wire's own, to be offered before the application's; empty for none.
    pub subprotocol: &'static str,
    /// The query parameter that carries the cursor; empty: the header `Last-Event-ID`.
    pub query: Text,
    /// Does it ask for `text/event-stream`?
    pub events: bool,
}

/// What a transport reports to the session that it carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report<P> {
    /// The WebSocket or the EventSource is open.
    Opened {
        /// The server chose the [wire's own subprotocol](Manner::subprotocol).
        own: bool,
    },
    /// A WebSocket message.
    Frame(P),
    /// What came over the WebSocket is the reply to the application's heartbeat: a sign of life, and no message.
    Reply,
    /// An event of the browser's EventSource.
    Event {
        /// Its data.
        data: P,
        /// Its `lastEventId`.
        id: Text,
    },
    /// The browser's EventSource reports an error; `gave_up` if it will not try again by itself.
    SourceError {
        /// `readyState` is CLOSED.
        gave_up: bool,
    },
    /// The response that brings the events has begun.
    Head(Head),
    /// Some of its body: of a stream as it comes, of a poll all of it.
    Piece(Piece<P>),
    /// All of its body has come.
    Done,
    /// A whole response.
    Answer {
        /// Which request it answers.
        lane: Lane,
        /// Status and headers.
        head: Head,
        /// The body, as bytes.
        body: P,
    },
    /// The request failed without a response.
    Failed {
        /// Which request.
        lane: Lane,
        /// What is known of why; empty where that is nothing.
        why: Text,
    },
    /// The same of the request that brings the events; but the server is there, and CORS does not let a script read its answer.
    Refused {
        /// What its answer needs.
        why: Text,
    },
    /// The request that receives has gone out: what the application had to provide for it is there.
    Asked,
    /// The application's provider of the URL, of headers or of the body failed, so there is nothing to open.
    Unready {
        /// What it threw.
        why: Text,
    },
    /// The WebSocket is closing: it takes no message any more.
    Closing,
    /// The WebSocket is closing and did not take this message.
    Unsent(P),
    /// The WebSocket is closed.
    Closed {
        /// The close code; 1006 if there was no close frame.
        code: u16,
        /// The server's reason.
        reason: Text,
    },
    /// This host has no such transport, or forbids it (a content security policy, say).
    Unusable {
        /// What the host said.
        why: Text,
    },
}

/// What the page tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageEvent {
    /// The browser believes that there is a network.
    Online,
    /// It believes that there is none. A hint, no more (trap T37).
    Offline,
    /// The page became visible, or was resumed from being frozen.
    Visible,
    /// The page goes into the back/forward cache.
    Cached,
    /// It came back from there.
    Restored,
}

impl PageEvent {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Online, Self::Offline, Self::Visible, Self::Cached, Self::Restored];
}

/// Everything that can happen to a connection, but for [`send`](super::machine::Machine::send).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input<P> {
    /// Begin. Only the first one counts.
    Start,
    /// A transport reports.
    Report(ConnId, Report<P>),
    /// The time asked for by [`Effect::Wake`] has come (or some other time: ticks do no harm).
    Tick,
    /// The page reports.
    Page(PageEvent),
    /// The application has heard that the connection is open: now its queued messages may go.
    Flush(ConnId),
    /// The application wants a new connection now.
    Reconnect,
    /// The application's own verdict, which [`Effect::Judge`] asked for; `None`: the default.
    Judged(Option<Ruling>),
    /// New credentials are there, which [`Effect::Refresh`] asked for; or the application's words on why not.
    Refreshed(Result<(), Text>),
    /// The outbox's gate is open until the connection is lost: what is queued may go.
    Release,
    /// The last id, as the application has read it from a message.
    Moved(Text),
    /// What [`Effect::Inquire`] asked for: the HTTP status of the answer; 1 if there was one that a script may not see, 0 if there was none.
    Inquired(u16),
    /// The wall clock shows this; told from time to time, and whenever there is reason to. It runs on while a machine sleeps.
    WallClock(Millis),
    /// The application is done.
    Close {
        /// The close code: 1000 or 3000–4999.
        code: u16,
        /// At most 123 bytes.
        reason: Text,
    },
}

/// What an application decides on a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ruling {
    /// As its verdict says.
    Verdict(Verdict),
    /// Try again after this span, as if the server had asked for it.
    RetryAfter(Millis),
}

/// Everything that a connection does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect<P> {
    /// Open this transport, going on after this id (empty: there is none yet). Long-polling opens with its first poll.
    Open(ConnId, Transport, Text),
    /// Ask again over the transport of this attempt, going on after this id. What it had open to receive takes its end with that;
    /// nothing else of it is under way but, perhaps, a message.
    Poll(ConnId, Text),
    /// From now on, this goes into the query of each URL that this attempt asks for: parameters, encoded.
    Address(ConnId, Text),
    /// Send this: over the open WebSocket, or by POST.
    Send(ConnId, P),
    /// Send the application's heartbeat over the open WebSocket.
    Ping(ConnId),
    /// Send this by POST, behind what is on its way, and do not wait for what becomes of it: the attempt ends.
    Farewell(ConnId, P),
    /// Abandon this attempt: detach from it first, then end it. With these words the application has closed: a WebSocket ends with them, and a
    /// message that is on its way by POST arrives all the same.
    Drop(ConnId, Option<(u16, Text)>),
    /// Send [`Input::Tick`] at this time; it replaces any earlier wish. `None`: not at all.
    Wake(Option<Millis>),
    /// After the notices before this one have been delivered, send [`Input::Flush`].
    Flush(ConnId),
    /// Ask the application for its verdict on this, and send [`Input::Judged`].
    Judge(Box<Cause>),
    /// Ask the application for new credentials, and send [`Input::Refreshed`].
    Refresh,
    /// Ask the server for its HTTP side, by a plain GET of the URL, and send [`Input::Inquired`].
    Inquire,
    /// The next connection to the same place had better begin with this transport, for [a while](super::ladder::REMEMBERED); `None`:
    /// with the best one.
    Remember(Option<Transport>),
    /// Tell the application.
    Tell(Notice<P>),
}

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// An attempt is under way.
    Connecting,
    /// Messages flow.
    Open,
    /// The next attempt has a time.
    Waiting,
    /// As waiting, and the browser says that there is no network.
    Offline,
    /// Over, for good.
    Closed,
}

impl Phase {
    /// The name that JavaScript and the documentation use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Offline => "offline",
            Self::Closed => "closed",
        }
    }
}

/// A connection at a glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Where it is.
    pub phase: Phase,
    /// The transport in use or being tried.
    pub transport: Option<Transport>,
    /// Failed tries since a connection last proved useful.
    pub attempt: u32,
    /// While waiting: how long until the next try, from when this was told; else zero.
    pub retry_in: Millis,
}

/// Why a message was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// The outbox was full and the policy says that the oldest goes.
    Full,
    /// The connection was closed for good before it could be sent.
    Closed,
    /// It was handed to the network, and the answer was lost: it may or may not have arrived.
    Unknown,
    /// The server refused this message.
    Refused,
    /// It waited for longer than it may.
    Expired,
    /// A newer message with the same key took its place.
    Replaced,
}

impl Why {
    /// The name that JavaScript and the documentation use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Closed => "closed",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
        }
    }
}

/// Where a machine puts its effects, in the order in which they must be carried out.
///
/// A `Vec` or a queue keeps them as the data that they are; the npm build hands each on as it comes, which spares the page the
/// code to store and to tell them apart again.
pub trait Effects<P> {
    /// One more.
    fn push(&mut self, effect: Effect<P>);
}

impl<P> Effects<P> for Vec<Effect<P>> {
    fn push(&mut self, effect: Effect<P>) {
        self.push(effect);
    }
}

impl<P> Effects<P> for VecDeque<Effect<P>> {
    fn push(&mut self, effect: Effect<P>) {
        self.push_back(effect);
    }
}

/// What the application is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice<P> {
    /// Something in the snapshot changed.
    Status(Snapshot),
    /// Open for the first time.
    Opened,
    /// A message.
    Message(Message<P>),
    /// The connection was lost, or an attempt failed; another follows.
    Reconnecting {
        /// Which try that will be, from 1, since a connection last proved useful.
        attempt: u32,
        /// In how long.
        delay: Millis,
        /// Why.
        cause: Box<Cause>,
    },
    /// Open again.
    Reconnected {
        /// What it meant for the data.
        continuity: Continuity,
        /// Over what.
        transport: Transport,
        /// How long there was no connection.
        downtime: Millis,
    },
    /// The ids tell that messages are missing after the one with this id; or it began anew.
    Gap {
        /// The last id before.
        after: Text,
    },
    /// Messages take another way than before.
    TransportChanged {
        /// The way before.
        from: Transport,
        /// The way now.
        to: Transport,
        /// What ended the way before; `None` if the new one is simply better.
        why: Option<Box<Cause>>,
    },
    /// A message that had been accepted was given up.
    Dropped {
        /// The message.
        data: P,
        /// Why.
        why: Why,
    },
    /// Over. The last notice of all.
    Closed(End),
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct End {
    /// The close code: the application's own, the server's, or 1006.
    pub code: u16,
    /// The reason that goes with it.
    pub reason: Text,
    /// Why, where it was not the application's own wish.
    pub cause: Option<Cause>,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Some(cause) => cause.fmt(f),
            None => f.write_str("the connection was closed by the application"),
        }
    }
}

impl std::error::Error for End {}

/// What became of a message given to `send`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Delivery {
    /// It was handed to the transport.
    Sent,
    /// It waits in the outbox; it will be sent once, or reported.
    Queued,
}

/// A message that was not taken, handed back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused<P> {
    /// The outbox is full.
    Full(P),
    /// The connection is over, or it is one that only receives.
    Closed(P),
    /// It is volatile, and cannot be sent at this moment.
    Volatile(P),
    /// The wire cannot carry it: in Engine.IO, a text with U+001E.
    Unsendable(P),
}
