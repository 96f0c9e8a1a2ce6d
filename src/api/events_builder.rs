//! How [`Events`] are described.

use std::{fmt, future::Future, rc::Rc, time::Duration};

use super::{
    Backoff, ConfigError, Events, Message, Ruling, Store,
    events::Context,
    hub::Connection,
    options::{Common, common_options, resolve, span},
    progress::Dedupe,
};
use crate::{
    core::{cause::Cause, machine::Config, types::Transport, wire::sse::Sse},
    web::{endpoint::Endpoint, permitted::check_method, provider::Provider, request::Recipe, requests::Requests, url},
};

/// 16 MiB.
const MAX_EVENT_BYTES: usize = 16 * 1024 * 1024;

/// [`Events`] that are being described.
///
/// ```no_run
/// # use std::time::Duration;
/// use everwire::Events;
///
/// # fn main() -> Result<(), everwire::ConfigError> {
/// let answers = Events::builder("/answers")
///     .method("POST")
///     .header("Content-Type", "application/json")
///     .body(r#"{"question":"why?"}"#)
///     .silence_timeout(Duration::from_secs(45))
///     .open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is opened before `open` is called"]
pub struct EventsBuilder {
    kinds: Vec<String>,
    /// Made a value of JavaScript only when it is opened, for on a server there are none.
    body: Option<Message>,
    repeatable: Option<bool>,
    first_byte: Option<Duration>,
    max_event_bytes: usize,
    common: Common,
}

common_options!(EventsBuilder);

impl EventsBuilder {
    pub(super) fn new(url: String) -> Self {
        Self {
            kinds: Vec::new(),
            body: None,
            repeatable: None,
            first_byte: None,
            max_event_bytes: MAX_EVENT_BYTES,
            common: Common::new(url),
        }
    }

    /// Delivers events of this type; may be called several times. Default: those without a name, whose type is `message`.
    pub fn event(mut self, kind: impl Into<String>) -> Self {
        self.kinds.push(kind.into());
        self
    }

    /// Asks for the URL before each request, for example to have a fresh token in it. The one that was given to the builder then only
    /// says which connection this is. A failure of the function is a failed try, like one of the network.
    pub fn url_with<T, E, F>(mut self, provide: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: Into<String>,
        E: fmt::Display,
    {
        self.common.url_provider = Some(Provider::new(provide, |given: T| Ok(given.into())));
        self
    }

    /// The method of the request. Default: `GET`. The browser's own EventSource knows no other, so it is not used then.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.common.recipe.method = method.into();
        self
    }

