//! Tells a server that does not let this page read its answers from a network that fails. To a script both look the same.

use std::cell::Cell;

use js_sys::futures::JsFuture;
use web_sys::{AbortSignal, Request, RequestCache, RequestCredentials, RequestInit, RequestMode};

use super::{fetch::global_fetch, url};

/// Headers that need no permission of the server's (WHATWG Fetch, "CORS-safelisted request-header").
const SAFELISTED: &[&str] = &["accept", "accept-language", "content-language"];

/// After so many failures in a row without an answer it is asked again whether it is CORS that refuses.
const ASK_AGAIN: u32 = 4;

/// What is known of why there is no answer, for all tries since there was one.
#[derive(Default)]
pub(super) struct Refusal {
    failures: Cell<u32>,
    is_known: Cell<bool>,
}

impl Refusal {
    /// There is an answer.
    pub(super) fn answered(&self) {
        self.failures.set(0);
        self.is_known.set(false);
    }

    /// There was none: is it time to find out whether it is CORS that keeps it from a script? In an outage not after each try.
    pub(super) fn is_to_ask(&self) -> bool {
        let failures = self.failures.get();
        self.failures.set(failures.wrapping_add(1));
        failures % ASK_AGAIN == 0 && !self.is_known()
    }

    /// It was found out.
    pub(super) fn learn(&self, is_refused: bool) {
        self.is_known.set(is_refused);
    }

    /// Is it CORS, as far as is known?
    pub(super) fn is_known(&self) -> bool {
        self.is_known.get()
    }
}

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
