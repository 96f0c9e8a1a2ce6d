//! The parser of `text/event-stream`: bytes in, events out.
//!
//! It follows "Interpreting an event stream", section 9.2.6 of the WHATWG HTML standard, to the letter; words
//! in quotes below are the standard's. What it tells does not depend on how the stream was cut into chunks,
//! and the work is linear in the bytes: each is searched once for a line end, and copied at most twice (but for
//! the doubling of a buffer that grows).
//!
//! # How the bytes flow
//!
//! A chunk is cut into lines in place. The fields of the block at hand are slices of the chunk for as long as
//! the chunk lasts, so an event whose lines all lie in one chunk, with a single `data` line, is handed out
//! without a copy. Only what must outlive the chunk is copied when it ends:
//!
//! - the fields of a block that is not finished, into a buffer each;
//! - the piece of a line that is not finished, into the line's buffer; but the value of a `data` line goes
//!   straight to the end of the data, however many chunks it takes, because that is where the bulk is.
//!
//! A second `data` line also moves the first one into the data buffer, since the two have to be joined.
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
//! use everwire::core::sse::{Event, Item, Parser};
//!
//! let mut parser = Parser::new(1 << 20);
//! let mut seen = Vec::new();
//! for chunk in [&b"id: 7\nevent: tick\nda"[..], b"ta: 1\n\n"] {
//!     parser.feed(chunk, &mut |item| {
//!         if let Item::Event(Event { kind, data, id }) = item {
//!             seen.push((kind.to_vec(), data.to_vec(), id.to_vec()));
//!         }
//!     })?;
//! }
//! assert_eq!(seen, [(b"tick".to_vec(), b"1".to_vec(), b"7".to_vec())]);
//! # Ok::<(), everwire::core::sse::Overflow>(())
//! ```

use std::borrow::Cow;
use std::mem;

const CR: u8 = b'\r';
const LF: u8 = b'\n';
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Bytes that an emptied buffer may keep. One that grew beyond, for one huge event, is given back.
const RETAIN: usize = 64 * 1024;

/// One event, as the standard's "dispatch the event" has it before it becomes a `MessageEvent`.
///
/// The slices are borrowed, from the chunk where they lie in it, until the sink returns; [`text`] decodes
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The "event type buffer": the last `event` field of the block. Empty means `message`.
    pub kind: &'a [u8],
    /// The "data buffer": the `data` fields of the block, joined by LF, without the final one. It may be
    /// empty.
    pub data: &'a [u8],
    /// The "last event ID string" after this block, whether or not the block itself had an `id`.
    pub id: &'a [u8],
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
    /// Bytes of the byte order mark seen; all of them once the stream is past the place for one.
    bom: usize,
    /// The last line ended with CR, so that an LF that follows belongs to it.
    after_cr: bool,
    /// The limit was passed; nothing is parsed until the reset.
    failed: bool,
    /// Bytes of the unfinished line seen in earlier chunks; 0 when there is none.
    width: usize,
    /// The unfinished line is a `data` line, and its value is at the end of `data` rather than in `line`.
    in_data: bool,
    /// The unfinished line, unless `in_data`.
    line: Vec<u8>,
    /// The "data buffer": each line followed by an LF, but for the one unfinished if `in_data`.
    data: Vec<u8>,
    /// The "event type buffer".
    kind: Vec<u8>,
    /// The block at hand has an id, in `id`, to be committed when it ends.
    has_id: bool,
    /// The "last event ID buffer", as long as it is ahead of `last_id`; else empty.
    id: Vec<u8>,
    /// The "last event ID string".
    last_id: Vec<u8>,
}

/// The limit is passed: an [`Overflow`] that does not carry the limit through every call.
struct TooLong;

