//! URLs, by the browser's own parser (the URL Standard), against the base of the page or worker.

use wasm_bindgen::prelude::*;
use web_sys::Url;

pub(crate) use crate::web::url_error::UrlError;

// A static is read once, so it holds an object, which is asked each time: a page may move without being loaded anew.
#[wasm_bindgen]
extern "C" {
    /// `document` or `location`.
    type Place;
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    static DOCUMENT: Option<Place>;
    #[wasm_bindgen(thread_local_v2, js_name = location)]
    static LOCATION: Option<Place>;
    #[wasm_bindgen(method, getter, js_name = baseURI)]
    fn base_uri(this: &Place) -> String;
    #[wasm_bindgen(method, getter)]
    fn href(this: &Place) -> String;
}

fn base() -> Option<String> {
    // A worker has no document; its location is its base.
    DOCUMENT.with(|document| document.as_ref().map(Place::base_uri)).or_else(location)
}

fn location() -> Option<String> {
    LOCATION.with(|location| location.as_ref().map(Place::href))
}

fn parse(url: &str) -> Result<Url, UrlError> {
    match base() {
        Some(base) => Url::new_with_base(url, &base),
        None => Url::new(url),
    }
    .map_err(|_| UrlError::Invalid)
}

/// `url` resolved, with its scheme made `plain` or `plain`s, whichever of `ws`, `wss`, `http`, `https` was given.
///
/// # Errors
///
/// If it is no URL, has another scheme, or has a fragment.
pub(crate) fn resolve(url: &str, plain: &str) -> Result<String, UrlError> {
    if cfg!(not(target_arch = "wasm32")) {
        return Err(UrlError::NoBrowser);
    }
    let url = parse(url)?;
    if !url.hash().is_empty() || url.href().ends_with('#') {
        return Err(UrlError::Fragment);
    }
    let scheme = url.protocol();
    let secure = match scheme.as_str() {
        "ws:" | "http:" => "",
        "wss:" | "https:" => "s",
        _ => return Err(UrlError::Scheme),
    };
    let href = url.href();
    let rest = href.get(scheme.len()..).unwrap_or_default();
    Ok([plain, secure, ":", rest].concat())
}

/// `text` as a value in a query.
pub(in crate::web) fn encode(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

/// The origin of the page or worker.
pub(super) fn origin() -> Option<String> {
    location().and_then(|here| origin_of(&here))
}

fn origin_of(url: &str) -> Option<String> {
    Url::new(url).map(|url| url.origin()).ok()
}

/// Is `url`, an absolute one, on another origin than the page?
#[must_use]
pub(crate) fn is_cross_origin(url: &str) -> bool {
    origin() != origin_of(url)
}
