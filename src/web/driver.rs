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

use super::{
    attempts::Attempts,
    clock,
    data::Data,
    endpoint::{Endpoint, Judge},
    fetch,
    guard::guarded,
    memory,
    page::{self, Watch},
    provider::Provider,
    task::Task,
};
use crate::core::{
    cause::Cause,
    cursor::Continuity,
    machine::{Config, Machine},
    outbox::Terms,
    text::Text,
    types::{ConnId, Delivery, Effect, Input, Notice, PageEvent, Payload, Refused, Report, Snapshot, Transport},
    wire::Wire,
};

/// Who hears what the connection tells. Called with nothing borrowed: it may do anything.
pub(crate) trait Observer {
    /// One notice of `driver`'s, in order. After [`Notice::Closed`] there is none.
    fn hear(&self, driver: &Driver, notice: Notice<Data>);
}

/// A running connection.
pub(crate) struct Driver {
    me: Weak<Self>,
    attempts: Attempts,
    judge: Option<Judge>,
    refresh: Option<Provider<()>>,
    /// What remembers the transport: the kind of the connection, and where it leads.
    place: String,
    machine: RefCell<Machine<Data>>,
    effects: RefCell<VecDeque<Effect<Data>>>,
    /// Somebody up the stack is emptying the queue.
    busy: Cell<bool>,
    /// The application has closed: it hears of the end, and of nothing else.
    closing: Cell<bool>,
    /// New credentials are being got.
    refreshing: RefCell<Option<Task>>,
    /// The server is asked for its HTTP side.
    inquiring: RefCell<Option<Task>>,
    bytes: Cell<u64>,
    timer: Cell<Option<clock::Timer>>,
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
    pub(crate) fn new(
        config: Config,
        mut endpoint: Endpoint,
        wire: Box<dyn Wire<Data>>,
        observer: Box<dyn Observer>,
    ) -> Rc<Self> {
        let manner = wire.manner();
        let kind = if manner.events { "events " } else { "socket " };
        let url = endpoint.http.url.split('?').next().unwrap_or_default();
        let place = [kind, url].concat();
        let config = Config {
            seed: clock::seed(),
            begin_with: memory::recall(&place),
            judges: endpoint.judge.is_some(),
            refreshes: endpoint.refresh.is_some(),
            ..config
        };
        let (judge, refresh) = (endpoint.judge.take(), endpoint.refresh.take());
        Rc::new_cyclic(|me| Self {
            me: me.clone(),
            attempts: Attempts::new(me, endpoint, manner),
            judge,
            refresh,
            place,
            machine: RefCell::new(Machine::new(config, wire)),
            effects: RefCell::default(),
            busy: Cell::new(false),
            closing: Cell::new(false),
            refreshing: RefCell::default(),
            inquiring: RefCell::default(),
            bytes: Cell::new(0),
            timer: Cell::new(None),
            page: Cell::new(None),
            observer,
        })
    }

    /// Connects, and watches the page.
    pub(crate) fn start(&self) {
        self.page.set(Some(page::watch(&self.me)));
        self.input(Input::WallClock(clock::wall()));
        if page::starts_offline() {
            self.input(Input::Page(PageEvent::Offline));
        }
        self.input(Input::Start);
    }

    /// Something happened.
    pub(crate) fn input(&self, input: Input<Data>) {
        self.machine.borrow_mut().step(clock::now(), input, &mut *self.effects.borrow_mut());
        self.run();
    }

    /// Sends a message; see [`Machine::send`].
    ///
    /// # Errors
    ///
    /// The message comes back where it was not taken.
    pub(crate) fn send(&self, data: Data, terms: Terms) -> Result<Delivery, Refused<Data>> {
        if let Some(id) = self.attempts.closing() {
            self.reported(id, Report::Closing);
        }
        let result = self.machine.borrow_mut().send(clock::now(), data, terms, &mut *self.effects.borrow_mut());
        self.run();
        result
    }

    /// Closes for good.
    pub(crate) fn close(&self, code: u16, reason: String) {
        self.closing.set(true);
        // What was taken goes first, for a socket that is closing may hand it back.
        while let Some(effect) = self.next_send() {
            self.carry_out(effect);
        }
        self.input(Input::Close { code, reason: reason.into() });
    }

    /// The next message that waits for a callback to return before it goes.
    fn next_send(&self) -> Option<Effect<Data>> {
        let mut effects = self.effects.borrow_mut();
        let at = effects.iter().position(|effect| matches!(effect, Effect::Send(..)))?;
        effects.remove(at)
    }

