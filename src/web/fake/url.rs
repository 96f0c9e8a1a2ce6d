//! URLs, without a browser's parser: as much as it takes to tell one that can be used from one that cannot.

use std::{fmt::Write as _, net::Ipv6Addr};

pub(crate) use crate::web::url_error::UrlError;

/// Where relative URLs begin.
const PAGE: &str = "http://localhost";

/// `url` resolved, with its scheme made `plain` or `plain`s, whichever of `ws`, `wss`, `http`, `https` was given.
///
/// # Errors
///
/// If it is no URL, has another scheme, or has a fragment.
pub(crate) fn resolve(url: &str, plain: &str) -> Result<String, UrlError> {
    let url = url.trim();
    if url.contains('#') {
        return Err(UrlError::Fragment);
    }
    let before_path = url.split(['/', '?']).next().unwrap_or_default();
    let has_scheme = before_path.contains(':');
    let absolute = match url {
        _ if has_scheme => String::from(url),
        _ if url.starts_with("//") => ["http:", url].concat(),
        _ if url.starts_with('/') => [PAGE, url].concat(),
        _ => [PAGE, "/", url].concat(),
    };
    let (scheme, rest) = absolute.split_once(':').ok_or(UrlError::Invalid)?;
    let secure = match scheme {
        "ws" | "http" => "",
        "wss" | "https" => "s",
        _ => return Err(UrlError::Scheme),
    };
    let host = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
    if !is_host(host) {
        return Err(UrlError::Invalid);
    }
    let slash = if rest.trim_start_matches('/').contains(['/', '?']) { "" } else { "/" };
    Ok([plain, secure, ":", rest, slash].concat())
}

/// A name or an address, with a port or without.
fn is_host(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('[') else {
        return !text.is_empty() && !text.contains(['[', ' ', '<', '>']);
    };
    rest.split_once(']').is_some_and(|(address, port)| {
        let is_port = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        address.parse::<Ipv6Addr>().is_ok() && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
    })
}

/// `text` as a value in a query.
pub(in crate::web) fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The page is of each server's own origin.
#[must_use]
pub(crate) const fn is_cross_origin(_url: &str) -> bool {
    false
}

/// The host and the path of a URL that [`resolve`] has made: what a server is known by.
pub(crate) fn place(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('?').next().unwrap_or_default()
}
