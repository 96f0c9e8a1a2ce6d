//! The `long-poll` transport, and POST: XMLHttpRequest, each response read when it is whole (WHATWG XMLHttpRequest).

use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{XmlHttpRequest, XmlHttpRequestResponseType};

use super::{data::Data, driver::Reporter, headers, listener::Listener};
use crate::core::types::{Payload, Report, Request};

#[wasm_bindgen]
extern "C" {
    /// `send` as JavaScript has it: one method for all kinds of bodies.
    type AnySender;
    #[wasm_bindgen(method, catch, js_name = send)]
    fn send_any(this: &AnySender, body: &JsValue) -> Result<(), JsValue>;
}

/// A request in flight, or answered.
pub(super) struct Xhr {
    raw: XmlHttpRequest,
    listener: Option<Listener>,
}

impl Xhr {
    /// Makes a request.
    pub(super) fn open(request: &Request<Data>, reporter: &Reporter) -> Result<Self, JsValue> {
        let raw = XmlHttpRequest::new()?;
        raw.open(if request.body.is_some() { "POST" } else { "GET" }, &request.url)?;
        raw.set_response_type(XmlHttpRequestResponseType::Arraybuffer);
        raw.set_with_credentials(request.credentials);
        for (name, value) in &request.headers {
            raw.set_request_header(name, value)?;
        }
        let (lane, reporter, answered) = (request.lane, reporter.clone(), raw.clone());
        let listener = Listener::new(
            &raw,
            "loadend",
            Box::new(move |_| {
                let status = answered.status().unwrap_or(0);
                let body = answered.response().unwrap_or(JsValue::NULL);
                reporter.report(if status == 0 || body.is_null() {
                    Report::Failed { lane }
                } else {
                    // Asking for one header at a time would log an error for each that CORS does not expose.
                    let all = answered.get_all_response_headers().unwrap_or_default();
                    let head = headers::head(status, |name| find(&all, name));
                    Report::Answer { lane, head, body: Data(body) }
                });
            }),
        );
        let xhr = Self { raw, listener: Some(listener) };
        match &request.body {
            None => xhr.raw.send()?,
            Some(body) => {
                // `text/plain` needs no preflight, and the relay takes the type over to the receivers.
                let kind = if body.is_binary() { "application/octet-stream" } else { "text/plain;charset=UTF-8" };
                xhr.raw.set_request_header("Content-Type", kind)?;
                xhr.raw.unchecked_ref::<AnySender>().send_any(&body.0)?;
            }
        }
        Ok(xhr)
    }
}

/// A header's value in what `getAllResponseHeaders` returns: lower-case names, one a line.
fn find(all: &str, name: &str) -> Option<String> {
    all.split("\r\n")
        .filter_map(|line| line.split_once(": "))
        .find(|(given, _)| *given == name)
        .map(|(_, value)| String::from(value))
}

impl Drop for Xhr {
    fn drop(&mut self) {
        self.listener = None;
        let _ = self.raw.abort();
    }
}
