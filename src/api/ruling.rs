//! What an application decides on a failure.

use std::time::Duration;

use super::options::millis;
use crate::core::{cause::Verdict, types};

/// What an application's own verdict on a failure can be.
///
/// ```no_run
/// use everwire::{Events, Ruling};
///
/// # fn main() -> Result<(), everwire::ConfigError> {
/// // This server says 403 when a token has run out, and 404 for a moment after it has begun.
/// let prices = Events::builder("/prices")
///     .verdict(|cause| match cause.status {
///         403 => Some(Ruling::Refresh),
///         404 => Some(Ruling::Retry),
///         _ => None,
///     })
///     .open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ruling {
    /// Try again, after the backoff.
    Retry,
    /// Try again after this span, as if the server had asked for it by `Retry-After`: up to 10 minutes, and with jitter on top.
    RetryAfter(Duration),
    /// Get new credentials, then try again; without a `refresh` function: stop.
    Refresh,
    /// Never try again.
    Stop,
}

impl Ruling {
    pub(super) fn for_core(self) -> types::Ruling {
        match self {
            Self::Retry => types::Ruling::Verdict(Verdict::Retry),
            Self::RetryAfter(span) => types::Ruling::RetryAfter(millis(span)),
            Self::Refresh => types::Ruling::Verdict(Verdict::Refresh),
            Self::Stop => types::Ruling::Verdict(Verdict::Stop),
        }
    }
}

impl From<Verdict> for Ruling {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Retry => Self::Retry,
            Verdict::Refresh => Self::Refresh,
            Verdict::Stop => Self::Stop,
        }
    }
}