/// What of the parser's state still lies in the chunk `'c`, where each is newer than its buffer.
#[derive(Default)]
struct Block<'c> {
    kind: Option<&'c [u8]>,
    id: Option<&'c [u8]>,
    /// One line, to follow those in the data buffer.
    data: Option<&'c [u8]>,
    /// The "last event ID string". It belongs to the stream, not to the block.
    last_id: Option<&'c [u8]>,
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
            bom: 0,
            after_cr: false,
            failed: false,
            width: 0,
            in_data: false,
            line: Vec::new(),
            data: Vec::new(),
            kind: Vec::new(),
            has_id: false,
            id: Vec::new(),
            last_id: Vec::new(),
        }
    }

    /// Goes back to the start of a stream, for a reconnect: the unfinished block is dropped, its id with it,
    /// and a byte order mark may come again. An overflow is forgotten. The last id stays: it is what the
    /// reconnect resumes from, and events of the new stream that bring none carry it on, as in browsers.
    pub fn reset(&mut self) {
        self.bom = 0;
        self.failed = false;
        self.clear();
    }

    /// Sets the "last event ID string", as if the stream had committed it. The id of an unfinished block
    /// still wins when that block ends.
    pub fn set_last_id(&mut self, id: &[u8]) {
        assign(&mut self.last_id, id);
    }

    /// The "last event ID string": the id of the last finished block that had one. It is what a reconnect
    /// sends, and empty means not to send any. These are the bytes of the stream: what is sent is their
    /// [`text`], in UTF-8 again, as the standard has it.
    #[must_use]
    pub fn last_id(&self) -> &[u8] {
        &self.last_id
    }

    /// Bytes of memory that the buffers hold now.
    #[must_use]
    pub fn footprint(&self) -> usize {
        [&self.line, &self.data, &self.kind, &self.id, &self.last_id]
            .into_iter()
            .fold(0, |sum, buffer| buffer.capacity().saturating_add(sum))
    }

    /// Parses the next bytes of the stream, of any length, and gives `sink` all that they complete.
    ///
    /// A block ends with its line end, also if that is a CR which may turn out to be half of a CR LF. What
    /// the stream leaves unfinished when it ends is never told: just [`reset`](Self::reset) the parser, or
    /// drop it.
    ///
    /// # Errors
    ///
    /// [`Overflow`] as soon as the limit is passed. The items before that place have been told, the last id
    /// is that of the last finished block, and all that follows is refused with the same error until
    /// [`reset`](Self::reset).
    pub fn feed(&mut self, chunk: &[u8], sink: &mut dyn FnMut(Item<'_>)) -> Result<(), Overflow> {
        if !self.failed {
            let mut block = Block::default();
            let result = self.lines(chunk, &mut block, sink);
            self.keep(&mut block);
            if result.is_err() {
                self.failed = true;
                self.clear();
            }
        }
        if self.failed { Err(Overflow { limit: self.limit }) } else { Ok(()) }
    }

    fn lines<'c>(
        &mut self,
        chunk: &'c [u8],
        block: &mut Block<'c>,
        sink: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), TooLong> {
        let mut rest = self.skip_bom(chunk)?;
        while !rest.is_empty() {
            if mem::take(&mut self.after_cr) {
                if let [LF, tail @ ..] = rest {
                    rest = tail;
                    continue;
                }
            }
            let Some((line, end, tail)) = split_line(rest) else {
                return self.carry(rest, block);
            };
            self.after_cr = end == CR;
            rest = tail;
            if self.width != 0 {
                self.carry(line, block)?;
                self.finish(sink)?;
            } else if line.is_empty() {
                self.dispatch(block, sink);
            } else if line.len() > self.limit {
                return Err(TooLong);
            } else {
                self.field(line, block, sink)?;
            }
        }
        Ok(())
    }

    /// Strips one leading byte order mark, however it is cut. Bytes of an earlier chunk that only began like
    /// one are the start of the first line.
    fn skip_bom<'c>(&mut self, mut chunk: &'c [u8]) -> Result<&'c [u8], TooLong> {
        while let Some(expected) = BOM.get(self.bom) {
            match chunk.split_first() {
                None => break,
                Some((byte, tail)) if byte == expected => {
                    self.bom = self.bom.saturating_add(1);
                    chunk = tail;
                }
                Some(_) => {
                    let begun = BOM.get(..self.bom).unwrap_or_default();
                    self.bom = BOM.len();
                    self.carry(begun, &mut Block::default())?;
                }
            }
        }
        Ok(chunk)
    }

    /// Adds to the unfinished line. It is the last thing that is done with a chunk, or the first.
    fn carry(&mut self, piece: &[u8], block: &mut Block<'_>) -> Result<(), TooLong> {
        self.width = self.width.saturating_add(piece.len());
        if self.width > self.limit {
            return Err(TooLong);
        }
        // The lines before this one come first in the data.
        self.keep(block);
        if self.in_data {
            self.data.extend_from_slice(piece);
        } else {
            let line = if self.line.is_empty() {
                piece
            } else {
                self.line.extend_from_slice(piece);
                &self.line
            };
            match line {
                // Without a first byte of the value one could not tell whether there is a space to remove.
                [b'd', b'a', b't', b'a', b':', value @ ..] if !value.is_empty() => {
                    self.data.extend_from_slice(without_space(value));
                    self.in_data = true;
                    recycle(&mut self.line);
                }
                _ if self.line.is_empty() => self.line.extend_from_slice(piece),
                _ => {}
            }
        }
        self.check(block)
    }

    /// Ends the line that was carried over.
    fn finish(&mut self, sink: &mut dyn FnMut(Item<'_>)) -> Result<(), TooLong> {
        self.width = 0;
        let mut block = Block::default();
        if mem::take(&mut self.in_data) {
            self.data.push(LF);
            return self.check(&block);
        }
        let mut line = mem::take(&mut self.line);
        let result = self.field(&line, &mut block, sink);
        self.keep(&mut block);
        recycle(&mut line);
        self.line = line;
        result
    }

    /// "Process the field." A comment is a line whose name is empty, and ignored as any other unknown name
    /// is.
    fn field<'c>(
        &mut self,
        line: &'c [u8],
        block: &mut Block<'c>,
        sink: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), TooLong> {
        let (name, value) = split_field(line);
        match name {
            b"data" => {
                if let Some(earlier) = block.data.replace(value) {
                    append_line(&mut self.data, earlier);
                }
            }
            b"event" => block.kind = Some(value),
            b"id" if !value.contains(&0) => block.id = Some(value),
            b"retry" => {
                if let Some(ms) = digits(value) {
                    sink(Item::Retry(ms));
                }
            }
            _ => {}
        }
        self.check(block)
    }

    /// "Dispatch the event."
    fn dispatch(&mut self, block: &mut Block<'_>, sink: &mut dyn FnMut(Item<'_>)) {
        let mut moved = false;
        if let Some(id) = block.id.take() {
            moved = id != block.last_id.unwrap_or(&self.last_id);
            block.last_id = Some(id);
        } else if self.has_id {
            // It was kept from before the first block end in this chunk, so `block.last_id` is not set.
            moved = self.id != self.last_id;
            mem::swap(&mut self.id, &mut self.last_id);
        }
        self.has_id = false;
        recycle(&mut self.id);

        let mut data = None;
        if let Some(line) = block.data.take() {
            if self.data.is_empty() {
                data = Some(line);
            } else {
                append_line(&mut self.data, line);
            }
        }
        let data = data.or(match self.data.as_slice() {
            [lines @ .., LF] => Some(lines),
            _ => None,
        });
        let kind = block.kind.take().unwrap_or(&self.kind);
        let id = block.last_id.unwrap_or(&self.last_id);
        if let Some(data) = data {
            sink(Item::Event(Event { kind, data, id }));
        } else if moved {
            sink(Item::Id(id));
        }
        recycle(&mut self.data);
        recycle(&mut self.kind);
    }

    /// Copies what the block has in the chunk, which is about to end, to the buffers.
    fn keep(&mut self, block: &mut Block<'_>) {
        if let Some(id) = block.last_id.take() {
            assign(&mut self.last_id, id);
        }
        if let Some(id) = block.id.take() {
            assign(&mut self.id, id);
            self.has_id = true;
        }
        if let Some(kind) = block.kind.take() {
            assign(&mut self.kind, kind);
        }
        if let Some(line) = block.data.take() {
            append_line(&mut self.data, line);
        }
    }

    /// Checks the fields of the block at hand, those in the chunk and those in the buffers, against the
    /// limit.
    fn check(&self, block: &Block<'_>) -> Result<(), TooLong> {
        let kind = block.kind.unwrap_or(&self.kind).len();
        let id = block.id.unwrap_or(&self.id).len();
        let line = block.data.map_or(0, |line| line.len().saturating_add(1));
        let size = [kind, id, line].into_iter().fold(self.data.len(), usize::saturating_add);
        if size > self.limit {
            return Err(TooLong);
        }
        Ok(())
    }

    /// Drops the unfinished line and block.
    fn clear(&mut self) {
        self.after_cr = false;
        self.width = 0;
        self.in_data = false;
        self.has_id = false;
        for buffer in [&mut self.line, &mut self.data, &mut self.kind, &mut self.id] {
            recycle(buffer);
        }
    }
}

