//! Reads an event stream: bytes of the browser's become events in Rust.

use std::rc::Rc;

use js_sys::Uint8Array;

use super::data::{Data, ServerEvent};
use crate::core::{
    sse::{Event, Item, Parser, text},
    text::Text,
    types::Piece,
};

/// A last id that no stream can give: an id with U+0000 is ignored (WHATWG HTML 9.2.6).
const NONE_YET: &str = "\0";

/// The reader of one response.
pub(super) struct Reader {
    parser: Parser,
    position: Position,
}

impl Reader {
    /// Goes on after `last_id`. A line or event of more than `limit` bytes is refused.
    pub(super) fn new(limit: usize, last_id: &str) -> Self {
        let mut parser = Parser::new(limit);
        // Not `last_id` itself: an event that comes with the same once more must be told from one that has none.
        parser.set_last_id(NONE_YET.as_bytes());
        Self { parser, position: Position { last_id: last_id.into(), has_moved: false } }
    }

    /// The response is text that was decoded already, and has lost its byte order mark with that.
    pub(super) const fn expect_text(&mut self) {
        self.parser.expect_no_mark();
    }

    /// What these bytes bring. They are copied once, to where the parser reads them.
    pub(super) fn read(&mut self, bytes: &Uint8Array) -> Piece<Data> {
        let length = bytes.length() as usize;
        let room = self.parser.room(length);
        if room.len() == length {
            bytes.copy_to(room);
        }
        self.parse(length)
    }

    /// What this text brings.
    pub(super) fn read_text(&mut self, text: &str) -> Piece<Data> {
        let room = self.parser.room(text.len());
        if room.len() == text.len() {
            room.copy_from_slice(text.as_bytes());
        }
        self.parse(text.len())
    }

    fn parse(&mut self, bytes: usize) -> Piece<Data> {
        let Self { parser, position } = self;
        let before = Rc::clone(&position.last_id);
        let mut events = Vec::new();
        let mut retry = None;
        let parsed = parser.parse(&mut |item| match item {
            Item::Event(Event { kind, data, id, .. }) => {
                let own_id = position.follow(id);
                let last_id = Rc::clone(&position.last_id);
                events.push(ServerEvent { kind: text(kind).into(), data: text(data).into(), last_id, own_id });
            }
            Item::Id(id) => {
                position.follow(id);
            }
            Item::Retry(ms) => retry = Some(ms),
        });
        Piece {
            bytes,
            events: (!events.is_empty()).then(|| Data::from(events)),
            last_id: (position.last_id != before).then(|| Text::from(&*position.last_id)),
            retry,
            overflow: parsed.is_err(),
        }
    }
}

/// How far the stream has come.
struct Position {
    last_id: Rc<str>,
    /// This response has given an id.
    has_moved: bool,
}

impl Position {
    /// The parser's last id is this one now. Tells whether it was given since this was told before.
    fn follow(&mut self, id: &[u8]) -> bool {
        let id = text(id);
        let is_new = id != NONE_YET && (!self.has_moved || *id != *self.last_id);
        if is_new {
            self.has_moved = true;
            self.last_id = id.into();
        }
        is_new
    }
}
