//! Owns a machine and what its effects have made in the browser; carries out the one, and feeds it what the others report.
//!
//! Effects are carried out in order, from a queue, with nothing borrowed. So a callback of the application may do
//! anything: send, close, drop the last handle. What it causes is appended to the queue and done when it returns, in
//! order. Only the machine itself steps at once, so that `send` answers with the truth.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt,
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use wasm_bindgen::{JsCast, JsValue};

use super::{
    clock, data::Data, fetch::Stream, listener::Listener, page, source::Source, url, websocket::Socket, xhr::Xhr,
};
use crate::core::{
    cause::Cause,
    cursor::Continuity,
    machine::{Config, Machine},
    text::Text,
    types::{ConnId, Delivery, Effect, Input, Lane, Manner, Notice, PageEvent, Refused, Report, Snapshot, Transport},
    wire::Wire,
};

/// Who hears what the connection tells. Called with nothing borrowed: it may do anything.
pub trait Observer {
    /// One notice of `driver`'s, in order. After [`Notice::Closed`] there is none.
    fn hear(&self, driver: &Driver, notice: Notice<Data>);
}

/// Where a server is, and how it is spoken to: what the core leaves to the shell.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Its WebSocket: an absolute URL, `ws` or `wss`. Empty where there is none.
    pub socket_url: String,
    /// Its HTTP side: an absolute URL, `http` or `https`.
    pub http_url: String,
    /// The application's subprotocols, best first.
    pub protocols: Vec<String>,
    /// Send cookies to another origin as well.
    pub credentials: bool,
}

/// What reports come through: knows its attempt, and keeps nothing alive.
#[derive(Clone)]
pub(super) struct Reporter {
    driver: Weak<Driver>,
    id: ConnId,
}

impl Reporter {
    pub(super) fn report(&self, report: Report<Data>) {
        if let Some(driver) = self.driver.upgrade() {
            driver.input(Input::Report(self.id, report));
        }
    }
}

/// Something of the browser's that an attempt uses. Dropping it detaches it and ends it.
enum Part {
    Socket(Socket),
    Source(Source),
    #[expect(dead_code, reason = "held for its drop")]
    Stream(Stream),
    #[expect(dead_code, reason = "held for its drop")]
    Request(Lane, Xhr),
}

/// A running connection.
pub struct Driver {
    me: Weak<Self>,
    endpoint: Endpoint,
    manner: Manner,
    machine: RefCell<Machine<Data>>,
    effects: RefCell<VecDeque<Effect<Data>>>,
    /// Somebody up the stack is emptying the queue.
    busy: Cell<bool>,
    /// The application has closed: it hears of the end, and of nothing else.
    closing: Cell<bool>,
    parts: RefCell<Vec<(ConnId, Part)>>,
    /// Event types that the browser's own EventSource has to be asked for by name.
    kinds: RefCell<Vec<String>>,
    timer: Cell<Option<Timeout>>,
    page: Cell<Vec<Listener>>,
    observer: Box<dyn Observer>,
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("snapshot", &self.snapshot()).finish_non_exhaustive()
    }
}

