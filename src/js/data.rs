//! Payloads as the JavaScript values that they are. Only what a wire or the parser has to see is copied.

use wasm_bindgen::prelude::*;

use crate::core::types::Payload;

#[wasm_bindgen(raw_module = "../payload.js")]
extern "C" {
    fn size(value: &JsValue) -> usize;
    fn text(utf8: &[u8]) -> JsValue;
    fn bytes(value: &JsValue) -> Vec<u8>;
    #[wasm_bindgen(js_name = intoText)]
    fn into_text(value: JsValue) -> JsValue;
    #[wasm_bindgen(js_name = isBinary)]
    fn is_binary(value: &JsValue) -> bool;
    fn head(value: &JsValue) -> Option<String>;
    fn rest(value: &JsValue) -> JsValue;
}

/// A string, an `ArrayBuffer`, a view on one, or a `Blob`.
#[derive(Clone)]
pub(super) struct Data(pub(super) JsValue);

impl Payload for Data {
    fn size(&self) -> usize {
        size(&self.0)
    }

    fn text(utf8: &[u8]) -> Self {
        Self(text(utf8))
    }

    fn bytes(&self) -> Vec<u8> {
        bytes(&self.0)
    }

    fn into_text(self) -> Self {
        Self(into_text(self.0))
    }

    fn is_binary(&self) -> bool {
        is_binary(&self.0)
    }

    fn split_head(&self) -> Option<(String, Self)> {
        Some((head(&self.0)?, Self(rest(&self.0))))
    }
}
