//! The few exports that the JavaScript facade of the npm package is built on (`pkg-template/`). They are private to it.
//!
//! There is no serde here, and no `core::fmt`: the facade reads its options itself and passes plain values, because a page
//! pays for every byte of this.

use std::rc::Rc;

use wasm_bindgen::prelude::*;

use crate::{
    core::{
        backoff::Backoff,
        cause::Cause,
        machine::Config,
        outbox::{Bounds, WhenFull},
        time::Millis,
        types::{Delivery, Input, Notice, Refused, Transport},
        wire::{Wire, raw::Raw, relay::Relay, sse::Sse},
    },
    web::{
        data::Data,
        driver::{Driver, Observer},
        url,
    },
};

#[wasm_bindgen]
extern "C" {
    /// The facade's end of a connection. Its methods must not throw.
    pub type Sink;

    #[wasm_bindgen(method)]
    fn status(this: &Sink, phase: &str, transport: Option<String>, attempt: u32, retry_in: f64);
    /// The cause of the notice that follows.
    #[wasm_bindgen(method)]
    fn cause(
        this: &Sink,
        kind: &str,
        transport: Option<String>,
        status: u16,
        code: u16,
        reason: &str,
        retry_after: f64,
    );
    #[wasm_bindgen(method)]
    fn opened(this: &Sink, protocol: &str);
    #[wasm_bindgen(method)]
    fn message(this: &Sink, data: &JsValue, id: Option<String>, kind: Option<String>);
    #[wasm_bindgen(method)]
    fn reconnecting(this: &Sink, attempt: u32, delay: f64);
    #[wasm_bindgen(method)]
    fn reconnected(this: &Sink, continuity: &str, downtime: f64, protocol: &str);
    #[wasm_bindgen(method, js_name = transportChanged)]
    fn transport_changed(this: &Sink, from: &str, to: &str);
    #[wasm_bindgen(method)]
    fn dropped(this: &Sink, data: &JsValue, why: &str);
    #[wasm_bindgen(method)]
    fn closed(this: &Sink, code: u16, reason: &str);
}

fn name(transport: Option<Transport>) -> Option<String> {
    transport.map(|transport| String::from(transport.as_str()))
}

fn ms(span: Millis) -> f64 {
    span.0 as f64
}

impl Sink {
    /// `retry_after` is −1 where the server did not say.
    fn tell_cause(&self, cause: &Cause) {
        let retry_after = cause.retry_after.map_or(-1.0, ms);
        self.cause(cause.kind.as_str(), name(cause.transport), cause.status, cause.code, &cause.reason, retry_after);
    }
}

impl Observer for Sink {
    fn hear(&self, notice: Notice<Data>) {
        match notice {
            Notice::Message(message) => self.message(&message.data.0, message.id, message.kind),
            Notice::Status(snapshot) => {
                self.status(snapshot.phase.as_str(), name(snapshot.transport), snapshot.attempt, ms(snapshot.retry_in));
            }
            Notice::Opened { protocol } => self.opened(&protocol),
            Notice::Reconnecting { attempt, delay, cause } => {
                self.tell_cause(&cause);
                self.reconnecting(attempt, ms(delay));
            }
            Notice::Reconnected { continuity, downtime, protocol, .. } => {
                self.reconnected(continuity.as_str(), ms(downtime), &protocol);
            }
            Notice::TransportChanged { from, to, why } => {
                if let Some(cause) = &why {
                    self.tell_cause(cause);
                }
                self.transport_changed(from.as_str(), to.as_str());
            }
            Notice::Dropped { data, why } => self.dropped(&data.0, why.as_str()),
            Notice::Closed(end) => {
                if let Some(cause) = &end.cause {
                    self.tell_cause(cause);
                }
                self.closed(end.code, &end.reason);
            }
        }
    }
}

