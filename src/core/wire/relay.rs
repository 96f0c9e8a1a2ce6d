//! The push relay: one URL to receive on by WebSocket, server-sent events or long-polling and to send to by POST, with one
//! message id that means the same on all of them.
//!
//! It is the HTTP Push Relay as nginx's nchan module serves it (nchan's documentation; `protocols.md`
//! section 9 has what was seen on the wire). The facts that this file rests on:
//!
//! - An id is `T:N`: a second, and the place among the messages of that second, from 0. `?last_event_id=T:N` resumes after it on every
//!   transport. We always send it that way: the query needs no CORS preflight, and makes each position a URL of its own, which no
//!   cache mixes up.
//! - An id that the server does not have any more silently begins at the oldest message that is kept. So ids are compared: after `T:N` comes
//!   `T:N+1`, or the first one of a later second. Anything else is a gap. What a gap that ends with a second hides cannot be seen.
//! - WebSocket: if the server takes the subprotocol `ws+meta.nchan`, each message is a head (`id: T:N`,
//!   `content-type: X`), a blank line and the body. If it does not, messages are plain and have no ids.
//! - Server-sent events: each message is an event with its id. What has no new id is a keep-alive, for nchan 1.3.6 sends
//!   such as events. Only text gets through; a message that is none comes as U+FFFD, is left, and asked for again by long-polling.
//! - Long-poll: a GET is held until there is a message. 200 brings it: the body raw, its id in
//!   `Last-Modified` (T as an HTTP date) and `Etag` (N), or all of it in `Etag`. If the server is set up so, it brings several
//!   as `multipart/mixed`, and the id is that of the last one. 408 means that nothing came for a while:
//!   ask again. 304 is the same from a server that does not hold. A page (`text/html`) without an id, or with the quoted entity tag of
//!   a file, which an id is not, is what a server has for URLs that it does not know.
//! - Send: POST, answered 200, 201 or 202. One at a time, so that the order holds.
//!
//! A POST that failed without an answer may have arrived: it is reported as uncertain.

use core::mem;

use super::{Fate, Pace, Room, Said, Session, Wire, broken, ended};
use crate::core::{
    cause::{Cause, Kind},
    ladder::Fit,
    text::{Text, after, leading_number},
    types::{Head, Lane, Manner, Message, Payload, Report, Transport},
};

/// The subprotocol with ids.
const META: &str = "ws+meta.nchan";
/// The head of a message, the delimiter of a multipart body and each header in it are not longer than this.
const WORDS: usize = 256;
/// The type of bytes; all else is text.
const OCTETS: &str = "application/octet-stream";

/// A push relay.
#[derive(Clone, Copy, Debug)]
pub struct Relay;

impl<P: Payload + 'static> Wire<P> for Relay {
    fn ladder(&self) -> &'static [Transport] {
        &[Transport::WebSocket, Transport::EventSource, Transport::LongPoll]
    }

    fn manner(&self) -> Manner {
        Manner { subprotocol: META, query: Text::from("last_event_id"), events: false }
    }

    fn fit(&self, _: Transport, _: bool) -> Fit {
        Fit::Full
    }

    fn session(&self, transport: Transport, cursor: &Text) -> Box<dyn Session<P>> {
        let down = match transport {
            Transport::WebSocket => return Box::new(Socket { meta: false, last: Last(cursor.clone()) }),
            Transport::EventSource => Down::Source,
            _ => Down::Poll,
        };
        Box::new(Http { down, last: Last(cursor.clone()), posting: false, is_left: false })
    }

    fn gives_up_on(&self, _: Transport, _: &Cause, proven: bool, strikes: u32) -> bool {
        // A browser does not say why a WebSocket failed, so a rung that never worked is left at once, and one that
        // did is given a second try: it may be the server that is down.
        strikes >= if proven { 2 } else { 1 }
    }

    fn prefers(&self, above: Transport, _: Transport) -> bool {
        above == Transport::WebSocket
    }

    fn lasting_proves(&self, transport: Transport) -> bool {
        // A poll that is held proves nothing; only its answer does. Nor does a stream, which a proxy may hold back.
        transport == Transport::WebSocket
    }

    fn poll_may_hang(&self) -> bool {
        false
    }
}

