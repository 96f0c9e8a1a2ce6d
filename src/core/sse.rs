//! The parser of `text/event-stream`: bytes in, events out.
//!
//! It follows "Interpreting an event stream", section 9.2.6 of the WHATWG HTML standard, to the letter; words
//! in quotes below are the standard's. What it tells does not depend on how the stream was cut into chunks,
//! and the work is linear in the bytes: each is written once, searched once for a line end, and moved at most
//! three times (but for the doubling of a buffer that grows).
//!
//! # How the bytes flow
//!
//! There is one buffer, and [`Parser::room`] makes room for the next chunk at its end, to be written there by
//! whoever has the bytes: in a browser that is the only copy there is. [`Parser::parse`] then cuts lines in
//! place. Every field of an event is a slice of the buffer, also where it took several `data` lines: each
//! line's value is moved down behind the one before it, over its own field name, which has been read by then.
//!
//! Nothing is moved to the front before the next chunk needs room. So what was told stays readable until
//! then, and a host may take all events of a chunk at once, from a table, instead of being called for each:
//!
//! ```text
//! before      …events, told │ id: 7⏎ data: one⏎ data: two⏎ da │
//! after room  one⏎two da │ ta: three⏎⏎…                          the id has a place of its own
//! ```
//!
//! # Text
//!
//! The standard decodes the stream as UTF-8 first and cuts it into lines after. Here it is the other way
//! round: the parser cuts bytes, and whoever makes strings of them decodes each slice, with [`text`] or a
//! `TextDecoder`. The result is the same, because every cut is at an ASCII byte (a line end, the colon, the
//! space), and an ASCII byte is never part of a longer sequence: the decoder replaces what is unfinished
//! before it, and goes on from it with no memory. Only the byte order mark is a matter of the stream as a
//! whole, and it is dealt with here; hence a `TextDecoder` must be made with `ignoreBOM: true`, or it would
//! eat a U+FEFF at the start of a field.
//!
//! ```
//! use everwire::__core::sse::{Event, Item, Parser};
//!
//! let mut parser = Parser::new(1 << 20);
//! let mut seen = Vec::new();
//! for chunk in [&b"id: 7\nevent: tick\nda"[..], b"ta: 1\n\n"] {
//!     parser.feed(chunk, &mut |item| {
//!         if let Item::Event(Event { kind, data, id, .. }) = item {
//!             seen.push((kind.to_vec(), data.to_vec(), id.to_vec()));
//!         }
//!     })?;
//! }
//! assert_eq!(seen, [(b"tick".to_vec(), b"1".to_vec(), b"7".to_vec())]);
//! # Ok::<(), everwire::__core::sse::Overflow>(())
//! ```

use std::{borrow::Cow, mem, ops::Range};

use super::scan::line_end;

const CR: u8 = b'\r';
const LF: u8 = b'\n';
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Bytes that an emptied buffer may keep. One that grew beyond, for one huge event, is given back.
const RETAIN: usize = 64 * 1024;

/// One event, as the standard's "dispatch the event" has it before it becomes a `MessageEvent`.
///
/// The slices are borrowed from the parser; [`text`] decodes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The "event type buffer": the last `event` field of the block. Empty means `message`.
    pub kind: &'a [u8],
    /// The "data buffer": the `data` fields of the block, joined by LF, without the final one. It may be
    /// empty.
    pub data: &'a [u8],
    /// The "last event ID string" after this block, whether or not the block itself had an `id`.
    pub id: &'a [u8],
    /// The block itself had an `id`, be it the same as before.
    pub own_id: bool,
}

/// What the parser tells its sink, in the order of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A block with data has ended.
    Event(Event<'a>),
    /// A block without data has ended and changed the bytes of the "last event ID string" to this. Nothing is dispatched,
    /// but a reconnect has to send it.
    Id(&'a [u8]),
    /// A `retry` field: the "reconnection time", in milliseconds. It counts from its line on, not from the
    /// end of the block. Digits that do not fit saturate to [`u64::MAX`].
    Retry(u64),
}

/// A line, or the fields of one block together, were longer than the parser's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow {
    /// The limit that was passed, in bytes.
    pub limit: usize,
}

