//! The attempts of a connection: what each has of the browser's, and how that is made.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    mem,
    rc::{Rc, Weak},
};

use wasm_bindgen::JsValue;

use super::{
    cors::Refusal,
    data::Data,
    guard::guarded,
    reporter::{Reporter, words},
    requests::Receiver,
    task::Task,
    url,
    websocket::Socket,
};
use crate::{
    core::{
        text::Text,
        types::{ConnId, Manner, Report, Transport},
    },
    web::{
        driver::Driver,
        endpoint::Endpoint,
        handshake::Handshake,
        query,
        request::{Recipe, Request},
    },
};

/// One attempt over one transport, with at most one request to receive and one to send. Dropping it ends both.
pub(super) struct Attempt {
    id: ConnId,
    transport: Transport,
    /// What goes into the query of its URLs.
    address: String,
    /// What its requests are made of; `None` while the application is asked for that.
    pub(super) recipe: Option<Recipe>,
    /// A message that waits for it.
    pub(super) unposted: Option<Data>,
    down: Down,
    pub(super) up: Option<Box<dyn Receiver>>,
    /// What is posted behind that.
    pub(super) last_words: Option<Request>,
}

/// What receives. Dropping it detaches it and ends it.
pub(super) enum Down {
    /// Nothing yet, or nothing any more.
    Nothing,
    /// The application is asked for what the request needs.
    #[expect(dead_code, reason = "held for its drop")]
    Preparing(Task),
    Socket(Socket),
    Request(Box<dyn Receiver>),
}

/// The attempts of a driver: that which carries the connection, or tries to, and a try of a better transport.
pub(in crate::web) struct Attempts {
    driver: Weak<Driver>,
    pub(super) endpoint: Endpoint,
    pub(super) manner: Manner,
    live: RefCell<Vec<Attempt>>,
    /// Event types that the browser's own EventSource has to be asked for by name.
    pub(super) kinds: RefCell<Vec<String>>,
    /// The address of an attempt that is about to be opened.
    next_address: RefCell<String>,
    /// Where the last WebSocket led.
    socket_url: RefCell<String>,
    pub(super) refusal: Rc<Refusal>,
    count: Cell<u64>,
}

impl Attempts {
    pub(in crate::web) fn new(driver: &Weak<Driver>, endpoint: Endpoint, manner: Manner) -> Self {
        Self {
            driver: Weak::clone(driver),
            endpoint,
            manner,
            live: RefCell::default(),
            kinds: RefCell::default(),
            next_address: RefCell::default(),
            socket_url: RefCell::default(),
            refusal: Rc::default(),
            count: Cell::new(0),
        }
    }

    /// How many there were.
    pub(in crate::web) fn count(&self) -> u64 {
        self.count.get()
    }

    /// The server has let a script read its answer.
    pub(in crate::web) fn answered(&self) {
        self.refusal.answered();
    }

    /// Has events of this type delivered.
    pub(in crate::web) fn listen(&self, kind: &str) {
        if kind == "message" || self.kinds.borrow().iter().any(|known| known == kind) {
            return;
        }
        self.kinds.borrow_mut().push(String::from(kind));
        for attempt in self.live.borrow_mut().iter_mut() {
            if let Down::Request(request) = &mut attempt.down {
                request.listen(kind);
            }
        }
    }

    /// The application's subprotocol that the server chose.
    pub(in crate::web) fn protocol(&self) -> Option<String> {
        self.of_socket(Socket::protocol).filter(|chosen| chosen != self.manner.subprotocol)
    }

    /// Bytes that the WebSocket took and that have not left the browser.
    pub(in crate::web) fn buffered(&self) -> usize {
        self.of_socket(Socket::buffered).unwrap_or_default()
    }

    /// The attempt whose WebSocket is closing.
    pub(in crate::web) fn closing(&self) -> Option<ConnId> {
        let is_closing = |attempt: &&Attempt| matches!(&attempt.down, Down::Socket(socket) if socket.is_closing());
        self.live.borrow().iter().find(is_closing).map(|attempt| attempt.id)
    }

    fn of_socket<R>(&self, read: impl Fn(&Socket) -> R) -> Option<R> {
        self.live.borrow().iter().find_map(|attempt| match &attempt.down {
            Down::Socket(socket) => Some(read(socket)),
            _ => None,
        })
    }

    /// Makes one that goes on after `cursor`.
    pub(in crate::web) fn open(&self, id: ConnId, transport: Transport, cursor: &str) {
        self.count.set(self.count().saturating_add(1));
        let address = self.next_address.take();
        let recipe = Some(&self.endpoint.http).filter(|recipe| recipe.is_ready()).cloned();
        let attempt =
            Attempt { id, transport, address, recipe, unposted: None, down: Down::Nothing, up: None, last_words: None };
        self.live.borrow_mut().push(attempt);
        let cursor = String::from(cursor);
        if transport != Transport::WebSocket {
            return self.request(id, transport, cursor);
        }
        let handshake = self.endpoint.socket.clone();
        if handshake.is_ready() {
            return self.shake(id, handshake, &cursor);
        }
        self.prepare(id, handshake.prepare(), move |me, handshake| me.shake(id, handshake, &cursor));
    }

    /// Opens the WebSocket of an attempt.
    fn shake(&self, id: ConnId, mut handshake: Handshake, cursor: &str) {
        self.socket_url.replace(handshake.url.clone());
        handshake.url = query::with_query(&query::after(&handshake.url, &self.manner, cursor), &self.address_of(id));
        let made = Socket::open(&handshake, self.manner.subprotocol, &self.reporter(id));
        self.receive_by(id, made.map(Down::Socket));
    }