    /// Has the application closed, or let go of the connection?
    #[must_use]
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.get()
    }

    /// Closes for good because nobody is left to hear of it.
    pub(crate) fn abandon(&self) {
        self.close(1000, String::new());
    }

    /// Has events of this type delivered, which is needed before the browser's own EventSource does.
    pub(crate) fn listen(&self, kind: &str) {
        self.attempts.listen(kind);
    }

    /// The connection at a glance.
    #[must_use]
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.machine.borrow().snapshot(clock::now())
    }

    /// The application's subprotocol that the server chose; empty if none, and where there is no WebSocket.
    #[must_use]
    pub(crate) fn protocol(&self) -> String {
        if self.is_over_socket() { self.attempts.protocol().unwrap_or_default() } else { String::new() }
    }

    /// Bytes that the WebSocket took and that have not left the browser; zero where there is none.
    #[must_use]
    pub(crate) fn buffered(&self) -> usize {
        if self.is_over_socket() { self.attempts.buffered() } else { 0 }
    }

    /// Is the WebSocket that there is not one that is only tried?
    fn is_over_socket(&self) -> bool {
        self.snapshot().transport == Some(Transport::WebSocket)
    }

    /// What ended the last try; `None` while there is a connection.
    #[must_use]
    pub(crate) fn last_cause(&self) -> Option<Cause> {
        self.machine.borrow().last_cause().cloned()
    }

    /// What the last reconnect meant for the data; `None` before there was one.
    #[must_use]
    pub(crate) fn continuity(&self) -> Option<Continuity> {
        self.machine.borrow().continuity()
    }

    /// The last id seen; empty for none.
    #[must_use]
    pub(crate) fn last_id(&self) -> String {
        self.machine.borrow().last_id().decoded().into_owned()
    }

    /// Messages and bytes that wait in the outbox.
    #[must_use]
    pub(crate) fn queued(&self) -> (usize, usize) {
        self.machine.borrow().queued()
    }

    /// Attempts that were made, those of a better transport beside the connection included.
    #[must_use]
    pub(crate) fn attempted(&self) -> u64 {
        self.attempts.count()
    }

    /// Bytes that came with server-sent events: those of responses, and of the data of events where a script sees no more.
    #[must_use]
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.get()
    }

    pub(super) const fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    fn count(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_add(bytes as u64));
    }

    /// A transport reports.
    pub(super) fn reported(&self, id: ConnId, report: Report<Data>) {
        match &report {
            Report::Head(_) => self.attempts.answered(),
            Report::Piece(piece) => self.count(piece.bytes),
            Report::Event { data, .. } if data.events.is_some() => self.count(data.size()),
            _ => {}
        }
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
            // Since these were asked for, the application may have read another id.
            Effect::Open(id, transport, _) => self.attempts.open(id, transport, &self.last_id()),
            Effect::Poll(id, _) => self.attempts.poll(id, &self.last_id()),
            Effect::Address(id, query) => self.attempts.address(id, &query.decoded()),
            Effect::Send(id, data) => self.attempts.send(id, data),
            Effect::Ping(id) => self.attempts.ping(id),
            Effect::Farewell(id, data) => self.attempts.farewell(id, &data),
            Effect::Inquire => self.inquire(),
            Effect::Drop(id, farewell) => self.attempts.end(id, farewell),
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
        // A message is not delivered any more, and that is to be known: it is not the last one.
        let concerns_the_end = end || matches!(notice, Notice::Status(_) | Notice::Dropped { .. } | Notice::Message(_));
        if self.closing.get() && !concerns_the_end {
            return;
        }
        if end {
            self.page.take();
            self.refreshing.take();
            self.inquiring.take();
        }
        self.observer.hear(self, notice);
    }

    /// Whatever the answer is, it comes too late once this is dropped.
    fn inquire(&self) {
        let (url, credentials) = self.attempts.http_side();
        let me = self.me.clone();
        let task = Task::spawn(async move {
            let status = fetch::ask(url, credentials).await;
            if let Some(driver) = me.upgrade() {
                driver.input(Input::Inquired(status));
            }
        });
        let old = self.inquiring.replace(Some(task));
        drop(old);
    }

    fn judge(&self, cause: &Cause) {
        if let (Some(judge), false) = (&self.judge, self.closing.get()) {
            self.input(Input::Judged(guarded(|| judge(cause)).flatten()));
        }
    }

    fn refresh(&self) {
        let Some(provider) = self.refresh.clone().filter(|_| !self.closing.get()) else { return };
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
}