/// The first line, the byte that ends it, and the rest; `None` if no line ends here.
fn split_line(bytes: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (line, rest) = bytes.split_at_checked(line_end(bytes)?)?;
    let (end, tail) = rest.split_first()?;
    Some((line, *end, tail))
}

/// The place of the first CR or LF.
///
/// All the searching is done here, eight bytes at a time. To use the instructions of the machine, replace
/// this one.
fn line_end(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    let mut passed: usize = 0;
    while let Some((eight, tail)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*eight);
        let found = zero_bytes(word ^ LINE_FEEDS) | zero_bytes(word ^ RETURNS);
        if found != 0 {
            // Each mask may err only above its first mark, so the first of both is right. At most 64 / 8.
            return Some(passed.saturating_add((found.trailing_zeros() >> 3) as usize));
        }
        passed = passed.saturating_add(8);
        rest = tail;
    }
    let at = rest.iter().position(|&byte| byte == LF || byte == CR)?;
    Some(passed.saturating_add(at))
}

const LINE_FEEDS: u64 = u64::from_le_bytes([LF; 8]);
const RETURNS: u64 = u64::from_le_bytes([CR; 8]);
const LOW_BITS: u64 = u64::from_le_bytes([0x01; 8]);
const HIGH_BITS: u64 = u64::from_le_bytes([0x80; 8]);

/// Marks the lowest byte that is zero by its high bit. Bytes above that one may be marked wrongly, by the
/// borrow.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}

/// A line's field name and value. Without a colon, the whole line is the name.
fn split_field(line: &[u8]) -> (&[u8], &[u8]) {
    let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
    let (name, rest) = line.split_at_checked(colon).unwrap_or((line, &[]));
    (name, rest.split_first().map_or(rest, |(_, value)| without_space(value)))
}

fn without_space(value: &[u8]) -> &[u8] {
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

fn append_line(data: &mut Vec<u8>, line: &[u8]) {
    data.extend_from_slice(line);
    data.push(LF);
}

fn assign(buffer: &mut Vec<u8>, bytes: &[u8]) {
    recycle(buffer);
    buffer.extend_from_slice(bytes);
}

/// Empties a buffer, and gives its memory back if that is more than is worth keeping.
fn recycle(buffer: &mut Vec<u8>) {
    if buffer.capacity() > RETAIN {
        *buffer = Vec::new();
    } else {
        buffer.clear();
    }
}
