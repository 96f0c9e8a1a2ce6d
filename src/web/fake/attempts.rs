//! The attempts of a connection, each with its link to a server.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    rc::{Rc, Weak},
};

use super::{
    clock,
    data::Data,
    link::{Link, State},
    task::Task,
};
use crate::{
    core::{
        text::Text,
        types::{ConnId, Lane, Manner, Report, Transport},
    },
    web::{
        driver::Driver,
        endpoint::Endpoint,
        handshake::Handshake,
        query,
        request::{Recipe, Request},
    },
};

/// One attempt over one transport.
struct Attempt {
    id: ConnId,
    transport: Transport,
    address: String,
    link: Option<Rc<Link>>,
    /// The application is asked for what it needs.
    preparing: Option<Task>,
}

/// Where an attempt goes, and with what.
struct Way {
    request: Request,
    protocols: Vec<String>,
    cursor: String,
}

/// The attempts of a driver.
pub(in crate::web) struct Attempts {
    driver: Weak<Driver>,
    endpoint: Endpoint,
    manner: Manner,
    live: RefCell<Vec<Attempt>>,
    kinds: RefCell<Vec<String>>,
    next_address: RefCell<String>,
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
            count: Cell::new(0),
        }
    }

    pub(in crate::web) fn count(&self) -> u64 {
        self.count.get()
    }

    /// No answer is kept from a script here.
    pub(in crate::web) const fn answered(&self) {}

    pub(in crate::web) fn listen(&self, kind: &str) {
        self.kinds.borrow_mut().push(String::from(kind));
    }

    pub(in crate::web) fn protocol(&self) -> Option<String> {
        let live = self.live.borrow();
        live.iter().find_map(|attempt| attempt.link.as_ref()?.protocol())
    }

    pub(in crate::web) fn closing(&self) -> Option<ConnId> {
        let live = self.live.borrow();
        live.iter()
            .find(|attempt| attempt.link.as_ref().is_some_and(|link| link.is_closing()))
            .map(|attempt| attempt.id)
    }

    /// All that is sent has arrived.
    pub(in crate::web) const fn buffered(&self) -> usize {
        0
    }

    pub(in crate::web) fn open(&self, id: ConnId, transport: Transport, cursor: &str) {
        self.count.set(self.count().saturating_add(1));
        let address = self.next_address.take();
        self.live.borrow_mut().push(Attempt { id, transport, address, link: None, preparing: None });
        // No script gives the browser's own EventSource a header: a new one can say where to go on only in the query.
        let is_silent = transport == Transport::EventSource && self.manner.query.is_empty();
        let cursor = if is_silent { "" } else { cursor };
        if transport != Transport::WebSocket {
            return self.request(id, cursor);
        }
        let cursor = String::from(cursor);
        let way = move |me: &Self, Handshake { url, protocols, .. }: Handshake| {
            let url = query::after(&url, &me.manner, &cursor);
            Way { request: Recipe { url, ..Recipe::default() }.request(), protocols, cursor }
        };
        self.prepare(id, self.endpoint.socket.clone().prepare(), way);
    }

    pub(in crate::web) fn poll(&self, id: ConnId, cursor: &str) {
        self.request(id, cursor);
    }

    fn request(&self, id: ConnId, cursor: &str) {
        let cursor = String::from(cursor);
        self.prepare(id, self.endpoint.http.clone().prepare(), move |me, recipe: Recipe| {
            let mut request = recipe.request();
            request.ask(&me.manner, &cursor);
            Way { request, protocols: Vec::new(), cursor }
        });
    }

    /// Sets out as soon as the application has provided what that takes; or reports that it has not.
    fn prepare<T: 'static>(
        &self,
        id: ConnId,
        provided: impl Future<Output = Result<T, String>> + 'static,
        way: impl FnOnce(&Self, T) -> Way + 'static,
    ) {
        let driver = self.driver.clone();
        let task = Task::spawn(async move {
            let provided = provided.await;
            if let Some(driver) = driver.upgrade() {
                match provided {
                    Ok(provided) => {
                        let me = driver.attempts();
                        me.set_out(id, way(me, provided));
                    }
                    Err(why) => driver.reported(id, Report::Unready { why: why.into() }),
                }
            }
        });
        let old = self.with(id, |attempt| attempt.preparing.replace(task));
        drop(old);
    }

    fn set_out(&self, id: ConnId, Way { request, protocols, cursor }: Way) {
        let link = self.with(id, |attempt| {
            let is_source = attempt.transport == Transport::EventSource;
            Rc::new(Link {
                url: query::with_query(&request.url, &attempt.address),
                transport: attempt.transport,
                method: request.method,
                headers: request.headers,
                body: request.body,
                protocols,
                at: clock::now(),
                received: RefCell::default(),
                state: Cell::new(State::Connecting),
                accepted: Cell::new(false),
                farewell: RefCell::default(),
                id,
                driver: self.driver.clone(),
                own: !self.manner.subprotocol.is_empty(),
                kinds: self.kinds.borrow().clone(),
                // The browser's own EventSource knows of no id that came before it.
                position: RefCell::new(if is_source { "" } else { &cursor }.into()),
                cursor,
                wanted: Cell::new(true),
            })
        });
        if let Some(link) = link {
            self.again(id, link);
        }
    }

    /// This is the attempt's link from now on, and sets out.
    pub(super) fn again(&self, id: ConnId, link: Rc<Link>) {
        let Some(old) = self.with(id, |attempt| attempt.link.replace(Rc::clone(&link))) else { return };
        if let Some(old) = old {
            old.end();
        }
        link.begin();
    }

    pub(in crate::web) fn send(&self, id: ConnId, data: Data) {
        let Some(link) = self.link(id) else { return };
        let report = match (link.transport, link.state.get()) {
            (Transport::WebSocket, State::Open) => return link.received.borrow_mut().push(data),
            (Transport::WebSocket, _) => Report::Unsent(data),
            _ => Report::Failed { lane: Lane::Up, why: "expected a WebSocket: no other server is played".into() },
        };
        if let Some(driver) = self.driver.upgrade() {
            driver.reported(id, report);
        }
    }

    pub(in crate::web) fn address(&self, id: ConnId, query: &str) {
        if self.with(id, |attempt| attempt.address = String::from(query)).is_none() {
            self.next_address.replace(String::from(query));
        }
    }

    pub(in crate::web) fn ping(&self, id: ConnId) {
        if let (Some(heartbeat), Some(link)) = (&self.endpoint.heartbeat, self.link(id)) {
            link.received.borrow_mut().push(heartbeat());
        }
    }

    /// Only the HTTP side of Engine.IO has one, which is not played.
    pub(in crate::web) const fn farewell(&self, _id: ConnId, _data: &Data) {}

    pub(in crate::web) fn http_side(&self) -> (String, bool) {
        (self.endpoint.http.url.clone(), self.endpoint.http.credentials)
    }

    pub(in crate::web) fn end(&self, id: ConnId, farewell: Option<(u16, Text)>) {
        let gone = {
            let mut live = self.live.borrow_mut();
            live.iter().position(|attempt| attempt.id == id).map(|at| live.swap_remove(at))
        };
        if let Some(link) = gone.and_then(|attempt| attempt.link) {
            let words = farewell.map(|(code, reason)| (code, reason.decoded().into_owned()));
            link.farewell.replace(words);
            link.end();
        }
    }

    fn link(&self, id: ConnId) -> Option<Rc<Link>> {
        self.with(id, |attempt| attempt.link.clone()).flatten()
    }

    fn with<R>(&self, id: ConnId, change: impl FnOnce(&mut Attempt) -> R) -> Option<R> {
        self.live.borrow_mut().iter_mut().find(|attempt| attempt.id == id).map(change)
    }
}
