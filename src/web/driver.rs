//! Owns a machine and what its effects have made in the browser; carries out the one, and feeds it what the others report.
//!
//! Effects are carried out in order, from a queue, with nothing borrowed. So a callback of the application may do
//! anything: send, close, drop the last handle. What it causes is appended to the queue and done when it returns, in
//! order. Only the machine itself steps at once, so that `send` answers with the truth.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt, mem,
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use wasm_bindgen::{JsCast, JsValue};

use super::{
    attempt::{Attempt, Down},
    clock,
    data::Data,
    fetch, memory,
    page::{self, Watch},
    reader::Reader,
    request::{Provider, Recipe, Request},
    source::Source,
    task::Task,
    url,
    websocket::Socket,
    xhr::Xhr,
    xhr_events,
};
use crate::core::{
    cause::Cause,
    cursor::Continuity,
    machine::{Config, Machine},
    text::Text,
    types::{
        ConnId, Delivery, Effect, Input, Lane, Manner, Notice, PageEvent, Payload, Refused, Report, Ruling, Snapshot,
        Transport,
    },
    wire::Wire,
};

/// Who hears what the connection tells. Called with nothing borrowed: it may do anything.
pub trait Observer {
    /// One notice of `driver`'s, in order. After [`Notice::Closed`] there is none.
    fn hear(&self, driver: &Driver, notice: Notice<Data>);
}

/// The application's own verdict on a failure; `None`: the default.
pub type Judge = Rc<dyn Fn(&Cause) -> Option<Ruling>>;

/// Where a server is, and how it is spoken to: what the core leaves to the shell.
#[derive(Default)]
pub struct Endpoint {
    /// Its WebSocket: an absolute URL, `ws` or `wss`. Empty where there is none.
    pub socket_url: String,
    /// The application's subprotocols, best first.
    pub protocols: Vec<String>,
    /// Its HTTP side.
    pub http: Recipe,
    /// The most bytes of one line, and of one event, of an event stream.
    pub max_event_bytes: usize,
    /// Judges failures.
    pub judge: Option<Judge>,
    /// Gets new credentials.
    pub refresh: Option<Provider<()>>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("http", &self.http).finish_non_exhaustive()
    }
}

/// What reports come through: knows its attempt, and keeps nothing alive.
#[derive(Clone)]
pub(super) struct Reporter {
    driver: Weak<Driver>,
    id: ConnId,
    wanted: Rc<Cell<bool>>,
}

impl Reporter {
    /// Reports, and says whether more is wanted.
    pub(super) fn report(&self, report: Report<Data>) -> bool {
        if let (true, Some(driver)) = (self.wanted.get(), self.driver.upgrade()) {
            driver.reported(self.id, report);
        }
        self.wanted.get()
    }

    /// Reports no more: what a promise has in store may come when nobody waits for it.
    pub(super) fn hush(&self) {
        self.wanted.set(false);
    }
}

