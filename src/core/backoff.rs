//! How long to wait before the next try.
//!
//! The first retry is uniform in `0..first`, for after a failover all clients come at once and only
//! the first delay can spread them. Every later one is *full jitter* (AWS Architecture Blog,
//! "Exponential Backoff And Jitter", 2015): uniform below `min(cap, base × factor^n)`. The cap is
//! taken first and the jitter drawn after, afresh for each attempt, so that a fleet never meets at
//! the cap (traps T1, T2, T4).
//!
//! A server may ask for a delay, by SSE's `retry:` or by `Retry-After`. It is obeyed within bounds
//! (T3) and the jitter comes on top, because all clients were told the same number.

use super::{rng::Rng, time::Millis};

/// No delay is shorter than this, whatever was drawn or asked for: nothing may spin.
pub const FLOOR: Millis = Millis(20);
/// The least that a server's `retry:` can ask for.
pub const MIN_ASKED: Millis = Millis(100);
/// The most that a server's `retry:` or `Retry-After` can ask for: ten minutes.
pub const MAX_ASKED: Millis = Millis::from_secs(600);

/// The policy. Plain data; the defaults are those of `design.md`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    /// The first retry is uniform below this.
    pub first: Millis,
    /// What the later ones grow from.
    pub base: Millis,
    /// The bound of the jitter never exceeds this.
    pub cap: Millis,
    /// Growth of the bound per retry, at least 1.
    pub factor: f64,
    /// Retries in a row before giving up; `None`: never.
    pub max_retries: Option<u32>,
}

impl Backoff {
    /// 2 s, then 1 s × 2ⁿ up to 30 s, without end.
    pub const DEFAULT: Self =
        Self { first: Millis(2_000), base: Millis(1_000), cap: Millis(30_000), factor: 2.0, max_retries: None };

    /// The span below which the `retry`th retry in a row is drawn, counted from 0.
    #[must_use]
    pub fn bound(&self, retry: u32) -> Millis {
        let cap = self.cap.min(Millis::MAX_TIMER);
        if retry == 0 {
            return self.first.min(cap);
        }
        let limit = cap.0 as f64;
        let mut bound = self.base.0 as f64;
        // 64 doublings pass any cap; a loop needs no logarithm and cannot give NaN from finite input.
        for _ in 0..retry.min(64) {
            bound *= self.factor;
            // NaN, from a factor that is none, ends at the cap as well.
            if bound.is_nan() || bound >= limit {
                return cap;
            }
        }
        Millis(bound as u64)
    }

    /// The delay before the `retry`th retry in a row, counted from 0; `asked` is the server's wish.
    #[must_use]
    pub fn delay(&self, retry: u32, asked: Option<Millis>, rng: &mut Rng) -> Millis {
        let drawn = rng.below(self.bound(retry));
        let delay = match asked {
            None => drawn,
            Some(asked) => {
                let asked = asked.min(MAX_ASKED);
                let spread = Millis(asked.0 / 2).min(self.cap);
                asked.max(drawn).after(rng.below(spread))
            }
        };
        delay.clamp(FLOOR, Millis::MAX_TIMER)
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::DEFAULT
    }
}
