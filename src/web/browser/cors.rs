//! Tells a server that does not let this page read its answers from a network that fails. To a script both look the same.

use js_sys::futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestCache, RequestCredentials, RequestInit, RequestMode};

use super::{fetch::global_fetch, url};

/// Headers that need no permission of the server's (WHATWG Fetch, "CORS-safelisted request-header").
const SAFELISTED: &[&str] = &["accept", "accept-language", "content-language"];

/// The names of those headers that the server has to allow, in lower case.
fn needing_permission<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(str::to_ascii_lowercase).filter(|name| !SAFELISTED.contains(&name.as_str())).collect()
}

/// Does the server answer a GET if no more is asked than that? An answer that a script cannot read is enough.
pub(super) async fn answers(url: &str, credentials: RequestCredentials, signal: &AbortSignal) -> bool {
    let init = RequestInit::new();
    init.set_mode(RequestMode::NoCors);
    init.set_cache(RequestCache::NoStore);
    init.set_credentials(credentials);
    init.set_signal(Some(signal));
    match Request::new_with_str_and_init(url, &init).and_then(|request| global_fetch(&request)) {
        Ok(answer) => JsFuture::from(answer).await.is_ok(),
        Err(_) => false,
    }
}

/// What is to be said where it answers and cannot be read: what its answer needs.
pub(super) fn refusal(headers: &[(String, String)], credentials: bool) -> String {
    let origin = url::origin().unwrap_or_default();
    let mut words = format!(
        "the server answers now, and its CORS headers may not let this page read it: \
         the answer needs Access-Control-Allow-Origin: {origin}"
    );
    if credentials {
        words.push_str(" (not *), and Access-Control-Allow-Credentials: true");
    }
    let names = needing_permission(headers.iter().map(|(name, _)| name.as_str()));
    if !names.is_empty() {
        words.push_str("; that to the preflight (OPTIONS) needs Access-Control-Allow-Headers: ");
        words.push_str(&names.join(", "));
    }
    words
}