/// The id of the last message; empty for none.
#[derive(Debug)]
struct Last(Text);

impl Last {
    /// This message comes now: says whether some are missing before it, and brings it; unless it is the last one once more, with which a server may begin.
    fn message<P>(&mut self, data: P, id: Option<Text>, out: &mut Vec<Said<P>>) {
        if let Some(id) = &id {
            if let (Some(before), Some(now)) = (parts_of(&self.0), parts_of(id)) {
                if now == before {
                    return out.push(Said::Alive);
                }
                let follows = match now.0 {
                    second if second == before.0 => now.1 == before.1.wrapping_add(1),
                    second => second > before.0 && now.1 == 0,
                };
                if !follows {
                    out.push(Said::Gap(self.0.clone()));
                }
            }
            self.0 = id.clone();
        }
        out.push(Said::Message(Message { data, id }));
    }
}

/// The second and the number of an id, if it is one of a single channel.
fn parts_of(id: &Text) -> Option<(u64, u64)> {
    let (second, rest) = leading_number(id.as_bytes())?;
    match leading_number(rest.strip_prefix(b":")?)? {
        (number, b"") => Some((second, number)),
        _ => None,
    }
}

/// The relay over a WebSocket.
#[derive(Debug)]
struct Socket {
    meta: bool,
    last: Last,
}

impl<P: Payload> Session<P> for Socket {
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Opened { own } => {
                self.meta = own;
                out.push(Said::Opened);
            }
            // It takes the id back that came before it, for what goes on from there would bring this once more.
            Report::Frame(data) if !self.meta => {
                out.push(Said::Message(Message { data, id: Some(Text::default()) }));
            }
            Report::Frame(frame) => match frame.cut(b"\n\n") {
                Some((head, data)) => {
                    let id = id_in(head.peek(WORDS).as_bytes());
                    self.last.message(data, id, out);
                }
                None => out.push(broken("a message without a head")),
            },
            other => ended(other, out),
        }
    }

    fn room(&self, _: &P) -> Room {
        Room::Now
    }

    fn send(&mut self, payload: P) -> Option<P> {
        Some(payload)
    }
}

/// The id in the head of a `ws+meta.nchan` message.
fn id_in(head: &[u8]) -> Option<Text> {
    head.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"id: ")).map(Text::from)
}

/// How the relay is received from over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Down {
    /// By the browser's EventSource.
    Source,
    /// By long-polling.
    Poll,
}

/// The relay over HTTP.
#[derive(Debug)]
struct Http {
    down: Down,
    last: Last,
    /// A message is on its way.
    posting: bool,
    /// A message came that is not text. The stream is left as soon as nothing is on its way, and heard no more.
    is_left: bool,
}

impl Http {
    fn event<P: Payload>(&mut self, data: P, id: Text, out: &mut Vec<Said<P>>) {
        if id.is_empty() || id == self.last.0 || self.is_left {
            out.push(Said::Alive);
        } else if data.cut("\u{fffd}".as_bytes()).is_some() {
            self.is_left = true;
            self.leave(out);
        } else {
            self.last.message(data, Some(id), out);
        }
    }

    /// Leaves the stream, unless a message is on its way, whose answer would be lost.
    fn leave<P>(&self, out: &mut Vec<Said<P>>) {
        if self.is_left && !self.posting {
            out.push(Said::Ended(Cause::new(Kind::Unusable).because("a message that is not text")));
        }
    }

