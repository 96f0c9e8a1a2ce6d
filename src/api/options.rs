//! Options that both faces share.

use std::{fmt, future::Future, rc::Rc, time::Duration};

use super::{
    ConfigError,
    progress::{Dedupe, Progress, Storing},
};
use crate::{
    core::{backoff, machine::Config, text::Text, time::Millis, types::Transport},
    web::{
        endpoint::Judge,
        permitted::{check_header, is_token},
        provider::Provider,
        request::{Headers, Recipe},
        url,
    },
};

/// A span in milliseconds, rounded up so that nothing becomes zero that was not.
pub(crate) fn millis(span: Duration) -> Millis {
    // Not by `as_nanos`: to divide a `u128` is a kilobyte.
    let rest = u64::from(span.subsec_nanos().div_ceil(1_000_000));
    Millis(span.as_secs().saturating_mul(1_000).saturating_add(rest))
}

pub(super) const fn to_duration(span: Millis) -> Duration {
    Duration::from_millis(span.0)
}

/// A span that may not be zero.
pub(super) fn span(option: &'static str, span: Duration) -> Result<Millis, ConfigError> {
    match millis(span) {
        Millis::ZERO => Err(ConfigError::new(option, "0", "expected more than zero")),
        span => Ok(span),
    }
}

/// The URL as an absolute one, its scheme made `plain` or `plain`s.
pub(crate) fn resolve(option: &'static str, given: &str, plain: &str) -> Result<String, ConfigError> {
    if given.trim().is_empty() {
        // To a browser it is the URL of the page, which is no place to connect to.
        return Err(ConfigError::new(option, given, "expected a URL, absolute or relative to the page"));
    }
    url::resolve(given, plain).map_err(|error| ConfigError::new(option, given, error.expected()))
}

/// The header, if it can be sent.
fn checked((name, value): (String, String)) -> Result<(String, String), ConfigError> {
    match check_header(&name, &value) {
        Ok(()) => Ok((name, value)),
        Err(expected) => Err(ConfigError::new("header", &[&*name, ": ", &value].concat(), expected)),
    }
}

/// Where the last id is kept, for the next time that the page is loaded.
///
/// ```no_run
/// use everwire::{Events, Store};
///
/// # fn main() -> Result<(), everwire::ConfigError> {
/// let news = Events::builder("/news").store(Store::Session).open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Store {
    /// `sessionStorage`: of this tab, until it is closed.
    Session,
    /// `localStorage`: of this origin, without an end.
    Local,
}

/// What the builders of both faces collect.
#[derive(Clone)]
pub(super) struct Common {
    /// What requests are made of; its URL as it was given.
    pub(super) recipe: Recipe,
    /// Gives URLs, such as they are given to the builder.
    pub(super) url_provider: Option<Provider<String>>,
    pub(super) query: Option<String>,
    pub(super) silence: Option<Duration>,
    pub(super) dedupe: Option<Dedupe>,
    pub(super) store: Option<Storing>,
    /// Under what; none: the URL.
    pub(super) store_key: Option<String>,
    pub(super) judge: Option<Judge>,
    pub(super) refresh: Option<Provider<()>>,
    pub(super) backoff: Backoff,
    pub(super) connect_timeout: Duration,
    pub(super) min_uptime: Duration,
    /// None: all that the wire has.
    pub(super) transports: Option<Vec<Transport>>,
    pub(super) last_event_id: String,
}

impl Common {
    pub(super) fn new(url: String) -> Self {
        let Config { connect_timeout, min_uptime, .. } = Config::default();
        Self {
            recipe: Recipe { url, ..Recipe::default() },
            url_provider: None,
            query: None,
            silence: None,
            dedupe: None,
            store: None,
            store_key: None,
            judge: None,
            refresh: None,
            backoff: Backoff::default(),
            connect_timeout: to_duration(connect_timeout),
            min_uptime: to_duration(min_uptime),
            transports: None,
            last_event_id: String::new(),
        }
    }

    pub(super) fn provide_headers<N, V, T, E, F>(&mut self, provide: impl Fn() -> F + 'static)
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: IntoIterator<Item = (N, V)>,
        N: Into<String>,
        V: Into<String>,
        E: fmt::Display,
    {
        self.recipe.headers_provider = Some(Provider::new(provide, |given: T| {
            let headers = given.into_iter().map(|(name, value)| (name.into(), value.into()));
            headers.map(|header| checked(header).map_err(|error| error.to_string())).collect()
        }));
    }

    /// The URLs that the application provides, with this scheme.
    pub(super) fn urls(&self, plain: &'static str) -> Option<Provider<String>> {
        let resolve = move |given: String| resolve("url", &given, plain).map_err(|error| error.to_string());
        self.url_provider.clone().map(|provider| provider.map(resolve))
    }

    /// The headers, checked.
    pub(super) fn headers(&self) -> Result<Headers, ConfigError> {
        self.recipe.headers.iter().cloned().map(checked).collect()
    }

    pub(super) fn has_headers(&self) -> bool {
        !self.recipe.headers.is_empty() || self.recipe.headers_provider.is_some()
    }

    /// The query parameter for the last id, checked; empty for none.
    pub(super) fn query(&self) -> Result<Text, ConfigError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        match self.query.as_deref() {
            None => Ok(Text::default()),
            Some(name) if !name.is_empty() && name.bytes().all(is_plain) => Ok(Text::from(name)),
            Some(name) => {
                Err(ConfigError::new("resume_query", name, "expected a name of letters, digits, -, ., _ and ~"))
            }
        }
    }

