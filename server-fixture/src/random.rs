//! Random numbers that need to be neither good nor secret: splitmix64.

use crate::clock;

/// A generator. Its sequence is fixed by its seed.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_clock() -> Self {
        Self(clock::unix_nanos())
    }

    /// The `nth` of the sequences of a seed.
    pub(crate) fn seeded(seed: u64, nth: u64) -> Self {
        // Both are mixed, or the sequences would be one, each begun a little later than the one before it.
        Self(Self(seed).next() ^ Self(!nth).next())
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to, and without, `bound`; 0 when there is none.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }
}
