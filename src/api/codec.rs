//! Between texts of JSON and values: the browser's own JSON with serde-wasm-bindgen (feature `json`), or serde_json (feature
//! `serde-json`, which goes before the other).

#[cfg(not(feature = "serde-json"))]
mod of_the_browser {
    use js_sys::JSON;
    use serde::{Serialize, de::DeserializeOwned};
    use wasm_bindgen::JsValue;

    fn words(error: &JsValue) -> String {
        js_sys::JsString::from(JsValue::from(js_sys::Object::from(error.clone()).to_string())).into()
    }

    pub(in crate::api) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        let value = JSON::parse(text).map_err(|error| words(&error))?;
        serde_wasm_bindgen::from_value(value).map_err(|error| error.to_string())
    }

    pub(in crate::api) fn encode<T: Serialize>(value: &T) -> Result<String, String> {
        let value =
            value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(|error| error.to_string())?;
        let text = JSON::stringify(&value).map_err(|error| words(&error))?;
        text.as_string().ok_or_else(|| String::from("JSON.stringify gives undefined for it"))
    }
}

#[cfg(feature = "serde-json")]
mod of_serde_json {
    use serde::{Serialize, de::DeserializeOwned};

    pub(in crate::api) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    pub(in crate::api) fn encode<T: Serialize>(value: &T) -> Result<String, String> {
        serde_json::to_string(value).map_err(|error| error.to_string())
    }
}

#[cfg(feature = "serde-json")]
pub(super) use of_serde_json::{decode, encode};
#[cfg(not(feature = "serde-json"))]
pub(super) use of_the_browser::{decode, encode};