impl Driver {
    /// Makes a connection that has not begun; [`Self::start`] begins.
    #[must_use]
    pub fn new(config: Config, endpoint: Endpoint, wire: Box<dyn Wire<Data>>, observer: Box<dyn Observer>) -> Rc<Self> {
        // 53 random bits are what JavaScript has; enough to set clients apart.
        let seed = (js_sys::Math::random() * 9_007_199_254_740_992.0) as u64;
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            endpoint,
            manner: wire.manner(),
            machine: RefCell::new(Machine::new(Config { seed, ..config }, wire)),
            effects: RefCell::default(),
            busy: Cell::new(false),
            closing: Cell::new(false),
            parts: RefCell::default(),
            kinds: RefCell::default(),
            timer: Cell::new(None),
            page: Cell::new(Vec::new()),
            observer,
        })
    }

    /// Connects, and watches the page.
    pub fn start(&self) {
        self.page.set(page::watch(&self.me));
        if page::starts_offline() {
            self.input(Input::Page(PageEvent::Offline));
        }
        self.input(Input::Start);
    }

    /// Something happened.
    pub fn input(&self, input: Input<Data>) {
        let mut effects = Vec::new();
        self.machine.borrow_mut().step(clock::now(), input, &mut effects);
        self.effects.borrow_mut().extend(effects);
        self.run();
    }

    /// Sends a message; see [`Machine::send`].
    ///
    /// # Errors
    ///
    /// The message comes back where it was not taken.
    pub fn send(&self, data: Data) -> Result<Delivery, Refused<Data>> {
        let mut effects = Vec::new();
        let result = self.machine.borrow_mut().send(data, &mut effects);
        self.effects.borrow_mut().extend(effects);
        self.run();
        result
    }

    /// Closes for good.
    pub fn close(&self, code: u16, reason: String) {
        self.closing.set(true);
        self.input(Input::Close { code, reason: reason.into() });
    }

    /// Closes for good because nobody is left to hear of it.
    pub fn abandon(&self) {
        self.close(1000, String::new());
    }

    /// Has events of this type delivered, which is needed before the browser's own EventSource does.
    pub fn listen(&self, kind: &str) {
        if kind == "message" || self.kinds.borrow().iter().any(|known| known == kind) {
            return;
        }
        self.kinds.borrow_mut().push(String::from(kind));
        for (_, part) in self.parts.borrow_mut().iter_mut() {
            if let Part::Source(source) = part {
                source.listen(kind);
            }
        }
    }

    /// The connection at a glance.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.machine.borrow().snapshot(clock::now())
    }

    /// The application's subprotocol that the server chose; empty if none, and where there is no WebSocket.
    #[must_use]
    pub fn protocol(&self) -> String {
        let parts = self.parts.borrow();
        let chosen = parts.iter().find_map(|(_, part)| match part {
            Part::Socket(socket) => Some(socket.protocol()),
            _ => None,
        });
        chosen.filter(|chosen| chosen != self.manner.subprotocol).unwrap_or_default()
    }

    /// What ended the last try; `None` while there is a connection.
    #[must_use]
    pub fn last_cause(&self) -> Option<Cause> {
        self.machine.borrow().last_cause().cloned()
    }

    /// What the last reconnect meant for the data; `None` before there was one.
    #[must_use]
    pub fn continuity(&self) -> Option<Continuity> {
        self.machine.borrow().continuity()
    }

    /// The last id seen; empty for none.
    #[must_use]
    pub fn last_id(&self) -> String {
        self.machine.borrow().last_id().decoded().into_owned()
    }

    /// Messages and bytes that wait in the outbox.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        self.machine.borrow().queued()
    }

    fn run(&self) {
        if self.busy.replace(true) {
            return;
        }
        // A callback may drop the last handle; the queue is emptied all the same.
        let _alive = self.me.upgrade();
        loop {
            let next = self.effects.borrow_mut().pop_front();
            match next {
                Some(effect) => self.carry_out(effect),
                None => break,
            }
        }
        self.busy.set(false);
    }

    fn carry_out(&self, effect: Effect<Data>) {
        match effect {
            Effect::Open(id, transport, cursor) => self.open(id, transport, &cursor.decoded()),
            Effect::Poll(id, cursor) => self.poll(id, &cursor.decoded()),
            Effect::Send(id, data) => self.send_over(id, data),
            Effect::Drop(id, farewell) => self.drop_parts(id, farewell),
            Effect::Wake(at) => self.timer.set(at.map(|at| {
                let me = self.me.clone();
                clock::at(at, move || {
                    if let Some(driver) = me.upgrade() {
                        driver.input(Input::Tick);
                    }
                })
            })),
            Effect::Flush(id) => self.input(Input::Flush(id)),
            Effect::Tell(notice) => self.tell(notice),
        }
    }

    fn tell(&self, notice: Notice<Data>) {
        let end = matches!(notice, Notice::Closed(_));
        let concerns_the_end = end || matches!(notice, Notice::Status(_) | Notice::Dropped { .. });
        if self.closing.get() && !concerns_the_end {
            return;
        }
        if end {
            self.page.take();
        }
        self.observer.hear(self, notice);
    }

    fn reporter(&self, id: ConnId) -> Reporter {
        Reporter { driver: self.me.clone(), id }
    }

    /// `url`, going on after `cursor` where that goes into the query.
    fn after(&self, url: &str, cursor: &str) -> String {
        match &*self.manner.query.decoded() {
            name if !name.is_empty() && !cursor.is_empty() => url::with(url, name, cursor),
            _ => String::from(url),
        }
    }

    fn open(&self, id: ConnId, transport: Transport, cursor: &str) {
        let here = &self.endpoint;
        let reporter = self.reporter(id);
        let url = self.after(&here.http_url, cursor);
        let made = match transport {
            Transport::WebSocket => {
                let url = self.after(&here.socket_url, cursor);
                Socket::open(&url, self.manner.subprotocol, &here.protocols, &reporter).map(Part::Socket)
            }
            Transport::EventSource => {
                Source::open(&url, here.credentials, &self.kinds.borrow(), &reporter).map(Part::Source)
            }
            Transport::LongPoll => return self.poll(id, cursor),
            Transport::FetchStream | Transport::XhrStream => {
                Stream::open(&url, here.credentials, self.header(cursor), &reporter).map(Part::Stream)
            }
        };
        self.keep(id, made);
    }

    /// What goes into the header `Last-Event-ID`.
    fn header<'a>(&self, cursor: &'a str) -> Option<&'a str> {
        Some(cursor).filter(|cursor| self.manner.query.is_empty() && !cursor.is_empty())
    }

    fn poll(&self, id: ConnId, cursor: &str) {
        let mut url = self.after(&self.endpoint.http_url, cursor);
        if url == self.endpoint.http_url {
            // XMLHttpRequest has no cache mode, so a URL that may have been asked for before gets a number.
            url = url::with(&url, "_", &js_sys::Math::random().to_string());
        }
        let header = self.header(cursor);
        let made = Xhr::get(&url, self.endpoint.credentials, self.manner.events, header, &self.reporter(id));
        self.keep(id, made.map(|xhr| Part::Request(Lane::Down, xhr)));
    }

    fn send_over(&self, id: ConnId, data: Data) {
        let reporter = self.reporter(id);
        let taken = self.parts.borrow().iter().find_map(|(owner, part)| match part {
            Part::Socket(socket) if *owner == id => Some(socket.transmit(&data)),
            _ => None,
        });
        match taken {
            Some(true) => {}
            Some(false) => reporter.report(Report::Unsent(data)),
            None => {
                let made = Xhr::post(&self.endpoint.http_url, self.endpoint.credentials, &data, &reporter);
                self.keep(id, made.map(|xhr| Part::Request(Lane::Up, xhr)));
            }
        }
    }

    fn keep(&self, id: ConnId, made: Result<Part, JsValue>) {
        let part = match made {
            Ok(part) => part,
            Err(error) => return self.reporter(id).report(Report::Unusable { why: words(&error).into() }),
        };
        // A lane's answered request makes room for its next one.
        let same = |other: &Part| matches!((other, &part), (Part::Request(a, _), Part::Request(b, _)) if a == b);
        let old = {
            let mut parts = self.parts.borrow_mut();
            let at = parts.iter().position(|(owner, other)| *owner == id && same(other));
            let old = at.map(|at| parts.swap_remove(at));
            parts.push((id, part));
            old
        };
        drop(old);
    }

    fn drop_parts(&self, id: ConnId, farewell: Option<(u16, Text)>) {
        let (gone, kept) = self.parts.take().into_iter().partition::<Vec<_>, _>(|(owner, _)| *owner == id);
        self.parts.replace(kept);
        for (_, mut part) in gone {
            if let (Part::Socket(socket), Some((code, reason))) = (&mut part, &farewell) {
                socket.farewell(*code, &reason.decoded());
            }
        }
    }
}

/// What a thrown value says: its name and its message.
fn words(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => error.as_string().unwrap_or_default(),
    }
}
