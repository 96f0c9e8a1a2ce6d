//! Tells a server that does not let this page read its answers from a network that fails. To a script both look the same.

use js_sys::futures::JsFuture;
use wasm_bindgen::JsValue;
use web_sys::{AbortSignal, Request, RequestCache, RequestCredentials, RequestInit, RequestMode};

use super::{fetch::global_fetch, url};

/// Headers that need no permission of the server's (WHATWG Fetch, "CORS-safelisted request-header").
const SAFELISTED: &[&str] = &["accept", "accept-language", "content-language"];

/// The names of those headers that the server has to allow, in lower case.
fn needing_permission<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    names.map(str::to_ascii_lowercase).filter(|name| !SAFELISTED.contains(&name.as_str())).collect()
}

/// Does the server answer if no more is asked than that? An answer that a script cannot read is enough.
async fn answers(url: &str, credentials: RequestCredentials, signal: &AbortSignal) -> Result<(), JsValue> {
    let init = RequestInit::new();
    init.set_mode(RequestMode::NoCors);
    init.set_cache(RequestCache::NoStore);
    init.set_credentials(credentials);
    init.set_signal(Some(signal));
    JsFuture::from(global_fetch(&Request::new_with_str_and_init(url, &init)?)?).await.map(drop)
}

/// What is to be said of a GET to another origin that failed without an answer; `None`: nothing is known.
pub(super) async fn explain(
    url: &str,
    headers: &[(String, String)],
    credentials: bool,
    signal: &AbortSignal,
) -> Option<String> {
    let mode = if credentials { RequestCredentials::Include } else { RequestCredentials::SameOrigin };
    answers(url, mode, signal).await.ok()?;
    let origin = url::origin().unwrap_or_default();
    let mut words = format!(
        "the server answers, but does not let this page read it: its answer needs the header \
         Access-Control-Allow-Origin: {origin}"
    );
    if credentials {
        words.push_str(" (not *), and Access-Control-Allow-Credentials: true");
    }
    let names = needing_permission(headers.iter().map(|(name, _)| name.as_str()));
    if !names.is_empty() {
        words.push_str("; and its answer to the preflight (OPTIONS) needs Access-Control-Allow-Headers: ");
        words.push_str(&names.join(", "));
    }
    Some(words)
}