    /// Checks what was collected, for a wire with these transports.
    pub(super) fn config(&self, offered: &[Transport]) -> Result<Config, ConfigError> {
        self.backoff.check()?;
        let transports = self.transports.as_deref().unwrap_or_default();
        if self.transports.is_some() && transports.is_empty() {
            return Err(ConfigError::new("transports", "nothing", "expected at least one transport"));
        }
        if let Some(stranger) = transports.iter().find(|transport| !offered.contains(transport)) {
            let expected = "expected transports that the wire has";
            return Err(ConfigError::new("transports", stranger.as_str(), expected));
        }
        if self.last_event_id.contains(['\0', '\r', '\n']) {
            let expected = "expected an id without line breaks and U+0000";
            return Err(ConfigError::new("last_event_id", &self.last_event_id, expected));
        }
        if self.dedupe.is_some_and(|dedupe| dedupe.ids == 0) {
            return Err(ConfigError::new("dedupe", "0", "expected room for at least one id"));
        }
        if self.store_key.as_deref() == Some("") {
            return Err(ConfigError::new("store", "", "expected a name for what is kept"));
        }
        Ok(Config {
            backoff: self.backoff.0,
            connect_timeout: span("connect_timeout", self.connect_timeout)?,
            min_uptime: millis(self.min_uptime),
            silence: self.silence.map(|silence| span("silence_timeout", silence)).transpose()?,
            transports: transports.to_vec(),
            last_id: Text::from(self.last_event_id.as_str()),
            ..Config::default()
        })
    }

    /// How far the connection at `url` has come before it begins, and the id that it goes on after.
    pub(super) fn progress(&self, url: &str) -> (Progress, Text) {
        let keeper = self.store.map(|store| store.keeper(self.store_key.as_deref().unwrap_or(url)));
        let last_id = match &keeper {
            Some(keeper) if self.last_event_id.is_empty() => keeper.kept(),
            _ => self.last_event_id.clone(),
        };
        let progress = Progress::new(self.dedupe.map(Dedupe::window), keeper);
        if !last_id.is_empty() {
            progress.is_new(&Rc::from(last_id.as_str()));
        }
        (progress, last_id.into())
    }
}

/// The options of both builders, which keep them in `common`. Its types are named where it is used.
macro_rules! common_options {
    ($builder:ty) => {
        impl fmt::Debug for $builder {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // Not its query, nor the headers: that is where credentials are.
                let url = self.common.recipe.url.split('?').next().unwrap_or_default();
                f.debug_struct(stringify!($builder)).field("url", &url).finish_non_exhaustive()
            }
        }

        impl $builder {
            /// When to try again.
            pub fn backoff(mut self, backoff: Backoff) -> Self {
                self.common.backoff = backoff;
                self
            }

            /// An attempt that is not open after this is ended. Default: 10 s.
            pub fn connect_timeout(mut self, span: Duration) -> Self {
                self.common.connect_timeout = span;
                self
            }

            /// A connection that was open for this long resets the backoff. Default: 5 s.
            pub fn min_uptime(mut self, span: Duration) -> Self {
                self.common.min_uptime = span;
                self
            }

            /// The transports to use, best first. Default: all that the wire has.
            ///
            /// A [`Socket`](crate::Socket) for which another one is named before [`Transport::WebSocket`] begins there, and moves up to a
            /// WebSocket as soon as that is open: `[Transport::LongPoll, Transport::WebSocket]`.
            ///
            /// A fallback that works is remembered for half an hour: the next connection of the page to that URL, whatever its query, begins with
            /// it. All sockets to one URL share it, whatever else they are made with; so do all [`Events`](crate::Events).
            pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
                self.common.transports = Some(transports.into_iter().collect());
                self
            }

            /// Gets new credentials, where the server refuses those of the last attempt with a 401 or the close code 1008 or 4401 (or the
            /// [`verdict`](Self::verdict) is [`Ruling::Refresh`]); then the next try follows. A failure of the function is a failed
            /// try: the next one comes after its backoff, and asks again first. Default: such a refusal is the end.
            pub fn refresh<E, F>(mut self, refresh: impl Fn() -> F + 'static) -> Self
            where
                F: Future<Output = Result<(), E>> + 'static,
                E: fmt::Display,
            {
                self.common.refresh = Some(Provider::new(refresh, Ok));
                self
            }

            /// Decides what a failure means; `None` leaves it at the default ([`Cause::verdict`]).
            pub fn verdict(mut self, verdict: impl Fn(&Cause) -> Option<Ruling> + 'static) -> Self {
                self.common.judge = Some(Rc::new(move |cause| verdict(cause).map(Ruling::for_core)));
                self
            }

            /// Go on after this id, which an earlier connection left behind.
            pub fn last_event_id(mut self, id: impl Into<String>) -> Self {
                self.common.last_event_id = id.into();
                self
            }

            /// Keeps the last id in the browser's storage, by the URL that was given to the builder, and goes on after it when the page is
            /// loaded anew; an id that is [given](Self::last_event_id) comes first. It is written at most once a second, when the page is
            /// left, and at the end. Where there is no storage, as in a worker, or none that may be used, nothing is kept. Default: none.
            ///
            /// Two connections to one URL would take each other's ids: see [`store_as`](Self::store_as).
            pub fn store(mut self, store: Store) -> Self {
                self.common.store = Some(super::progress::Storing::at(store));
                self.common.store_key = None;
                self
            }

            /// As [`store`](Self::store), by this name in place of the URL: for several connections to one URL, or a URL in which something
            /// differs each time.
            pub fn store_as(self, store: Store, name: impl Into<String>) -> Self {
                let mut stored = self.store(store);
                stored.common.store_key = Some(name.into());
                stored
            }
        }
    };
}

