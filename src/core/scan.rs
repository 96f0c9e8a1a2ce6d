//! The search for line ends, which is where a parser of event streams spends its time.
//!
//! Two forms of one function. Where the target has WebAssembly's 128-bit vectors, sixteen bytes at a time; everywhere else eight, in
//! an ordinary register.

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// The place of the first CR or LF.
// Not inlined: so all else is the same in both builds, which spares a page that carries both of them most of the second.
#[inline(never)]
#[must_use]
pub fn line_end(bytes: &[u8]) -> Option<usize> {
    let mut passed: usize = 0;
    let mut rest = bytes;
    while let Some((block, tail)) = rest.split_first_chunk() {
        if let Some(found) = first_in(block) {
            return Some(passed.saturating_add(found));
        }
        passed = passed.saturating_add(BLOCK);
        rest = tail;
    }
    let at = rest.iter().position(|&byte| byte == LF || byte == CR)?;
    Some(passed.saturating_add(at))
}

#[cfg(target_feature = "simd128")]
use simd::{BLOCK, first_in};
#[cfg(not(target_feature = "simd128"))]
use word::{BLOCK, first_in};

#[cfg(target_feature = "simd128")]
mod simd {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_splat, u64x2, v128_or};

    use super::{CR, LF};

    pub(super) const BLOCK: usize = 16;

    /// The place of the first CR or LF in sixteen bytes.
    pub(super) fn first_in(block: &[u8; BLOCK]) -> Option<usize> {
        let (low, high) = block.split_first_chunk::<8>()?;
        // One load, once it is compiled.
        let high = u64::from_le_bytes(*high.first_chunk()?);
        let bytes = u64x2(u64::from_le_bytes(*low), high);
        let found = v128_or(u8x16_eq(bytes, u8x16_splat(LF)), u8x16_eq(bytes, u8x16_splat(CR)));
        let mask = u8x16_bitmask(found);
        (mask != 0).then(|| mask.trailing_zeros() as usize)
    }
}

#[cfg(not(target_feature = "simd128"))]
mod word {
    use super::{CR, LF};

    pub(super) const BLOCK: usize = 8;

    const LINE_FEEDS: u64 = u64::from_le_bytes([LF; BLOCK]);
    const RETURNS: u64 = u64::from_le_bytes([CR; BLOCK]);
    const LOW_BITS: u64 = u64::from_le_bytes([0x01; BLOCK]);
    const HIGH_BITS: u64 = u64::from_le_bytes([0x80; BLOCK]);

    /// The place of the first CR or LF in eight bytes.
    pub(super) const fn first_in(block: &[u8; BLOCK]) -> Option<usize> {
        let word = u64::from_le_bytes(*block);
        let found = zero_bytes(word ^ LINE_FEEDS) | zero_bytes(word ^ RETURNS);
        // Each mask may err only above its first mark, so the first of both is right. At most 64 / 8.
        if found == 0 { None } else { Some((found.trailing_zeros() >> 3) as usize) }
    }

    /// Marks the lowest byte that is zero by its high bit. Bytes above that one may be marked wrongly, by the
    /// borrow.
    const fn zero_bytes(word: u64) -> u64 {
        word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
    }
}
