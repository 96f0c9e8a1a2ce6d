//! Engine.IO v4: the transport layer of the Socket.IO family, by itself.
//!
//! Sources: the Engine.IO protocol (revision 4, socketio/engine.io-protocol), and what was seen of the servers for Node, Python and Rust
//! (`protocols.md` section 1). The facts that this file rests on:
//!
//! - The query is `EIO=4&transport=polling` or `websocket`, and `sid=…` once there is a session.
//! - A packet is a digit and what it carries: `0` open, `1` close, `2` ping, `3` pong, `4` message, `5` upgrade, `6` noop. Bytes are a bare
//!   binary frame over WebSocket, and `b` with base64 in a poll.
//! - The first packet is the server's `0` with JSON: `sid`, `upgrades`, `pingInterval`, `pingTimeout`, `maxPayload`.
//! - The server pings. Nothing for `pingInterval + pingTimeout` means that the session is dead.
//! - The body of a poll, and of a POST, is packets with U+001E between them, in UTF-8. A POST is answered `ok`, and has at most
//!   `maxPayload` bytes. So a text with U+001E cannot be sent, and as the transport may change, on neither of them.
//! - PyPI's python-engineio takes 16 packets in a body. Of one with more it drops them all, and answers 200 all the same.
//! - Exactly one GET is in flight: a second one, or one that is aborted, ends the session.
//! - 400 for a session means that the server does not know it (any more). Servers put different things into the body.
//!
//! # The upgrade in place
//!
//! | step | over WebSocket | over polling |
//! | --- | --- | --- |
//! | the probe opens, with the `sid` | `2probe` goes out | as before |
//! | `3probe` comes | it is ready | no new POST once the GET is back; the server answers that with a `6` if it has nothing else |
//! | nothing is under way any more | `5` goes out: from here on it carries all | no GET follows |
//!
//! If the probe fails before that, nothing has happened. There is no resume at this layer: a lost session is a fresh one.

use super::{Fate, OwnIds, Pace, Room, Said, Session, Wire, broken, ended};
use crate::core::{
    cause::{Cause, Kind},
    ladder::Fit,
    text::{Text, after, leading_number},
    time::Millis,
    types::{Head, Lane, Manner, Message, Payload, Report, Transport},
};

/// What is between two packets of a body.
const SEPARATOR: &[u8] = b"\x1e";
/// The most packets of a body.
const MOST_PACKETS: usize = 16;
/// The server's first packet is not longer than this.
const HANDSHAKE_BYTES: usize = 1024;

/// A server of the Socket.IO family.
#[derive(Clone, Debug, Default)]
pub struct EngineIo(pub OwnIds);

impl<P: Payload + 'static> Wire<P> for EngineIo {
    fn ladder(&self) -> &'static [Transport] {
        &[Transport::WebSocket, Transport::LongPoll]
    }

    fn manner(&self) -> Manner {
        self.0.manner()
    }

    fn fit(&self, _: Transport, has_cursor: bool) -> Fit {
        self.0.fit(has_cursor)
    }

    fn session(&self, transport: Transport, _: &Text) -> Box<dyn Session<P>> {
        match transport {
            Transport::WebSocket => Box::new(Socket { hand: Hand::default(), is_open: false, is_probe: false }),
            _ => Box::new(Poll { hand: Hand::default(), batch: Vec::new(), bytes: 0, pong: None, posting: false }),
        }
    }

    fn gives_up_on(&self, _: Transport, _: &Cause, proven: bool, strikes: u32) -> bool {
        // As the relay has it, and for the same reason.
        strikes >= if proven { 2 } else { 1 }
    }

    fn prefers(&self, above: Transport, _: Transport) -> bool {
        above == Transport::WebSocket
    }

    fn lasting_proves(&self, transport: Transport) -> bool {
        transport == Transport::WebSocket
    }

    fn poll_may_hang(&self) -> bool {
        false
    }

    fn held_is_open(&self) -> bool {
        false
    }

    fn upgrades(&self) -> bool {
        true
    }

    fn unframed(&self, frame: P) -> Option<P> {
        if frame.is_binary() {
            return Some(frame);
        }
        frame.split_first().filter(|(first, _)| *first == b'4').map(|(_, message)| message)
    }

    fn carries(&self, payload: &P) -> bool {
        payload.is_binary() || payload.cut(SEPARATOR).is_none()
    }
}

