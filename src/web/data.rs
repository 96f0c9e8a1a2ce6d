//! Payloads as JavaScript values. On the WebSocket path they are never looked into, nor copied into wasm memory.

use std::rc::Rc;

use js_sys::{ArrayBuffer, JsString, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use crate::core::{sse::text, text::Text, types::Payload};

/// The head that a wire puts before a message is found within this many bytes.
const HEAD_BYTES: u32 = 1024;

/// A server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEvent {
    /// Its type; empty means `message`.
    pub kind: Box<str>,
    /// Its data.
    pub data: Box<str>,
    /// The last event id, its own included. Events that follow without one of their own share it.
    pub last_id: Rc<str>,
    /// It has an id of its own, as far as can be told: one that the event before it in the same response has not.
    pub own_id: bool,
}

/// A string, an `ArrayBuffer`, a view on one, or a `Blob`; or server-sent events that came together.
#[derive(Clone, Debug)]
pub struct Data {
    /// The value.
    pub value: JsValue,
    /// The events, in place of a value.
    pub events: Option<Rc<Vec<ServerEvent>>>,
}

impl From<JsValue> for Data {
    fn from(value: JsValue) -> Self {
        Self { value, events: None }
    }
}

impl From<Vec<ServerEvent>> for Data {
    fn from(events: Vec<ServerEvent>) -> Self {
        Self { value: JsValue::UNDEFINED, events: Some(Rc::new(events)) }
    }
}

impl Data {
    /// Is it bytes rather than text?
    #[must_use]
    pub fn is_binary(&self) -> bool {
        !self.value.is_string()
    }

    /// The bytes of a buffer or a view, or of a text as UTF-8.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        match self.value.as_string() {
            Some(string) => string.into_bytes(),
            None => Uint8Array::new(&self.value).to_vec(),
        }
    }

    /// A number that the value has under this name.
    fn number(&self, name: &str) -> Option<f64> {
        Reflect::get(&self.value, &JsValue::from_str(name)).ok()?.as_f64()
    }
}

impl Payload for Data {
    fn size(&self) -> usize {
        if let Some(events) = &self.events {
            return events.iter().fold(0, |sum, event| sum.saturating_add(event.data.len()));
        }
        match self.value.as_string() {
            Some(string) => string.len(),
            None => self.number("byteLength").or_else(|| self.number("size")).unwrap_or(0.0) as usize,
        }
    }

    fn into_text(self) -> Self {
        if self.is_binary() { Self::from(JsValue::from_str(&text(&self.bytes()))) } else { self }
    }

    fn split_head(&self) -> Option<(Text, Self)> {
        if let Some(string) = self.value.dyn_ref::<JsString>() {
            let at = u32::try_from(string.index_of("\n\n", 0)).ok()?;
            let body = string.slice(at.checked_add(2)?, string.length());
            return Some((String::from(string.slice(0, at)).into(), JsValue::from(body).into()));
        }
        let buffer: &ArrayBuffer = self.value.dyn_ref()?;
        let start = Uint8Array::new(&self.value).subarray(0, HEAD_BYTES).to_vec();
        let at = start.windows(2).position(|pair| pair == b"\n\n")?;
        let head = Text::from(start.get(..at)?);
        let body = buffer.slice(u32::try_from(at).ok()?.checked_add(2)?);
        Some((head, JsValue::from(body).into()))
    }
}