/// Decodes one field of an [`Item`] as the Encoding standard's "UTF-8 decode without BOM" does: each maximal
/// invalid piece becomes one U+FFFD, and U+FEFF is kept. Borrows when nothing had to be replaced.
#[must_use]
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The parser of one event stream, and of those that continue it after a reconnect.
///
/// It holds at most a small multiple of its limit in bytes, and little when no block is unfinished.
#[derive(Debug)]
pub struct Parser {
    /// Bytes.
    limit: usize,
    /// The limit was passed; nothing is parsed until the reset.
    failed: bool,
    /// A byte order mark may still come.
    fresh: bool,
    /// The last line ended with CR, so that an LF that follows belongs to it.
    after_cr: bool,
    /// The data of the block at hand, if it is unfinished, and lines that are not parsed yet.
    buffer: Vec<u8>,
    /// Where the line at hand begins.
    line: usize,
    /// Where the search for its end goes on.
    seek: usize,
    /// The "data buffer" in `buffer`, without its final LF; `None` if the block has no data.
    data: Option<Range<usize>>,
    /// The "event type buffer".
    kind: Field,
    /// The "last event ID buffer", as long as it is ahead of `last_id`.
    id: Field,
    /// The block at hand has an id, to be committed when it ends.
    has_id: bool,
    /// The "last event ID string".
    last_id: Field,
    /// What fields were before, until nobody reads it any more.
    attic: Vec<Vec<u8>>,
}

/// The limit is passed: an [`Overflow`] that does not carry the limit through every call.
struct TooLong;

/// A short value that outlives its chunk.
#[derive(Debug, Default)]
struct Field {
    /// Where it is, as long as that is in the buffer; it is newer than what was kept.
    place: Option<Range<usize>>,
    kept: Vec<u8>,
}

impl Field {
    fn get<'b>(&'b self, buffer: &'b [u8]) -> &'b [u8] {
        match &self.place {
            Some(place) => slice(buffer, place),
            None => &self.kept,
        }
    }

    fn len(&self) -> usize {
        self.place.as_ref().map_or(self.kept.len(), Range::len)
    }

    /// Copies it out of the way of what moves down to `data`. What was kept goes to the attic.
    fn yield_to(&mut self, data: &Range<usize>, buffer: &[u8], attic: &mut Vec<Vec<u8>>) {
        match &self.place {
            Some(place) if !place.is_empty() && place.start >= data.end => {
                attic.push(mem::replace(&mut self.kept, slice(buffer, place).to_vec()));
                self.place = None;
            }
            _ => {}
        }
    }

    /// Copies it out of the buffer.
    fn keep(&mut self, buffer: &[u8]) {
        if let Some(place) = self.place.take() {
            recycle(&mut self.kept);
            self.kept.extend_from_slice(slice(buffer, &place));
        }
    }

    fn clear(&mut self) {
        self.place = None;
        recycle(&mut self.kept);
    }
}

