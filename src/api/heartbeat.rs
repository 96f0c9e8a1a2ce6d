//! How an application keeps an eye on a WebSocket that says nothing by itself.

use std::{fmt, rc::Rc, time::Duration};

use super::{ConfigError, Message, options::span};
use crate::{core::machine, web::endpoint::Pulse};

/// Tells the reply from messages.
pub(super) type IsReply = Rc<dyn Fn(&Message) -> bool>;

/// A message that is sent when nothing has come for a while, so that something has to come, or the connection is dead. A WebSocket of a
/// browser tells nothing of the protocol's own pings, so this is the only way to notice.
///
/// Whatever comes is a sign of life, be it the reply or another message.
///
/// ```
/// # use std::time::Duration;
/// use everwire::{Heartbeat, Message};
///
/// let heartbeat = Heartbeat::text("ping")
///     .every(Duration::from_secs(20))
///     .reply_within(Duration::from_secs(5))
///     .is_reply(|message| message.as_text() == Some("pong"));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Heartbeat {
    message: Rc<dyn Fn() -> Message>,
    every: Duration,
    reply_within: Duration,
    pub(super) is_reply: Option<IsReply>,
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat")
            .field("every", &self.every)
            .field("reply_within", &self.reply_within)
            .finish_non_exhaustive()
    }
}

impl Heartbeat {
    /// One that is this text.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self::message(move || text.clone())
    }

    /// One that this function makes, each time anew.
    pub fn message<M: Into<Message>>(make: impl Fn() -> M + 'static) -> Self {
        Self {
            message: Rc::new(move || make().into()),
            every: Duration::from_secs(25),
            reply_within: Duration::from_secs(10),
            is_reply: None,
        }
    }

    /// It is sent when nothing has come for this long. Default: 25 s.
    pub fn every(mut self, span: Duration) -> Self {
        self.every = span;
        self
    }

    /// The connection is dead when nothing comes for this long after it. Default: 10 s.
    pub fn reply_within(mut self, span: Duration) -> Self {
        self.reply_within = span;
        self
    }

    /// What this holds for is the reply, and is not delivered. Default: whatever comes is delivered.
    pub fn is_reply(mut self, is_reply: impl Fn(&Message) -> bool + 'static) -> Self {
        self.is_reply = Some(Rc::new(is_reply));
        self
    }

    /// Its times, checked.
    pub(super) fn times(&self) -> Result<machine::Heartbeat, ConfigError> {
        Ok(machine::Heartbeat {
            interval: span("heartbeat.every", self.every)?,
            timeout: span("heartbeat.reply_within", self.reply_within)?,
        })
    }

    pub(super) fn into_pulse(self) -> Pulse {
        Rc::new(move || (self.message)().into_data())
    }
}
