//! Query parameters, appended to a URL that the browser has already parsed and serialised.

/// `url` with `name=value` appended to its query, the value percent-encoded
/// (everything but RFC 3986's unreserved characters).
///
/// The URL must be absolute and without a fragment, as `web::url` makes them.
#[must_use]
pub fn with(url: &str, name: &str, value: &str) -> String {
    let mut out = String::from(url);
    out.push(if url.contains('?') { '&' } else { '?' });
    out.push_str(name);
    out.push('=');
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for nibble in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
    out
}
