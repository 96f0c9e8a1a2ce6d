//! What can be wrong with a URL, whoever parses it.

use core::fmt;

/// What is wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UrlError {
    /// The URL parser does not take it.
    Invalid,
    /// Its scheme is none of those that the connection can use.
    Scheme,
    /// It has a fragment (`#…`), which no request carries.
    Fragment,
    /// There is none who could parse it, or open anything.
    #[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
    NoBrowser,
}

impl UrlError {
    /// What was expected, as the end of a sentence.
    #[must_use]
    pub(crate) const fn expected(self) -> &'static str {
        match self {
            Self::Invalid => "expected a valid URL, absolute or relative to the page",
            Self::Scheme => "expected the scheme ws, wss, http or https",
            Self::Fragment => "expected a URL without a fragment (#…)",
            #[cfg(any(target_arch = "wasm32", not(feature = "testing")))]
            Self::NoBrowser => {
                "expected to be in a browser: on a server, or in a native test without the feature `testing`, nothing is opened"
            }
        }
    }
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected())
    }
}
