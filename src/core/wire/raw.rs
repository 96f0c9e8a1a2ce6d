//! The raw wire: a plain WebSocket (RFC 6455, WHATWG WebSockets), nothing around the messages.
//!
//! There is no HTTP fallback for it: a server that speaks only WebSocket answers a GET with 404 or 426, so
//! none is guessed. There are no ids either, but an application may have some in its messages, and read them itself
//! ([`OwnIds`]). Then the last one goes into the query under the name that its server expects, or the application tells it in its first
//! message.

use super::{OwnIds, Room, Said, Session, Wire, ended};
use crate::core::{
    cause::Cause,
    ladder::Fit,
    text::Text,
    types::{Manner, Message, Payload, Report, Transport},
};

/// A server that speaks WebSocket and nothing else.
#[derive(Clone, Debug, Default)]
pub struct Raw(pub OwnIds);

impl<P: Payload> Wire<P> for Raw {
    fn ladder(&self) -> &'static [Transport] {
        &[Transport::WebSocket]
    }

    fn manner(&self) -> Manner {
        self.0.manner()
    }

    fn fit(&self, _: Transport, has_cursor: bool) -> Fit {
        self.0.fit(has_cursor)
    }

    fn session(&self, _: Transport, _: &Text) -> Box<dyn Session<P>> {
        Box::new(Plain)
    }

    fn gives_up_on(&self, _: Transport, _: &Cause, _: bool, _: u32) -> bool {
        false
    }

    fn prefers(&self, _: Transport, _: Transport) -> bool {
        false
    }

    fn lasting_proves(&self, _: Transport) -> bool {
        true
    }

    fn poll_may_hang(&self) -> bool {
        false
    }
}

/// A WebSocket whose frames are the messages.
#[derive(Debug)]
struct Plain;

impl<P: Payload> Session<P> for Plain {
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Opened { .. } => out.push(Said::Opened),
            Report::Frame(data) => out.push(Said::Message(Message { data, id: None })),
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
