//! Connections, by number: what `pkg-template/engine.js` calls.

use std::cell::Cell;

use wasm_bindgen::prelude::*;

use super::{handle::Handle, host::Host, slab::Slab};
#[cfg(feature = "npm-wires")]
use crate::core::wire::{engine_io::EngineIo, relay::Relay};
use crate::core::{
    backoff::Backoff,
    cause::Verdict,
    machine::{Config, Heartbeat, Machine},
    outbox::{Bounds, Terms, WhenFull},
    text::Text,
    time::Millis,
    types::{ConnId, Delivery, Head, Input, Lane, PageEvent, Piece, Refused, Report, Ruling, Transport},
    wire::{OwnIds, Wire, raw::Raw, sse::Sse},
};

thread_local! {
    /// The connections; one that is doing something is not there meanwhile. It calls JavaScript, which may throw, if only because the stack is full,
    /// and then nothing here is told, and no destructor runs. So nothing is borrowed, and only that connection is lost.
    static CONNECTIONS: Slab<Option<Box<Machine<Handle>>>> = const { Slab::new() };
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
    CONNECTIONS.with(|all| {
        let Some(mut machine) = all.with(connection, Option::take) else { return R::default() };
        let result = what(&mut machine, &mut Host(connection));
        all.with(connection, |place| *place = Some(machine));
        result
    })
}

fn step(connection: usize, now: f64, input: Input<Handle>) {
    with(connection, |machine, host| machine.step(span(now), input, host));
}

/// A bit of `flags`: of server-sent events, that the browser's own class is left to reconnect by itself; of a duplex connection, that the
/// application tells the server the last id itself.
const FIRST_FLAG: u32 = 1;
/// Of server-sent events, that something is asked for that the browser's own EventSource cannot do; of a duplex connection, that its outbox has
/// a gate.
const SECOND_FLAG: u32 = 2;
/// The application judges failures itself.
const JUDGES: u32 = 4;
/// It can get new credentials.
const REFRESHES: u32 = 8;
/// Requests may not be repeated.
const ONCE: u32 = 16;
/// Messages may be sent again whose answer was lost.
const RESENDS: u32 = 32;
/// It begins on the last transport, to move up.
const BEGIN_LOW: u32 = 64;
/// What a full outbox does: the place in [`WhenFull::ALL`] times this.
const WHEN_FULL: u32 = 128;

/// Makes a connection over `wire` (0 raw, 3 server-sent events; with all wires, 1 relay, 2 Engine.IO) that has not begun, and tells its number.
///
/// The buffer holds the name of the query parameter for the last id, of `query` bytes, and the last id. `transports` has three bits for
/// each transport, the first one lowest: 1 + its place in [`Transport::ALL`]; 0: those of the wire. `begin_with` is such a number, or 0. `seed`
/// is a random number of up to 53 bits. The other numbers are as in [`Config`], infinity standing for "no limit" and zero for "never".
#[allow(clippy::too_many_arguments, reason = "numbers cross without glue, one by one")]
#[wasm_bindgen]
pub fn create(
    wire: u32,
    flags: u32,
    query: usize,
    transports: usize,
    begin_with: usize,
    seed: f64,
    first: f64,
    base: f64,
    cap: f64,
    factor: f64,
    max_retries: f64,
    min_uptime: f64,
    connect_timeout: f64,
    silence: f64,
    first_byte: f64,
    messages: f64,
    ttl: f64,
    beat: f64,
    beat_timeout: f64,
    bytes: f64,
) -> usize {
    let (query, last_id) = texts(query);
    let has = |flag| flags & flag != 0;
    let some = |ms| Some(span(ms)).filter(|span| *span != Millis::ZERO);
    let transport = |number: usize| Transport::ALL.get(number.wrapping_sub(1)).copied();
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
        silence: some(silence),
        first_byte: some(first_byte),
        transports: Vec::new(),
        begin_with: transport(begin_with),
        judges: has(JUDGES),
        refreshes: has(REFRESHES),
        repeatable: !has(ONCE),
        resends: has(RESENDS),
        heartbeat: some(beat).map(|interval| Heartbeat { interval, timeout: span(beat_timeout) }),
        gate: wire < 3 && has(SECOND_FLAG),
        begin_low: has(BEGIN_LOW),
        outbox: Bounds {
            messages: messages as usize,
            bytes: bytes as usize,
            when_full: WhenFull::ALL.get((flags / WHEN_FULL) as usize).copied().unwrap_or_default(),
            ttl: span(ttl),
        },
        last_id,
        seed: seed as u64,
    };
    let mut left = transports;
    while left != 0 {
        config.transports.extend(transport(left & 7));
        left >>= 3;
    }
    let own_ids = OwnIds { query: query.clone(), told: has(FIRST_FLAG) };
    let wire: Box<dyn Wire<Handle>> = match wire {
        #[cfg(feature = "npm-wires")]
        1 => Box::new(Relay),
        #[cfg(feature = "npm-wires")]
        2 => Box::new(EngineIo(own_ids)),
        0..=2 => Box::new(Raw(own_ids)),
        _ => Box::new(Sse { keeps_source: has(FIRST_FLAG), query, needs_fetch: has(SECOND_FLAG) }),
    };
    CONNECTIONS.with(|all| all.keep(Some(Box::new(Machine::new(config, wire)))))
}

