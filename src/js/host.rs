//! Effects, handed to JavaScript as they come.

use wasm_bindgen::prelude::*;

use super::data::Data;
use crate::core::{
    cause::Cause,
    time::Millis,
    types::{Effect, Effects, Notice, Transport},
};

#[wasm_bindgen]
extern "C" {
    /// The shell. Its methods only take note of what they are told, and never call back.
    pub type Host;

    #[wasm_bindgen(method)]
    fn open(this: &Host, id: u32, transport: u32, cursor: &str);
    #[wasm_bindgen(method)]
    fn send(this: &Host, id: u32, data: JsValue);
    #[wasm_bindgen(method)]
    fn drop(this: &Host, id: u32, code: u16, reason: &str);
    #[wasm_bindgen(method)]
    fn wake(this: &Host, at: f64);
    #[wasm_bindgen(method)]
    fn flush(this: &Host, id: u32);
    #[wasm_bindgen(method)]
    fn status(this: &Host, phase: u32, transport: u32, attempt: u32, retry_in: f64);
    #[wasm_bindgen(method)]
    fn cause(this: &Host, kind: u32, transport: u32, status: u16, code: u16, reason: &str, retry_after: f64);
    #[wasm_bindgen(method)]
    fn opened(this: &Host, protocol: &str);
    #[wasm_bindgen(method)]
    fn message(this: &Host, data: JsValue, id: Option<&str>, kind: Option<&str>);
    #[wasm_bindgen(method)]
    fn reconnecting(this: &Host, attempt: u32, delay: f64);
    #[wasm_bindgen(method)]
    fn reconnected(this: &Host, continuity: u32, downtime: f64, protocol: &str);
    #[wasm_bindgen(method)]
    fn moved(this: &Host, from: u32, to: u32);
    #[wasm_bindgen(method)]
    fn dropped(this: &Host, data: JsValue, why: u32);
    #[wasm_bindgen(method)]
    fn closed(this: &Host, code: u16, reason: &str);
}

/// What the machine pushes its effects into.
pub(super) struct Queue(pub(super) Host);

/// −1 where there is none.
fn ms(span: Option<Millis>) -> f64 {
    span.map_or(-1.0, |span| span.0 as f64)
}

fn number(transport: Option<Transport>) -> u32 {
    transport.map_or(u32::MAX, |transport| transport as u32)
}

impl Queue {
    /// The cause of the notice that follows.
    fn cause(&self, cause: &Cause) {
        let &Cause { kind, transport, status, code, ref reason, retry_after } = cause;
        self.0.cause(kind as u32, number(transport), status, code, reason, ms(retry_after));
    }
}

impl Effects<Data> for Queue {
    // Inlined where the effect is made, it needs neither to be stored nor to be told apart again.
    #[inline(always)]
    fn push(&mut self, effect: Effect<Data>) {
        let host = &self.0;
        match effect {
            Effect::Open(id, transport, cursor) => host.open(id.0, transport as u32, &cursor),
            // The next poll of an attempt is opened like its first.
            Effect::Poll(id, cursor) => host.open(id.0, Transport::LongPoll as u32, &cursor),
            Effect::Send(id, data) => host.send(id.0, data.0),
            Effect::Drop(id, None) => host.drop(id.0, 0, ""),
            Effect::Drop(id, Some((code, reason))) => host.drop(id.0, code, &reason),
            Effect::Wake(at) => host.wake(ms(at)),
            Effect::Flush(id) => host.flush(id.0),
            Effect::Tell(notice) => match notice {
                Notice::Status(now) => {
                    host.status(now.phase as u32, number(now.transport), now.attempt, now.retry_in.0 as f64);
                }
                Notice::Opened { protocol } => host.opened(&protocol),
                Notice::Message(message) => {
                    host.message(message.data.0, message.id.as_deref(), message.kind.as_deref());
                }
                Notice::Reconnecting { attempt, delay, cause } => {
                    self.cause(&cause);
                    host.reconnecting(attempt, delay.0 as f64);
                }
                Notice::Reconnected { continuity, downtime, protocol, .. } => {
                    host.reconnected(continuity as u32, downtime.0 as f64, &protocol);
                }
                Notice::TransportChanged { from, to, why } => {
                    if let Some(cause) = &why {
                        self.cause(cause);
                    }
                    host.moved(from as u32, to as u32);
                }
                Notice::Dropped { data, why } => host.dropped(data.0, why as u32),
                Notice::Closed(end) => {
                    if let Some(cause) = &end.cause {
                        self.cause(cause);
                    }
                    host.closed(end.code, &end.reason);
                }
            },
        }
    }
}
