//! Typed messages (feature `json`): the browser's own JSON, and serde-wasm-bindgen between its values and yours.

use std::{
    error::Error,
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;
use js_sys::JSON;
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::JsValue;

use super::{Event, Events, Inbox, Message, SendError, Sending, Socket};
use crate::core::types::Delivery;

/// A message that does not decode. It is an item of the stream like any other, and the connection goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// The message as it came.
    pub raw: Message,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message does not decode: {}", self.reason)
    }
}

impl Error for DecodeError {}

/// A value that could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EncodeError {
    /// It does not encode as JSON.
    Encode(String),
    /// It does, and was not taken.
    Send(SendError),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(reason) => write!(f, "the value does not encode as JSON: {reason}"),
            Self::Send(error) => error.fmt(f),
        }
    }
}

impl Error for EncodeError {}

fn words(error: &JsValue) -> String {
    js_sys::JsString::from(JsValue::from(js_sys::Object::from(error.clone()).to_string())).into()
}

fn decode<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let value = JSON::parse(text).map_err(|error| words(&error))?;
    serde_wasm_bindgen::from_value(value).map_err(|error| error.to_string())
}

fn encode<T: Serialize>(value: &T) -> Result<String, String> {
    let value =
        value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(|error| error.to_string())?;
    let text = JSON::stringify(&value).map_err(|error| words(&error))?;
    text.as_string().ok_or_else(|| String::from("JSON.stringify gives undefined for it"))
}

/// A [`Socket`] whose messages are JSON of these types.
#[derive(Clone, Debug)]
pub struct JsonSocket<In, Out> {
    socket: Socket,
    types: PhantomData<fn(Out) -> In>,
}

impl Socket {
    /// The same connection, with messages as JSON: `In` is received, `Out` is sent.
    #[must_use]
    pub fn json<In: DeserializeOwned, Out: Serialize>(&self) -> JsonSocket<In, Out> {
        JsonSocket { socket: self.clone(), types: PhantomData }
    }
}

impl<In: DeserializeOwned, Out: Serialize> JsonSocket<In, Out> {
    /// Sends a value; see [`Socket::send`].
    ///
    /// # Errors
    ///
    /// If it does not encode, or is not taken.
    pub fn send(&self, value: &Out) -> Result<Delivery, EncodeError> {
        self.send_with(value, Sending::default())
    }

    /// The same, on terms of its own; see [`Socket::send_with`].
    ///
    /// # Errors
    ///
    /// If it does not encode, or is not taken.
    pub fn send_with(&self, value: &Out, sending: Sending) -> Result<Delivery, EncodeError> {
        let text = encode(value).map_err(EncodeError::Encode)?;
        self.socket.send_with(text, sending).map_err(EncodeError::Send)
    }

    /// The messages from now on, decoded.
    pub fn messages(&self) -> JsonMessages<In> {
        JsonMessages { inbox: self.socket.messages(), types: PhantomData }
    }
}

/// The stream of a [`JsonSocket`]'s messages.
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is read"]
pub struct JsonMessages<In> {
    inbox: Inbox<Message>,
    types: PhantomData<fn() -> In>,
}

impl<In: DeserializeOwned> Stream for JsonMessages<In> {
    type Item = Result<In, DecodeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.inbox).poll_next(context).map(|message| {
            let raw = message?;
            let decoded = match raw.as_text() {
                Some(text) => decode(text),
                None => Err(String::from("expected text, binary came")),
            };
            Some(decoded.map_err(|reason| DecodeError { raw, reason }))
        })
    }
}

/// An [`Event`] whose data was JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Typed<T> {
    /// The event's type.
    pub kind: String,
    /// Its data, decoded.
    pub data: T,
    /// The last event id, this event's own included.
    pub last_event_id: String,
}

impl Events {
    /// The events from now on, their data decoded from JSON.
    pub fn json<T: DeserializeOwned>(&self) -> JsonEvents<T> {
        JsonEvents { inbox: self.events(), types: PhantomData }
    }
}

/// The stream of typed [`Events`].
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is read"]
pub struct JsonEvents<T> {
    inbox: Inbox<Event>,
    types: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Stream for JsonEvents<T> {
    type Item = Result<Typed<T>, DecodeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.inbox).poll_next(context).map(|event| {
            let Event { kind, data, last_event_id } = event?;
            Some(match decode(&data) {
                Ok(data) => Ok(Typed { kind, data, last_event_id }),
                Err(reason) => Err(DecodeError { raw: Message::Text(data), reason }),
            })
        })
    }
}
