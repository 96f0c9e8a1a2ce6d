//! Typed messages (feature `json` or `serde-json`): values of the application's own types in place of texts.

use std::{
    error::Error,
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::{FusedStream, Stream};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    ConfigError, Event, Events, Inbox, Message, Overflow, SendError, Sending, Socket, Subscription,
    codec::{decode, encode},
};
use crate::core::types::Delivery;

/// A message that does not decode. It is an item of the stream like any other, and the connection goes on. Feature `serde-json` or `json`.
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

/// A value that could not be sent. Feature `serde-json` or `json`.
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

/// A [`Socket`] whose messages are JSON of these types: a handle of that connection like any other. Feature `serde-json` or `json`.
///
/// ```no_run
/// use everwire::Socket;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize)]
/// struct Said {
///     by: String,
///     text: String,
/// }
///
/// #[derive(Serialize)]
/// struct Say<'a> {
///     text: &'a str,
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let chat = Socket::builder("/chat").open()?.json::<Said, Say<'static>>();
/// let listening = chat.on_message(|said| match said {
///     Ok(Said { by, text }) => println!("{by}: {text}"),
///     Err(error) => println!("{error}"),
/// });
/// let delivery = chat.send(&Say { text: "hello" })?;
/// # Ok(())
/// # }
/// ```
#[must_use = "dropping the last handle closes the connection"]
pub struct JsonSocket<In, Out> {
    socket: Socket,
    types: PhantomData<fn(Out) -> In>,
}

// Not derived, which would ask for the same of `In` and `Out`.
impl<In, Out> Clone for JsonSocket<In, Out> {
    fn clone(&self) -> Self {
        Self { socket: self.socket.clone(), types: PhantomData }
    }
}

impl<In, Out> fmt::Debug for JsonSocket<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonSocket").field(&self.socket).finish()
    }
}

impl<In, Out> PartialEq for JsonSocket<In, Out> {
    /// Two handles are equal if they are of the same connection.
    fn eq(&self, other: &Self) -> bool {
        self.socket == other.socket
    }
}

impl Socket {
    /// The same connection, with messages as JSON: `In` is received, `Out` is sent. Feature `serde-json` or `json`.
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

    /// The connection itself.
    pub const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Calls back for each message, decoded, until the subscription is dropped. One that does not decode is an `Err`.
    pub fn on_message(&self, callback: impl Fn(Result<In, DecodeError>) + 'static) -> Subscription {
        self.socket.on_message(move |message| callback(decode_message(message.clone())))
    }

    /// The messages from now on, decoded, as a stream that ends when the connection is closed for good. One that does not decode is an
    /// item as well, an `Err`.
    pub fn messages(&self) -> JsonMessages<In> {
        JsonMessages { inbox: self.socket.messages(), types: PhantomData }
    }

    /// The same, with room for `capacity` messages; see [`Socket::messages_bounded`].
    ///
    /// # Errors
    ///
    /// If the capacity is zero.
    pub fn messages_bounded(&self, capacity: usize, overflow: Overflow) -> Result<JsonMessages<In>, ConfigError> {
        let inbox = self.socket.messages_bounded(capacity, overflow)?;
        Ok(JsonMessages { inbox, types: PhantomData })
    }
}

fn decode_message<In: DeserializeOwned>(raw: Message) -> Result<In, DecodeError> {
    let decoded = match raw.as_text() {
        Some(text) => decode(text),
        None => Err(String::from("expected text, binary came")),
    };
    decoded.map_err(|reason| DecodeError { raw, reason })
}

/// The stream of a [`JsonSocket`]'s messages. Feature `serde-json` or `json`.
///
/// Like an [`Inbox`], it does not keep the connection.
#[must_use = "a stream does nothing unless it is read"]
pub struct JsonMessages<In> {
    inbox: Inbox<Message>,
    types: PhantomData<fn() -> In>,
}

impl<In: DeserializeOwned> Stream for JsonMessages<In> {
    type Item = Result<In, DecodeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.inbox).poll_next(context).map(|message| message.map(decode_message))
    }
}

/// What both streams have of the one that they are made of.
macro_rules! around_inbox {
    ($stream:ident) => {
        impl<T> $stream<T> {
            /// How many items were given up because they were not read in time.
            #[must_use]
            pub fn missed(&self) -> u64 {
                self.inbox.missed()
            }
        }

        impl<T> fmt::Debug for $stream<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($stream)).field(&self.inbox).finish()
            }
        }

        impl<T: DeserializeOwned> FusedStream for $stream<T> {
            fn is_terminated(&self) -> bool {
                self.inbox.is_terminated()
            }
        }
    };
}

around_inbox!(JsonMessages);
around_inbox!(JsonEvents);

/// An [`Event`] whose data was JSON. Feature `serde-json` or `json`.
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
    /// Calls back for each event, its data decoded from JSON, until the subscription is dropped. One that does not decode is an `Err`.
    /// Feature `serde-json` or `json`.
    ///
    /// ```no_run
    /// use everwire::{Events, Typed};
    ///
    /// # fn main() -> Result<(), everwire::ConfigError> {
    /// let prices = Events::builder("/prices").open()?;
    /// let listening = prices.on_json::<f64>(|price| match price {
    ///     Ok(Typed { data, .. }) => println!("{data}"),
    ///     Err(error) => println!("{error}"),
    /// });
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_json<T: DeserializeOwned>(
        &self,
        callback: impl Fn(Result<Typed<T>, DecodeError>) + 'static,
    ) -> Subscription {
        self.on_event(move |event| callback(decode_event(event.clone())))
    }

    /// The events from now on, their data decoded from JSON, as a stream that ends when the connection is closed for good. One that does
    /// not decode is an item as well, an `Err`. Feature `serde-json` or `json`.
    pub fn json<T: DeserializeOwned>(&self) -> JsonEvents<T> {
        JsonEvents { inbox: self.events(), types: PhantomData }
    }

    /// The same, with room for `capacity` events; see [`Events::events_bounded`]. Feature `serde-json` or `json`.
    ///
    /// # Errors
    ///
    /// If the capacity is zero.
    pub fn json_bounded<T: DeserializeOwned>(
        &self,
        capacity: usize,
        overflow: Overflow,
    ) -> Result<JsonEvents<T>, ConfigError> {
        Ok(JsonEvents { inbox: self.events_bounded(capacity, overflow)?, types: PhantomData })
    }
}

/// The stream of typed [`Events`]. Feature `serde-json` or `json`.
///
/// Like an [`Inbox`], it does not keep the connection.
#[must_use = "a stream does nothing unless it is read"]
pub struct JsonEvents<T> {
    inbox: Inbox<Event>,
    types: PhantomData<fn() -> T>,
}

fn decode_event<T: DeserializeOwned>(event: Event) -> Result<Typed<T>, DecodeError> {
    let Event { kind, data, last_event_id } = event;
    match decode(&data) {
        Ok(data) => Ok(Typed { kind, data, last_event_id }),
        Err(reason) => Err(DecodeError { raw: Message::Text(data), reason }),
    }
}

impl<T: DeserializeOwned> Stream for JsonEvents<T> {
    type Item = Result<Typed<T>, DecodeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.inbox).poll_next(context).map(|event| event.map(decode_event))
    }
}