/// What both faces are configured with.
///
/// `numbers`, in milliseconds where they are spans: first delay, min delay, max delay, factor, max retries (infinite: no
/// limit), min uptime, connect timeout, silence timeout (0: off), outbox messages, outbox bytes.
fn config(numbers: &[f64], transports: &str, last_id: String) -> Config {
    let number = |at: usize| numbers.get(at).copied().unwrap_or_default();
    let span = |at: usize| Millis(number(at) as u64);
    let retries = number(4);
    Config {
        backoff: Backoff {
            first: span(0),
            base: span(1),
            cap: span(2),
            factor: number(3),
            max_retries: retries.is_finite().then_some(retries as u32),
        },
        min_uptime: span(5),
        connect_timeout: span(6),
        silence: Some(span(7)).filter(|silence| *silence != Millis::ZERO),
        outbox: Bounds { messages: number(8) as usize, bytes: number(9) as usize, when_full: WhenFull::Refuse },
        transports: transports.split(',').filter_map(Transport::named).collect(),
        last_id,
        seed: 0,
    }
}

fn resolve(given: &str, plain: &str) -> Result<String, JsValue> {
    url::resolve(given, plain).map_err(|error| JsValue::from_str(error.expected()))
}

/// A connection; the facade makes it, starts it, and frees it when it has heard `closed`.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Connection {
    driver: Rc<Driver>,
    url: String,
}

impl Connection {
    fn over(wire: Box<dyn Wire<Data>>, config: Config, sink: Sink, url: String) -> Self {
        Self { driver: Driver::new(config, wire, Box::new(sink)), url }
    }
}

#[wasm_bindgen]
impl Connection {
    /// A duplex one. `protocols` and `transports` are joined by commas, which neither can contain.
    ///
    /// # Errors
    ///
    /// What was expected of the URL, as a string.
    #[allow(clippy::too_many_arguments, reason = "positional arguments cost the page the fewest bytes")]
    pub fn socket(
        sink: Sink,
        given: &str,
        fallback: Option<String>,
        protocols: &str,
        relay: bool,
        credentials: bool,
        drop_oldest: bool,
        numbers: &[f64],
        transports: &str,
        last_id: String,
    ) -> Result<Self, JsValue> {
        let socket_url = resolve(given, "ws")?;
        let http_url = resolve(fallback.as_deref().unwrap_or(&socket_url), "http")?;
        let protocols = protocols.split(',').filter(|protocol| !protocol.is_empty()).map(String::from).collect();
        let mut config = config(numbers, transports, last_id);
        if drop_oldest {
            config.outbox.when_full = WhenFull::DropOldest;
        }
        let url = socket_url.clone();
        let wire: Box<dyn Wire<Data>> = if relay {
            Box::new(Relay { socket_url, http_url, protocols, credentials })
        } else {
            Box::new(Raw { url: socket_url, protocols })
        };
        Ok(Self::over(wire, config, sink, url))
    }

    /// One that only receives.
    ///
    /// # Errors
    ///
    /// What was expected of the URL, as a string.
    #[allow(clippy::too_many_arguments, reason = "positional arguments cost the page the fewest bytes")]
    pub fn events(
        sink: Sink,
        given: &str,
        credentials: bool,
        query: String,
        max_event_bytes: f64,
        numbers: &[f64],
        transports: &str,
        last_id: String,
    ) -> Result<Self, JsValue> {
        let url = resolve(given, "http")?;
        let config = config(numbers, transports, last_id);
        let wire = Sse {
            cross_origin: url::is_cross_origin(&url),
            url: url.clone(),
            credentials,
            query,
            comments: config.silence.is_some(),
            max_event_bytes: max_event_bytes as usize,
        };
        Ok(Self::over(Box::new(wire), config, sink, url))
    }

    /// Connects.
    pub fn start(&self) {
        self.driver.start();
    }

    /// The resolved URL.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Bytes that wait in the outbox.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn queued(&self) -> f64 {
        self.driver.queued().1 as f64
    }

    /// Sends, and says what became of it: 0 sent, 1 queued, 2 refused.
    #[must_use]
    pub fn send(&self, data: JsValue) -> u32 {
        match self.driver.send(Data(data)) {
            Ok(Delivery::Sent) => 0,
            Ok(Delivery::Queued) => 1,
            Err(Refused::Full(_) | Refused::Closed(_)) => 2,
        }
    }

    /// Closes for good; `closed` follows at once.
    pub fn close(&self, code: u16, reason: String) {
        self.driver.close(code, reason);
    }

    /// Connects anew, now.
    pub fn reconnect(&self) {
        self.driver.input(Input::Reconnect);
    }

    /// Asks for events of this type.
    pub fn listen(&self, kind: &str) {
        self.driver.listen(kind);
    }
}
