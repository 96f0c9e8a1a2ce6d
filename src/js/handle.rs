//! Payloads: numbers of values that JavaScript keeps, so that no payload enters wasm memory that no wire has to see.

use std::mem::ManuallyDrop;

use wasm_bindgen::prelude::*;

use crate::core::{text::Text, types::Payload};

#[wasm_bindgen(raw_module = "host")]
extern "C" {
    /// Its size in bytes.
    fn size(value: u32) -> usize;
    /// Is that at most so much?
    fn fits(value: u32, most: usize) -> bool;
    /// Replaces bytes by the text that they stand for.
    fn decode(value: u32);
    /// Is it bytes?
    fn is_bytes(value: u32) -> bool;
    /// Keeps a text of these ASCII characters.
    fn make(at: *const u8, len: usize) -> u32;
    /// Writes what it begins with to a place that has this much room, and tells how much that is.
    fn begins(value: u32, to: *mut u8, room: usize) -> usize;
    /// The place of the first such text in it, −1 if there is none. Places are its own units: of bytes, or of UTF-16.
    fn find(value: u32, at: *const u8, len: usize) -> i32;
    /// Keeps what is between two places of it. A text ends at the second one or before.
    fn slice(value: u32, from: i32, to: i32) -> u32;
    /// The code of its first character; −1 where there is none.
    fn first(value: u32) -> i32;
    /// Keeps the text with this character before it.
    fn prefix(value: u32, code: u32) -> u32;
    /// Keeps the bytes that it stands for in base64; 0 if it is no such text.
    fn bytes(value: u32) -> u32;
    /// One more part of the body that is to be made.
    fn part(value: u32);
    /// Keeps the body made of the parts.
    fn join() -> u32;
    /// Keeps it once more.
    fn retain(value: u32) -> u32;
    /// Keeps it no longer.
    fn release(value: u32);
}

/// What is looked at of a payload, from its beginning.
const PEEK_BYTES: usize = 1024;
/// The length of any payload, or more.
const END: i32 = i32::MAX;

/// A value that JavaScript keeps for as long as this lives.
pub(super) struct Handle(pub(super) u32);

impl Handle {
    /// Gives the value back to JavaScript.
    pub(super) fn give(self) -> u32 {
        ManuallyDrop::new(self).0
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        Self(retain(self.0))
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        release(self.0);
    }
}

impl Payload for Handle {
    fn size(&self) -> usize {
        size(self.0)
    }

    fn fits(&self, most: usize) -> bool {
        fits(self.0, most)
    }

    fn into_text(self) -> Self {
        decode(self.0);
        self
    }

    fn is_binary(&self) -> bool {
        is_bytes(self.0)
    }

    fn of_text(text: &[u8]) -> Self {
        Self(make(text.as_ptr(), text.len()))
    }

    fn peek(&self, most: usize) -> Text {
        let mut room = [0; PEEK_BYTES];
        let length = begins(self.0, room.as_mut_ptr(), most.min(PEEK_BYTES));
        Text::from(room.get(..length).unwrap_or_default())
    }

    fn cut(&self, mark: &[u8]) -> Option<(Self, Self)> {
        let at = find(self.0, mark.as_ptr(), mark.len());
        // A mark that is no ASCII is only ever looked for, in texts.
        let rest = at.saturating_add(mark.len() as i32);
        (at >= 0).then(|| (Self(slice(self.0, 0, at)), Self(slice(self.0, rest, END))))
    }

    fn split_first(&self) -> Option<(u8, Self)> {
        let code = u8::try_from(first(self.0)).ok()?;
        Some((code, Self(slice(self.0, 1, END))))
    }

    fn prefixed(&self, first: u8) -> Self {
        Self(prefix(self.0, u32::from(first)))
    }

    fn decoded_from_base64(&self) -> Option<Self> {
        Some(bytes(self.0)).filter(|value| *value != 0).map(Self)
    }

    fn join(parts: Vec<Self>) -> Self {
        for each in parts {
            part(each.give());
        }
        Self(join())
    }
}