    /// Goes on as soon as the application has provided something; or reports that it has not.
    pub(super) fn prepare<T: 'static>(
        &self,
        id: ConnId,
        provided: impl Future<Output = Result<T, String>> + 'static,
        then: impl FnOnce(&Self, T) + 'static,
    ) {
        let driver = self.driver.clone();
        let task = Task::spawn(async move {
            let provided = provided.await;
            if let Some(driver) = driver.upgrade() {
                match provided {
                    Ok(provided) => then(driver.attempts(), provided),
                    Err(why) => driver.reported(id, Report::Unready { why: why.into() }),
                }
            }
        });
        self.receive_by(id, Ok(Down::Preparing(task)));
    }

    /// Asks again.
    pub(in crate::web) fn poll(&self, id: ConnId, cursor: &str) {
        // A session stays where it began, and may be known there alone; each request of an event stream stands for itself.
        let asks_anew = self.manner.events && !self.endpoint.http.is_ready();
        let transport = self.with(id, |attempt| {
            attempt.recipe.take_if(|_| asks_anew);
            attempt.transport
        });
        if let Some(transport) = transport {
            self.request(id, transport, String::from(cursor));
        }
    }

    /// Makes a request to receive. A connection without an HTTP side has no transport that asks for one.
    fn request(&self, id: ConnId, transport: Transport, cursor: String) {
        if let Some(requests) = self.endpoint.requests {
            requests.receive(self, id, transport, cursor);
        }
    }

    /// The attempt receives by this from now on.
    pub(super) fn receive_by(&self, id: ConnId, made: Result<Down, JsValue>) {
        match made {
            Ok(down) => {
                let old = self.with(id, |attempt| mem::replace(&mut attempt.down, down));
                drop(old);
            }
            Err(error) => self.fail(id, &error),
        }
    }

    /// Sends a message over one.
    pub(in crate::web) fn send(&self, id: ConnId, data: Data) {
        let taken = self.with(id, |attempt| match &attempt.down {
            Down::Socket(socket) => Some(socket.transmit(&data)),
            _ => None,
        });
        match taken.flatten() {
            Some(true) => {}
            Some(false) => {
                self.reporter(id).report(Report::Unsent(data));
            }
            None => {
                if let Some(requests) = self.endpoint.requests {
                    requests.post(self, id, data);
                }
            }
        }
    }

    /// From now on, this goes into the query of its URLs; where there is no such attempt, it is about to be opened.
    pub(in crate::web) fn address(&self, id: ConnId, query: &str) {
        if self.with(id, |attempt| attempt.address = String::from(query)).is_none() {
            self.next_address.replace(String::from(query));
        }
    }

    pub(super) fn address_of(&self, id: ConnId) -> String {
        self.with(id, |attempt| attempt.address.clone()).unwrap_or_default()
    }

    pub(super) fn recipe_of(&self, id: ConnId) -> Option<Recipe> {
        self.with(id, |attempt| attempt.recipe.clone()).flatten()
    }

    /// Sends the application's heartbeat.
    pub(in crate::web) fn ping(&self, id: ConnId) {
        if let Some(heartbeat) = &self.endpoint.heartbeat {
            let Some(data) = guarded(&**heartbeat) else { return };
            self.with(id, |attempt| match &attempt.down {
                // What a closing socket does not take is no message.
                Down::Socket(socket) => socket.transmit(&data),
                _ => false,
            });
        }
    }

    /// Sends this, whatever becomes of it.
    pub(in crate::web) fn farewell(&self, id: ConnId, data: &Data) {
        if let Some(requests) = self.endpoint.requests {
            requests.farewell(self, id, data);
        }
    }

    /// The HTTP side of the server, and whether it gets cookies.
    pub(in crate::web) fn http_side(&self) -> (String, bool) {
        let Recipe { url, url_provider, credentials, .. } = &self.endpoint.http;
        // What the application provides leads to where the WebSockets do.
        let provided = url_provider.as_ref().and_then(|_| url::resolve(&self.socket_url.borrow(), "http").ok());
        (provided.unwrap_or_else(|| url.clone()), *credentials)
    }

    /// Ends one. With these words the application has closed: a WebSocket ends with them, and what is on its way by POST arrives all the same.
    pub(in crate::web) fn end(&self, id: ConnId, farewell: Option<(u16, Text)>) {
        let gone = {
            let mut live = self.live.borrow_mut();
            live.iter().position(|attempt| attempt.id == id).map(|at| live.swap_remove(at))
        };
        let Some(Attempt { down, up, last_words, .. }) = gone else { return };
        if let (Down::Socket(mut socket), Some((code, reason))) = (down, &farewell) {
            socket.farewell(*code, &reason.decoded());
        }
        if let Some(mut up) = up {
            up.leave(farewell.is_some(), last_words);
        }
    }

    pub(super) fn reporter(&self, id: ConnId) -> Reporter {
        Reporter::new(&self.driver, id)
    }

    /// The host forbids it, or does not have it.
    pub(super) fn fail(&self, id: ConnId, error: &JsValue) {
        self.reporter(id).report(Report::Unusable { why: words(error).into() });
    }

    pub(super) fn with<R>(&self, id: ConnId, change: impl FnOnce(&mut Attempt) -> R) -> Option<R> {
        self.live.borrow_mut().iter_mut().find(|attempt| attempt.id == id).map(change)
    }
}
