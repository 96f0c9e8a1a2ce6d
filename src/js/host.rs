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
    fn open(connection: usize, id: u32, transport: u32, cursor: *const u8, cursor_len: usize);
    #[wasm_bindgen(js_name = send)]
    fn send_over(connection: usize, id: u32, data: u32);
    fn drop(connection: usize, id: u32, code: u32, reason: *const u8, reason_len: usize);
    fn wake(connection: usize, at: f64);
    fn flush(connection: usize, id: u32);
    fn status(connection: usize, phase: u32, transport: u32, attempt: u32, retry_in: f64);
    fn opened(connection: usize);
    /// `moved`: there is a new last id.
    fn message(connection: usize, data: u32, moved: bool, id: *const u8, id_len: usize);
    /// The cause of the notice that follows.
    #[allow(clippy::too_many_arguments, reason = "numbers cross without glue, one by one")]
    fn cause(
        connection: usize,
        kind: u32,
        transport: u32,
        status: u32,
        code: u32,
        retry_after: f64,
        reason: *const u8,
        reason_len: usize,
    );
    fn reconnecting(connection: usize, attempt: u32, delay: f64);
    fn reconnected(connection: usize, continuity: u32, downtime: f64);
    fn moved(connection: usize, from: u32, to: u32);
    fn dropped(connection: usize, data: u32, why: u32);
    fn closed(connection: usize, code: u32, reason: *const u8, reason_len: usize);
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

impl Host {
    fn cause(&self, given: Option<&Cause>) {
        if let Some(&Cause { kind, transport, status, code, ref reason, retry_after }) = given {
            let (status, code) = (u32::from(status), u32::from(code));
            let (text, length) = (reason.as_bytes().as_ptr(), reason.as_bytes().len());
            cause(self.0, kind as u32, number(transport), status, code, ms(retry_after), text, length);
        }
    }

    fn open(&self, id: u32, transport: Transport, cursor: &Text) {
        open(self.0, id, transport as u32, cursor.as_bytes().as_ptr(), cursor.as_bytes().len());
    }
}

impl Effects<Handle> for Host {
    // Inlined where the effect is made, it needs neither to be stored nor to be told apart again.
    #[inline(always)]
    fn push(&mut self, effect: Effect<Handle>) {
        let to = self.0;
        match effect {
            Effect::Open(id, transport, cursor) => self.open(id.0, transport, &cursor),
            // The next poll of an attempt is opened like its first.
            Effect::Poll(id, cursor) => self.open(id.0, Transport::LongPoll, &cursor),
            Effect::Send(id, data) => send_over(to, id.0, data.give()),
            Effect::Drop(id, farewell) => {
                let (code, reason) = farewell.unwrap_or_default();
                drop(to, id.0, u32::from(code), reason.as_bytes().as_ptr(), reason.as_bytes().len());
            }
            Effect::Wake(at) => wake(to, ms(at)),
            Effect::Flush(id) => flush(to, id.0),
            Effect::Tell(notice) => match notice {
                Notice::Status(now) => {
                    status(to, now.phase as u32, number(now.transport), now.attempt, now.retry_in.0 as f64);
                }
                Notice::Opened => opened(to),
                Notice::Message(new) => {
                    let id = new.id.as_ref().map_or(&[][..], Text::as_bytes);
                    message(to, new.data.give(), new.id.is_some(), id.as_ptr(), id.len());
                }
                Notice::Reconnecting { attempt, delay, cause } => {
                    self.cause(Some(&cause));
                    reconnecting(to, attempt, delay.0 as f64);
                }
                Notice::Reconnected { continuity, downtime, .. } => {
                    reconnected(to, continuity as u32, downtime.0 as f64);
                }
                Notice::TransportChanged { from, to: new, why } => {
                    self.cause(why.as_ref());
                    moved(to, from as u32, new as u32);
                }
                Notice::Dropped { data, why } => dropped(to, data.give(), why as u32),
                Notice::Closed(end) => {
                    self.cause(end.cause.as_ref());
                    closed(to, u32::from(end.code), end.reason.as_bytes().as_ptr(), end.reason.as_bytes().len());
                }
            },
        }
    }
}
