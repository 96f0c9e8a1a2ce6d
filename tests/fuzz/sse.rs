//! Fuzzes the parser of `text/event-stream`, on the input whole and cut in many ways, under a limit and without.
//!
//! The input is the stream itself, so that a seed or a crash is a file that one can read. There are two exceptions:
//! the byte FS (0x1C) stands for a reconnect, and for some inputs each `~` stands for a long run of letters, so that
//! the buffers grow past the sizes at which they are treated differently. What else is chosen, where to cut and which
//! limit, follows from the input by a hash.
//!
//! Checked are: no panic; the same items, the same last id and the same overflow for every way of cutting; what a
//! naive reading of the standard gives ([`reference`]); the exact place of the overflow ([`fitting`]); and memory
//! bounded by the limit and the largest chunk.
#![no_main]

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;

use everwire::__core::sse::{Event, Item, Overflow, Parser, text};
use libfuzzer_sys::fuzz_target;

/// Stands for the end of one response and the start of the next.
const RECONNECT: u8 = 0x1C;
/// Stands for a long run, where runs are drawn.
const RUN: u8 = b'~';
/// Above what any input here can reach.
const UNLIMITED: usize = 1 << 30;

fuzz_target!(|input: &[u8]| {
    let mut draw = Draw::new(input);
    let input = if draw.below(8) == 0 { with_runs(input, &mut draw) } else { input.to_vec() };
    let connections: Vec<&[u8]> = input.split(|&byte| byte == RECONNECT).collect();
    for limit in [UNLIMITED, draw.below(64), draw.below(input.len().saturating_add(2))] {
        check(&connections, limit, &mut draw);
    }
});

/// What came of one stream, as bytes.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Event {
        kind: Vec<u8>,
        data: Vec<u8>,
        id: Vec<u8>,
        own_id: bool,
    },
    Id(Vec<u8>),
    Retry(u64),
    Overflow,
    /// The last id when the connection ended.
    End(Vec<u8>),
}

fn check(connections: &[&[u8]], limit: usize, draw: &mut Draw) {
    let whole = run(connections, limit, None, |_| usize::MAX);
    assert_eq!(read(&whole), expected(connections, limit), "against the standard, limit {limit}");

    let total: usize = connections.iter().map(|bytes| bytes.len()).sum();
    // Byte by byte is slow for long runs, and shows no more there than short cuts do.
    if total < 4096 {
        assert_eq!(run(connections, limit, None, |_| 1), whole, "byte by byte, limit {limit}");
    }
    for most in [3, 20, 150, 70_000] {
        if total / most < 4096 {
            let spare = Some(draw.below(3));
            let cut = run(connections, limit, spare, |_| draw.below(most.saturating_add(1)));
            assert_eq!(cut, whole, "in pieces of at most {most}, limit {limit}");
        }
    }
    if let ([one], true) = (connections, total <= 64) {
        for at in 1..one.len() {
            let halves = run(connections, limit, None, |done| if done == 0 { at } else { usize::MAX });
            assert_eq!(halves, whole, "cut at {at}, limit {limit}");
        }
    }
}

