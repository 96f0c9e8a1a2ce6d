//! Decodes and encodes messages with the crate's own code for that, `src/api/codec.rs`, as often as it is asked to.

#[cfg(any(feature = "json", feature = "serde-json"))]
mod api;

use serde::{Deserialize, Serialize};
#[cfg(any(feature = "json", feature = "serde-json"))]
use wasm_bindgen::prelude::*;

/// A message of a chat, or of a feed: some of each kind of field, as often as its size asks for.
#[derive(Deserialize, Serialize)]
pub struct Message {
    lines: Vec<Line>,
}

#[derive(Deserialize, Serialize)]
struct Line {
    from: String,
    text: String,
    at: f64,
    seen: bool,
}

/// From a string of JavaScript's to a value, this many times; how many lines that were.
#[cfg(any(feature = "json", feature = "serde-json"))]
#[wasm_bindgen]
pub fn decode(text: &js_sys::JsString, times: u32) -> Result<usize, String> {
    let mut lines = 0;
    for _ in 0..times {
        // As a message comes: it is copied into wasm memory first.
        let text = String::from(text);
        lines += api::decode::<Message>(&text)?.lines.len();
    }
    Ok(lines)
}

/// From a value to a string of JavaScript's, this many times; how many bytes that were.
#[cfg(any(feature = "json", feature = "serde-json"))]
#[wasm_bindgen]
pub fn encode(text: &str, times: u32) -> Result<usize, String> {
    let message: Message = api::decode(text)?;
    let mut bytes = 0;
    for _ in 0..times {
        let text = api::encode(&message)?;
        bytes += text.len();
        let _sent = JsValue::from_str(&text);
    }
    Ok(bytes)
}