impl Parser {
    /// A parser at the start of a stream, with an empty last id.
    ///
    /// `limit` is in bytes, and bounds two things: each line without its end, be it a comment, and the fields
    /// of one block that wait for its end: its type, its id, and its data with one LF for each line.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            failed: false,
            fresh: true,
            after_cr: false,
            buffer: Vec::new(),
            line: 0,
            seek: 0,
            data: None,
            kind: Field::default(),
            id: Field::default(),
            has_id: false,
            last_id: Field::default(),
            attic: Vec::new(),
        }
    }

    /// Goes back to the start of a stream, for a reconnect: the unfinished block is dropped, its id with it,
    /// and a byte order mark may come again. An overflow is forgotten. The last id stays: it is what the
    /// reconnect resumes from, and events of the new stream that bring none carry it on, as in browsers.
    pub fn reset(&mut self) {
        self.fresh = true;
        self.failed = false;
        self.clear();
    }

    /// The stream has no byte order mark to strip: whoever decoded it has done so already.
    pub const fn expect_no_mark(&mut self) {
        self.fresh = false;
    }

    /// Sets the "last event ID string", as if the stream had committed it. The id of an unfinished block
    /// still wins when that block ends.
    pub fn set_last_id(&mut self, id: &[u8]) {
        self.last_id = Field { place: None, kept: id.to_vec() };
    }

    /// The "last event ID string": the id of the last finished block that had one. It is what a reconnect
    /// sends, and empty means not to send any. These are the bytes of the stream: what is sent is their
    /// [`text`], in UTF-8 again, as the standard has it.
    #[must_use]
    pub fn last_id(&self) -> &[u8] {
        self.last_id.get(&self.buffer)
    }

    /// All that lies between what was told since the last [`room`](Self::room), and before and after it.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Bytes of memory that the buffers hold now.
    #[must_use]
    pub fn footprint(&self) -> usize {
        [&self.buffer, &self.kind.kept, &self.id.kept, &self.last_id.kept]
            .into_iter()
            .fold(0, |sum, buffer| buffer.capacity().saturating_add(sum))
    }

    /// Parses the next bytes of the stream, of any length, and gives `sink` all that they complete.
    ///
    /// It is [`room`](Self::room) and [`parse`](Self::parse) for bytes that are in memory already.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub fn feed(&mut self, chunk: &[u8], sink: &mut impl FnMut(Item<'_>)) -> Result<(), Overflow> {
        // The lengths are equal, or nothing is parsed.
        if let Some(room) = self.room(chunk.len()).get_mut(..chunk.len()) {
            room.copy_from_slice(chunk);
        }
        let parsed = self.parse(sink);
        self.settle();
        parsed
    }

    /// Room for the next `len` bytes of the stream, to be written before they are [parsed](Self::parse). None after an overflow.
    ///
    /// What was told before is read no more after this.
    pub fn room(&mut self, len: usize) -> &mut [u8] {
        self.settle();
        if self.failed {
            return &mut [];
        }
        let begun = self.buffer.len();
        self.buffer.resize(begun.saturating_add(len), 0);
        self.buffer.get_mut(begun..).unwrap_or_default()
    }

    /// The last `len` bytes of the room were not needed.
    pub fn give_back(&mut self, len: usize) {
        let end = self.buffer.len().saturating_sub(len).max(self.seek);
        self.buffer.truncate(end);
    }

    /// Parses the bytes that were written to the [`room`](Self::room), and gives `sink` all that they complete.
    ///
    /// A block ends with its line end, also if that is a CR which may turn out to be half of a CR LF. What
    /// the stream leaves unfinished when it ends is never told: just [`reset`](Self::reset) the parser, or
    /// drop it. The slices that the sink is given stay where they are until the next call of `room`, `feed` or `reset`.
    ///
    /// # Errors
    ///
    /// [`Overflow`] as soon as the limit is passed. The items before that place have been told, the last id
    /// is that of the last finished block, and all that follows is refused with the same error until
    /// [`reset`](Self::reset).
    pub fn parse(&mut self, sink: &mut impl FnMut(Item<'_>)) -> Result<(), Overflow> {
        self.failed |= self.lines(sink).is_err();
        if self.failed { Err(Overflow { limit: self.limit }) } else { Ok(()) }
    }

    fn lines(&mut self, sink: &mut impl FnMut(Item<'_>)) -> Result<(), TooLong> {
        if self.fresh {
            let begun = self.buffer.get(self.line..).unwrap_or_default();
            if begun.len() < BOM.len() && BOM.starts_with(begun) {
                // It cannot be told yet.
                return Ok(());
            }
            self.fresh = false;
            if begun.starts_with(BOM) {
                self.line = self.line.saturating_add(BOM.len());
                self.seek = self.line;
            }
        }
        while let Some(found) = line_end(self.buffer.get(self.seek..).unwrap_or_default()) {
            let end = self.seek.saturating_add(found);
            let line = self.line..end;
            self.line = end.saturating_add(1);
            self.seek = self.line;
            let is_cr = self.buffer.get(end) == Some(&CR);
            let after_cr = mem::replace(&mut self.after_cr, is_cr);
            if !line.is_empty() {
                if line.len() > self.limit {
                    return Err(TooLong);
                }
                self.field(line, sink)?;
            } else if is_cr || !after_cr {
                self.dispatch(sink);
            } // Else it is the LF of a CR LF.
        }
        self.seek = self.buffer.len();
        let begun = self.line..self.seek;
        if begun.is_empty() {
            return Ok(());
        }
        self.after_cr = false;
        let value = match slice(&self.buffer, &begun) {
            [b'd', b'a', b't', b'a', b':', value @ ..] => without_space(value).len(),
            _ => 0,
        };
        self.check(value)?;
        if begun.len() > self.limit { Err(TooLong) } else { Ok(()) }
    }

    /// "Process the field." A comment is a line whose name is empty, and ignored as any other unknown name
    /// is.
    fn field(&mut self, line: Range<usize>, sink: &mut impl FnMut(Item<'_>)) -> Result<(), TooLong> {
        let bytes = slice(&self.buffer, &line);
        let (name, value) = match bytes {
            // By far the most frequent ones need no search for the colon.
            [b'd', b'a', b't', b'a', b':', value @ ..] => (&b"data"[..], without_space(value)),
            [b':', ..] => return Ok(()),
            _ => split_field(bytes),
        };
        let place = line.end.saturating_sub(value.len())..line.end;
        match name {
            b"data" => match &mut self.data {
                None => self.data = Some(place),
                Some(data) => {
                    self.kind.yield_to(data, &self.buffer, &mut self.attic);
                    self.id.yield_to(data, &self.buffer, &mut self.attic);
                    // There is room before the value: the name of its field has at least four bytes.
                    let at = data.end.saturating_add(1);
                    data.end = at.saturating_add(place.len());
                    if let Some(byte) = self.buffer.get_mut(at.saturating_sub(1)) {
                        *byte = LF;
                    }
                    let end = place.end;
                    self.buffer.copy_within(place, at);
                    // No half of a character is left behind, for whoever decodes more than the fields.
                    if let Some(left) = self.buffer.get_mut(data.end..end) {
                        left.fill(b' ');
                    }
                }
            },
            b"event" => self.kind.place = Some(place),
            b"id" if !value.contains(&0) => {
                self.id.place = Some(place);
                self.has_id = true;
            }
            b"retry" => {
                if let Some(ms) = digits(value) {
                    sink(Item::Retry(ms));
                }
            }
            _ => {}
        }
        self.check(0)
    }

    /// "Dispatch the event."
    fn dispatch(&mut self, sink: &mut impl FnMut(Item<'_>)) {
        let mut moved = false;
        let own_id = mem::take(&mut self.has_id);
        if own_id {
            moved = self.id.get(&self.buffer) != self.last_id();
            // What the one before it was is still to be read: an event that was told may have it.
            mem::swap(&mut self.id, &mut self.last_id);
            self.id.place = None;
        }
        let id = self.last_id.get(&self.buffer);
        if let Some(data) = self.data.take() {
            let kind = self.kind.get(&self.buffer);
            sink(Item::Event(Event { kind, data: slice(&self.buffer, &data), id, own_id }));
        } else if moved {
            sink(Item::Id(id));
        }
        self.kind.place = Some(0..0);
    }

    /// Moves what is unfinished to the front of the buffer, and gives back the memory of what was huge.
    fn settle(&mut self) {
        self.attic.clear();
        if self.failed {
            return self.clear();
        }
        self.last_id.keep(&self.buffer);
        self.kind.keep(&self.buffer);
        if self.has_id {
            self.id.keep(&self.buffer);
        } else {
            self.id.clear();
        }
        let mut kept = 0;
        if let Some(data) = &mut self.data {
            // With the byte behind it, which is ASCII: half of a character would become a whole one with what follows, for whoever
            // decodes more than the fields.
            kept = data.len().saturating_add(1);
            if data.start != 0 {
                self.buffer.copy_within(data.start..data.end.saturating_add(1), 0);
                *data = 0..data.len();
            }
        }
        let begun = self.buffer.len().saturating_sub(self.line);
        if self.line != kept {
            self.buffer.copy_within(self.line.., kept);
            self.seek = self.seek.saturating_sub(self.line).saturating_add(kept);
            self.line = kept;
            self.buffer.truncate(kept.saturating_add(begun));
        }
        if self.buffer.is_empty() {
            recycle(&mut self.buffer);
        }
    }

    /// Checks the fields of the block at hand against the limit, with `more` bytes of data to come.
    fn check(&self, more: usize) -> Result<(), TooLong> {
        let id = if self.has_id { self.id.len() } else { 0 };
        let data = self.data.as_ref().map_or(0, |data| data.len().saturating_add(1));
        let size = [self.kind.len(), id, data, more].into_iter().fold(0, usize::saturating_add);
        if size > self.limit { Err(TooLong) } else { Ok(()) }
    }

    /// Drops the unfinished line and block.
    fn clear(&mut self) {
        self.last_id.keep(&self.buffer);
        self.after_cr = false;
        self.has_id = false;
        self.data = None;
        self.kind.clear();
        self.id.clear();
        self.line = 0;
        self.seek = 0;
        recycle(&mut self.buffer);
    }
}

/// The bytes at a place in the buffer, which is within it always.
fn slice<'b>(buffer: &'b [u8], place: &Range<usize>) -> &'b [u8] {
    buffer.get(place.start..place.end).unwrap_or_default()
}

/// A line's field name and value. Without a colon, the whole line is the name.
fn split_field(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(colon).unwrap_or((line, &[]));
    (name, rest.split_first().map_or(rest, |(_, value)| without_space(value)))
}

const fn without_space(value: &[u8]) -> &[u8] {
    match value {
        [b' ', rest @ ..] => rest,
        _ => value,
    }
}

/// The number, if the value "consists of only ASCII digits", and of one at least.
fn digits(value: &[u8]) -> Option<u64> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| byte & 0x0F)?;
        // Not `saturating_mul`: WebAssembly has none, and would bring a 128-bit multiplication.
        let tens = if sum > u64::MAX / 10 { u64::MAX } else { sum.wrapping_mul(10) };
        Some(tens.saturating_add(u64::from(digit)))
    })
}

/// Empties a buffer, and gives its memory back if that is more than is worth keeping.
fn recycle(buffer: &mut Vec<u8>) {
    if buffer.capacity() > RETAIN {
        *buffer = Vec::new();
    } else {
        buffer.clear();
    }
}