/// Frees a connection's number, and what it holds.
#[wasm_bindgen]
pub fn destroy(connection: usize) {
    CONNECTIONS.with(|all| all.free(connection));
}

/// How many messages wait in the outbox, if `messages`; else how many bytes.
#[wasm_bindgen]
pub fn queued(connection: usize, messages: bool) -> usize {
    let (count, bytes) = with(connection, |machine, _| machine.queued());
    if messages { count } else { bytes }
}

/// Sends, and says what became of it: 0 refused, 1 queued, 2 sent, 3 refused as nothing that the wire can carry. `ttl` is −1 for that of the
/// outbox. The buffer holds the key, if `keyed`.
#[wasm_bindgen]
pub fn send(connection: usize, now: f64, data: u32, volatile: bool, ttl: f64, keyed: usize) -> u32 {
    let key = if keyed > 0 { texts(keyed).0 } else { Text::default() };
    let terms = Terms { volatile, key, ttl: (ttl >= 0.0).then(|| span(ttl)) };
    with(connection, |machine, host| match machine.send(span(now), Handle(data), terms, host) {
        Ok(Delivery::Sent) => 2,
        Ok(Delivery::Queued) => 1,
        Err(Refused::Unsendable(_)) => 3,
        Err(_) => 0,
    })
}

/// A WebSocket message.
#[wasm_bindgen]
pub fn frame(connection: usize, now: f64, id: u32, data: u32) {
    step(connection, now, Input::Report(ConnId(id), Report::Frame(Handle(data))));
}

/// What some bytes of an event stream brought; see [`Piece`]. `events` is 0 where there are none, `retry` −1; the buffer holds the
/// last id, if it `moved`.
#[allow(clippy::too_many_arguments, reason = "numbers cross without glue, one by one")]
#[wasm_bindgen]
pub fn piece(
    connection: usize,
    now: f64,
    id: u32,
    bytes: usize,
    events: u32,
    retry: f64,
    moved: bool,
    overflow: bool,
    last_id: usize,
) {
    let piece = Piece {
        bytes,
        // Not `then_some`: a handle that is made is given back.
        events: (events != 0).then(|| Handle(events)),
        last_id: moved.then(|| texts(last_id).0),
        retry: (retry >= 0.0).then_some(retry as u64),
        overflow,
    };
    step(connection, now, Input::Report(ConnId(id), Report::Piece(piece)));
}

/// Anything else that happens, by its number in `pkg-template/names.js`.
///
/// What it does not need is zero or empty. `more` is a span in milliseconds, −1 where there is none. The buffer holds two texts, the
/// first of `text` bytes.
#[allow(clippy::too_many_arguments, reason = "numbers cross without glue, one by one")]
#[wasm_bindgen]
pub fn input(connection: usize, now: f64, kind: u32, id: u32, data: u32, number: f64, more: f64, text: usize) {
    let (text, other) = texts(text);
    let lane = if kind & 1 == 0 { Lane::Down } else { Lane::Up };
    let more = (more >= 0.0).then(|| span(more));
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
        22 => Input::Release,
        23 => Input::Moved(text),
        24 => Input::Inquired(number as u16),
        18 => Input::WallClock(span(number)),
        19 => Input::Judged(match (more, number as u32) {
            (Some(span), _) => Some(Ruling::RetryAfter(span)),
            (None, 1) => Some(Ruling::Verdict(Verdict::Retry)),
            (None, 2) => Some(Ruling::Verdict(Verdict::Refresh)),
            (None, 3) => Some(Ruling::Verdict(Verdict::Stop)),
            _ => None,
        }),
        20 => Input::Refreshed(if number != 0.0 { Ok(()) } else { Err(text) }),
        _ => Input::Report(
            ConnId(id),
            match kind {
                6 => Report::Opened { own: number != 0.0 },
                7 => Report::Event { data: Handle(data), id: text },
                8 => Report::SourceError { gave_up: number != 0.0 },
                9 => Report::Unready { why: text },
                10 => Report::Done,
                11 => Report::Unsent(Handle(data)),
                12 | 13 => Report::Failed { lane, why: text },
                14..=16 => {
                    let head = Head { status: number as u16, content_type: text, position: other, retry_after: more };
                    if kind == 16 { Report::Head(head) } else { Report::Answer { lane, head, body: Handle(data) } }
                }
                17 => Report::Closed { code: number as u16, reason: text },
                25 => Report::Reply,
                26 => Report::Refused { why: text },
                27 => Report::Asked,
                28 => Report::Closing,
                _ => Report::Unusable { why: text },
            },
        ),
    };
    step(connection, now, input);
}
