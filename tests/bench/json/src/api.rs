//! The codec, within a module of the name that it has in the crate.

use serde::{Serialize, de::DeserializeOwned};

#[path = "../../../../src/api/codec.rs"]
mod codec;

pub(crate) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    codec::decode(text)
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<String, String> {
    codec::encode(value)
}
