//! What can be wrong with a call.

use std::{error::Error, fmt};

use super::Message;
use crate::{core::types::Refused, web::data::Data};

/// A configuration fault: what was given, and what was expected.
///
/// ```
/// use everwire::{Events, Transport};
///
/// let error = Events::builder("/prices").transports([Transport::WebSocket]).open().unwrap_err();
/// # if cfg!(feature = "testing") {
/// assert_eq!(error.to_string(), "transports: \"websocket\" was given; expected transports that the wire has");
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    what: &'static str,
    given: String,
    expected: &'static str,
}

impl ConfigError {
    #[cold]
    #[inline(never)]
    pub(super) fn new(what: &'static str, given: &str, expected: &'static str) -> Self {
        Self { what, given: given.into(), expected }
    }

    /// Which option it is.
    #[must_use]
    pub const fn option(&self) -> &'static str {
        self.what
    }

    /// What was given.
    #[must_use]
    pub fn given(&self) -> &str {
        &self.given
    }

    /// What was expected instead, as the end of a sentence: "expected …".
    #[must_use]
    pub const fn expected(&self) -> &'static str {
        self.expected
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?} was given; {}", self.what, self.given, self.expected)
    }
}

impl Error for ConfigError {}

/// A message that was not taken, handed back.
///
/// ```no_run
/// use everwire::SendError;
///
/// # fn example(socket: &everwire::Socket) {
/// match socket.send("hello") {
///     Ok(delivery) => println!("{delivery:?}"),
///     Err(SendError::Full(message)) => println!("later: {message:?}"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// There is no connection at the moment, and the outbox is full.
    Full(Message),
    /// The connection is closed for good.
    Closed(Message),
    /// It is volatile, and there is nothing to send it over at this moment.
    Volatile(Message),
    /// The wire cannot carry it: Engine.IO no text with U+001E, and no message longer than the server's `maxPayload`.
    Unsendable(Message),
}

impl SendError {
    /// The message.
    #[must_use]
    pub fn into_message(self) -> Message {
        match self {
            Self::Full(message) | Self::Closed(message) | Self::Volatile(message) | Self::Unsendable(message) => {
                message
            }
        }
    }
}

impl From<Refused<Data>> for SendError {
    fn from(refused: Refused<Data>) -> Self {
        match refused {
            Refused::Full(data) => Self::Full(Message::from_data(&data)),
            Refused::Closed(data) => Self::Closed(Message::from_data(&data)),
            Refused::Volatile(data) => Self::Volatile(Message::from_data(&data)),
            Refused::Unsendable(data) => Self::Unsendable(Message::from_data(&data)),
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "not sent: there is no connection at the moment, and the outbox is full",
            Self::Closed(_) => "not sent: the connection is closed",
            Self::Volatile(_) => "not sent: it is volatile, and there is no connection at the moment",
            Self::Unsendable(_) => {
                "not sent: expected a message without U+001E and not longer than the server takes, as Engine.IO needs it"
            }
        })
    }
}

impl Error for SendError {}