/// What the server's first packet says.
#[derive(Clone, Debug)]
struct Hand {
    sid: Text,
    offers_websocket: bool,
    /// The longest silence of a session that lives.
    silence: Millis,
    /// The most bytes of a body.
    max: usize,
}

impl Default for Hand {
    fn default() -> Self {
        Self { sid: Text::default(), offers_websocket: false, silence: Millis::NEVER, max: usize::MAX }
    }
}

impl Hand {
    /// Reads the JSON of a `0` packet.
    fn read(json: &[u8]) -> Option<Self> {
        let sid = value_of(json, b"\"sid\"")?.strip_prefix(b"\"")?;
        let (sid, _) = sid.split_at_checked(sid.iter().position(|byte| *byte == b'"')?)?;
        // It goes into a query as it is, and those of all servers can.
        if sid.is_empty() || !sid.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte)) {
            return None;
        }
        let number = |name: &[u8]| Some(leading_number(value_of(json, name)?)?.0);
        let upgrades = value_of(json, b"\"upgrades\"").unwrap_or_default();
        let (upgrades, _) = upgrades.split_at_checked(upgrades.iter().position(|byte| *byte == b']').unwrap_or(0))?;
        Some(Self {
            sid: Text::from(sid),
            offers_websocket: after(upgrades, b"websocket").is_some(),
            silence: Millis(number(b"\"pingInterval\"")?).after(Millis(number(b"\"pingTimeout\"")?)),
            max: number(b"\"maxPayload\"").and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX),
        })
    }

    fn address(&self, transport: &str) -> Text {
        let mut query = Vec::from(b"EIO=4&transport=");
        query.extend_from_slice(transport.as_bytes());
        if !self.sid.is_empty() {
            query.extend_from_slice(b"&sid=");
            query.extend_from_slice(self.sid.as_bytes());
        }
        Text::from(query.as_slice())
    }
}

/// What comes after a name in an object in JSON.
fn value_of<'a>(json: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    Some(after(json, name)?.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start())
}

/// A packet, taken apart.
enum Packet<P> {
    Open(Option<Hand>),
    Close,
    Ping(P),
    Pong(P),
    Message(P),
    Noop,
    /// Not one of this protocol.
    Strange,
}

impl<P: Payload> Packet<P> {
    fn of(text: &P) -> Self {
        match text.split_first() {
            Some((b'0', rest)) => Self::Open(Hand::read(rest.peek(HANDSHAKE_BYTES).as_bytes())),
            Some((b'1', _)) => Self::Close,
            Some((b'2', rest)) => Self::Ping(rest),
            Some((b'3', rest)) => Self::Pong(rest),
            Some((b'4', rest)) => Self::Message(rest),
            Some((b'6', _)) => Self::Noop,
            Some((b'b', rest)) => rest.decoded_from_base64().map_or(Self::Strange, Self::Message),
            _ => Self::Strange,
        }
    }
}

fn strange<P>() -> Said<P> {
    broken("a packet that is none of Engine.IO v4")
}

fn message<P>(data: P) -> Said<P> {
    Said::Message(Message { data, id: None })
}

/// Tells of a new session; or that its first packet is none.
fn begin<P>(read: Option<Hand>, hand: &mut Hand, polls: bool, out: &mut Vec<Said<P>>) {
    let Some(read) = read else {
        return out.push(broken("a handshake without sid, pingInterval and pingTimeout"));
    };
    *hand = read;
    if polls {
        // Before the application hears of it, for what it sends then goes there already.
        out.push(Said::Address(hand.address("polling")));
    }
    out.push(Said::Expect(hand.silence));
    out.push(Said::Opened);
}

