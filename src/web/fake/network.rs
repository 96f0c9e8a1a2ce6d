//! The servers of a thread, and what each does with the attempts to reach it.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use super::{link::Link, url};

/// What a server does with an attempt to reach it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// It is accepted.
    #[default]
    Accept,
    /// It is refused with this HTTP status. A WebSocket is told no more than that it failed, as in a browser.
    Refuse(u16),
    /// The network fails before there is an answer.
    Drop,
    /// There is never an answer.
    Stall,
    /// It is accepted and closed at once: a WebSocket with this code, a response by its end.
    Close(u16),
}

/// A server, known by its host and path.
pub(crate) struct Server {
    place: String,
    script: RefCell<VecDeque<Step>>,
    pub(crate) attempts: RefCell<Vec<Rc<Link>>>,
}

thread_local! {
    static SERVERS: RefCell<Vec<Rc<Server>>> = RefCell::default();
}

impl Server {
    /// One at this URL, which [`url::resolve`] has made.
    pub(crate) fn new(url: &str) -> Rc<Self> {
        let place = String::from(url::place(url));
        let server = Rc::new(Self { place, script: RefCell::default(), attempts: RefCell::default() });
        SERVERS.with_borrow_mut(|servers| {
            servers.retain(|other| other.place != server.place);
            servers.push(Rc::clone(&server));
        });
        server
    }

    /// From now on these are its steps. The last one stays.
    pub(crate) fn play(&self, steps: impl IntoIterator<Item = Step>) {
        self.script.replace(steps.into_iter().collect());
    }

    fn step(&self) -> Step {
        let mut script = self.script.borrow_mut();
        let step = script.front().copied().unwrap_or_default();
        if script.len() > 1 {
            script.pop_front();
        }
        step
    }
}

fn find(url: &str) -> Option<Rc<Server>> {
    let place = url::place(url);
    SERVERS.with_borrow(|servers| servers.iter().find(|server| server.place == place).cloned())
}

/// An attempt arrives. Where there is no server, the network fails.
pub(super) fn arrive(link: &Rc<Link>) -> Step {
    let Some(server) = find(&link.url) else { return Step::Drop };
    server.attempts.borrow_mut().push(Rc::clone(link));
    server.step()
}

/// What the HTTP side of a server answers to a plain GET; 0: nothing.
pub(super) fn status_of(url: &str) -> u16 {
    match find(url).map(|server| server.script.borrow().front().copied().unwrap_or_default()) {
        Some(Step::Refuse(status)) => status,
        Some(Step::Accept | Step::Close(_)) => 200,
        Some(Step::Drop | Step::Stall) | None => 0,
    }
}

/// There are none.
pub(crate) fn reset() {
    SERVERS.take();
}
