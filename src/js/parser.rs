//! The parser of event streams, for JavaScript: bytes in, a table out.
//!
//! The package's two kinds of connections that read event streams (`ReconnectingEventSource` and the strict `EventSource`) call these, and
//! `scripts/shrink.mjs` makes a module of its own of them. JavaScript writes a chunk into the [`room`], calls [`parse`], and makes strings
//! of what the [`table`] points to. One crossing a chunk, whatever number of events is in it.

use wasm_bindgen::prelude::*;

use super::slab::Slab;
use crate::core::{
    scan::excess,
    sse::{Event, Item, Parser},
};

/// The numbers before the first row of a table.
const HEAD: usize = 5;
/// A last id that no stream can give: an id with U+0000 is ignored (WHATWG HTML 9.2.6).
const NONE_YET: &[u8] = b"\0";
/// No `retry` came.
const NO_RETRY: u32 = u32::MAX;

/// A parser, and what it said last.
struct Reader {
    parser: Parser,
    /// Numbers, as [`table`] has them.
    table: Vec<u32>,
}

thread_local! {
    static READERS: Slab<Reader> = const { Slab::new() };
}

fn with<R: Default>(reader: usize, what: impl FnOnce(&mut Reader) -> R) -> R {
    READERS.with(|all| all.with(reader, what))
}

/// A place, and how long what is there is.
fn place(bytes: &[u8]) -> [u32; 2] {
    [bytes.as_ptr() as u32, bytes.len() as u32]
}

/// Makes a parser of streams whose lines and events have at most `limit` bytes, and tells its number.
#[wasm_bindgen]
pub fn open_reader(limit: usize) -> usize {
    let mut parser = Parser::new(limit);
    // The host knows where the stream goes on, and is told places alone: those of an empty id and of none at all could be the same.
    parser.set_last_id(NONE_YET);
    READERS.with(|all| all.keep(Reader { parser, table: Vec::new() }))
}

/// Frees a parser's number, and what it holds.
#[wasm_bindgen]
pub fn close_reader(reader: usize) {
    READERS.with(|all| all.free(reader));
}

/// The stream has no byte order mark to strip.
#[wasm_bindgen]
pub fn expect_no_mark(reader: usize) {
    with(reader, |reader| reader.parser.expect_no_mark());
}

/// Where the next `len` bytes of the stream are to be written; 0: nowhere, as the limit was passed. What was told before is not
/// there any more.
#[wasm_bindgen]
pub fn room(reader: usize, len: usize) -> usize {
    with(reader, |reader| {
        let room = reader.parser.room(len);
        if room.len() == len { room.as_ptr() as usize } else { 0 }
    })
}

/// Parses what was written to the [`room`], but for its last `unused` bytes; tells the number of events.
#[wasm_bindgen]
pub fn parse(reader: usize, unused: usize) -> usize {
    with(reader, |Reader { parser, table }| {
        parser.give_back(unused);
        let mut retry = NO_RETRY;
        let before = place(parser.last_id());
        // A table that grew for one chunk is not kept for ever.
        table.clear();
        table.shrink_to(4096);
        table.extend([0; HEAD]);
        let parsed = parser.parse(&mut |item| match item {
            Item::Event(Event { kind, data, id, own_id }) => {
                for field in [kind, data, id] {
                    table.extend(place(field));
                }
                if let Some(length) = table.last_mut() {
                    *length |= u32::from(own_id) << 31;
                }
            }
            Item::Id(_) => {}
            Item::Retry(ms) => retry = u32::try_from(ms).unwrap_or(NO_RETRY - 1).min(NO_RETRY - 1),
        });
        let [at, len] = place(parser.last_id());
        for (place, number) in table.iter_mut().zip([u32::from(parsed.is_err()), retry, before[0], at, len]) {
            *place = number;
        }
        let count = table.len().wrapping_sub(HEAD) / 6;
        // For `measure`, so that memory does not move while it is looked at.
        table.reserve(count.wrapping_mul(2));
        count
    })
}

/// Puts after the table two numbers for each of its events: by how much bytes are more than UTF-16 code units, between the data of the
/// event before (or the start of this one's data) and this one's, and in this one's data. So a host can cut strings out of a text that
/// it has decoded in one piece, also where not every byte is a character.
#[wasm_bindgen]
pub fn measure(reader: usize) {
    with(reader, |Reader { parser, table }| {
        let bytes = parser.bytes();
        let base = bytes.as_ptr() as usize;
        let mut end = 0;
        let count = table.len().wrapping_sub(HEAD) / 6;
        for event in 0..count {
            let at = HEAD.wrapping_add(event.wrapping_mul(6)).wrapping_add(2);
            let number = |at: usize| table.get(at).map_or(0, |number| *number as usize);
            let start = number(at).wrapping_sub(base);
            let stop = start.wrapping_add(number(at.wrapping_add(1)));
            let of = |from: usize, to: usize| bytes.get(from..to).map_or(0, excess) as u32;
            let before = if event == 0 { 0 } else { of(end, start) };
            let within = of(start, stop);
            table.extend([before, within]);
            end = stop;
        }
    });
}

/// Where the numbers are that [`parse`] has left:
///
/// 1. 1 if the limit was passed, else 0.
/// 2. The last `retry` in milliseconds, 2³² − 1 if none came.
/// 3. Where the last event ID string was before. As long as it is there, it is what it was; at first, what the stream goes on after.
/// 4. Where it is now, and its length (two numbers).
///
/// Then six for each event: where its type, its data and its last event ID string are, each with its length. That of the last one is
/// more by 2³¹ where the id is the event's own. Without one it is where it was left by the block before, which may have been no event.
#[wasm_bindgen]
pub fn table(reader: usize) -> *const u32 {
    with(reader, |reader| reader.table.as_ptr() as usize) as *const u32
}
