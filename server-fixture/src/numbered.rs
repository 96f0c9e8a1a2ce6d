//! Numbered messages for a client that counts them: 1, 2, 3 … with dots behind the number up to a size, each some time after the one
//! before it, or all at once.

use axum::extract::ws::Message;
use tokio::time::{Instant, sleep_until};

use crate::clock;
use crate::errors::Problem;
use crate::params::Params;

const DEFAULT_MS: u64 = 20;
const MAX_MS: u64 = 60_000;
const DEFAULT_BURST: u64 = 1_000;
/// What is asked for at once is held at once.
pub(crate) const MAX_COUNT: u64 = 100_000;
/// Of one message, and of all that are asked for at once.
const MAX_BYTES: u64 = 1024 * 1024;
const MAX_BURST_BYTES: u64 = 256 * 1024 * 1024;

/// The messages that are still to come.
#[derive(Clone, Debug)]
pub(crate) struct Numbered {
    next: u64,
    last: u64,
    between_ms: u64,
    size: usize,
    binary: bool,
    due: Option<Instant>,
}

impl Numbered {
    /// `ms=`, `count=`, `size=` and `binary`, for a stream of them.
    pub(crate) fn stream(params: &Params) -> Result<Self, Problem> {
        let between_ms = params.number("ms", 1..=MAX_MS)?.unwrap_or(DEFAULT_MS);
        let count = params.number("count", 1..=MAX_COUNT)?;
        Self::of(params, between_ms, count.unwrap_or(u64::MAX))
    }

    /// `count=`, `size=` and `binary`, for so many at once.
    pub(crate) fn burst(params: &Params) -> Result<Self, Problem> {
        let count = params.number("count", 1..=MAX_COUNT)?.unwrap_or(DEFAULT_BURST);
        let burst = Self::of(params, 0, count)?;
        if count.saturating_mul(burst.size as u64) > MAX_BURST_BYTES {
            return Err(Problem::bad_value("size", &burst.size.to_string(), "256 MiB at most in all"));
        }
        Ok(burst)
    }

    fn of(params: &Params, between_ms: u64, last: u64) -> Result<Self, Problem> {
        let size = params.number("size", 0..=MAX_BYTES)?.unwrap_or(0);
        let size = usize::try_from(size).unwrap_or(0);
        Ok(Self { next: 1, last, between_ms, size, binary: params.flag("binary")?, due: None })
    }

    /// The next message, as soon as it is due; after the last it waits for ever. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Message {
        if self.next > self.last {
            std::future::pending::<()>().await;
        }
        if self.between_ms > 0 {
            let due = *self.due.get_or_insert_with(|| clock::in_ms(self.between_ms));
            sleep_until(due).await;
            self.due = None;
        }
        let text = format!("{:.<1$}", self.next, self.size);
        self.next = self.next.saturating_add(1);
        if self.binary { Message::Binary(text.into()) } else { Message::Text(text.into()) }
    }
}
