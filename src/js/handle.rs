//! Payloads: numbers of values that JavaScript keeps, so that no payload enters wasm memory that no wire has to see.

use std::mem::ManuallyDrop;

use wasm_bindgen::prelude::*;

use crate::core::{text::Text, types::Payload};

#[wasm_bindgen(raw_module = "host")]
extern "C" {
    /// Its size in bytes.
    fn size(value: u32) -> usize;
    /// Replaces bytes by the text that they stand for.
    fn decode(value: u32);
    /// Writes what comes before its first blank line to a place that has this much room, and tells the length; 0 if there is none.
    fn head(value: u32, to: *mut u8, room: usize) -> usize;
    /// Keeps what comes after its first blank line.
    fn rest(value: u32) -> u32;
    /// Keeps it once more.
    fn retain(value: u32) -> u32;
    /// Keeps it no longer.
    fn release(value: u32);
}

/// A head that a wire puts before a message is not longer than this.
const HEAD_BYTES: usize = 256;

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

    fn into_text(self) -> Self {
        decode(self.0);
        self
    }

    fn split_head(&self) -> Option<(Text, Self)> {
        let mut room = [0; HEAD_BYTES];
        let length = head(self.0, room.as_mut_ptr(), HEAD_BYTES);
        let head = room.get(..length).filter(|head| !head.is_empty())?;
        Some((Text::from(head), Self(rest(self.0))))
    }
}
