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

use super::{Said, Session, Wire, ended};
use crate::core::{
    cause::{Cause, Kind},
    ladder::Fit,
    text::Text,
    types::{Head, Lane, Manner, Message, Payload, Report, Transport},
};

/// The subprotocol with ids.
const META: &str = "ws+meta.nchan";

/// A push relay.
#[derive(Clone, Copy, Debug)]
pub struct Relay;

impl<P: Payload + 'static> Wire<P> for Relay {
    fn ladder(&self) -> &'static [Transport] {
        &[Transport::WebSocket, Transport::LongPoll]
    }

    fn manner(&self) -> Manner {
        Manner { subprotocol: META, query: Text::from("last_event_id"), events: false }
    }

    fn fit(&self, _: Transport, _: bool) -> Fit {
        Fit::Full
    }

    fn session(&self, transport: Transport, _: &Text) -> Box<dyn Session<P>> {
        match transport {
            Transport::WebSocket => Box::new(Socket { meta: false }),
            _ => Box::new(Poll { posting: None }),
        }
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
        // A poll that is held proves nothing; only its answer does.
        transport == Transport::WebSocket
    }

    fn poll_may_hang(&self) -> bool {
        false
    }
}

/// The relay over a WebSocket.
#[derive(Debug)]
struct Socket {
    meta: bool,
}

impl<P: Payload> Session<P> for Socket {
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Opened { own } => {
                self.meta = own;
                out.push(Said::Opened);
            }
            Report::Frame(frame) => out.push(match self.meta.then(|| frame.split_head()) {
                None => Said::Message(Message { data: frame, id: None }),
                Some(Some((head, data))) => Said::Message(Message { data, id: id_in(head.as_bytes()) }),
                Some(None) => Said::Ended(Cause::new(Kind::Protocol).because("a message without a head")),
            }),
            other => ended(other, out),
        }
    }

    fn can_send(&self) -> bool {
        true
    }
}

/// The id in the head of a `ws+meta.nchan` message.
fn id_in(head: &[u8]) -> Option<Text> {
    head.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"id: ")).map(Text::from)
}

/// The relay over long-polling.
#[derive(Debug)]
struct Poll<P> {
    /// The message that is on its way.
    posting: Option<P>,
}

impl<P: Payload> Poll<P> {
    fn polled(&self, head: Head, body: P, out: &mut Vec<Said<P>>) {
        let quiet = match head.status {
            200 => false,
            304 | 408 => true,
            status => return out.push(Said::Ended(Cause::status(status, head.retry_after))),
        };
        out.push(Said::Opened);
        let id = Some(head.position).filter(|id| !id.is_empty());
        if quiet {
            out.push(match id {
                Some(id) => Said::Moved(id),
                None => Said::Alive,
            });
        } else {
            let data = if head.content_type == "application/octet-stream" { body } else { body.into_text() };
            out.push(Said::Message(Message { data, id }));
        }
        out.push(Said::Poll { quiet });
    }

    fn posted(&mut self, head: &Head, out: &mut Vec<Said<P>>) {
        let Some(payload) = self.posting.take() else { return };
        match head.status {
            200..=299 => out.push(Said::Alive),
            // The server is there, and says that it did not take the message: that concerns all that follow as well.
            401 | 408 | 425 | 429 | 500..=599 => {
                out.push(Said::Returned(payload));
                out.push(Said::Ended(Cause::status(head.status, head.retry_after)));
            }
            _ => out.push(Said::Refused(payload)),
        }
    }
}

impl<P: Payload> Session<P> for Poll<P> {
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Answer { lane: Lane::Down, head, body } => self.polled(head, body, out),
            Report::Answer { lane: Lane::Up, head, .. } => self.posted(&head, out),
            other => {
                if matches!(other, Report::Failed { lane: Lane::Up, .. }) {
                    if let Some(payload) = self.posting.take() {
                        out.push(Said::Uncertain(payload));
                    }
                }
                ended(other, out);
            }
        }
    }

    fn can_send(&self) -> bool {
        self.posting.is_none()
    }

    fn is_sending(&self) -> bool {
        self.posting.is_some()
    }

    fn sending(&mut self, payload: &P) {
        self.posting = Some(payload.clone());
    }

    fn take_unanswered(&mut self) -> Option<P> {
        self.posting.take()
    }
}
