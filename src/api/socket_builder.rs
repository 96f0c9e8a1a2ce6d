//! How a [`Socket`] is described.

use std::{
    fmt,
    future::Future,
    hash::{Hash, Hasher},
    rc::Rc,
    time::Duration,
};

use super::{
    Backoff, ConfigError, Heartbeat, Message, Outbox, Ruling, Socket, Store,
    hub::Connection,
    options::{Common, check_protocols, common_options, resolve},
    progress::Dedupe,
    socket::{Context, Greet, ReadId},
};
use crate::{
    core::{
        cause::Cause,
        machine::Config,
        types::Transport,
        wire::{self, OwnIds, engine_io::EngineIo, raw::Raw, relay::Relay},
    },
    web::{
        data::Data,
        endpoint::Endpoint,
        handshake::Handshake,
        provider::Provider,
        request::{Headers, Recipe},
        requests::Requests,
    },
};

/// The protocol that the server speaks. A fallback is never guessed: with [`Wire::Raw`] there is none.
///
/// The wires are constants, and no variants, so that an application is linked with those alone that it names.
#[derive(Clone, Copy)]
pub struct Wire(&'static Spec);

/// What the builder has to know of a wire.
struct Spec {
    /// As it is written.
    name: &'static str,
    make: fn(OwnIds) -> Box<dyn wire::Wire<Data>>,
    /// It has ids of its own.
    has_ids: bool,
    http: Option<HttpSide>,
}

/// The HTTP side of a wire.
struct HttpSide {
    requests: Requests,
    /// Checks the headers of requests.
    headers: fn(&Common) -> Result<Headers, ConfigError>,
}

#[expect(non_upper_case_globals, reason = "they are read as the variants of an enum")]
impl Wire {
    /// A plain WebSocket. It has neither ids nor a fallback; but the application may [read ids](SocketBuilder::id) from its own messages.
    pub const Raw: Self = Self(&Spec { name: "Wire::Raw", make: |ids| Box::new(Raw(ids)), has_ids: false, http: None });
    /// A push relay (nchan's "HTTP Push Relay"): WebSocket, then server-sent events and POST, then long-polling and POST, on one URL, with
    /// message ids that let a connection go on where it was lost.
    pub const Relay: Self = Self(&Spec {
        name: "Wire::Relay",
        make: |_| Box::new(Relay),
        has_ids: true,
        http: Some(HttpSide { requests: Requests::MESSAGES, headers: Common::headers }),
    });
    /// Engine.IO v4, the transport layer of the Socket.IO family of servers: WebSocket, or long-polling and POST, and from the latter to
    /// the former in place. It has a heartbeat of its own, and no ids: a session that is lost is a fresh one.
    pub const EngineIo: Self = Self(&Spec {
        name: "Wire::EngineIo",
        make: |ids| Box::new(EngineIo(ids)),
        has_ids: false,
        http: Some(HttpSide { requests: Requests::POLLS, headers: Common::headers }),
    });
}

impl Default for Wire {
    fn default() -> Self {
        Self::Raw
    }
}

impl PartialEq for Wire {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Wire {}

impl Hash for Wire {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

/// A [`Socket`] that is being described.
///
/// ```no_run
/// # use std::time::Duration;
/// use everwire::{Backoff, Outbox, Socket, Wire};
///
/// # fn main() -> Result<(), everwire::ConfigError> {
/// let socket = Socket::builder("/relay/chat")
///     .wire(Wire::Relay)
///     .outbox(Outbox::bounded(100))
///     .backoff(Backoff::default().max_delay(Duration::from_secs(10)))
///     .open()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "nothing is opened before `open` is called"]
pub struct SocketBuilder {
    wire: Wire,
    fallback_url: Option<String>,
    protocols: Vec<String>,
    protocols_provider: Option<Provider<Vec<String>>>,
    outbox: Outbox,
    heartbeat: Option<Heartbeat>,
    id: Option<ReadId>,
    resume_message: Option<Greet>,
    common: Common,
}

common_options!(SocketBuilder);

impl SocketBuilder {
    pub(super) fn new(url: String) -> Self {
        let mut common = Common::new(url);
        // As a WebSocket has them.
        common.recipe.credentials = true;
        Self {
            wire: Wire::default(),
            fallback_url: None,
            protocols: Vec::new(),
            protocols_provider: None,
            outbox: Outbox::default(),
            heartbeat: None,
            id: None,
            resume_message: None,
            common,
        }
    }

    /// The protocol that the server speaks. Default: [`Wire::Raw`].
    pub fn wire(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Asks for the URL before each attempt, for example to have a fresh token in it. The one that was given to the builder then only
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

    /// Where the server's HTTP side is. With [`Wire::Raw`] nothing goes over it; but where no WebSocket gets through, a request to it tells
    /// whether the server is there at all. Default: the same URL, with `http` for `ws`.
    pub fn fallback_url(mut self, url: impl Into<String>) -> Self {
        self.fallback_url = Some(url.into());
        self
    }

    /// The subprotocols to offer, best first. Default: none.
    pub fn protocols(mut self, protocols: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.protocols = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// Asks for the subprotocols before each attempt by WebSocket, in place of those of [`protocols`](Self::protocols): a place for a
    /// token. A failure of the function is a failed try.
    pub fn protocols_with<P, T, E, F>(mut self, provide: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: IntoIterator<Item = P>,
        P: Into<String>,
        E: fmt::Display,
    {
        self.protocols_provider = Some(Provider::new(provide, |given: T| {
            let protocols: Vec<String> = given.into_iter().map(Into::into).collect();
            check_protocols(&protocols).map(|()| protocols).map_err(|error| error.to_string())
        }));
        self
    }

    /// Sends this header with each HTTP request; may be called several times. Its value goes as UTF-8. No browser sends headers of a
    /// script's with a WebSocket, nor with its own EventSource, so that is not used then: what a server has to know over every transport
    /// goes into the URL. To another origin, a header costs a CORS preflight.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.common.recipe.headers.push((name.into(), value.into()));
        self
    }

    /// Asks for headers before each attempt over HTTP, besides those of [`header`](Self::header). A failure of the function is a failed
    /// try.
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

    /// Whether HTTP requests to another origin carry cookies, as a WebSocket's always do. Default: yes.
    pub fn with_credentials(mut self, credentials: bool) -> Self {
        self.common.recipe.credentials = credentials;
        self
    }

    /// What may wait while there is no connection.
    pub fn outbox(mut self, outbox: Outbox) -> Self {
        self.outbox = outbox;
        self
    }

    /// Sends something when nothing has come for a while, to see whether the connection is alive. Only with [`Wire::Raw`]: Engine.IO
    /// has a heartbeat of its own, and a relay would publish it. Default: none.
    pub fn heartbeat(mut self, heartbeat: Heartbeat) -> Self {
        self.heartbeat = Some(heartbeat);
        self
    }

    /// A connection from which nothing came for this long is ended and opened anew; of event streams a comment counts, and the browser's own
    /// EventSource hides those, so it is not used then. Choose more than the server's longest silence. Default: off.
    pub fn silence_timeout(mut self, span: Duration) -> Self {
        self.common.silence = Some(span);
        self
    }

    /// Reads the id of a message, where it has one: the last one is what a new connection goes on after, by
    /// [`resume_query`](Self::resume_query) or [`resume_message`](Self::resume_message). Not with [`Wire::Relay`], which has ids of its
    /// own.
    pub fn id(mut self, id: impl Fn(&Message) -> Option<String> + 'static) -> Self {
        self.id = Some(Rc::new(id));
        self
    }

    /// Sends the last id in the query of the URL, under this name. It needs an [`id`](Self::id), or a
    /// [`last_event_id`](Self::last_event_id) to begin after.
    pub fn resume_query(mut self, name: impl Into<String>) -> Self {
        self.common.query = Some(name.into());
        self
    }

    /// Makes of the last id what each connection begins with that goes on after one: it is sent before anything else. It needs an
    /// [`id`](Self::id), or a [`last_event_id`](Self::last_event_id) to begin after.
    pub fn resume_message<M: Into<Message>>(mut self, make: impl Fn(&str) -> M + 'static) -> Self {
        self.resume_message = Some(Rc::new(move |last_id| make(last_id).into()));
        self
    }

    /// Does not deliver a message again whose id is among the last `ids`, at most 1 MiB of them: for servers that resume a little before
    /// the last id, and use no id twice. A message without an id is always delivered. Default: off.
    pub fn dedupe(mut self, ids: usize) -> Self {
        self.common.dedupe = Some(Dedupe::among(ids));
        self
    }

    /// Connects. What is not a fault of the configuration is not an error here, but a status.
    ///
    /// # Errors
    ///
    /// If the URL, a subprotocol, a header, the last id, a bound or the choice of transports cannot be used, or something is asked for that
    /// the wire does not do; it says what was given and what was expected.
    pub fn open(self) -> Result<Socket, ConfigError> {
        self.suits_the_wire()?;
        check_protocols(&self.protocols)?;
        let common = &self.common;
        let socket = self.handshake()?;
        let http = self.wire.0.http.as_ref();
        let headers = http.map_or(Ok(Headers::new()), |http| (http.headers)(common))?;
        let recipe = self.recipe(headers)?;
        let wire = (self.wire.0.make)(OwnIds { query: common.query()?, told: self.resume_message.is_some() });
        self.has_what_it_resumes_after()?;
        let config = self.outbox.configure(common.config(wire.ladder())?)?;
        let config = self.climbing(config, wire.ladder())?;
        let heartbeat = self.heartbeat.as_ref().map(Heartbeat::times).transpose()?;
        let (progress, last_id) = common.progress(&socket.url);
        let config = Config { heartbeat, last_id, ..config };
        let is_reply = self.heartbeat.as_ref().and_then(|heartbeat| heartbeat.is_reply.clone());
        let context = Context::new(self.id, self.resume_message, is_reply, &config.last_id);
        let endpoint = Endpoint {
            socket,
            http: recipe,
            requests: http.map(|http| http.requests),
            heartbeat: self.heartbeat.map(Heartbeat::into_pulse),
            judge: self.common.judge,
            refresh: self.common.refresh,
            ..Endpoint::default()
        };
        Ok(Socket::new(Connection::open(config, endpoint, wire, context, progress, &[])))
    }

    /// Is nothing asked for that the wire does not do?
    fn suits_the_wire(&self) -> Result<(), ConfigError> {
        let common = &self.common;
        let Spec { name, has_ids, ref http, .. } = *self.wire.0;
        let is_raw = http.is_none();
        let needs_raw = "expected Wire::Raw for it: Engine.IO has a heartbeat of its own, and a relay would publish it";
        let needs_other = "expected another wire for it: the relay has ids of its own";
        let needs_http = "expected another wire for it: a browser sends no headers with a WebSocket";
        let needs_id = "expected `id` as well: the wire has no ids of its own";
        [
            ("heartbeat", self.heartbeat.is_some() && !is_raw, needs_raw),
            ("id", self.id.is_some() && has_ids, needs_other),
            ("resume_query", common.query.is_some() && has_ids, needs_other),
            ("resume_message", self.resume_message.is_some() && has_ids, needs_other),
            ("header", common.has_headers() && is_raw, needs_http),
            ("dedupe", common.dedupe.is_some() && !has_ids && self.id.is_none(), needs_id),
            ("store", common.store.is_some() && !has_ids && self.id.is_none(), needs_id),
        ]
        .into_iter()
        .find(|(_, is_wrong, _)| *is_wrong)
        .map_or(Ok(()), |(option, _, expected)| Err(ConfigError::new(option, name, expected)))
    }

    /// Is there an id for what is said of the last one?
    fn has_what_it_resumes_after(&self) -> Result<(), ConfigError> {
        let common = &self.common;
        if self.wire.0.has_ids || self.id.is_some() || !common.last_event_id.is_empty() {
            return Ok(());
        }
        let option = match (&common.query, &self.resume_message) {
            (Some(_), _) => "resume_query",
            (None, Some(_)) => "resume_message",
            (None, None) => return Ok(()),
        };
        let expected = "expected `id` or `last_event_id` as well: the wire has no ids of its own";
        Err(ConfigError::new(option, self.wire.0.name, expected))
    }

    /// How WebSockets are opened, checked.
    fn handshake(&self) -> Result<Handshake, ConfigError> {
        Ok(Handshake {
            url: resolve("url", &self.common.recipe.url, "ws")?,
            url_provider: self.common.urls("ws"),
            protocols: self.protocols.clone(),
            protocols_provider: self.protocols_provider.clone(),
        })
    }

    /// What requests are made of, checked.
    fn recipe(&self, headers: Headers) -> Result<Recipe, ConfigError> {
        let given = &self.common.recipe;
        let (url, url_provider) = match &self.fallback_url {
            Some(url) => (resolve("fallback_url", url, "http")?, None),
            None => (resolve("url", &given.url, "http")?, self.common.urls("http")),
        };
        Ok(Recipe { url, url_provider, headers, ..given.clone() })
    }

    /// The transports in the order in which they are climbed. Whoever puts another one before WebSocket, on a wire that has both, wants to
    /// begin there and to move up.
    fn climbing(&self, config: Config, offered: &[Transport]) -> Result<Config, ConfigError> {
        // The browser's own EventSource sends no headers, and hides the comments that are signs of life.
        let is_much = self.common.has_headers() || self.common.silence.is_some();
        let lacks = |transport: &Transport| is_much && *transport == Transport::EventSource;
        if config.transports.iter().any(lacks) {
            let expected = "expected none that sends no headers and hides comments, for what else is asked";
            return Err(ConfigError::new("transports", Transport::EventSource.as_str(), expected));
        }
        let wanted = if config.transports.is_empty() { offered } else { &config.transports };
        let begin_low = wanted.first() != Some(&Transport::WebSocket) && wanted.contains(&Transport::WebSocket);
        let order = if begin_low { offered } else { wanted };
        let transports = order.iter().filter(|it| wanted.contains(it) && !lacks(it)).copied().collect();
        Ok(Config { transports, begin_low, ..config })
    }
}
