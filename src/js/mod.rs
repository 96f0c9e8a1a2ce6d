//! What the npm package calls: the core, and nothing else. Private to the package's JavaScript (`pkg-template/engine.js`).
//!
//! In the npm build the shell is written in JavaScript (`pkg-template/shell.js`), for three reasons, all measured. A page pays for
//! every byte, and the same shell over web-sys is four times the size. A payload must never enter wasm memory. And a socket
//! should open before the module has been compiled, which only JavaScript can do.
//!
//! Only numbers cross, which needs no glue at all. A payload is a [handle](handle::Handle) of a value that JavaScript keeps. A text
//! that goes out is a pointer and a length; one that comes in was written into the [`buffer`] before the call. Whatever a
//! call makes a connection do is told to the host before the call returns, in order; the host must carry it out after, and
//! must not call back before.
//!
//! Enums cross as their variants' numbers: `pkg-template/names.js` has the names in the same order, and a test holds them together.

#![expect(unreachable_pub, reason = "wasm-bindgen exports only what is public")]

mod handle;
mod host;

use std::cell::{Cell, RefCell};

use wasm_bindgen::prelude::*;

use self::{handle::Handle, host::Host};
use crate::core::{
    backoff::Backoff,
    machine::{Config, Machine},
    outbox::{Bounds, WhenFull},
    text::Text,
    time::Millis,
    types::{ConnId, Delivery, Head, Input, Lane, PageEvent, Report, Transport},
    wire::{Wire, raw::Raw, relay::Relay, sse::Sse},
};

/// A good part of a small module is the allocator, unless it is a small one. Few and short-lived allocations are made here.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

