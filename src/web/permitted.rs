//! What a request may say: checked before it is made, for browsers drop some of it without a word.

/// Is it a token (RFC 9110, 5.6.2)?
#[must_use]
pub(crate) fn is_token(text: &str) -> bool {
    let is_tchar = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_tchar)
}

/// What browsers do not let a script say (WHATWG Fetch, "forbidden request-header"), in lower case.
const FORBIDDEN: &[&str] = &[
    "accept-charset",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "access-control-request-private-network",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Can this header be sent?
///
/// # Errors
///
/// If not: what was expected, as the end of a sentence.
pub(crate) fn check_header(name: &str, value: &str) -> Result<(), &'static str> {
    let lower = name.to_ascii_lowercase();
    if !is_token(name) {
        return Err("expected an HTTP token as the header's name");
    }
    if FORBIDDEN.contains(&lower.as_str()) || lower.starts_with("proxy-") || lower.starts_with("sec-") {
        return Err("expected a header that browsers let a script set");
    }
    if lower == "last-event-id" {
        return Err("expected the last id in `last_event_id`: the connection moves it on");
    }
    if value.contains(['\0', '\r', '\n']) {
        return Err("expected a value without line breaks and U+0000");
    }
    Ok(())
}

/// Can a request have this method? Gives it as it is sent: fetch makes capitals of the usual ones (WHATWG Fetch, "normalize a method").
///
/// # Errors
///
/// If not: what was expected, as the end of a sentence.
pub(crate) fn check_method(method: &str) -> Result<String, &'static str> {
    let upper = method.to_ascii_uppercase();
    if !is_token(method) || matches!(upper.as_str(), "CONNECT" | "TRACE" | "TRACK") {
        return Err("expected an HTTP method that browsers let a script use");
    }
    let usual = matches!(upper.as_str(), "DELETE" | "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT");
    Ok(if usual { upper } else { String::from(method) })
}
