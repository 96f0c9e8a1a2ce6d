//! Reads an event stream: bytes of the browser's become events in Rust.

use std::rc::Rc;

use js_sys::Uint8Array;

use super::data::{Data, ServerEvent};
use crate::core::{
    sse::{Event, Item, Parser, text},
    text::Text,
    types::Piece,
};

/// The reader of one response.
pub(super) struct Reader {
    parser: Parser,
    /// How far the stream has come.
    last_id: Rc<str>,
}

impl Reader {
    /// Goes on after `last_id`. A line or event of more than `limit` bytes is refused.
    pub(super) fn new(limit: usize, last_id: &str) -> Self {
        let mut parser = Parser::new(limit);
        parser.set_last_id(last_id.as_bytes());
        Self { parser, last_id: last_id.into() }
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
        let Self { parser, last_id } = self;
        let before = Rc::clone(last_id);
        let mut events = Vec::new();
        let mut retry = None;
        let parsed = parser.parse(&mut |item| match item {
            Item::Event(Event { kind, data, id, own_id }) => {
                // Many events may share it.
                if own_id {
                    *last_id = text(id).into();
                }
                events.push(ServerEvent {
                    kind: text(kind).into(),
                    data: text(data).into(),
                    last_id: Rc::clone(last_id),
                    own_id,
                });
            }
            Item::Id(id) => *last_id = text(id).into(),
            Item::Retry(ms) => retry = Some(ms),
        });
        Piece {
            bytes,
            events: (!events.is_empty()).then(|| Data::from(events)),
            last_id: (*last_id != before).then(|| Text::from(&**last_id)),
            retry,
            overflow: parsed.is_err(),
        }
    }
}
