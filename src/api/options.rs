//! Options that both faces share.

use std::time::Duration;

use super::ConfigError;
use crate::{
    core::{backoff, machine::Config, outbox, time::Millis, types::Transport},
    web::permitted::is_token,
};

/// A span in milliseconds, rounded up so that nothing becomes zero that was not.
pub(super) fn millis(span: Duration) -> Millis {
    let ms = span.as_nanos().div_ceil(1_000_000);
    Millis(u64::try_from(ms).unwrap_or(u64::MAX))
}

/// What the builders of both faces collect.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) backoff: Backoff,
    pub(super) connect_timeout: Duration,
    pub(super) min_uptime: Duration,
    pub(super) transports: Vec<Transport>,
    pub(super) last_event_id: String,
}

impl Default for Common {
    fn default() -> Self {
        let Config { connect_timeout, min_uptime, .. } = Config::default();
        Self {
            backoff: Backoff::default(),
            connect_timeout: Duration::from_millis(connect_timeout.0),
            min_uptime: Duration::from_millis(min_uptime.0),
            transports: Vec::new(),
            last_event_id: String::new(),
        }
    }
}

impl Common {
    /// Checks what was collected, for a wire with these transports.
    pub(super) fn config(self, offered: &[Transport]) -> Result<Config, ConfigError> {
        self.backoff.check()?;
        if self.connect_timeout.is_zero() {
            return Err(ConfigError::new("connect_timeout", "0", "expected more than zero"));
        }
        if let Some(stranger) = self.transports.iter().find(|transport| !offered.contains(transport)) {
            let expected = "expected transports that the wire has";
            return Err(ConfigError::new("transports", stranger.as_str(), expected));
        }
        Ok(Config {
            backoff: self.backoff.0,
            connect_timeout: millis(self.connect_timeout),
            min_uptime: millis(self.min_uptime),
            transports: self.transports,
            last_id: self.last_event_id.into(),
            ..Config::default()
        })
    }
}

/// The options of both builders, which keep them in `common`. Its types are named where it is used.
macro_rules! common_options {
    ($builder:ty) => {
        impl $builder {
            /// When to try again.
            pub fn backoff(mut self, backoff: Backoff) -> Self {
                self.common.backoff = backoff;
                self
            }

            /// An attempt that is not open after this is ended. Default: 10 s.
            pub fn connect_timeout(mut self, span: Duration) -> Self {
                self.common.connect_timeout = span;
                self
            }

            /// A connection that was open for this long resets the backoff. Default: 5 s.
            pub fn min_uptime(mut self, span: Duration) -> Self {
                self.common.min_uptime = span;
                self
            }

            /// The transports to use, best first. Default: all that the wire has.
            pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
                self.common.transports = transports.into_iter().collect();
                self
            }

            /// Go on after this id, which an earlier connection left behind.
            pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
                self.common.last_event_id = id.into();
                self
            }
        }
    };
}

pub(super) use common_options;

/// Subprotocols must be tokens (RFC 9110, 5.6.2) and differ (WHATWG WebSockets, constructor).
pub(super) fn check_protocols(protocols: &[String]) -> Result<(), ConfigError> {
    let mut seen: Vec<&String> = Vec::new();
    for protocol in protocols {
        if !is_token(protocol) {
            return Err(ConfigError::new("protocols", protocol, "expected an HTTP token, such as v1.example"));
        }
        if seen.iter().any(|other| other.eq_ignore_ascii_case(protocol)) {
            return Err(ConfigError::new("protocols", protocol, "expected each subprotocol once"));
        }
        seen.push(protocol);
    }
    Ok(())
}

/// When to try again. The first retry comes within [`first_delay`](Self::first_delay); each later one is drawn afresh
/// from zero to `min(max_delay, min_delay × factorⁿ)`.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Backoff(pub(super) backoff::Backoff);

impl Backoff {
    /// The first retry is uniform below this. Default: 2 s.
    pub fn first_delay(mut self, span: Duration) -> Self {
        self.0.first = millis(span);
        self
    }

    /// What the bound of the later ones grows from. Default: 1 s.
    pub fn min_delay(mut self, span: Duration) -> Self {
        self.0.base = millis(span);
        self
    }

    /// What the bound never exceeds. Default: 30 s.
    pub fn max_delay(mut self, span: Duration) -> Self {
        self.0.cap = millis(span);
        self
    }

    /// Growth of the bound per retry, at least 1. Default: 2.
    pub fn factor(mut self, factor: f64) -> Self {
        self.0.factor = factor;
        self
    }

    /// Give up after this many retries in a row; zero: never reconnect. Default: no limit.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.0.max_retries = Some(retries);
        self
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !(self.0.factor.is_finite() && self.0.factor >= 1.0) {
            let given = self.0.factor.to_string();
            return Err(ConfigError::new("backoff.factor", given, "expected a finite number of at least 1"));
        }
        if self.0.cap == Millis::ZERO {
            return Err(ConfigError::new("backoff.max_delay", "0", "expected more than zero: retries must not spin"));
        }
        Ok(())
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self(backoff::Backoff::DEFAULT)
    }
}

/// What may wait while there is no connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Outbox(pub(super) outbox::Bounds);

impl Outbox {
    /// At most this many messages. Default: 1,000.
    pub fn bounded(messages: usize) -> Self {
        Self(outbox::Bounds { messages, ..outbox::Bounds::DEFAULT })
    }

    /// At most this many bytes, text counted as UTF-8. Default: 1 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.0.bytes = bytes;
        self
    }

    /// What to do with a message that has no room. Default: refuse it.
    pub fn when_full(mut self, policy: outbox::WhenFull) -> Self {
        self.0.when_full = policy;
        self
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.0.messages == 0 || self.0.bytes == 0 {
            return Err(ConfigError::new("outbox", "0", "expected room for at least one message and one byte"));
        }
        Ok(())
    }
}
