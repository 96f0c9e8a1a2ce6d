//! Our clients: the machine itself, with its defaults, and of the browser just what a storm shows of it.

use everwire::__core::{
    machine::{Config, Machine},
    rng::Rng,
    time::Millis,
    types::{ConnId, Effect, Input, Notice, Report, Transport},
    wire::{Wire, raw::Raw},
};

use super::{Client, Fleet, Happens, Wants};
use crate::world::{Data, begins, closed, elsewhere, event, failed, opened, piece, sse};

/// How long each client was connected before the storm: longer than anything that a machine waits for in an open connection.
const BEFORE: Millis = Millis::from_secs(60);
/// After this the browser's own EventSource tries again by itself.
const SOURCE_RETRIES: Millis = Millis(3_000);

/// The first attempt of a machine: the connection that is lost.
const FIRST: ConnId = ConnId(1);

pub(crate) const SOCKET: &str = "everwire, WebSocket";
const EVENTS: &str = "everwire, EventSource";
const EVENTS_ELSEWHERE: &str = "everwire, EventSource of another origin";
/// All of ours, which have to keep to the budgets.
pub(crate) const NAMES: [&str; 3] = [SOCKET, EVENTS, EVENTS_ELSEWHERE];

pub(crate) fn fleets() -> Vec<Fleet> {
    vec![
        fleet(SOCKET, |rng| Ours::boxed(Raw::default(), rng)),
        fleet(EVENTS, |rng| Ours::boxed(sse(), rng)),
        fleet(EVENTS_ELSEWHERE, |rng| Ours::boxed(elsewhere(), rng)),
    ]
}

fn fleet(name: &'static str, client: fn(Rng) -> Box<dyn Client>) -> Fleet {
    Fleet { name, source: "src/core/machine.rs, Config::default()", client: Box::new(client) }
}

struct Ours {
    machine: Machine<Data>,
    /// The attempts that live, and over what: the carrier, and perhaps a probe of a better transport.
    live: Vec<(ConnId, Transport)>,
    /// When the machine wants to be woken.
    wake: Millis,
    /// When the browser's own EventSource tries again.
    source_retries: Millis,
}

impl Ours {
    /// One that has been open for long, and over which messages have come.
    fn boxed(wire: impl Wire<Data> + 'static, mut rng: Rng) -> Box<dyn Client> {
        let config = Config { seed: rng.next(), ..Config::default() };
        let machine = Machine::new(config, Box::new(wire));
        let mut ours = Self { machine, live: Vec::new(), wake: Millis::NEVER, source_retries: Millis::NEVER };
        let wants = &mut Vec::new();
        ours.input(Millis::ZERO, Input::Start, wants);
        ours.opens(Millis::ZERO, FIRST, wants);
        while ours.wake < BEFORE {
            ours.input(ours.wake, Input::Tick, wants);
        }
        assert_eq!(wants[..], [Wants::Attempt(FIRST.0)], "it was open all the time");
        Box::new(ours)
    }

    fn input(&mut self, at: Millis, input: Input<Data>, wants: &mut Vec<Wants>) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            if input == Input::Tick {
                self.wake = Millis::NEVER;
            }
            let mut effects = Vec::new();
            self.machine.step(at, input, &mut effects);
            for effect in effects {
                match effect {
                    Effect::Open(id, transport, _) => {
                        self.live.push((id, transport));
                        wants.push(Wants::Attempt(id.0));
                    }
                    Effect::Drop(id, _) => {
                        if self.over(id) == Some(Transport::EventSource) {
                            self.source_retries = Millis::NEVER;
                        }
                        self.live.retain(|(live, _)| *live != id);
                        wants.push(Wants::Abandon(id.0));
                    }
                    Effect::Wake(at) => self.wake = at.unwrap_or(Millis::NEVER),
                    Effect::Flush(id) => inputs.push(Input::Flush(id)),
                    Effect::Tell(Notice::Closed(_)) => wants.push(Wants::GiveUp),
                    Effect::Tell(_) | Effect::Remember(_) => {}
                    other => panic!("a storm gives no reason for {other:?}"),
                }
            }
        }
    }

    fn over(&self, id: ConnId) -> Option<Transport> {
        self.live.iter().find(|(live, _)| *live == id).map(|(_, transport)| *transport)
    }

    /// The server accepts, and over a stream it sends a first event. A poll it holds, for there is nothing more to tell.
    fn opens(&mut self, at: Millis, id: ConnId, wants: &mut Vec<Wants>) {
        let reports = match self.over(id) {
            Some(Transport::WebSocket) => vec![opened(false)],
            Some(Transport::EventSource) => vec![opened(false), event("hello", "1")],
            Some(Transport::LongPoll) | None => vec![],
            Some(_) => vec![begins(), piece("id: 1\ndata: hello\n\n")],
        };
        for report in reports {
            self.input(at, Input::Report(id, report), wants);
        }
    }

    fn fails(&mut self, at: Millis, id: ConnId, wants: &mut Vec<Wants>) {
        let report = match self.over(id) {
            Some(Transport::WebSocket) => closed(1006, ""),
            Some(Transport::EventSource) => Report::SourceError { gave_up: false },
            Some(_) => failed(),
            None => return,
        };
        self.input(at, Input::Report(id, report), wants);
        if self.over(id) == Some(Transport::EventSource) {
            self.source_retries = at.after(SOURCE_RETRIES);
        }
    }
}

impl Client for Ours {
    fn step(&mut self, now: Millis, what: Happens, wants: &mut Vec<Wants>) {
        let at = BEFORE.after(now);
        match what {
            Happens::Opened(id) => self.opens(at, ConnId(id), wants),
            Happens::Failed(id) => self.fails(at, ConnId(id), wants),
            Happens::Lost => self.fails(at, FIRST, wants),
            Happens::Time => {
                if self.source_retries <= at {
                    self.source_retries = Millis::NEVER;
                    let source = self.live.iter().find(|(_, transport)| *transport == Transport::EventSource);
                    wants.extend(source.map(|(id, _)| Wants::Attempt(id.0)));
                }
                if self.wake <= at {
                    self.input(at, Input::Tick, wants);
                }
            }
        }
        let next = self.wake.min(self.source_retries);
        if next != Millis::NEVER {
            wants.push(Wants::Wake(next.since(BEFORE)));
        }
    }
}
