//! Payloads as JavaScript values. On the WebSocket path they are never looked into, nor copied into wasm memory.

use js_sys::{ArrayBuffer, JsString, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::core::{sse::text, types::Payload};

/// The head that a wire puts before a message is found within this many bytes.
const HEAD_BYTES: u32 = 1024;

/// A string, an `ArrayBuffer`, a view on one, or a `Blob`.
#[derive(Clone, Debug)]
pub struct Data(pub JsValue);

impl Data {
    /// A number that the value has under this name.
    fn number(&self, name: &str) -> Option<f64> {
        Reflect::get(&self.0, &JsValue::from_str(name)).ok()?.as_f64()
    }
}

impl Payload for Data {
    fn size(&self) -> usize {
        match self.0.as_string() {
            Some(string) => string.len(),
            None => self.number("byteLength").or_else(|| self.number("size")).unwrap_or(0.0) as usize,
        }
    }

    fn text(utf8: &[u8]) -> Self {
        Self(JsValue::from_str(&text(utf8)))
    }

    fn bytes(&self) -> Vec<u8> {
        match self.0.as_string() {
            Some(string) => string.into_bytes(),
            None => Uint8Array::new(&self.0).to_vec(),
        }
    }

    fn into_text(self) -> Self {
        if self.is_binary() { Self::text(&self.bytes()) } else { self }
    }

    fn is_binary(&self) -> bool {
        !self.0.is_string()
    }

    fn split_head(&self) -> Option<(String, Self)> {
        if let Some(string) = self.0.dyn_ref::<JsString>() {
            let at = u32::try_from(string.index_of("\n\n", 0)).ok()?;
            let body = string.slice(at.checked_add(2)?, string.length());
            return Some((string.slice(0, at).into(), Self(body.into())));
        }
        let buffer: &ArrayBuffer = self.0.dyn_ref()?;
        let start = Uint8Array::new(&self.0).subarray(0, HEAD_BYTES).to_vec();
        let at = start.windows(2).position(|pair| pair == b"\n\n")?;
        let head = text(start.get(..at)?).into_owned();
        let body = buffer.slice(u32::try_from(at).ok()?.checked_add(2)?);
        Some((head, Self(body.into())))
    }
}