pub(super) use common_options;

/// Subprotocols must be tokens (RFC 9110, 5.6.2) and differ (WHATWG WebSockets, constructor).
pub(super) fn check_protocols(protocols: &[String]) -> Result<(), ConfigError> {
    let mut seen: Vec<&String> = Vec::new();
    for protocol in protocols {
        if !is_token(protocol) {
            return Err(ConfigError::new("protocols", protocol, "expected an HTTP token, such as v1.example"));
        }
        if seen.iter().any(|other| other.eq_ignore_ascii_case(protocol)) {
            return Err(ConfigError::new("protocols", protocol, "expected each subprotocol once"));
        }
        seen.push(protocol);
    }
    Ok(())
}

/// When to try again. The first retry comes within [`first_delay`](Self::first_delay); each later one is drawn afresh
/// from zero to `min(max_delay, min_delay × factorⁿ)`.
///
/// ```no_run
/// # use std::time::Duration;
/// use everwire::{Backoff, Socket};
///
/// # fn main() -> Result<(), everwire::ConfigError> {
/// let backoff = Backoff::default().max_delay(Duration::from_secs(10)).max_retries(20);
/// let socket = Socket::builder("/chat").backoff(backoff).open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Backoff(pub(super) backoff::Backoff);

impl Backoff {
    /// The first retry is uniform below this. Default: 2 s.
    pub fn first_delay(mut self, span: Duration) -> Self {
        self.0.first = millis(span);
        self
    }

    /// What the bound of the later ones grows from. Default: 1 s.
    pub fn min_delay(mut self, span: Duration) -> Self {
        self.0.base = millis(span);
        self
    }

    /// What the bound never exceeds. Default: 30 s.
    pub fn max_delay(mut self, span: Duration) -> Self {
        self.0.cap = millis(span);
        self
    }

    /// Growth of the bound per retry, at least 1. Default: 2.
    pub fn factor(mut self, factor: f64) -> Self {
        self.0.factor = factor;
        self
    }

    /// Give up after this many retries in a row; zero: never reconnect. Default: no limit.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.0.max_retries = Some(retries);
        self
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !(self.0.factor.is_finite() && self.0.factor >= 1.0) {
            return Err(ConfigError::new(
                "backoff.factor",
                &in_words(self.0.factor),
                "expected a finite number of at least 1",
            ));
        }
        let zero = |option| Err(ConfigError::new(option, "0", "expected more than zero: retries must not spin"));
        match (self.0.base, self.0.cap) {
            (Millis::ZERO, _) => zero("backoff.min_delay"),
            (_, Millis::ZERO) => zero("backoff.max_delay"),
            _ => Ok(()),
        }
    }
}

/// A number to the thousandth. To print it exactly would be five kilobytes of every application's module, for a message that nobody sees.
fn in_words(number: f64) -> String {
    if !number.is_finite() {
        return String::from(if number.is_nan() { "NaN" } else { "infinity" });
    }
    let thousandths = (number.abs() * 1000.0) as u64;
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}.{:03}", thousandths / 1000, thousandths % 1000)
}

impl Default for Backoff {
    fn default() -> Self {
        Self(backoff::Backoff::DEFAULT)
    }
}
