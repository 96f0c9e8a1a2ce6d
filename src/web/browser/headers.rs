//! The response headers that the wires look at.

use js_sys::Date;

use crate::core::{time::Millis, types::Head};

/// Seconds since 1970 of an HTTP date, by the browser's parser.
fn seconds(date: &str) -> Option<f64> {
    let ms = Date::parse(date);
    ms.is_finite().then_some(ms / 1000.0)
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
fn retry_after(value: &str) -> Option<Millis> {
    if let Ok(secs) = value.parse() {
        return Some(Millis::from_secs(secs));
    }
    let until = seconds(value)?;
    Some(Millis((until * 1000.0 - Date::now()).max(0.0) as u64))
}

/// The message id that `Last-Modified` and `Etag` stand for; see [`Head::position`].
fn position(etag: Option<String>, last_modified: Option<String>) -> Option<String> {
    let etag = etag?;
    if etag.contains(':') {
        return Some(etag);
    }
    let time = seconds(&last_modified?)? as u64;
    Some(format!("{time}:{etag}"))
}

/// A response's head. `header` gives the value of a header by its lower-case name, if a script may see it.
pub(super) fn head(status: u16, header: impl Fn(&str) -> Option<String>) -> Head {
    let content_type = header("content-type").unwrap_or_default();
    Head {
        status,
        content_type: content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().into(),
        position: position(header("etag"), header("last-modified")).unwrap_or_default().into(),
        retry_after: header("retry-after").and_then(|value| retry_after(value.trim())),
    }
}