/// A running connection.
pub struct Driver {
    me: Weak<Self>,
    endpoint: Endpoint,
    manner: Manner,
    /// What remembers the transport: the kind of the connection, and where it leads.
    place: String,
    machine: RefCell<Machine<Data>>,
    effects: RefCell<VecDeque<Effect<Data>>>,
    /// Somebody up the stack is emptying the queue.
    busy: Cell<bool>,
    /// The application has closed: it hears of the end, and of nothing else.
    closing: Cell<bool>,
    attempts: RefCell<Vec<Attempt>>,
    /// New credentials are being got.
    refreshing: RefCell<Option<Task>>,
    /// Event types that the browser's own EventSource has to be asked for by name.
    kinds: RefCell<Vec<String>>,
    /// The server has let a script read its answer.
    readable: Rc<Cell<bool>>,
    opened: Cell<u64>,
    bytes: Cell<u64>,
    timer: Cell<Option<Timeout>>,
    page: Cell<Option<Watch>>,
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
        let manner = wire.manner();
        let kind = if manner.events { "events " } else { "socket " };
        let url = endpoint.http.url.split('?').next().unwrap_or_default();
        let place = [kind, url].concat();
        let config = Config {
            // 53 random bits are what JavaScript has; enough to set clients apart.
            seed: (js_sys::Math::random() * 9_007_199_254_740_992.0) as u64,
            begin_with: memory::recall(&place),
            judges: endpoint.judge.is_some(),
            refreshes: endpoint.refresh.is_some(),
            ..config
        };
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            endpoint,
            manner,
            place,
            machine: RefCell::new(Machine::new(config, wire)),
            effects: RefCell::default(),
            busy: Cell::new(false),
            closing: Cell::new(false),
            attempts: RefCell::default(),
            refreshing: RefCell::default(),
            kinds: RefCell::default(),
            readable: Rc::default(),
            opened: Cell::new(0),
            bytes: Cell::new(0),
            timer: Cell::new(None),
            page: Cell::new(None),
            observer,
        })
    }

    /// Connects, and watches the page.
    pub fn start(&self) {
        self.page.set(Some(page::watch(&self.me)));
        self.input(Input::WallClock(clock::wall()));
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

    /// Has the application closed, or let go of the connection?
    #[must_use]
    pub fn is_closing(&self) -> bool {
        self.closing.get()
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
        for attempt in self.attempts.borrow_mut().iter_mut() {
            if let Down::Source(source) = &mut attempt.down {
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
        let attempts = self.attempts.borrow();
        let chosen = attempts.iter().find_map(|attempt| match &attempt.down {
            Down::Socket(socket) => Some(socket.protocol()),
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

    /// Attempts that were made, those of a better transport beside the connection included.
    #[must_use]
    pub fn attempts(&self) -> u64 {
        self.opened.get()
    }

    /// Bytes that came with events: those of responses, and of the data of events where a script sees no more.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    /// A transport reports.
    fn reported(&self, id: ConnId, report: Report<Data>) {
        let size = match &report {
            Report::Piece(piece) => piece.bytes,
            Report::Event { data, .. } => data.size(),
            _ => 0,
        };
        self.bytes.set(self.bytes.get().saturating_add(size as u64));
        self.input(Input::Report(id, report));
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
            Effect::Drop(id, farewell) => self.drop_attempt(id, farewell),
            Effect::Wake(at) => self.timer.set(at.map(|at| {
                let me = self.me.clone();
                clock::at(at, move || {
                    if let Some(driver) = me.upgrade() {
                        driver.input(Input::Tick);
                    }
                })
            })),
            Effect::Flush(id) => self.input(Input::Flush(id)),
            Effect::Judge(cause) => self.judge(&cause),
            Effect::Refresh => self.refresh(),
            Effect::Remember(transport) => memory::remember(&self.place, transport),
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
            self.refreshing.take();
        }
        self.observer.hear(self, notice);
    }

    fn judge(&self, cause: &Cause) {
        if let (Some(judge), false) = (&self.endpoint.judge, self.closing.get()) {
            self.input(Input::Judged(judge(cause)));
        }
    }

    fn refresh(&self) {
        let Some(provider) = self.endpoint.refresh.clone().filter(|_| !self.closing.get()) else { return };
        let me = self.me.clone();
        let task = Task::spawn(async move {
            let result = provider.ask().await.map_err(Text::from);
            if let Some(driver) = me.upgrade() {
                driver.input(Input::Refreshed(result));
            }
        });
        let old = self.refreshing.replace(Some(task));
        drop(old);
    }

    fn reporter(&self, id: ConnId) -> Reporter {
        Reporter { driver: self.me.clone(), id, wanted: Rc::new(Cell::new(true)) }
    }

    fn open(&self, id: ConnId, transport: Transport, cursor: &str) {
        self.opened.set(self.opened.get().saturating_add(1));
        self.attempts.borrow_mut().push(Attempt::new(id, transport));
        if transport != Transport::WebSocket {
            return self.request(id, transport, String::from(cursor));
        }
        let url = url::after(&self.endpoint.socket_url, &self.manner, cursor);
        let made = Socket::open(&url, self.manner.subprotocol, &self.endpoint.protocols, &self.reporter(id));
        self.receive_by(id, made.map(Down::Socket));
    }

    fn poll(&self, id: ConnId, cursor: &str) {
        let transport = self.attempts.borrow().iter().find(|attempt| attempt.id == id).map(|attempt| attempt.transport);
        if let Some(transport) = transport {
            self.request(id, transport, String::from(cursor));
        }
    }

    /// Makes a request to receive, as soon as there is what it needs. The one before it ends first.
    fn request(&self, id: ConnId, transport: Transport, cursor: String) {
        self.receive_by(id, Ok(Down::Nothing));
        if let Some(request) = self.endpoint.http.ready() {
            return self.make(id, transport, request, &cursor);
        }
        let (me, recipe) = (self.me.clone(), self.endpoint.http.clone());
        let task = Task::spawn(async move {
            let prepared = recipe.prepare().await;
            if let Some(driver) = me.upgrade() {
                match prepared {
                    Ok(request) => driver.make(id, transport, request, &cursor),
                    Err(why) => driver.reported(id, Report::Unready { why: why.into() }),
                }
            }
        });
        self.receive_by(id, Ok(Down::Preparing(task)));
    }

    fn make(&self, id: ConnId, transport: Transport, mut request: Request, cursor: &str) {
        request.ask(&self.manner, cursor);
        let reporter = self.reporter(id);
        let reader = || Reader::new(self.endpoint.max_event_bytes, cursor);
        let made = match transport {
            Transport::EventSource => Source::open(&request, &self.kinds.borrow(), reporter).map(Down::Source),
            Transport::FetchStream => fetch::Stream::open(request, reader(), &self.readable, reporter).map(Down::Fetch),
            Transport::XhrStream => xhr_events::stream(&request, reader(), reporter).map(Down::Xhr),
            _ if self.manner.events => xhr_events::poll(&request, reader(), reporter).map(Down::Xhr),
            _ => Xhr::answer(&request, Lane::Down, reporter).map(Down::Xhr),
        };
        self.receive_by(id, made);
    }

    /// The attempt receives by this from now on.
    fn receive_by(&self, id: ConnId, made: Result<Down, JsValue>) {
        match made {
            Ok(down) => {
                let old = self.with(id, |attempt| mem::replace(&mut attempt.down, down));
                drop(old);
            }
            Err(error) => self.reported(id, Report::Unusable { why: words(&error).into() }),
        }
    }

    fn with<R>(&self, id: ConnId, change: impl FnOnce(&mut Attempt) -> R) -> Option<R> {
        self.attempts.borrow_mut().iter_mut().find(|attempt| attempt.id == id).map(change)
    }

    fn send_over(&self, id: ConnId, data: Data) {
        let taken = self.attempts.borrow().iter().find_map(|attempt| match &attempt.down {
            Down::Socket(socket) if attempt.id == id => Some(socket.transmit(&data)),
            _ => None,
        });
        match taken {
            Some(true) => {}
            Some(false) => self.reported(id, Report::Unsent(data)),
            None => match Xhr::answer(&self.endpoint.http.post(data), Lane::Up, self.reporter(id)) {
                Ok(xhr) => {
                    // An answered request makes room for the next one.
                    let old = self.with(id, |attempt| attempt.up.replace(xhr));
                    drop(old);
                }
                Err(error) => self.reported(id, Report::Unusable { why: words(&error).into() }),
            },
        }
    }

    fn drop_attempt(&self, id: ConnId, farewell: Option<(u16, Text)>) {
        let gone = {
            let mut attempts = self.attempts.borrow_mut();
            attempts.iter().position(|attempt| attempt.id == id).map(|at| attempts.swap_remove(at))
        };
        if let (Some(Attempt { down: Down::Socket(mut socket), .. }), Some((code, reason))) = (gone, farewell) {
            socket.farewell(code, &reason.decoded());
        }
    }
}

/// What a thrown value says: its name and its message.
pub(super) fn words(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => error.as_string().unwrap_or_default(),
    }
}
