//! Time as the core knows it: a number of milliseconds that somebody else read from a clock.

/// Milliseconds: a point in time since an origin of the caller's choice, or a span.
///
/// All arithmetic saturates, so that no deadline wraps around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl Millis {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A time that does not come. It is later than any other, and stays what it is with any span after it.
    pub const NEVER: Self = Self(u64::MAX);

    /// The longest span a browser's timer can hold, 2^31 − 1 ms. A longer one would fire at once.
    pub const MAX_TIMER: Self = Self(0x7fff_ffff);

    /// `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// This point in time, `span` later.
    #[must_use]
    pub const fn after(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The span from `earlier` to this point, zero if that is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}
