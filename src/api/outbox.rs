//! What may wait while there is no connection, and on what terms.

use std::{fmt, time::Duration};

use super::{
    ConfigError,
    options::{millis, span},
};
use crate::core::{
    machine::Config,
    outbox::{Bounds, Terms, WhenFull},
};

/// What may wait while there is no connection.
///
/// ```
/// # use std::time::Duration;
/// use everwire::{Outbox, WhenFull};
///
/// let outbox = Outbox::bounded(100).when_full(WhenFull::DropOldest).ttl(Duration::from_secs(60));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[must_use]
pub struct Outbox {
    bounds: Bounds,
    ttl: Option<Duration>,
    gate: bool,
    resend: bool,
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not as the core has them, where what has no end is the longest span that there is.
        f.debug_struct("Outbox")
            .field("messages", &self.bounds.messages)
            .field("max_bytes", &self.bounds.bytes)
            .field("when_full", &self.bounds.when_full)
            .field("ttl", &self.ttl)
            .field("gate", &self.gate)
            .field("resend", &self.resend)
            .finish()
    }
}

impl Outbox {
    /// At most this many messages. Default: 1,000.
    pub fn bounded(messages: usize) -> Self {
        Self { bounds: Bounds { messages, ..Bounds::DEFAULT }, ..Self::default() }
    }

    /// At most this many bytes, text counted as UTF-8. Default: 1 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.bounds.bytes = bytes;
        self
    }

    /// What to do with a message that has no room. Default: refuse it. [`WhenFull::DropNewest`] gives up the newest that waits, and takes in
    /// the message itself; that is not what [`Overflow::DropNewest`](super::Overflow::DropNewest) does, which gives up what comes.
    pub fn when_full(mut self, policy: WhenFull) -> Self {
        self.bounds.when_full = policy;
        self
    }

    /// How long a message may wait that does not [say so itself](Sending::ttl); then it is given up, and reported. Default: for as long
    /// as it takes.
    pub fn ttl(mut self, span: Duration) -> Self {
        self.ttl = Some(span);
        self
    }

    /// Whether what is queued waits, in each connection anew, for [`Socket::release`](super::Socket::release): for a server that wants
    /// to be told who is there first. What is [volatile](Sending::volatile) passes, and so does what is sent while `on_status` or
    /// `on_reconnected` tell that the connection is open. Default: no.
    pub fn gate(mut self, gate: bool) -> Self {
        self.gate = gate;
        self
    }

    /// Whether a message may be sent again whose answer was lost, so that it may arrive twice. That concerns what goes by POST. Default:
    /// no; it is reported as [unknown](crate::Why::Unknown).
    pub fn resend(mut self, resend: bool) -> Self {
        self.resend = resend;
        self
    }

    /// The configuration with this in it, checked.
    pub(super) fn configure(self, config: Config) -> Result<Config, ConfigError> {
        if self.bounds.messages == 0 || self.bounds.bytes == 0 {
            return Err(ConfigError::new("outbox", "0", "expected room for at least one message and one byte"));
        }
        let ttl = self.ttl.map(|ttl| span("outbox.ttl", ttl)).transpose()?.unwrap_or(self.bounds.ttl);
        let outbox = Bounds { ttl, ..self.bounds };
        Ok(Config { outbox, gate: self.gate, resends: self.resend, ..config })
    }
}

/// On what terms a message is sent: see [`Socket::send_with`](super::Socket::send_with).
///
/// ```
/// # use std::time::Duration;
/// use everwire::Sending;
///
/// let title = Sending::default().key("title").ttl(Duration::from_secs(60));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Sending(pub(super) Terms);

impl Sending {
    /// It is of use only now: it is sent at once, or refused, and never queued. It passes the outbox's [gate](Outbox::gate).
    pub fn volatile() -> Self {
        Self(Terms { volatile: true, ..Terms::default() })
    }

    /// Of the messages with the same key only the newest waits; the one before it is given up, and reported.
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.0.key = key.into().into();
        self
    }

    /// How long it may wait; then it is given up, and reported. Default: as the [outbox](Outbox::ttl) has it.
    pub fn ttl(mut self, span: Duration) -> Self {
        self.0.ttl = Some(millis(span));
        self
    }
}
