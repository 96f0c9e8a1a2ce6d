//! The generator behind the jitter.

use super::time::Millis;

/// SplitMix64 (Steele, Lea, Flood 2014): eight bytes of state, good enough to spread clients, and
/// the same on every machine for the same seed. Not for secrets.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// A generator that repeats itself exactly for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in `0..bound`; zero for a bound of zero.
    pub const fn below(&mut self, bound: Millis) -> Millis {
        // The bias of the remainder is below 2^-30 for any span that a timer can hold.
        match self.next().checked_rem(bound.0) {
            Some(ms) => Millis(ms),
            None => Millis::ZERO,
        }
    }
}
