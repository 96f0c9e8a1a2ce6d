//! Payloads as JavaScript values. On the WebSocket path they are never looked into, nor copied into wasm memory.

use std::rc::Rc;

use js_sys::{ArrayBuffer, JsString, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, prelude::*};

use crate::core::{sse::text, text::Text, types::Payload};
pub(crate) use crate::web::event::ServerEvent;

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

impl From<String> for Data {
    fn from(text: String) -> Self {
        JsValue::from_str(&text).into()
    }
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Self {
        // The buffer itself, not a view on it: wasm memory may move before the browser has read it.
        JsValue::from(Uint8Array::from(bytes.as_slice()).buffer()).into()
    }
}

impl Data {
    /// The text, if it is text.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        self.value.as_string()
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

    fn fits(&self, most: usize) -> bool {
        // Most texts are short enough for it, however many bytes a character takes.
        let text = self.value.dyn_ref::<JsString>();
        text.is_some_and(|text| text.length() as usize <= most / 3) || self.size() <= most
    }

    fn is_binary(&self) -> bool {
        !self.value.is_string()
    }

    fn into_text(self) -> Self {
        if self.is_binary() { Self::from(JsValue::from_str(&text(&self.bytes()))) } else { self }
    }

    fn of_text(text: &[u8]) -> Self {
        JsValue::from_str(&String::from_utf8_lossy(text)).into()
    }

    fn peek(&self, most: usize) -> Text {
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        match self.value.dyn_ref::<JsString>() {
            Some(string) => String::from(string.slice(0, most)).into(),
            None => Text::from(Uint8Array::new(&self.value).subarray(0, most).to_vec().as_slice()),
        }
    }

    fn cut(&self, mark: &[u8]) -> Option<(Self, Self)> {
        if let Some(string) = self.value.dyn_ref::<JsString>() {
            let mark = JsString::from(&*String::from_utf8_lossy(mark));
            let at = u32::try_from(string.index_of(&String::from(&mark), 0)).ok()?;
            let (head, rest) = (string.slice(0, at), string.slice(at.checked_add(mark.length())?, string.length()));
            return Some((JsValue::from(head).into(), JsValue::from(rest).into()));
        }
        let buffer: &ArrayBuffer = self.value.dyn_ref()?;
        let at = find(&Uint8Array::new(&self.value), mark)?;
        let rest = at.checked_add(u32::try_from(mark.len()).ok()?)?;
        Some((JsValue::from(buffer.slice_with_end(0, at)).into(), JsValue::from(buffer.slice(rest)).into()))
    }

    fn split_first(&self) -> Option<(u8, Self)> {
        let string: &JsString = self.value.dyn_ref()?;
        // NaN of an empty one, which no `u8` is.
        let first = Some(string.char_code_at(0)).filter(|code| *code < 128.0)? as u8;
        Some((first, JsValue::from(string.slice(1, string.length())).into()))
    }

    fn prefixed(&self, first: u8) -> Self {
        match self.value.dyn_ref::<JsString>() {
            Some(string) => JsValue::from(JsString::from(char::from(first)).concat(string)).into(),
            None => self.clone(),
        }
    }

    fn decoded_from_base64(&self) -> Option<Self> {
        let bytes = atob(&self.value).ok()?;
        let bytes: Vec<u8> = bytes.chars().map(|char| u8::try_from(char).unwrap_or_default()).collect();
        Some(Self::from(JsValue::from(Uint8Array::from(bytes.as_slice()).buffer())))
    }

    fn join(parts: Vec<Self>) -> Self {
        let mut body = String::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                body.push('\u{1e}');
            }
            match part.value.as_string() {
                Some(text) => body.push_str(&text),
                None => {
                    let characters: String = part.bytes().into_iter().map(char::from).collect();
                    body.push('b');
                    body.push_str(&btoa(&characters).unwrap_or_default());
                }
            }
        }
        JsValue::from_str(&body).into()
    }
}

#[wasm_bindgen]
extern "C" {
    /// WHATWG HTML 8.3, base64 utility methods; of windows and workers alike.
    #[wasm_bindgen(catch)]
    fn atob(data: &JsValue) -> Result<String, JsValue>;
    #[wasm_bindgen(catch)]
    fn btoa(data: &str) -> Result<String, JsValue>;
}

/// The first place of `mark` in the bytes.
fn find(bytes: &Uint8Array, mark: &[u8]) -> Option<u32> {
    let first = *mark.first()?;
    let length = u32::try_from(mark.len()).ok()?;
    let mut at = 0;
    loop {
        at = u32::try_from(bytes.index_of(first, i32::try_from(at).ok()?)).ok()?;
        if bytes.subarray(at, at.checked_add(length)?).to_vec() == mark {
            return Some(at);
        }
        at = at.checked_add(1)?;
    }
}
