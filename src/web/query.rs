//! What goes into the query of a URL.

use super::url::encode;
use crate::core::types::Manner;

/// `url` with `name=value` in the place of what its query had under this name: a server may read the first one. The others stay as they are
/// written. `url` must be one that [`resolve`] has made.
fn with(url: &str, name: &str, value: &str) -> String {
    let (path, mut rest) = cut(url, b'?');
    let mut url = String::from(path);
    while !rest.is_empty() {
        let (part, more) = cut(rest, b'&');
        if cut(part, b'=').0 != name {
            url = with_query(&url, part);
        }
        rest = more;
    }
    with_query(&url, &[name, "=", &encode(value)].concat())
}

/// What is before the first such byte, and what is behind it.
fn cut(text: &str, byte: u8) -> (&str, &str) {
    let at = text.bytes().position(|it| it == byte).unwrap_or(text.len());
    (text.get(..at).unwrap_or_default(), text.get(at.saturating_add(1)..).unwrap_or_default())
}

/// `url` with these parameters appended to its query, if there are any.
pub(super) fn with_query(url: &str, parameters: &str) -> String {
    let glue = match parameters {
        "" => "",
        // Of bytes: to look for a character, which may be a long one, is a kilobyte and a half.
        _ if url.as_bytes().contains(&b'?') => "&",
        _ => "?",
    };
    [url, glue, parameters].concat()
}

/// `url`, going on after `cursor` where that goes into the query.
pub(super) fn after(url: &str, manner: &Manner, cursor: &str) -> String {
    match &*manner.query.decoded() {
        name if !name.is_empty() && !cursor.is_empty() => with(url, name, cursor),
        _ => String::from(url),
    }
}