/// A session over WebSocket: a new one, or the upgrade of one.
#[derive(Debug)]
struct Socket {
    hand: Hand,
    is_open: bool,
    /// It is to take over, and does not carry anything yet.
    is_probe: bool,
}

impl<P: Payload> Session<P> for Socket {
    fn address(&self) -> Text {
        self.hand.address("websocket")
    }

    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        let frame = match report {
            Report::Opened { .. } => {
                if self.is_probe {
                    out.push(Said::Send(P::of_text(b"2probe")));
                }
                return;
            }
            Report::Frame(frame) => frame,
            other => return ended(other, out),
        };
        if self.is_probe {
            if matches!(Packet::of(&frame), Packet::Pong(word) if word.peek(6) == "probe") {
                out.push(Said::Ready);
            }
            return;
        }
        if frame.is_binary() {
            return out.push(message(frame));
        }
        match Packet::of(&frame) {
            Packet::Open(read) if !self.is_open => {
                self.is_open = read.is_some();
                begin(read, &mut self.hand, false, out);
            }
            Packet::Close => out.push(Said::Ended(Cause::new(Kind::Close))),
            Packet::Ping(word) => {
                out.push(Said::Alive);
                out.push(Said::Send(word.prefixed(b'3')));
            }
            Packet::Message(data) if self.is_open => out.push(message(data)),
            Packet::Pong(_) | Packet::Noop => out.push(Said::Alive),
            Packet::Open(_) | Packet::Message(_) | Packet::Strange => out.push(strange()),
        }
    }

    fn room(&self, payload: &P) -> Room {
        // A server refuses what is larger, by closing.
        if payload.fits(self.hand.max.saturating_sub(1)) { Room::Now } else { Room::Never }
    }

    fn send(&mut self, payload: P) -> Option<P> {
        Some(packet(payload))
    }

    fn take_over(&mut self) -> Option<P> {
        self.is_probe = false;
        Some(P::of_text(b"5"))
    }
}

/// A session over polling.
#[derive(Debug)]
struct Poll<P> {
    hand: Hand,
    /// The packets that go with the next POST, and their size.
    batch: Vec<P>,
    bytes: usize,
    /// The pong that does.
    pong: Option<P>,
    /// A POST is on its way.
    posting: bool,
}

/// A message as a packet.
fn packet<P: Payload>(payload: P) -> P {
    if payload.is_binary() { payload } else { payload.prefixed(b'4') }
}

/// The size of a message as a packet of a body, with what separates it from the next one.
fn packet_size<P: Payload>(payload: &P) -> usize {
    let size = payload.size();
    let size = if payload.is_binary() { size.div_ceil(3).saturating_mul(4) } else { size };
    size.saturating_add(2)
}

