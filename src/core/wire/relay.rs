//! The push relay: one URL to receive on by WebSocket or long-polling and to send to by POST, with one
//! message id that means the same on all of them.
//!
//! It is the HTTP Push Relay as nginx's nchan module serves it (nchan's documentation; `protocols.md`
//! section 9 has what was seen on the wire). The facts that this file rests on:
//!
//! - An id is `T:N`. `?last_event_id=T:N` resumes after it on every transport. We always send it that way:
//!   the query needs no CORS preflight, and makes each position a URL of its own, which no cache mixes up.
//! - WebSocket: if the server takes the subprotocol `ws+meta.nchan`, each message is a head (`id: T:N`,
//!   `content-type: X`), a blank line and the body. If it does not, messages are plain and have no ids.
//! - Long-poll: a GET is held until there is a message. 200 brings exactly one: the body raw, its id in
//!   `Last-Modified` (T as an HTTP date) and `Etag` (N), or all of it in `Etag`. 408 means that nothing came for a while:
//!   ask again. 304 is the same from a server that does not hold.
//! - Send: POST, answered 200, 201 or 202. One at a time, so that the order holds.
//!
//! A POST that failed without an answer may have arrived: it is reported as uncertain, never repeated.

use super::{
    Said, Session, Wire,
    raw::{ended, unusable},
};
use crate::core::{
    cause::{Cause, Kind},
    ladder::Fit,
    query,
    types::{Head, Io, Lane, Message, Payload, Report, Request, Transport},
};

/// The subprotocol with ids.
const META: &str = "ws+meta.nchan";

/// A push relay.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Where its WebSocket is: absolute, `ws` or `wss`.
    pub socket_url: String,
    /// Where its HTTP side is: absolute, `http` or `https`.
    pub http_url: String,
    /// The application's own subprotocols, offered after the relay's.
    pub protocols: Vec<String>,
    /// Send cookies to another origin as well.
    pub credentials: bool,
}

/// `url`, going on after `cursor`.
fn after(url: &str, cursor: &str) -> String {
    if cursor.is_empty() { String::from(url) } else { query::with(url, "last_event_id", cursor) }
}

impl<P: Payload + 'static> Wire<P> for Relay {
    fn ladder(&self) -> &'static [Transport] {
        &[Transport::WebSocket, Transport::LongPoll]
    }

    fn fit(&self, _: Transport, _: bool) -> Fit {
        Fit::Full
    }

    fn session(&self, transport: Transport, cursor: &str, nonce: u32) -> Box<dyn Session<P>> {
        if transport == Transport::WebSocket {
            let protocols = core::iter::once(String::from(META)).chain(self.protocols.iter().cloned()).collect();
            Box::new(Socket { url: after(&self.socket_url, cursor), protocols, meta: false })
        } else {
            Box::new(Poll { relay: self.clone(), cursor: String::from(cursor), nonce, posting: None })
        }
    }

    fn gives_up_on(&self, _: Transport, _: &Cause, proven: bool, strikes: u32) -> bool {
        // A browser does not say why a WebSocket failed, so a rung that never worked is left at once, and one that
        // did is given three tries: it may be the server that is down.
        strikes >= if proven { 3 } else { 1 }
    }

    fn prefers(&self, above: Transport, _: Transport) -> bool {
        above == Transport::WebSocket
    }

    fn poll_may_hang(&self) -> bool {
        false
    }
}

/// The relay over a WebSocket.
#[derive(Debug)]
struct Socket {
    url: String,
    protocols: Vec<String>,
    meta: bool,
}

impl<P: Payload> Session<P> for Socket {
    fn start(&mut self, out: &mut Vec<Said<P>>) {
        let (url, protocols) = (core::mem::take(&mut self.url), core::mem::take(&mut self.protocols));
        out.push(Said::Do(Io::WebSocket { url, protocols }));
    }

    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Opened { protocol } => {
                self.meta = protocol == META;
                // The relay's subprotocol is ours, not the application's.
                out.push(Said::Opened { protocol: if self.meta { String::new() } else { protocol } });
            }
            Report::Frame(data) if !self.meta => {
                out.push(Said::Message(Message { data, id: None, kind: None }));
            }
            Report::Frame(frame) => out.push(match frame.split_head() {
                Some((head, data)) => Said::Message(Message { data, id: id_in(&head), kind: None }),
                None => Said::Ended(Cause::new(Kind::Protocol).because("a ws+meta.nchan message without a head")),
            }),
            other => ended(other, out),
        }
    }

    fn can_send(&self) -> bool {
        true
    }

    fn send(&mut self, payload: P, out: &mut Vec<Said<P>>) {
        out.push(Said::Do(Io::Transmit(payload)));
    }
}

