//! The `long-poll` transport, and POST: XMLHttpRequest, each response read when it is whole (WHATWG XMLHttpRequest).

use wasm_bindgen::{JsCast, prelude::*};
use web_sys::{XmlHttpRequest, XmlHttpRequestResponseType};

use super::{data::Data, driver::Reporter, headers, listener::Listener};
use crate::core::types::{Lane, Report};

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
    /// Polls.
    pub(super) fn get(
        url: &str,
        credentials: bool,
        events: bool,
        last_id: Option<&str>,
        reporter: &Reporter,
    ) -> Result<Self, JsValue> {
        let xhr = Self::open("GET", url, credentials, Lane::Down, reporter)?;
        if events {
            xhr.raw.set_request_header("Accept", "text/event-stream")?;
        }
        if let Some(id) = last_id {
            xhr.raw.set_request_header("Last-Event-ID", &byte_string(id))?;
        }
        xhr.raw.send()?;
        Ok(xhr)
    }

    /// Sends one message.
    pub(super) fn post(url: &str, credentials: bool, body: &Data, reporter: &Reporter) -> Result<Self, JsValue> {
        let xhr = Self::open("POST", url, credentials, Lane::Up, reporter)?;
        // `text/plain` needs no preflight, and the relay takes the type over to the receivers.
        let kind = if body.is_binary() { "application/octet-stream" } else { "text/plain;charset=UTF-8" };
        xhr.raw.set_request_header("Content-Type", kind)?;
        xhr.raw.unchecked_ref::<AnySender>().send_any(&body.value)?;
        Ok(xhr)
    }

    fn open(method: &str, url: &str, credentials: bool, lane: Lane, reporter: &Reporter) -> Result<Self, JsValue> {
        let raw = XmlHttpRequest::new()?;
        raw.open(method, url)?;
        raw.set_response_type(XmlHttpRequestResponseType::Arraybuffer);
        raw.set_with_credentials(credentials);
        let (reporter, answered) = (reporter.clone(), raw.clone());
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
                    Report::Answer { lane, head, body: body.into() }
                });
            }),
        );
        Ok(Self { raw, listener: Some(listener) })
    }
}

/// A header's value is bytes, a character for each (Web IDL's ByteString); the id goes as UTF-8 (WHATWG HTML 9.2.3).
pub(super) fn byte_string(text: &str) -> String {
    text.bytes().map(char::from).collect()
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