impl<P: Payload + 'static> Poll<P> {
    fn polled(&mut self, head: &Head, body: P, out: &mut Vec<Said<P>>) {
        if head.status != 200 {
            return out.push(Said::Ended(self.refused(head, &body)));
        }
        let is_first = self.hand.sid.is_empty();
        let mut rest = Some(body.into_text());
        if rest.as_ref().is_some_and(|body| body.size() == 0) {
            out.push(Said::Alive);
            return out.push(Said::Poll(Pace::Quiet));
        }
        // A server that is asked to upgrade answers each poll at once, with a noop and nothing else: there is no hurry then.
        let mut pace = Pace::Quiet;
        while let Some(body) = rest {
            let packet = match body.cut(SEPARATOR) {
                Some((packet, after)) => {
                    rest = Some(after);
                    packet
                }
                None => {
                    rest = None;
                    body
                }
            };
            match Packet::of(&packet) {
                Packet::Open(read) if self.hand.sid.is_empty() => {
                    let is_one = read.is_some();
                    begin(read, &mut self.hand, true, out);
                    if !is_one {
                        return;
                    }
                    // The answer of a poll is of use; that a socket opens is not (trap T33).
                    out.push(Said::Alive);
                }
                Packet::Close => return out.push(Said::Ended(Cause::new(Kind::Close))),
                Packet::Ping(word) => {
                    self.pong = Some(word.prefixed(b'3'));
                    out.push(Said::Alive);
                }
                Packet::Message(data) if !self.hand.sid.is_empty() => out.push(message(data)),
                Packet::Noop => {
                    out.push(Said::Alive);
                    continue;
                }
                Packet::Pong(_) => out.push(Said::Alive),
                Packet::Open(_) | Packet::Message(_) | Packet::Strange => return out.push(strange()),
            }
            pace = Pace::AtOnce;
        }
        if !is_first {
            out.extend(self.flush().map(Said::Send));
        } // Else a pong goes with the words with which the application begins, and does not keep them waiting for an answer.
        out.push(Said::Poll(pace));
    }

    fn posted(&mut self, head: &Head, body: &P, out: &mut Vec<Said<P>>) {
        self.posting = false;
        match head.status {
            200..=299 => {
                out.push(Said::Posted(Fate::Taken));
                out.push(Said::Alive);
            }
            // Those of a session that is lost go with the next one.
            400 | 401 | 408 | 425 | 429 | 500..=599 => {
                out.push(Said::Posted(Fate::of(head.status)));
                return out.push(Said::Ended(self.refused(head, body)));
            }
            _ => out.push(Said::Posted(Fate::Refused)),
        }
        out.extend(self.flush().map(Said::Send));
    }

    /// What a status other than 200 means.
    fn refused(&self, head: &Head, body: &P) -> Box<Cause> {
        if head.status == 400 && !self.hand.sid.is_empty() {
            return Cause::new(Kind::Close).because("the server does not know the session any more");
        }
        Cause::status(head.status, head.retry_after).because(body.peek(HANDSHAKE_BYTES))
    }
}

impl<P: Payload + 'static> Session<P> for Poll<P> {
    fn address(&self) -> Text {
        self.hand.address("polling")
    }

    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Answer { lane: Lane::Down, head, body } => self.polled(&head, body, out),
            Report::Answer { lane: Lane::Up, head, body } => self.posted(&head, &body, out),
            other => {
                if matches!(other, Report::Failed { lane: Lane::Up, .. }) {
                    self.posting = false;
                    out.push(Said::Posted(Fate::Uncertain));
                }
                ended(other, out);
            }
        }
    }

    fn room(&self, payload: &P) -> Room {
        let size = packet_size(payload);
        if size.saturating_sub(1) > self.hand.max {
            return Room::Never;
        }
        let pong = self.pong.as_ref().map_or(0, |pong| pong.size().saturating_add(1));
        let all = pong.saturating_add(self.bytes).saturating_add(size).saturating_sub(1);
        let packets = self.batch.len().saturating_add(usize::from(self.pong.is_some()));
        Room::now_if(!self.posting && all <= self.hand.max && packets < MOST_PACKETS)
    }

    fn send(&mut self, payload: P) -> Option<P> {
        self.bytes = self.bytes.saturating_add(packet_size(&payload));
        self.batch.push(packet(payload));
        None
    }

    fn flush(&mut self) -> Option<P> {
        if self.posting || (self.batch.is_empty() && self.pong.is_none()) {
            return None;
        }
        self.bytes = 0;
        self.posting = true;
        let mut body = Vec::new();
        body.extend(self.pong.take());
        body.append(&mut self.batch);
        Some(P::join(body))
    }

    fn upgrade(&self, transport: Transport) -> Option<Box<dyn Session<P>>> {
        let offered = transport == Transport::WebSocket && self.hand.offers_websocket;
        offered.then(|| {
            let session: Box<dyn Session<P>> =
                Box::new(Socket { hand: self.hand.clone(), is_open: true, is_probe: true });
            session
        })
    }

    fn farewell(&self) -> Option<P> {
        (!self.hand.sid.is_empty()).then(|| P::of_text(b"1"))
    }
}
