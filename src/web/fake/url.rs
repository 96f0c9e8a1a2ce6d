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
    let (secure, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "ws" | "http" => ("", 80),
        "wss" | "https" => ("s", 443),
        _ => return Err(UrlError::Scheme),
    };
    let rest = rest.strip_prefix("//").ok_or(UrlError::Invalid)?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let authority = normal(authority, default_port).ok_or(UrlError::Invalid)?;
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok([plain, secure, "://", &authority, slash, path].concat())
}

/// A name or an address, with a port or without, as a browser writes it; `None` if it is none.
fn normal(authority: &str, default_port: u16) -> Option<String> {
    let (user, place) = authority.rsplit_once('@').map_or(("", authority), |(user, place)| (user, place));
    let (host, port) = match place.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (["[", address, "]"].concat(), port)
        }
        None => {
            let (name, port) = place.split_at(place.find(':').unwrap_or(place.len()));
            (String::from(name), port)
        }
    };
    let is_name =
        !host.is_empty() && !host.contains([' ', '<', '>', '^', '|']) && host.starts_with('[') == host.ends_with(']');
    let port = match port.strip_prefix(':') {
        None if port.is_empty() => None,
        Some("") => None,
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse::<u16>().ok()?),
        _ => return None,
    };
    let port = port.filter(|port| *port != default_port).map(|port| format!(":{port}")).unwrap_or_default();
    let at = if user.is_empty() { "" } else { "@" };
    is_name.then(|| [user, at, &host.to_ascii_lowercase(), &port].concat())
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
