//! What is appended to the query of a URL.

use super::url::encode;
use crate::core::types::Manner;

/// `url` with `name=value` appended to its query. `url` must be one that [`resolve`] has made.
pub(super) fn with(url: &str, name: &str, value: &str) -> String {
    with_query(url, &[name, "=", &encode(value)].concat())
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
