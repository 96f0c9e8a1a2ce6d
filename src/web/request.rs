//! What an HTTP request is made of: of values, and of what the application provides anew for each request.

use std::{fmt, future::Future, pin::Pin, rc::Rc};

use super::{
    data::Data,
    url::{self, is_cross_origin},
};
use crate::core::types::Manner;

/// What a provider promises: the value, or words on why there is none.
pub type Answer<T> = Pin<Box<dyn Future<Output = Result<T, String>>>>;

/// An asynchronous function of the application's, called anew whenever what it provides is needed.
pub struct Provider<T>(Rc<dyn Fn() -> Answer<T>>);

impl<T> Provider<T> {
    /// Provides what the futures of `provide` give, made into what is needed, or the words on why that cannot be.
    pub fn new<Given, Error, Work>(
        provide: impl Fn() -> Work + 'static,
        make: impl Fn(Given) -> Result<T, String> + Copy + 'static,
    ) -> Self
    where
        Work: Future<Output = Result<Given, Error>> + 'static,
        Error: fmt::Display,
    {
        Self(Rc::new(move || {
            let work = provide();
            Box::pin(async move { work.await.map_err(|error| error.to_string()).and_then(make) })
        }))
    }

    /// Asks the application. It may do anything, so nothing may be borrowed.
    pub(super) fn ask(&self) -> Answer<T> {
        (self.0)()
    }
}

// Not derived, which would ask for the same of `T`.
impl<T> Clone for Provider<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Provider<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").finish_non_exhaustive()
    }
}

/// Names and values. A value is text here, and goes as its UTF-8.
pub type Headers = Vec<(String, String)>;

/// How to make the requests that receive.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// An absolute URL, `http` or `https`.
    pub url: String,
    /// Gives such a one, in its place.
    pub url_provider: Option<Provider<String>>,
    /// The method.
    pub method: String,
    /// Headers that pass [`check_header`].
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
    /// The request, if it need not wait for anything.
    pub(super) fn ready(&self) -> Option<Request> {
        let Self { url_provider: None, headers_provider: None, body_provider: None, .. } = self else { return None };
        Some(self.plain())
    }

    fn plain(&self) -> Request {
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
        Request {
            method: String::from("POST"),
            headers: vec![(String::from("Content-Type"), String::from(kind))],
            body: Some(message),
            ..self.plain()
        }
    }

    /// The request, with what the application provides for it.
    pub(super) async fn prepare(self) -> Result<Request, String> {
        let mut request = self.plain();
        if let Some(provider) = &self.url_provider {
            request.url = provider.ask().await?;
        }
        if let Some(provider) = &self.headers_provider {
            request.headers.extend(provider.ask().await?);
        }
        if let Some(provider) = &self.body_provider {
            request.body = Some(provider.ask().await?);
        }
        Ok(request)
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
            self.url = url::after(&self.url, manner, cursor);
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

/// Is it a token (RFC 9110, 5.6.2)?
#[must_use]
pub fn is_token(text: &str) -> bool {
    let is_tchar = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(is_tchar)
}

/// What browsers do not let a script say (WHATWG Fetch, "forbidden request-header"), in lower case.
const FORBIDDEN: &[&str] = &[
    "accept-charset",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "access-control-request-private-network",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Can this header be sent?
///
/// # Errors
///
/// If not: what was expected, as the end of a sentence.
pub fn check_header(name: &str, value: &str) -> Result<(), &'static str> {
    let lower = name.to_ascii_lowercase();
    if !is_token(name) {
        return Err("expected an HTTP token as the header's name");
    }
    if FORBIDDEN.contains(&lower.as_str()) || lower.starts_with("proxy-") || lower.starts_with("sec-") {
        return Err("expected a header that browsers let a script set");
    }
    if lower == "last-event-id" {
        return Err("expected the last id in `last_event_id`: the connection moves it on");
    }
    if value.contains(['\0', '\r', '\n']) {
        return Err("expected a value without line breaks and U+0000");
    }
    Ok(())
}

/// Can a request have this method? Gives it as it is sent: fetch makes capitals of the usual ones (WHATWG Fetch, "normalize a method").
///
/// # Errors
///
/// If not: what was expected, as the end of a sentence.
pub fn check_method(method: &str) -> Result<String, &'static str> {
    let upper = method.to_ascii_uppercase();
    if !is_token(method) || matches!(upper.as_str(), "CONNECT" | "TRACE" | "TRACK") {
        return Err("expected an HTTP method that browsers let a script use");
    }
    let usual = matches!(upper.as_str(), "DELETE" | "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT");
    Ok(if usual { upper } else { String::from(method) })
}