/// Parses each connection in pieces of the sizes that `size` gives for the number of bytes done. With a number of `spare`
/// bytes, by way of the parser's room.
fn run(connections: &[&[u8]], limit: usize, spare: Option<usize>, mut size: impl FnMut(usize) -> usize) -> Vec<Told> {
    let mut parser = Parser::new(limit);
    let mut told = Vec::new();
    let mut largest = 0;
    for connection in connections {
        let mut rest = *connection;
        let mut result = Ok(());
        while !rest.is_empty() {
            let (chunk, tail) = rest.split_at(size(connection.len() - rest.len()).min(rest.len()));
            rest = tail;
            largest = largest.max(chunk.len());
            let before = result;
            let sink = &mut |item: Item<'_>| {
                assert_eq!(before, Ok(()), "an item after the overflow");
                if let Item::Id(id) = item {
                    assert_ne!(Some(id), last(&told), "an id that is not new");
                }
                told.push(own(item));
            };
            result = match spare {
                None => parser.feed(chunk, sink),
                Some(spare) => by_room(&mut parser, chunk, spare, sink),
            };
            assert!(before.is_ok() || result.is_err(), "an overflow was forgotten");
            let held = parser.footprint();
            assert!(held <= bound(limit, largest), "{held} bytes held, limit {limit}, chunks of up to {largest}");
        }
        if let Err(overflow) = result {
            assert_eq!(overflow, Overflow { limit });
            told.push(Told::Overflow);
        }
        told.push(Told::End(parser.last_id().to_vec()));
        parser.reset();
        assert_eq!(told.last(), Some(&Told::End(parser.last_id().to_vec())), "a reset keeps the id");
    }
    told
}

/// Parses as JavaScript does: the bytes are written into the parser's room, some of which may be spare, and the items
/// are read when all of the chunk is parsed.
fn by_room(parser: &mut Parser, chunk: &[u8], spare: usize, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), Overflow> {
    if let Some(room) = parser.room(chunk.len() + spare).get_mut(..chunk.len()) {
        room.copy_from_slice(chunk);
        parser.give_back(spare);
    }
    let mut items = Vec::new();
    let result = parser.parse(&mut |item| {
        // SAFETY: none that the compiler knows. That it can be read until more room is asked for is what is tested here.
        items.push(unsafe { std::mem::transmute::<Item<'_>, Item<'static>>(item) });
    });
    items.into_iter().for_each(sink);
    result
}

fn own(item: Item<'_>) -> Told {
    match item {
        Item::Event(Event { kind, data, id, own_id }) => {
            Told::Event { kind: kind.to_vec(), data: data.to_vec(), id: id.to_vec(), own_id }
        }
        Item::Id(id) => Told::Id(id.to_vec()),
        Item::Retry(ms) => Told::Retry(ms),
    }
}

/// The last id that was told; it is empty at the start.
fn last(told: &[Told]) -> Option<&[u8]> {
    told.iter()
        .rev()
        .find_map(|told| match told {
            Told::Event { id, .. } | Told::Id(id) | Told::End(id) => Some(id.as_slice()),
            _ => None,
        })
        .or(Some(&[]))
}

/// The most that may be held: what is unfinished, with room for one chunk, in buffers that double as they grow (the first
/// time to eight bytes).
fn bound(limit: usize, largest: usize) -> usize {
    limit.saturating_mul(10).saturating_add(largest.saturating_mul(2)).saturating_add(128)
}

/// What came of one stream, as text.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    Event { kind: String, data: String, id: String, own_id: bool },
    Id(String),
    Retry(u64),
    Overflow,
    End(String),
}

/// Decodes. Two ids of different bytes may read alike, and then the second is nothing new to a reader.
fn read(told: &[Told]) -> Vec<Read> {
    let mut last = String::new();
    let mut reads = Vec::new();
    for told in told {
        match told {
            Told::Event { kind, data, id, own_id } => {
                last = text(id).into_owned();
                reads.push(Read::Event {
                    kind: text(kind).into_owned(),
                    data: text(data).into_owned(),
                    id: last.clone(),
                    own_id: *own_id,
                });
            }
            Told::Id(id) if text(id) == last => {}
            Told::Id(id) => {
                last = text(id).into_owned();
                reads.push(Read::Id(last.clone()));
            }
            Told::Retry(ms) => reads.push(Read::Retry(*ms)),
            Told::Overflow => reads.push(Read::Overflow),
            Told::End(id) => reads.push(Read::End(text(id).into_owned())),
        }
    }
    reads
}

