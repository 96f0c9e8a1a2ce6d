//! Effects, told to JavaScript as they come.

use wasm_bindgen::prelude::*;

use super::handle::Handle;
use crate::core::{
    cause::Cause,
    text::Text,
    time::Millis,
    types::{Effect, Effects, Notice, Transport},
};

#[wasm_bindgen(raw_module = "host")]
extern "C" {
    // What an effect has besides numbers is told before it, and follows the numbers there.
    /// A text.
    fn text(at: *const u8, len: usize);
    /// A payload, given back.
    fn value(data: u32);

    /// With the cursor.
    fn open(connection: usize, id: u32, transport: u32);
    /// With the cursor.
    fn poll(connection: usize, id: u32);
    /// With the payload.
    #[wasm_bindgen(js_name = send)]
    fn send_over(connection: usize, id: u32);
    /// With the reason.
    #[wasm_bindgen(js_name = drop)]
    fn drop_attempt(connection: usize, id: u32, code: u32);
    fn wake(connection: usize, at: f64);
    fn flush(connection: usize, id: u32);
    /// The cause that was told before it.
    fn judge(connection: usize);
    fn refresh(connection: usize);
    fn inquire(connection: usize);
    /// With the query.
    fn address(connection: usize, id: u32);
    fn ping(connection: usize, id: u32);
    /// With the payload.
    fn farewell(connection: usize, id: u32);
    /// With the id before it.
    fn gap(connection: usize);
    fn remember(connection: usize, transport: u32);
    fn status(connection: usize, phase: u32, transport: u32, attempt: u32, retry_in: f64);
    fn opened(connection: usize);
    /// With the payload and, if there is a new one, the last id.
    fn message(connection: usize);
    /// The cause of the notice that follows, with the reason.
    fn cause(connection: usize, kind: u32, transport: u32, status: u32, code: u32, retry_after: f64);
    fn reconnecting(connection: usize, attempt: u32, delay: f64);
    fn reconnected(connection: usize, continuity: u32, downtime: f64);
    fn moved(connection: usize, from: u32, to: u32);
    /// With the payload.
    fn dropped(connection: usize, why: u32);
    /// With the reason.
    fn closed(connection: usize, code: u32);
}

/// What a machine pushes its effects into: the number of its connection.
pub(super) struct Host(pub(super) usize);

/// −1 where there is none.
fn ms(span: Option<Millis>) -> f64 {
    span.map_or(-1.0, |span| span.0 as f64)
}

/// A number that no transport has where there is none.
fn number(transport: Option<Transport>) -> u32 {
    transport.map_or(7, |transport| transport as u32)
}

fn say(what: &Text) {
    text(what.as_bytes().as_ptr(), what.as_bytes().len());
}

impl Host {
    fn cause(&self, given: Option<&Cause>) {
        if let Some(&Cause { kind, transport, status, code, ref reason, retry_after, refused: _ }) = given {
            let (status, code) = (u32::from(status), u32::from(code));
            say(reason);
            cause(self.0, kind as u32, number(transport), status, code, ms(retry_after));
        }
    }
}

impl Effects<Handle> for Host {
    // Inlined where the effect is made, it needs neither to be stored nor to be told apart again.
    #[inline(always)]
    fn push(&mut self, effect: Effect<Handle>) {
        let to = self.0;
        match effect {
            Effect::Open(id, transport, cursor) => {
                say(&cursor);
                open(to, id.0, transport as u32);
            }
            Effect::Poll(id, cursor) => {
                say(&cursor);
                poll(to, id.0);
            }
            Effect::Send(id, data) => {
                value(data.give());
                send_over(to, id.0);
            }
            Effect::Drop(id, farewell) => {
                let (code, reason) = farewell.unwrap_or_default();
                say(&reason);
                drop_attempt(to, id.0, u32::from(code));
            }
            Effect::Wake(at) => wake(to, ms(at)),
            Effect::Flush(id) => flush(to, id.0),
            Effect::Judge(cause) => {
                self.cause(Some(&cause));
                judge(to);
            }
            Effect::Refresh => refresh(to),
            Effect::Inquire => inquire(to),
            Effect::Address(id, query) => {
                say(&query);
                address(to, id.0);
            }
            Effect::Ping(id) => ping(to, id.0),
            Effect::Farewell(id, data) => {
                value(data.give());
                farewell(to, id.0);
            }
            Effect::Remember(transport) => remember(to, number(transport)),
            Effect::Tell(notice) => match notice {
                Notice::Status(now) => {
                    status(to, now.phase as u32, number(now.transport), now.attempt, now.retry_in.0 as f64);
                }
                Notice::Opened => opened(to),
                Notice::Message(new) => {
                    value(new.data.give());
                    if let Some(id) = &new.id {
                        say(id);
                    }
                    message(to);
                }
                Notice::Reconnecting { attempt, delay, cause } => {
                    self.cause(Some(&cause));
                    reconnecting(to, attempt, delay.0 as f64);
                }
                Notice::Reconnected { continuity, downtime, .. } => {
                    reconnected(to, continuity as u32, downtime.0 as f64);
                }
                Notice::Gap { after } => {
                    say(&after);
                    gap(to);
                }
                Notice::TransportChanged { from, to: new, why } => {
                    self.cause(why.as_deref());
                    moved(to, from as u32, new as u32);
                }
                Notice::Dropped { data, why } => {
                    value(data.give());
                    dropped(to, why as u32);
                }
                Notice::Closed(end) => {
                    self.cause(end.cause.as_ref());
                    say(&end.reason);
                    closed(to, u32::from(end.code));
                }
            },
        }
    }
}