thread_local! {
    /// The connections, by number. A place that is free again is used again.
    static CONNECTIONS: RefCell<Vec<Option<Machine<Handle>>>> = const { RefCell::new(Vec::new()) };
    /// Texts on their way in.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Room for `len` bytes, to write texts into before the call that takes them.
#[wasm_bindgen]
pub fn buffer(len: usize) -> *const u8 {
    let buffer = vec![0; len];
    let at = buffer.as_ptr();
    BUFFER.set(buffer);
    at
}

/// The two texts in the buffer, the first of which has `len` bytes.
fn texts(len: usize) -> (Text, Text) {
    let buffer = BUFFER.take();
    let (one, other) = buffer.split_at_checked(len).unwrap_or_default();
    (Text::from(one), Text::from(other))
}

fn span(ms: f64) -> Millis {
    Millis(ms as u64)
}

/// Lets a connection do something, if it is still there.
fn with<R: Default>(connection: usize, what: impl FnOnce(&mut Machine<Handle>, &mut Host) -> R) -> R {
    CONNECTIONS.with_borrow_mut(|all| match all.get_mut(connection) {
        Some(Some(machine)) => what(machine, &mut Host(connection)),
        _ => R::default(),
    })
}

fn step(connection: usize, now: f64, input: Input<Handle>) {
    with(connection, |machine, host| machine.step(span(now), input, host));
}

/// Makes a connection over `wire` (0 raw, 1 relay, 2 server-sent events) that has not begun, and tells its number.
///
/// `flag`: of a duplex one, that a full outbox drops its oldest message; of server-sent events, that the server is on another
/// origin. The buffer holds the name of the query parameter for the last id, of `query` bytes, and the last id. `transports` has three bits for
/// each transport, the first one lowest: 1 + its place in [`Transport::ALL`]; 0: those of the wire. `seed` is a random number
/// of up to 53 bits. The other numbers are as in [`Config`], infinity standing for "no limit" and zero for "no silence timeout".
#[allow(clippy::too_many_arguments, reason = "numbers cross without glue, one by one")]
#[wasm_bindgen]
pub fn create(
    wire: u32,
    flag: bool,
    query: usize,
    transports: usize,
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
) -> usize {
    let (query, last_id) = texts(query);
    let silence = Some(span(silence)).filter(|silence| *silence != Millis::ZERO);
    let mut config = Config {
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
        transports: Vec::new(),
        outbox: Bounds {
            messages: messages as usize,
            bytes: bytes as usize,
            when_full: if flag { WhenFull::DropOldest } else { WhenFull::Refuse },
        },
        last_id,
        seed: seed as u64,
    };
    let mut left = transports;
    while left != 0 {
        config.transports.extend(Transport::ALL.get((left & 7).wrapping_sub(1)));
        left >>= 3;
    }
    let wire: Box<dyn Wire<Handle>> = match wire {
        0 => Box::new(Raw),
        1 => Box::new(Relay),
        _ => Box::new(Sse { cross_origin: flag, query, comments: silence.is_some(), max_event_bytes: bytes as usize }),
    };
    let machine = Some(Machine::new(config, wire));
    CONNECTIONS.with_borrow_mut(|all| match all.iter_mut().position(|place| place.is_none()) {
        Some(free) => {
            if let Some(place) = all.get_mut(free) {
                *place = machine;
            }
            free
        }
        None => {
            all.push(machine);
            all.len().wrapping_sub(1)
        }
    })
}

/// Frees a connection's number, and what it holds.
#[wasm_bindgen]
pub fn destroy(connection: usize) {
    CONNECTIONS.with_borrow_mut(|all| {
        if let Some(place) = all.get_mut(connection) {
            *place = None;
        }
    });
}

/// Bytes that wait in the outbox.
#[wasm_bindgen]
pub fn queued(connection: usize) -> usize {
    with(connection, |machine, _| machine.queued().1)
}

/// Sends, and says what became of it: 0 refused, 1 queued, 2 sent.
#[wasm_bindgen]
pub fn send(connection: usize, data: u32) -> u32 {
    with(connection, |machine, host| match machine.send(Handle(data), host) {
        Ok(Delivery::Sent) => 2,
        Ok(Delivery::Queued) => 1,
        Err(_) => 0,
    })
}

/// A WebSocket message.
#[wasm_bindgen]
pub fn frame(connection: usize, now: f64, id: u32, data: u32) {
    step(connection, now, Input::Report(ConnId(id), Report::Frame(Handle(data))));
}

/// Anything else that happens, by its number in `pkg-template/names.js`.
///
/// What it does not need is zero or empty. `more` is a `Retry-After` in milliseconds, −1 where there was none. The buffer holds two
/// texts, the first of `text` bytes.
#[allow(clippy::too_many_arguments, reason = "numbers cross without glue, one by one")]
#[wasm_bindgen]
pub fn input(connection: usize, now: f64, kind: u32, id: u32, data: u32, number: f64, more: f64, text: usize) {
    let (text, other) = texts(text);
    let lane = if kind & 1 == 0 { Lane::Down } else { Lane::Up };
    let input = match kind {
        0 => Input::Start,
        1 => Input::Tick,
        2 => Input::Flush(ConnId(id)),
        3 => Input::Reconnect,
        4 => Input::Close { code: number as u16, reason: text },
        5 => match PageEvent::ALL.get(number as usize) {
            Some(event) => Input::Page(*event),
            None => return,
        },
        _ => Input::Report(
            ConnId(id),
            match kind {
                6 => Report::Opened { own: number != 0.0 },
                7 => Report::Event { data: Handle(data), id: text },
                8 => Report::SourceError { gave_up: number != 0.0 },
                9 => Report::Chunk(Handle(data)),
                10 => Report::Done,
                11 => Report::Unsent(Handle(data)),
                12 | 13 => Report::Failed { lane },
                14..=16 => {
                    let retry_after = (more >= 0.0).then(|| span(more));
                    let head = Head { status: number as u16, content_type: text, position: other, retry_after };
                    if kind == 16 { Report::Head(head) } else { Report::Answer { lane, head, body: Handle(data) } }
                }
                17 => Report::Closed { code: number as u16, reason: text },
                _ => Report::Unusable { why: text },
            },
        ),
    };
    step(connection, now, input);
}
