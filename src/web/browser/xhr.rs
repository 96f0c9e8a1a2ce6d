//! XMLHttpRequest (WHATWG XMLHttpRequest): what all its uses share, and the one whose answer is handed on as it is, for the polls and
//! POSTs of a relay.

use js_sys::{Reflect, global};
use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{XmlHttpRequest, XmlHttpRequestResponseType};

use super::{fetch::beacon, headers, listener::Listener, reporter::Reporter, requests::Receiver};
use crate::{
    core::{
        text::Text,
        types::{Head, Lane, Report},
    },
    web::{
        query,
        request::{Request, byte_string},
    },
};

#[wasm_bindgen]
extern "C" {
    /// `send` as JavaScript has it: one method for all kinds of bodies.
    type AnySender;
    #[wasm_bindgen(method, catch, js_name = send)]
    fn send_any(this: &AnySender, body: &JsValue) -> Result<(), JsValue>;
}

/// From its beginning on, a request that is left to end by itself may take this long, in milliseconds.
const LAST: u32 = 30_000;

/// A request in flight, or answered.
pub(super) struct Xhr {
    pub(super) raw: XmlHttpRequest,
    pub(super) reporter: Reporter,
    listeners: Vec<Listener>,
    /// It ends by itself.
    is_left: bool,
}

impl Receiver for Xhr {
    fn is_under_way(&self) -> bool {
        self.raw.ready_state() != XmlHttpRequest::DONE
    }

    fn leave(&mut self, arrives: bool, then: Option<Request>) {
        self.is_left = arrives;
        if let Some(request) = then {
            let then = Closure::once_into_js(move || beacon(&request));
            self.raw.set_onloadend(Some(then.unchecked_ref()));
        }
        if arrives {
            self.raw.set_timeout(LAST);
        }
    }
}

impl Xhr {
    /// Is there an XMLHttpRequest here?
    pub(super) fn exists() -> bool {
        Reflect::has(&global(), &JsValue::from_str("XMLHttpRequest")).unwrap_or_default()
    }

    /// Sends, and reports the answer as it is.
    pub(super) fn answer(request: &Request, lane: Lane, reporter: Reporter) -> Result<Self, JsValue> {
        let mut xhr = Self::open(request, XmlHttpRequestResponseType::Arraybuffer, reporter)?;
        let (raw, reporter) = (xhr.raw.clone(), xhr.reporter.clone());
        xhr.listen("loadend", move || {
            reporter.report(match (head(&raw), body(&raw)) {
                (Some(head), Some(body)) => Report::Answer { lane, head, body: body.into() },
                _ => Report::Failed { lane, why: Text::default() },
            });
        });
        xhr.send(request)?;
        Ok(xhr)
    }

    /// Prepares one that reports nothing.
    pub(super) fn open(
        request: &Request,
        kind: XmlHttpRequestResponseType,
        reporter: Reporter,
    ) -> Result<Self, JsValue> {
        let raw = XmlHttpRequest::new()?;
        if request.method == "GET" && !request.has_cursor_in_url {
            // It has no cache mode, so a URL that may have been asked for before gets a number.
            let random = ((js_sys::Math::random() * f64::from(u32::MAX)) as u32).to_string();
            raw.open(&request.method, &query::with_query(&request.url, &["_=", &random].concat()))?;
        } else {
            raw.open(&request.method, &request.url)?;
        }
        raw.set_response_type(kind);
        raw.set_with_credentials(request.credentials);
        for (name, value) in &request.headers {
            raw.set_request_header(name, &byte_string(value))?;
        }
        Ok(Self { raw, reporter, listeners: Vec::new(), is_left: false })
    }

    pub(super) fn listen(&mut self, kind: &str, then: impl Fn() + 'static) {
        self.listeners.push(Listener::new(&self.raw, kind, Box::new(move |_| then())));
    }

    pub(super) fn send(&self, request: &Request) -> Result<(), JsValue> {
        let body = request.body.as_ref().map_or(JsValue::NULL, |body| body.value.clone());
        self.raw.unchecked_ref::<AnySender>().send_any(&body)
    }
}

impl Drop for Xhr {
    fn drop(&mut self) {
        self.reporter.hush();
        self.listeners.clear();
        if !self.is_left {
            let _ = self.raw.abort();
        }
    }
}

/// The status of the response; `None` if there is none, and once it has failed.
pub(super) fn status(raw: &XmlHttpRequest) -> Option<u16> {
    raw.status().ok().filter(|status| *status != 0)
}

/// The head of the response, likewise, and while it is not shown.
pub(super) fn head(raw: &XmlHttpRequest) -> Option<Head> {
    let status = status(raw)?;
    // This one is exposed always. It is asked for before the list, so that what is in the list was not hidden here.
    let content_type = raw.get_response_header("content-type").ok().flatten();
    // Asking for one header at a time would log an error for each that CORS does not expose.
    let all = raw.get_all_response_headers().unwrap_or_default();
    // When a request has failed, Firefox hides the list from a worker, and from another origin's the type as well, before it tells the
    // worker of the failure. That is no response without a type, which would end the connection for good.
    if content_type.is_none() && all.is_empty() && raw.ready_state() != XmlHttpRequest::DONE {
        return None;
    }
    Some(headers::head(status, |name| match name {
        "content-type" => content_type.clone(),
        _ => find(&all, name),
    }))
}

/// The whole body, as bytes.
pub(super) fn body(raw: &XmlHttpRequest) -> Option<JsValue> {
    raw.response().ok().filter(|body| !body.is_null())
}

/// A header's value in what `getAllResponseHeaders` returns: lower-case names, one a line.
fn find(all: &str, name: &str) -> Option<String> {
    all.lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(given, _)| *given == name)
        .map(|(_, value)| String::from(value))
}
