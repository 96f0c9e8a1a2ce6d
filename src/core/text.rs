//! Texts that the core carries and never reads: ids, reasons, content types.

use core::fmt;
use std::borrow::Cow;

/// A text as the bytes that came, which are UTF-8 unless the other side erred.
///
/// Whoever hands it to the application decodes it, so the core needs no decoder: in the npm build that is JavaScript, which has
/// one already.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Box<[u8]>);

impl Text {
    /// The bytes as they came.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Is there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, with U+FFFD for what is not UTF-8; see [`sse::text`](super::sse::text).
    #[must_use]
    pub fn decoded(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

// The derived one goes by way of a buffer that could grow, which is five times the code.
impl Clone for Text {
    fn clone(&self) -> Self {
        Self::from(self.as_bytes())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.decoded(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.decoded())
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(Box::from(bytes))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into_bytes().into())
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.decoded().into_owned()
    }
}

/// The decimal number that some bytes begin with, and what follows it.
pub(super) fn leading_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut rest = bytes;
    let mut number = 0_u64;
    while let Some((digit @ b'0'..=b'9', after)) = rest.split_first() {
        number = number.checked_mul(10)?.checked_add(u64::from(digit & 15))?;
        rest = after;
    }
    (rest.len() < bytes.len()).then_some((number, rest))
}

/// What comes after the first such part of some bytes.
pub(super) fn after<'a>(bytes: &'a [u8], part: &[u8]) -> Option<&'a [u8]> {
    let mut rest = bytes;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix(part) {
            return Some(after);
        }
        rest = rest.get(1..)?;
    }
    None
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}
