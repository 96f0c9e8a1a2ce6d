//! The last id seen: opaque to the core, kept over every change of transport.

use super::text::Text;

/// What a reconnect meant for the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Continuity {
    /// The server was asked to go on after the last id.
    Resumed,
    /// Something was lost, and we know it.
    Gap,
    /// There was no id to go on from, or no way to send it: what was lost cannot be known.
    Fresh,
}

impl Continuity {
    /// The name that JavaScript and the documentation use.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resumed => "resumed",
            Self::Gap => "gap",
            Self::Fresh => "fresh",
        }
    }
}

/// The position in the server's stream. Empty means: none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor(Text);

impl Cursor {
    /// A cursor that starts at `id`, which an earlier connection left behind; empty for none.
    #[must_use]
    pub fn new(id: &Text) -> Self {
        let mut cursor = Self::default();
        cursor.move_to(id);
        cursor
    }

    /// The id itself.
    #[must_use]
    pub const fn id(&self) -> &Text {
        &self.0
    }

    /// Is there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Moves to `id` and says whether that is a change. An id with U+0000 is ignored, as WHATWG HTML 9.2.6
    /// has it; so is one with a line break, which could not be sent in a header. An empty one resets.
    pub fn move_to(&mut self, id: &Text) -> bool {
        if *id == self.0 || id.as_bytes().iter().any(|byte| matches!(byte, b'\0' | b'\r' | b'\n')) {
            return false;
        }
        self.0 = id.clone();
        true
    }
}
