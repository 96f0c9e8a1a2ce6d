//! The raw wire: a plain WebSocket (RFC 6455, WHATWG WebSockets), nothing around the messages.
//!
//! There is no HTTP fallback for it: a server that speaks only WebSocket answers a GET with 404 or 426, so
//! none is guessed. There are no ids either, and a reconnect is always `fresh`.

use super::{Said, Session, Wire};
use crate::core::{
    cause::{Cause, Kind},
    ladder::Fit,
    types::{Io, Message, Payload, Report, Transport},
};

/// A server that speaks WebSocket and nothing else.
#[derive(Clone, Debug)]
pub struct Raw {
    /// The absolute URL, `ws` or `wss`.
    pub url: String,
    /// The subprotocols to offer.
    pub protocols: Vec<String>,
}

impl<P: Payload + 'static> Wire<P> for Raw {
    fn ladder(&self) -> &'static [Transport] {
        &[Transport::WebSocket]
    }

    fn fit(&self, _: Transport, _: bool) -> Fit {
        Fit::Full
    }

    fn session(&self, _: Transport, _: &str, _: u32) -> Box<dyn Session<P>> {
        Box::new(Plain { open: Some((self.url.clone(), self.protocols.clone())) })
    }

    fn gives_up_on(&self, _: Transport, _: &Cause, _: bool, _: u32) -> bool {
        false
    }

    fn prefers(&self, _: Transport, _: Transport) -> bool {
        false
    }

    fn poll_may_hang(&self) -> bool {
        false
    }
}

/// A WebSocket whose frames are the messages.
#[derive(Debug)]
struct Plain {
    open: Option<(String, Vec<String>)>,
}

impl<P: Payload> Session<P> for Plain {
    fn start(&mut self, out: &mut Vec<Said<P>>) {
        if let Some((url, protocols)) = self.open.take() {
            out.push(Said::Do(Io::WebSocket { url, protocols }));
        }
    }

    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Opened { protocol } => out.push(Said::Opened { protocol }),
            Report::Frame(data) => out.push(Said::Message(Message { data, id: None, kind: None })),
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

/// What the end of a WebSocket means, and a message that it no longer took, the same on every wire.
pub(super) fn ended<P>(report: Report<P>, out: &mut Vec<Said<P>>) {
    match report {
        Report::Unsent(payload) => out.push(Said::Returned(payload)),
        // 1006 is the browser's own: no close frame came, so nothing is known but that the network failed.
        Report::Closed { code: 1006, .. } => {
            out.push(Said::Ended(Cause::new(Kind::Network)));
        }
        Report::Closed { code, reason } => out.push(Said::Ended(Cause::close(code, reason))),
        other => unusable(other, out),
    }
}

/// What a transport that this host lacks means, the same on every wire. Other reports mean nothing here.
pub(super) fn unusable<P>(report: Report<P>, out: &mut Vec<Said<P>>) {
    if let Report::Unusable { why } = report {
        out.push(Said::Unusable(Cause::new(Kind::Unusable).because(&why)));
    }
}