    fn polled<P: Payload>(&mut self, head: Head, body: P, out: &mut Vec<Said<P>>) {
        let quiet = match head.status {
            200 => false,
            304 | 408 => true,
            status => return out.push(Said::Ended(Cause::status(status, head.retry_after))),
        };
        // Nothing, or a quoted entity tag, and no id.
        if matches!(head.position.as_bytes().last(), None | Some(b'"')) && head.content_type == "text/html" && !quiet {
            return out.push(broken("a page, and no message"));
        }
        let id = Some(head.position).filter(|id| !id.is_empty());
        if quiet {
            out.push(Said::Opened);
            out.push(match id {
                Some(id) => {
                    self.last.0 = id.clone();
                    Said::Moved(id)
                }
                None => Said::Alive,
            });
            return out.push(Said::Poll(Pace::Quiet));
        }
        if head.content_type == "multipart/mixed" {
            let Some(mut parts) = parts(body) else {
                return out.push(broken("a multipart body that has no end"));
            };
            let last = parts.pop();
            // Only the last one has an id, so nothing can be said of what is before the first one.
            self.last.0 = Text::default();
            out.push(Said::Opened);
            for data in parts {
                out.push(Said::Message(Message { data, id: None }));
            }
            if let Some(data) = last {
                self.last.message(data, id, out);
            }
        } else {
            let data = if head.content_type == OCTETS { body } else { body.into_text() };
            // What is seen of a gap comes before the opening, and is in what is told of it.
            self.last.message(data, id, out);
            out.push(Said::Opened);
        }
        out.push(Said::Poll(Pace::IfMoved));
    }

    fn posted<P>(&mut self, head: &Head, out: &mut Vec<Said<P>>) {
        if !mem::take(&mut self.posting) {
            return;
        }
        match head.status {
            200..=299 => {
                out.push(Said::Posted(Fate::Taken));
                // Beside a stream it says nothing of the way down.
                if self.down == Down::Poll {
                    out.push(Said::Alive);
                }
            }
            // That concerns all that follow as well.
            status @ (401 | 408 | 425 | 429 | 500..=599) => {
                out.push(Said::Posted(Fate::of(status)));
                out.push(Said::Ended(Cause::status(status, head.retry_after)));
            }
            _ => out.push(Said::Posted(Fate::Refused)),
        }
        self.leave(out);
    }
}

/// The parts of a `multipart/mixed` body (RFC 2046, 5.1), each as text or as bytes; `None` if it is no such body.
fn parts<P: Payload>(body: P) -> Option<Vec<P>> {
    let (delimiter, mut rest) = body.cut(b"\r\n")?;
    let mut end = Vec::from(b"\r\n");
    end.extend_from_slice(delimiter.peek(WORDS).as_bytes());
    let mut parts = Vec::new();
    loop {
        let mut bytes = false;
        loop {
            let (line, next) = rest.cut(b"\r\n")?;
            rest = next;
            let line = line.peek(WORDS);
            if line.is_empty() {
                break;
            }
            bytes |= after(line.as_bytes(), OCTETS.as_bytes()).is_some();
        }
        let (part, next) = rest.cut(&end)?;
        parts.push(if bytes { part } else { part.into_text() });
        if next.peek(2) == "--" {
            return Some(parts);
        }
        rest = next.cut(b"\r\n")?.1;
    }
}

impl<P: Payload> Session<P> for Http {
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Answer { lane: Lane::Down, head, body } => self.polled(head, body, out),
            Report::Answer { lane: Lane::Up, head, .. } => self.posted(&head, out),
            Report::Opened { .. } => out.push(Said::Opened),
            Report::Event { data, id } => self.event(data, id, out),
            // It has neither backoff nor jitter, so it does not reconnect by itself.
            Report::SourceError { .. } => out.push(Said::Ended(Cause::new(Kind::Network))),
            other => {
                if matches!(other, Report::Failed { lane: Lane::Up, .. }) {
                    self.posting = false;
                    out.push(Said::Posted(Fate::Uncertain));
                }
                ended(other, out);
            }
        }
    }

    fn room(&self, _: &P) -> Room {
        Room::now_if(!self.posting && !self.is_left)
    }

    fn send(&mut self, payload: P) -> Option<P> {
        self.posting = true;
        Some(payload)
    }
}
