//! One attempt to reach a server, and the connection that becomes of it.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use super::{
    clock,
    data::{Data, ServerEvent},
    network::{self, Step},
};
use crate::{
    core::{
        time::Millis,
        types::{ConnId, Head, Lane, Piece, Report, Transport},
    },
    web::{driver::Driver, request::Headers},
};

/// How long everything takes from one end to the other.
const LATENCY: Millis = Millis(1);
/// After this, a browser's own EventSource tries again by itself.
const SOURCE_RETRY: Millis = Millis(3_000);

/// The header of a request that goes on after an id.
pub(crate) const LAST_ID: &str = "Last-Event-ID";

/// Where it is, as the server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Connecting,
    Open,
    Closed,
}

/// One attempt, seen from both ends.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) url: String,
    pub(crate) transport: Transport,
    pub(crate) method: String,
    pub(crate) headers: Headers,
    pub(crate) body: Option<Data>,
    pub(crate) protocols: Vec<String>,
    /// The id after which the client wants to go on, unless a header says another one.
    pub(crate) cursor: String,
    pub(crate) at: Millis,
    pub(crate) received: RefCell<Vec<Data>>,
    pub(crate) state: Cell<State>,
    /// It was open once, and the client knows.
    pub(super) accepted: Cell<bool>,
    /// The words with which the client has closed it.
    pub(crate) farewell: RefCell<Option<(u16, String)>>,
    pub(super) id: ConnId,
    pub(super) driver: Weak<Driver>,
    /// The wire's own subprotocol is among those that were offered.
    pub(super) own: bool,
    pub(super) kinds: Vec<String>,
    pub(super) position: RefCell<Rc<str>>,
    /// The client listens to it.
    pub(super) wanted: Cell<bool>,
}

impl Link {
    /// Sets out.
    pub(super) fn begin(self: &Rc<Self>) {
        self.report(Report::Asked);
        self.later(LATENCY, |me| match network::arrive(me) {
            Step::Accept => me.accept(),
            Step::Refuse(status) => me.refuse(status),
            Step::Drop => me.lose(),
            Step::Stall => {}
            Step::Close(code) => {
                me.accept();
                me.close(code, "");
            }
        });
    }

    /// The client lets go of it.
    pub(super) fn end(&self) {
        self.wanted.set(false);
        self.state.set(State::Closed);
    }

    fn later(self: &Rc<Self>, span: Millis, then: impl FnOnce(&Rc<Self>) + 'static) {
        let me = Rc::clone(self);
        clock::later(span, move || {
            if me.wanted.get() {
                then(&me);
            }
        });
    }

    fn report(&self, report: Report<Data>) {
        if let (true, Some(driver)) = (self.wanted.get(), self.driver.upgrade()) {
            driver.reported(self.id, report);
        }
    }

    /// What is under way arrives.
    fn tell(self: &Rc<Self>, report: Report<Data>) {
        self.later(LATENCY, |me| me.report(report));
    }

    fn accept(self: &Rc<Self>) {
        self.state.set(State::Open);
        self.accepted.set(true);
        self.report(match self.transport {
            Transport::WebSocket => Report::Opened { own: self.own },
            Transport::EventSource => Report::Opened { own: false },
            _ => Report::Head(Head { content_type: "text/event-stream".into(), ..status(200) }),
        });
    }

    /// It was a WebSocket, and the client has yet to hear that it is closed.
    pub(super) fn is_closing(&self) -> bool {
        self.transport == Transport::WebSocket && self.accepted.get() && self.state.get() == State::Closed
    }

    /// The application's subprotocol that the server chose, as a browser says: none before there is an answer.
    pub(super) fn protocol(&self) -> Option<String> {
        let chosen = if self.own { None } else { self.protocols.first() };
        chosen.filter(|_| self.accepted.get()).cloned()
    }

    fn refuse(self: &Rc<Self>, code: u16) {
        self.state.set(State::Closed);
        match self.transport {
            Transport::WebSocket => self.report(closed(1006, "")),
            Transport::EventSource => self.report(Report::SourceError { gave_up: true }),
            _ => {
                self.report(Report::Head(status(code)));
                self.report(Report::Done);
            }
        }
    }

    /// The network fails.
    pub(crate) fn lose(self: &Rc<Self>) {
        self.state.set(State::Closed);
        match self.transport {
            Transport::WebSocket => self.tell(closed(1006, "")),
            Transport::EventSource => self.source_fails(),
            _ => self.tell(Report::Failed { lane: Lane::Down, why: "the network has failed".into() }),
        }
    }

    /// The server closes.
    pub(crate) fn close(self: &Rc<Self>, code: u16, reason: &str) {
        self.state.set(State::Closed);
        match self.transport {
            Transport::WebSocket => self.tell(closed(code, reason)),
            Transport::EventSource => self.source_fails(),
            _ => self.tell(Report::Done),
        }
    }

    /// A browser's own EventSource does not tell an end from a failure, and tries again.
    fn source_fails(self: &Rc<Self>) {
        self.tell(Report::SourceError { gave_up: false });
        self.later(SOURCE_RETRY, |me| {
            if let Some(driver) = me.driver.upgrade() {
                driver.attempts().again(me.id, Rc::new(me.next()));
            }
        });
    }

    /// Its next try. Only this one has the header, for it is of the browser's making: the last id that this EventSource has seen.
    fn next(&self) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| name != LAST_ID);
        let last_id = self.position.borrow().to_string();
        if !last_id.is_empty() {
            headers.push((String::from(LAST_ID), last_id));
        }
        Self { headers, at: clock::now(), state: Cell::new(State::Connecting), ..self.clone() }
    }

    /// The server sends a message.
    pub(crate) fn message(self: &Rc<Self>, data: Data) {
        self.later(LATENCY, |me| me.report(Report::Frame(data)));
    }

    /// The server sends an event.
    pub(crate) fn event(self: &Rc<Self>, kind: &str, data: &str, id: Option<&str>) {
        if let Some(id) = id {
            self.position.replace(id.into());
        }
        let last_id = self.position.borrow().clone();
        let text = last_id.as_ref().into();
        let is_source = self.transport == Transport::EventSource;
        let own_id = id.is_some() && !is_source;
        let bytes = data.len();
        let event = ServerEvent { kind: kind.into(), data: data.into(), last_id, own_id };
        let events = Data::from(vec![event]);
        if is_source {
            // It hears of no type that it was not asked to listen to.
            if matches!(kind, "" | "message") || self.kinds.iter().any(|known| known == kind) {
                self.tell(Report::Event { data: events, id: text });
            }
            return;
        }
        let last_id = id.is_some().then_some(text);
        self.tell(Report::Piece(Piece { bytes, events: Some(events), last_id, retry: None, overflow: false }));
        if self.transport == Transport::LongPoll {
            self.state.set(State::Closed);
            self.tell(Report::Done);
        }
    }
}

fn closed(code: u16, reason: &str) -> Report<Data> {
    Report::Closed { code, reason: reason.into() }
}

fn status(status: u16) -> Head {
    Head { status, ..Head::default() }
}
