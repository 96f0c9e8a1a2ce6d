//! The search for line ends, which is where a parser of event streams spends its time; and the count of what is no character.
//!
//! Two forms of each function. Where the target has WebAssembly's 128-bit vectors, sixteen bytes at a time; everywhere else eight, in
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

/// By how much these bytes are more than the UTF-16 code units of the text that they are in UTF-8. Right for what is UTF-8; of
/// anything else it is some number.
#[inline(never)]
#[must_use]
pub fn excess(bytes: &[u8]) -> usize {
    let mut more: usize = 0;
    let mut rest = bytes;
    while let Some((block, tail)) = rest.split_first_chunk() {
        more = more.wrapping_add(excess_in(block));
        rest = tail;
    }
    for &byte in rest {
        // A byte that continues a character; and the lead of four bytes, which are two code units.
        more = more.wrapping_add(usize::from(byte & 0xc0 == 0x80)).wrapping_sub(usize::from(byte >= 0xf0));
    }
    more
}

#[cfg(target_feature = "simd128")]
use simd::{BLOCK, excess_in, first_in};
#[cfg(not(target_feature = "simd128"))]
use word::{BLOCK, excess_in, first_in};

#[cfg(target_feature = "simd128")]
mod simd {
    use core::arch::wasm32::{
        i8x16_lt, i8x16_splat, u8x16_bitmask, u8x16_eq, u8x16_ge, u8x16_splat, u64x2, v128, v128_or,
    };

    use super::{CR, LF};

    pub(super) const BLOCK: usize = 16;

    /// One load, once it is compiled.
    fn load(block: &[u8; BLOCK]) -> v128 {
        let [a, b, c, d, e, f, g, h, rest @ ..] = *block;
        u64x2(u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes(rest))
    }

    /// The excess of sixteen bytes; see [`excess`](super::excess).
    pub(super) fn excess_in(block: &[u8; BLOCK]) -> usize {
        let bytes = load(block);
        // 0x80 to 0xbf are below -64 as signed numbers.
        let continue_one = u8x16_bitmask(i8x16_lt(bytes, i8x16_splat(-64))).count_ones();
        let lead_four = u8x16_bitmask(u8x16_ge(bytes, u8x16_splat(0xf0))).count_ones();
        continue_one.wrapping_sub(lead_four) as i32 as usize
    }

    /// The place of the first CR or LF in sixteen bytes.
    pub(super) fn first_in(block: &[u8; BLOCK]) -> Option<usize> {
        let bytes = load(block);
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

    /// The excess of eight bytes; see [`excess`](super::excess).
    pub(super) const fn excess_in(block: &[u8; BLOCK]) -> usize {
        let word = u64::from_le_bytes(*block);
        let continue_one = word & !(word << 1) & HIGH_BITS;
        let lead_four = word & (word << 1) & (word << 2) & (word << 3) & HIGH_BITS;
        (continue_one.count_ones() as usize).wrapping_sub(lead_four.count_ones() as usize)
    }

    /// Marks the lowest byte that is zero by its high bit. Bytes above that one may be marked wrongly, by the
    /// borrow.
    const fn zero_bytes(word: u64) -> u64 {
        word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
    }
}
