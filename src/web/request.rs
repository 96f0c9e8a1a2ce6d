//! What an HTTP request is made of: of values, and of what the application provides anew for each request.

use super::{data::Data, provider::Provider, query, url::is_cross_origin};
use crate::core::types::{Manner, Payload};

/// Names and values. A value is text here, and goes as its UTF-8.
pub(crate) type Headers = Vec<(String, String)>;

/// How to make the requests that receive.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    /// An absolute URL, `http` or `https`.
    pub url: String,
    /// Gives such a one, in its place.
    pub url_provider: Option<Provider<String>>,
    /// The method.
    pub method: String,
    /// Headers that pass [`check_header`](super::permitted::check_header).
    pub headers: Headers,
    /// Gives such ones, besides.
    pub headers_provider: Option<Provider<Headers>>,
    /// The body.
    pub body: Option<Data>,
    /// Gives one, in its place.
    pub body_provider: Option<Provider<Data>>,
    /// Send cookies to another origin as well.
    pub credentials: bool,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            url: String::new(),
            url_provider: None,
            method: String::from("GET"),
            headers: Headers::new(),
            headers_provider: None,
            body: None,
            body_provider: None,
            credentials: false,
        }
    }
}

impl Recipe {
    /// Need it not wait for anything?
    pub(super) const fn is_ready(&self) -> bool {
        self.url_provider.is_none() && self.headers_provider.is_none() && self.body_provider.is_none()
    }

    /// The same, with what the application provides in its place.
    pub(super) async fn prepare(mut self) -> Result<Self, String> {
        if let Some(provider) = self.url_provider.take() {
            self.url = provider.ask().await?;
        }
        if let Some(provider) = self.headers_provider.take() {
            self.headers.extend(provider.ask().await?);
        }
        if let Some(provider) = self.body_provider.take() {
            self.body = Some(provider.ask().await?);
        }
        Ok(self)
    }

    /// A request that receives.
    pub(super) fn request(&self) -> Request {
        Request {
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            credentials: self.credentials,
            has_cursor_in_url: false,
        }
    }

    /// A request that sends one message.
    pub(super) fn post(&self, message: Data) -> Request {
        // `text/plain` needs no preflight, and the relay takes the type over to the receivers.
        let kind = if message.is_binary() { "application/octet-stream" } else { "text/plain;charset=UTF-8" };
        let mut request = Request { method: String::from("POST"), body: Some(message), ..self.request() };
        if !request.has_header("content-type") {
            request.headers.push((String::from("Content-Type"), String::from(kind)));
        }
        request
    }
}

/// A request, ready to be made.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Headers,
    pub(super) body: Option<Data>,
    pub(super) credentials: bool,
    /// The cursor is in the URL.
    pub(super) has_cursor_in_url: bool,
}

impl Request {
    /// Asks in the manner of the wire, for what comes after `cursor` (empty: from where the server likes).
    pub(super) fn ask(&mut self, manner: &Manner, cursor: &str) {
        if manner.events && !self.has_header("accept") {
            self.headers.push((String::from("Accept"), String::from("text/event-stream")));
        }
        if cursor.is_empty() {
            return;
        }
        self.has_cursor_in_url = !manner.query.is_empty();
        if self.has_cursor_in_url {
            self.url = query::after(&self.url, manner, cursor);
        } else {
            self.headers.push((String::from("Last-Event-ID"), String::from(cursor)));
        }
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
    }

    pub(super) fn is_cross_origin_get(&self) -> bool {
        self.method == "GET" && is_cross_origin(&self.url)
    }
}

/// A header's value is bytes, a character for each (Web IDL's ByteString); text goes as UTF-8 (WHATWG HTML 9.2.3 on the last id).
pub(super) fn byte_string(text: &str) -> String {
    text.bytes().map(char::from).collect()
}
