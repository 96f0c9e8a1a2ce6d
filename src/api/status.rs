//! A connection's status, fit for a signal.

use std::time::Duration;

use super::options::to_duration;
use crate::core::{
    cause::Cause,
    cursor::Continuity,
    types::{Phase, Snapshot, Transport},
};

/// Where a connection is. Cheap to clone and to compare.
///
/// ```
/// use everwire::Status;
///
/// fn banner(status: &Status) -> String {
///     match status {
///         Status::Open { .. } => String::new(),
///         Status::Waiting { attempt, retry_in, .. } => format!("connection lost; try {attempt} in {} s", retry_in.as_secs()),
///         Status::Offline { .. } => String::from("there is no network"),
///         Status::Closed => String::from("closed"),
///         _ => String::from("connecting"),
///     }
/// }
/// # assert_eq!(banner(&Status::Closed), "closed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// An attempt is under way.
    #[non_exhaustive]
    Connecting {
        /// Failed tries before it, since a connection last proved useful.
        attempt: u32,
        /// Over what.
        transport: Option<Transport>,
    },
    /// Messages flow.
    #[non_exhaustive]
    Open {
        /// Over what.
        transport: Option<Transport>,
        /// What the last reconnect meant for the data; `None` before there was one.
        continuity: Option<Continuity>,
    },
    /// The connection was lost; the next try has a time.
    #[non_exhaustive]
    Waiting {
        /// Which try that will be, from 1.
        attempt: u32,
        /// In how long, from when this status was told.
        retry_in: Duration,
        /// Why.
        cause: Option<Cause>,
    },
    /// As [`Self::Waiting`], and the browser says that there is no network.
    #[non_exhaustive]
    Offline {
        /// Which try is next, from 1.
        attempt: u32,
        /// In how long at the latest; at once, when the browser says that there is a network.
        retry_in: Duration,
        /// Why.
        cause: Option<Cause>,
    },
    /// Over, for good; `closed().await` says how.
    Closed,
}

/// The connection was lost, or an attempt failed, and another follows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnecting {
    /// Which try that will be, from 1, since a connection last proved useful.
    pub attempt: u32,
    /// In how long.
    pub delay: Duration,
    /// Why.
    pub cause: Cause,
}

/// Another transport has taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportChange {
    /// The one before.
    pub from: Transport,
    /// The one now.
    pub to: Transport,
    /// What ended the one before; `None` if the new one is simply better.
    pub why: Option<Cause>,
}

/// There is a connection again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reconnected {
    /// What it meant for the data.
    pub continuity: Continuity,
    /// Over what.
    pub transport: Transport,
    /// How long there was none.
    pub downtime: Duration,
}

impl Status {
    /// Do messages flow?
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open { .. })
    }

    /// Is it over?
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }

    pub(super) const fn phase(&self) -> Phase {
        match self {
            Self::Connecting { .. } => Phase::Connecting,
            Self::Open { .. } => Phase::Open,
            Self::Waiting { .. } => Phase::Waiting,
            Self::Offline { .. } => Phase::Offline,
            Self::Closed => Phase::Closed,
        }
    }

    pub(super) fn new(snapshot: Snapshot, cause: Option<Cause>, continuity: Option<Continuity>) -> Self {
        let Snapshot { phase, transport, attempt, retry_in } = snapshot;
        let retry_in = to_duration(retry_in);
        match phase {
            Phase::Connecting => Self::Connecting { attempt, transport },
            Phase::Open => Self::Open { transport, continuity },
            Phase::Waiting => Self::Waiting { attempt, retry_in, cause },
            Phase::Offline => Self::Offline { attempt, retry_in, cause },
            Phase::Closed => Self::Closed,
        }
    }
}
