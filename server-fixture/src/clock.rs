//! The two clocks: unix time for what is shown and stored, the monotonic one for waiting.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

pub(crate) fn unix_seconds() -> u64 {
    since_1970().as_secs()
}

pub(crate) fn unix_ms() -> u64 {
    u64::try_from(since_1970().as_millis()).unwrap_or(u64::MAX)
}

pub(crate) fn unix_nanos() -> u64 {
    since_1970().as_secs().wrapping_mul(1_000_000_000).wrapping_add(u64::from(since_1970().subsec_nanos()))
}

/// The moment `ms` milliseconds from now.
pub(crate) fn in_ms(ms: u64) -> Instant {
    let now = Instant::now();
    now.checked_add(Duration::from_millis(ms)).unwrap_or(now)
}