    /// Sends this header with each request; may be called several times. Its value goes as UTF-8. The browser's own EventSource sends
    /// none, so it is not used then; to another origin, a header costs a CORS preflight.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.common.recipe.headers.push((name.into(), value.into()));
        self
    }

    /// Asks for headers before each request, besides those of [`header`](Self::header). A failure of the function is a failed try.
    pub fn headers_with<N, V, T, E, F>(mut self, provide: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: IntoIterator<Item = (N, V)>,
        N: Into<String>,
        V: Into<String>,
        E: fmt::Display,
    {
        self.common.provide_headers(provide);
        self
    }

    /// The body of the request, which needs a [`method`](Self::method) that has one. A text goes as `text/plain`, unless a header
    /// `Content-Type` says otherwise.
    pub fn body(mut self, body: impl Into<Message>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Asks for the body before each request. A failure of the function is a failed try.
    pub fn body_with<T, E, F>(mut self, provide: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: Into<Message>,
        E: fmt::Display,
    {
        self.common.recipe.body_provider = Some(Provider::new(provide, |given: T| Ok(given.into().into_data())));
        self
    }

    /// Whether a request may be repeated that the server may have acted on. Where it may not, the end of the response is the end of
    /// the connection, and so is any failure but one of which the server says that it did nothing (401, 425, 429, 503).
    /// Default: a `GET` or `HEAD` may be repeated, any other not.
    pub fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = Some(repeatable);
        self
    }

    /// Whether requests to another origin carry cookies. Default: no.
    pub fn with_credentials(mut self, credentials: bool) -> Self {
        self.common.recipe.credentials = credentials;
        self
    }

    /// Sends the last id in the query, under this name, instead of the header `Last-Event-ID`; to another origin, that
    /// spares the CORS preflight.
    pub fn resume_query(mut self, name: impl Into<String>) -> Self {
        self.common.query = Some(name.into());
        self
    }

    /// Does not deliver an event again whose id is among the last `ids`, at most 1 MiB of them: for servers that resume a little before
    /// the last id, and use no id twice. An event without an id of its own is always delivered. The browser's own EventSource does not
    /// tell whether an event has one, so it is not used then. Default: off.
    pub fn dedupe(mut self, ids: usize) -> Self {
        self.common.dedupe = Some(Dedupe::among(ids));
        self
    }

    /// A stream from which nothing came for this long, not even a comment, is ended and opened anew. The browser's own EventSource
    /// does not show comments, so it is not used then. Choose more than the server's interval between comments. Default: off.
    pub fn silence_timeout(mut self, span: Duration) -> Self {
        self.common.silence = Some(span);
        self
    }

    /// An open stream of which not one byte has come after this is left for the next transport: something on the way may hold bytes back.
    /// Choose more than the server's interval between comments, which should be 15 s. [`Duration::MAX`] turns it off. Default: 20 s.
    pub fn first_byte_timeout(mut self, span: Duration) -> Self {
        self.first_byte = Some(span);
        self
    }

    /// The most bytes of one line, and of one event; a longer one ends the connection. Default: 16 MiB.
    pub fn max_event_bytes(mut self, bytes: usize) -> Self {
        self.max_event_bytes = bytes;
        self
    }

    /// Connects. What is not a fault of the configuration is not an error here, but a status.
    ///
    /// # Errors
    ///
    /// If the URL, the method, a header, the body, the type of an event, the last id, a bound or the choice of transports cannot be used; it
    /// says what was given and what was expected.
    pub fn open(self) -> Result<Events, ConfigError> {
        let recipe = self.recipe()?;
        let needs_fetch = self.needs_fetch(&recipe);
        let config = self.config(&recipe, needs_fetch)?;
        let alone = config.transports == [Transport::EventSource];
        let wire = Sse {
            // It would reconnect to the old URL.
            keeps_source: (alone || url::is_cross_origin(&recipe.url)) && recipe.url_provider.is_none(),
            query: self.common.query()?,
            needs_fetch,
        };
        let (progress, last_id) = self.common.progress(&recipe.url);
        let endpoint = Endpoint {
            http: recipe,
            requests: Some(Requests::EVENT_STREAMS),
            max_event_bytes: self.max_event_bytes,
            judge: self.common.judge,
            refresh: self.common.refresh,
            ..Endpoint::default()
        };
        let context = Context::new(self.kinds.clone(), &last_id.decoded());
        let config = Config { last_id, ..config };
        Ok(Events::new(Connection::open(config, endpoint, Box::new(wire), context, progress, &self.kinds)))
    }

    /// What requests are made of, checked.
    fn recipe(&self) -> Result<Recipe, ConfigError> {
        let given = &self.common.recipe;
        let url = resolve("url", &given.url, "http")?;
        let method = check_method(&given.method);
        let method = method.map_err(|expected| ConfigError::new("method", &given.method, expected))?;
        if matches!(method.as_str(), "GET" | "HEAD") && (self.body.is_some() || given.body_provider.is_some()) {
            return Err(ConfigError::new(
                "method",
                &method,
                "expected one that has a body, such as POST, for the body given",
            ));
        }
        let headers = self.common.headers()?;
        let body = self.body.clone().map(Message::into_data);
        Ok(Recipe { url, url_provider: self.common.urls("http"), method, headers, body, ..given.clone() })
    }

    /// Is something asked for that the browser's own EventSource cannot do?
    fn needs_fetch(&self, recipe: &Recipe) -> bool {
        let common = &self.common;
        // It repeats what has ended, and does not tell that from a failure.
        let once = self.repeatable == Some(false);
        once || common.has_headers() || recipe.method != "GET" || common.silence.is_some() || common.dedupe.is_some()
    }

    fn config(&self, recipe: &Recipe, needs_fetch: bool) -> Result<Config, ConfigError> {
        if self.max_event_bytes == 0 {
            return Err(ConfigError::new("max_event_bytes", "0", "expected more than zero"));
        }
        if self.kinds.iter().any(String::is_empty) {
            let expected = "expected a type that an event can have; without a name it is of the type message";
            return Err(ConfigError::new("event", "", expected));
        }
        let config = self.common.config(Sse::LADDER)?;
        if needs_fetch
            && !config.transports.is_empty()
            && config.transports.iter().all(|t| *t == Transport::EventSource)
        {
            let expected = "expected another one as well: the browser's own EventSource cannot do all that is asked";
            return Err(ConfigError::new("transports", Transport::EventSource.as_str(), expected));
        }
        let first_byte = self.first_byte.map(|limit| span("first_byte_timeout", limit)).transpose()?;
        let repeatable = self.repeatable.unwrap_or(matches!(recipe.method.as_str(), "GET" | "HEAD"));
        Ok(Config { first_byte: first_byte.or(config.first_byte), repeatable, ..config })
    }
}
