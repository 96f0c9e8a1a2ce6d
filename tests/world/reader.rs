//! The shell's reader: the bytes of one response become what a machine is told of them.

use everwire::__core::{
    sse::{Event, Item, Parser, text},
    text::Text,
    types::Piece,
};

use super::Data;

/// Reads one response.
#[derive(Debug)]
pub(crate) struct Reader {
    parser: Parser,
}

impl Reader {
    /// Goes on after `cursor`. A line or an event of more than `limit` bytes is refused.
    pub(crate) fn new(limit: usize, cursor: &str) -> Self {
        let mut parser = Parser::new(limit);
        parser.set_last_id(cursor.as_bytes());
        Self { parser }
    }

    /// What these bytes bring, all of it in one.
    pub(crate) fn read(&mut self, bytes: &[u8]) -> Piece<Data> {
        let before = self.parser.last_id().to_vec();
        let mut events = Vec::new();
        let mut retry = None;
        let parsed = self.parser.feed(bytes, &mut |item| match item {
            Item::Event(Event { kind, data, .. }) => events.push(named(&text(kind), &text(data))),
            Item::Id(_) => {}
            Item::Retry(ms) => retry = Some(ms),
        });
        let last_id = self.parser.last_id();
        Piece {
            bytes: bytes.len(),
            events: (!events.is_empty()).then_some(Data::Events(events)),
            last_id: (last_id != before).then(|| Text::from(last_id)),
            retry,
            overflow: parsed.is_err(),
        }
    }
}

/// An event as one text, for assertions.
fn named(kind: &str, data: &str) -> String {
    if matches!(kind, "" | "message") { data.into() } else { format!("{kind}: {data}") }
}