/// The id in the head of a `ws+meta.nchan` message.
fn id_in(head: &str) -> Option<String> {
    head.lines().find_map(|line| line.strip_prefix("id:")).map(|id| String::from(id.trim()))
}

/// The relay over long-polling.
#[derive(Debug)]
struct Poll<P> {
    relay: Relay,
    cursor: String,
    nonce: u32,
    /// The message that is on its way.
    posting: Option<P>,
}

impl<P> Poll<P> {
    fn get(&mut self) -> Io<P> {
        // Without an id the URL is the same each time, and a cache might answer.
        let url = if self.cursor.is_empty() {
            self.nonce = self.nonce.wrapping_add(1);
            query::with(&self.relay.http_url, "_", &hex(self.nonce))
        } else {
            after(&self.relay.http_url, &self.cursor)
        };
        Io::Request(self.request(Lane::Down, url, None))
    }

    const fn request(&self, lane: Lane, url: String, body: Option<P>) -> Request<P> {
        Request { lane, url, body, headers: Vec::new(), credentials: self.relay.credentials }
    }

    /// Takes the position that an answer tells, and says whether it is a new one.
    fn moved(&mut self, head: &Head) -> Option<String> {
        let id = match (head.etag.as_deref(), head.last_modified) {
            (Some(etag), _) if etag.contains(':') => String::from(etag),
            (Some(etag), Some(time)) => [&decimal(time), ":", etag].concat(),
            _ => return None,
        };
        if id == self.cursor {
            return None;
        }
        self.cursor.clone_from(&id);
        Some(id)
    }
}

impl<P: Payload> Poll<P> {
    fn polled(&mut self, head: &Head, body: P, out: &mut Vec<Said<P>>) {
        match head.status {
            200 => {
                let id = self.moved(head);
                let data = if head.is_type("application/octet-stream") { body } else { body.into_text() };
                out.push(Said::Message(Message { data, id, kind: None }));
                out.push(Said::Poll { io: self.get(), quiet: false });
            }
            304 | 408 => {
                out.push(match self.moved(head) {
                    Some(id) => Said::Moved(id),
                    None => Said::Alive,
                });
                out.push(Said::Poll { io: self.get(), quiet: true });
            }
            status => out.push(Said::Ended(Cause::status(status, head.retry_after))),
        }
    }

    fn posted(&mut self, head: &Head, out: &mut Vec<Said<P>>) {
        let Some(payload) = self.posting.take() else {
            return;
        };
        match head.status {
            200..=299 => out.push(Said::Alive),
            // The server is there, and says that it did not take the message: that concerns all that follow as well.
            408 | 425 | 429 | 500..=599 | 401 => {
                out.push(Said::Returned(payload));
                out.push(Said::Ended(Cause::status(head.status, head.retry_after)));
            }
            _ => out.push(Said::Refused(payload)),
        }
    }
}

impl<P: Payload> Session<P> for Poll<P> {
    fn start(&mut self, out: &mut Vec<Said<P>>) {
        let io = self.get();
        out.push(Said::Do(io));
    }

    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Answer { lane: Lane::Down, head, body } => {
                if matches!(head.status, 200 | 304 | 408) {
                    out.push(Said::Opened { protocol: String::new() });
                }
                self.polled(&head, body, out);
            }
            Report::Answer { lane: Lane::Up, head, .. } => self.posted(&head, out),
            Report::Failed { lane } => {
                if lane == Lane::Up {
                    out.extend(self.take_unanswered().map(Said::Uncertain));
                }
                out.push(Said::Ended(Cause::new(Kind::Network)));
            }
            other => unusable(other, out),
        }
    }

    fn can_send(&self) -> bool {
        self.posting.is_none()
    }

    fn send(&mut self, payload: P, out: &mut Vec<Said<P>>) {
        self.posting = Some(payload.clone());
        let url = self.relay.http_url.clone();
        out.push(Said::Do(Io::Request(self.request(Lane::Up, url, Some(payload)))));
    }

    fn take_unanswered(&mut self) -> Option<P> {
        self.posting.take()
    }
}

/// Decimal digits; `format!` would bring all of `core::fmt` into the module that pages load.
fn decimal(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 10).unwrap_or(0);
        digits.push(char::from_digit(digit, 10).unwrap_or('0'));
        number /= 10;
        if number == 0 {
            return digits.iter().rev().collect();
        }
    }
}

/// Hexadecimal digits.
fn hex(number: u32) -> String {
    number
        .to_be_bytes()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|n| char::from_digit(u32::from(n), 16))
        .collect()
}
