//! What the npm package calls: the core, and nothing else. Private to the package's JavaScript (`pkg-template/`).
//!
//! In the npm build the shell is written in JavaScript (`pkg-template/shell.js`), for three reasons, all measured. A page pays for
//! every byte, and the same shell over web-sys is four times the size. A payload must never enter wasm memory. And a socket
//! should open before the module has been compiled, which only JavaScript can do. So what crosses is numbers, short strings and
//! references; there is no serde here, and no `core::fmt`.
//!
//! The order of a Rust enum's variants is the order of the names in `pkg-template/names.js`; a test holds them together.

mod data;
mod host;

use wasm_bindgen::prelude::*;

use self::{
    data::Data,
    host::{Host, Queue},
};
use crate::core::{
    backoff::Backoff,
    machine::{Config, Machine},
    outbox::{Bounds, WhenFull},
    time::Millis,
    types::{ConnId, Delivery, Head, Input, Lane, PageEvent, Report, Transport},
    wire::{Wire, raw::Raw, relay::Relay, sse::Sse},
};

/// Half of the pages' module is the allocator, unless it is a small one. Few and short-lived allocations are made here.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

fn span(ms: f64) -> Millis {
    Millis(ms as u64)
}

/// A connection's machine. Whatever a call makes it do is told to its host before the call returns, in order; the host must
/// carry it out after.
#[wasm_bindgen]
pub struct Core {
    machine: Machine<Data>,
    queue: Queue,
}

impl core::fmt::Debug for Core {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Core").field("machine", &self.machine).finish_non_exhaustive()
    }
}

#[wasm_bindgen]
impl Core {
    /// A connection over `wire` (0 raw, 1 relay, 2 server-sent events) that has not begun.
    ///
    /// `flag`: of a duplex one, that a full outbox drops its oldest message; of server-sent events, that the server is on another
    /// origin. `transports` has a digit for each transport, its place in [`Transport::ALL`]; empty: those of the wire.
    /// `seed` is a random number of up to 53 bits. The other numbers are as in [`Config`], infinity standing for "no limit" and zero
    /// for "no silence timeout".
    #[allow(clippy::too_many_arguments, reason = "positional arguments cost the page the fewest bytes")]
    #[wasm_bindgen(constructor)]
    pub fn new(
        host: Host,
        wire: u32,
        flag: bool,
        query: String,
        last_id: String,
        transports: String,
        seed: f64,
        first: f64,
        base: f64,
        cap: f64,
        factor: f64,
        max_retries: f64,
        min_uptime: f64,
        connect_timeout: f64,
        silence: f64,
        messages: f64,
        bytes: f64,
    ) -> Self {
        let silence = Some(span(silence)).filter(|silence| *silence != Millis::ZERO);
        let named = |digit: u8| Transport::ALL.get(usize::from(digit.wrapping_sub(b'0'))).copied();
        let when_full = if flag { WhenFull::DropOldest } else { WhenFull::Refuse };
        let config = Config {
            backoff: Backoff {
                first: span(first),
                base: span(base),
                cap: span(cap),
                factor,
                max_retries: max_retries.is_finite().then_some(max_retries as u32),
            },
            min_uptime: span(min_uptime),
            connect_timeout: span(connect_timeout),
            silence,
            outbox: Bounds { messages: messages as usize, bytes: bytes as usize, when_full },
            transports: transports.bytes().filter_map(named).collect(),
            last_id,
            seed: seed as u64,
        };
        let wire: Box<dyn Wire<Data>> = match wire {
            0 => Box::new(Raw),
            1 => Box::new(Relay),
            _ => Box::new(Sse {
                cross_origin: flag,
                query,
                comments: silence.is_some(),
                max_event_bytes: bytes as usize,
            }),
        };
        Self { machine: Machine::new(config, wire), queue: Queue(host) }
    }

    /// Bytes that wait in the outbox.
    pub fn queued(&self) -> usize {
        self.machine.queued().1
    }

    /// Sends, and says what became of it: 0 sent, 1 queued, 2 refused.
    pub fn send(&mut self, data: JsValue) -> u32 {
        match self.machine.send(Data(data), &mut self.queue) {
            Ok(Delivery::Sent) => 0,
            Ok(Delivery::Queued) => 1,
            Err(_) => 2,
        }
    }

    /// A WebSocket message.
    pub fn frame(&mut self, now: f64, id: u32, data: JsValue) {
        self.machine.step(span(now), Input::Report(ConnId(id), Report::Frame(Data(data))), &mut self.queue);
    }

    /// Anything else that happens, by its number in `pkg-template/names.js`. What it does not need is zero or empty;
    /// `more` is a `Retry-After` in milliseconds, −1 where there was none.
    #[allow(clippy::too_many_arguments, reason = "one export for all inputs costs the page the fewest bytes")]
    pub fn input(
        &mut self,
        now: f64,
        kind: u32,
        id: u32,
        number: f64,
        more: f64,
        text: String,
        other: String,
        value: JsValue,
    ) {
        let data = Data(value);
        let lane = if kind & 1 == 0 { Lane::Down } else { Lane::Up };
        let report = match kind {
            6 => Report::Opened { protocol: text },
            7 => Report::Event { kind: text, data, id: other },
            8 => Report::SourceError { gave_up: number != 0.0 },
            9 => Report::Chunk(data),
            10 => Report::Done,
            11 => Report::Unsent(data),
            12 | 13 => Report::Failed { lane },
            14..=16 => {
                let retry_after = (more >= 0.0).then(|| span(more));
                let head = Head { status: number as u16, content_type: text, position: other, retry_after };
                if kind == 16 { Report::Head(head) } else { Report::Answer { lane, head, body: data } }
            }
            17 => Report::Closed { code: number as u16, reason: text },
            18 => Report::Unusable { why: text },
            _ => {
                let input = match kind {
                    0 => Input::Start,
                    1 => Input::Tick,
                    2 => Input::Flush(ConnId(id)),
                    3 => Input::Reconnect,
                    4 => Input::Close { code: number as u16, reason: text },
                    _ => match PageEvent::ALL.get(number as usize) {
                        Some(event) => Input::Page(*event),
                        None => return,
                    },
                };
                return self.machine.step(span(now), input, &mut self.queue);
            }
        };
        self.machine.step(span(now), Input::Report(ConnId(id), report), &mut self.queue);
    }
}