/// What the standard tells of these connections, each as far as the limit lets it.
fn expected(connections: &[&[u8]], limit: usize) -> Vec<Read> {
    let mut reads = Vec::new();
    let mut last_id = String::new();
    for connection in connections {
        let (fits, overflow) = fitting(connection, limit);
        reference(fits, &mut last_id, &mut reads);
        if overflow {
            reads.push(Read::Overflow);
        }
        reads.push(Read::End(last_id.clone()));
    }
    reads
}

/// WHATWG HTML, 9.2.6, step by step: the stream is decoded first, and cut into lines after.
fn reference(stream: &[u8], last_id: &mut String, reads: &mut Vec<Read>) {
    let stream = String::from_utf8_lossy(stream);
    let stream = stream.strip_prefix('\u{FEFF}').unwrap_or(&stream);
    let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = stream.split('\n').collect();
    // What follows the last line end is no line.
    lines.pop();

    let (mut data, mut event_type) = (String::new(), String::new());
    let mut id_buffer = last_id.clone();
    let mut own_id = false;
    for line in lines {
        if line.is_empty() {
            // "Dispatch the event."
            let changed = *last_id != id_buffer;
            last_id.clone_from(&id_buffer);
            let own_id = std::mem::take(&mut own_id);
            let kind = std::mem::take(&mut event_type);
            let mut data = std::mem::take(&mut data);
            if !data.is_empty() {
                data.pop();
                reads.push(Read::Event { kind, data, id: last_id.clone(), own_id });
            } else if changed {
                reads.push(Read::Id(last_id.clone()));
            }
            continue;
        }
        if line.starts_with(':') {
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event_type = value.to_owned(),
            "data" => {
                data += value;
                data.push('\n');
            }
            "id" if !value.contains('\0') => (id_buffer, own_id) = (value.to_owned(), true),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // The only error left is a number that is too large.
                reads.push(Read::Retry(value.parse().unwrap_or(u64::MAX)));
            }
            _ => {}
        }
    }
}

/// How much of the stream is told before the limit is passed, and whether it is passed. It bounds each line, and the
/// fields of each block together, one LF for each line of data included.
fn fitting(stream: &[u8], limit: usize) -> (&[u8], bool) {
    let mut at = if stream.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let (mut kind, mut id, mut data) = (0, 0, 0);
    while at < stream.len() {
        let rest = &stream[at..];
        let end = rest.iter().position(|byte| b"\r\n".contains(byte));
        let line = &rest[..end.unwrap_or(rest.len())];
        // Bytes that may yet become a byte order mark are no line.
        if end.is_none() && at == 0 && b"\xEF\xBB\xBF".starts_with(line) {
            break;
        }
        let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"data" => data += value.len() + usize::from(end.is_some()),
            b"event" if end.is_some() => kind = value.len(),
            b"id" if end.is_some() && !value.contains(&0) => id = value.len(),
            _ => {}
        }
        if line.len() > limit || kind + id + data > limit {
            return (&stream[..at], true);
        }
        if line.is_empty() {
            (kind, id, data) = (0, 0, 0);
        }
        at += line.len() + if rest[line.len()..].starts_with(b"\r\n") { 2 } else { usize::from(end.is_some()) };
    }
    (stream, false)
}

/// Replaces each of the first few `~` by a run that is long enough to outgrow a buffer or two.
fn with_runs(input: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut runs = 0;
    let mut long = Vec::new();
    for &byte in input {
        if byte == RUN && runs < 4 {
            runs += 1;
            let length = [1 << 10, 1 << 16, 100_000][draw.below(3)] + draw.below(40);
            long.extend(std::iter::repeat_n(b'x', length));
        } else {
            long.push(byte);
        }
    }
    long
}

/// Numbers that follow from the input (splitmix64).
struct Draw(u64);

impl Draw {
    fn new(input: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        hasher.write(input);
        Self(hasher.finish())
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % u64::try_from(end).unwrap_or(1)).unwrap_or(0)
    }
}
