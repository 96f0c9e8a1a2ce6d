//! One machine, its clock and its auditor.

use std::collections::BTreeMap;

use everwire::__core::{
    cause::Cause,
    machine::{Config, Machine},
    outbox::Terms,
    time::Millis,
    types::{ConnId, Delivery, Effect, Input, Notice, PageEvent, Phase, Refused, Report, Snapshot, Transport, Why},
    wire::{Wire, relay::Relay},
};

use super::{Data, LONG_POLL, SECOND, SOCKET_OR_POLL, answer, audit::Audit, begins, reader::Reader, with_id};

/// A machine on the bench.
pub(crate) struct Bench {
    pub(crate) machine: Machine<Data>,
    pub(crate) now: Millis,
    /// The wake-up that it asked for.
    pub(crate) wake: Option<Millis>,
    pub(crate) told: Vec<(Millis, Notice<Data>)>,
    pub(crate) audit: Audit,
    /// Every attempt, with the time at which it began.
    pub(crate) tries: Vec<(Millis, ConnId, Transport)>,
    /// The most bytes of a line and of an event, for the requests that follow.
    pub(crate) max_event_bytes: usize,
    /// Does the application take its time to provide what a request needs? It goes out when [`Report::Asked`] is reported.
    pub(crate) provides_later: bool,
    /// What reads the requests.
    readers: BTreeMap<u32, Reader>,
}

impl Bench {
    pub(crate) fn new(wire: impl Wire<Data> + 'static, config: Config) -> Self {
        let audit = Audit::new(&config, Wire::<Data>::upgrades(&wire));
        let machine = Machine::new(config, Box::new(wire));
        // Not at zero, so that a time that was never set is seen.
        Self {
            machine,
            now: Millis(100_000),
            wake: None,
            told: Vec::new(),
            audit,
            tries: Vec::new(),
            max_event_bytes: 1 << 20,
            provides_later: false,
            readers: BTreeMap::new(),
        }
    }

    /// One that has begun.
    pub(crate) fn with(wire: impl Wire<Data> + 'static, config: Config) -> Self {
        let mut bench = Self::new(wire, config);
        bench.step(Input::Start);
        bench
    }

    /// One that has begun, on these rungs only.
    pub(crate) fn on(wire: impl Wire<Data> + 'static, transports: &[Transport]) -> Self {
        Self::with(wire, Config { transports: transports.into(), ..Config::default() })
    }

    /// One that has begun, with the default configuration.
    pub(crate) fn started(wire: impl Wire<Data> + 'static) -> Self {
        Self::with(wire, Config::default())
    }

    /// One that is open.
    pub(crate) fn open(wire: impl Wire<Data> + 'static) -> Self {
        let mut bench = Self::started(wire);
        bench.opens();
        bench
    }

    /// The relay, open over long-polling after WebSocket failed; the first poll is answered with `1:1`, and the second one is held.
    pub(crate) fn polling() -> Self {
        Self::polling_with(Config::default())
    }

    /// The same, beyond the transports as configured.
    pub(crate) fn polling_with(config: Config) -> Self {
        let mut bench = Self::with(Relay, Config { transports: SOCKET_OR_POLL.into(), ..config });
        bench.breaks();
        bench.report(answer(with_id("1:1"), "one"));
        bench.step(Input::Flush(bench.id()));
        assert_eq!((bench.phase(), bench.snapshot().transport), (Phase::Open, Some(LONG_POLL)));
        bench
    }

    /// As [`Self::polling`], and a probe is open and has held: the bench, its carrier and its probe.
    pub(crate) fn probed() -> (Self, ConnId, ConnId) {
        Self::probed_with(Config::default())
    }

    /// The same, beyond the transports as configured.
    pub(crate) fn probed_with(config: Config) -> (Self, ConnId, ConnId) {
        let mut bench = Self::polling_with(config);
        let carrier = bench.id();
        bench.later(15 * SECOND);
        let probe = bench.id();
        assert_ne!(carrier, probe);
        bench.opens();
        bench.later(SECOND);
        (bench, carrier, probe)
    }

    /// One step, audited.
    pub(crate) fn step(&mut self, input: Input<Data>) -> Vec<Effect<Data>> {
        let mut effects = Vec::new();
        self.audit.sees_input(&input);
        self.machine.step(self.now, input, &mut effects);
        self.took(&effects);
        let opened = |effect: &Effect<Data>| if let Effect::Open(id, ..) = effect { Some(*id) } else { None };
        for id in effects.iter().filter_map(opened).filter(|_| !self.provides_later).collect::<Vec<_>>() {
            effects.extend(self.step(Input::Report(id, Report::Asked)));
        }
        effects
    }

    /// A `send`, audited.
    pub(crate) fn send(&mut self, text: &str) -> (Result<Delivery, Refused<Data>>, Vec<Effect<Data>>) {
        self.send_on(Data::new(text), Terms::default())
    }

    /// A `send` on these terms, audited.
    pub(crate) fn send_on(&mut self, data: Data, terms: Terms) -> (Result<Delivery, Refused<Data>>, Vec<Effect<Data>>) {
        let mut effects = Vec::new();
        let result = self.machine.send(self.now, data.clone(), terms, &mut effects);
        self.audit.sees_send(&data, &result);
        self.took(&effects);
        if let Ok(delivery) = result {
            self.audit.sees_sent(&data, delivery);
        }
        (result, effects)
    }

    fn took(&mut self, effects: &[Effect<Data>]) {
        for effect in effects {
            match effect {
                Effect::Wake(at) => self.wake = *at,
                Effect::Tell(notice) => self.told.push((self.now, notice.clone())),
                Effect::Open(id, transport, cursor) => {
                    self.tries.push((self.now, *id, *transport));
                    self.readers.insert(id.0, Reader::new(self.max_event_bytes, &cursor.to_string()));
                }
                Effect::Poll(id, cursor) => {
                    self.readers.insert(id.0, Reader::new(self.max_event_bytes, &cursor.to_string()));
                }
                _ => {}
            }
        }
        self.audit.sees_effects(self.now, effects, &self.machine);
    }

    // ---- shorthand ----

    /// The newest attempt.
    pub(crate) fn id(&self) -> ConnId {
        self.tries.last().expect("there was a try").1
    }

    /// The newest attempt reports.
    pub(crate) fn report(&mut self, report: Report<Data>) -> Vec<Effect<Data>> {
        self.step(Input::Report(self.id(), report))
    }

    /// What an attempt's request reports when these bytes come.
    pub(crate) fn reads(&mut self, id: ConnId, bytes: &[u8]) -> Report<Data> {
        Report::Piece(self.readers.get_mut(&id.0).expect("it has begun").read(bytes))
    }

    /// Some of an event stream comes over the newest attempt.
    pub(crate) fn chunk(&mut self, text: &str) -> Vec<Effect<Data>> {
        self.chunk_of(self.id(), text)
    }

    /// Some of an event stream comes over an attempt.
    pub(crate) fn chunk_of(&mut self, id: ConnId, text: &str) -> Vec<Effect<Data>> {
        let report = self.reads(id, text.as_bytes());
        self.step(Input::Report(id, report))
    }

    /// The same over the newest attempt, which is said to be of so many bytes.
    pub(crate) fn heavy(&mut self, text: &str, bytes: usize) -> Vec<Effect<Data>> {
        let mut report = self.reads(self.id(), text.as_bytes());
        if let Report::Piece(piece) = &mut report {
            piece.bytes = bytes;
        }
        self.report(report)
    }

    /// An event stream comes over the newest attempt, all of it.
    pub(crate) fn polled(&mut self, text: &str) -> Vec<Effect<Data>> {
        self.polled_of(self.id(), text)
    }

    /// An event stream comes over an attempt, all of it. As from a browser, no chunk is empty.
    pub(crate) fn polled_of(&mut self, id: ConnId, text: &str) -> Vec<Effect<Data>> {
        let mut effects = self.step(Input::Report(id, begins()));
        if !text.is_empty() {
            effects.extend(self.chunk_of(id, text));
        }
        effects.extend(self.step(Input::Report(id, Report::Done)));
        effects
    }

    /// The newest attempt opens.
    pub(crate) fn opens(&mut self) -> Vec<Effect<Data>> {
        self.report(super::opened(false))
    }

    /// The newest attempt is closed without a close frame.
    pub(crate) fn breaks(&mut self) -> Vec<Effect<Data>> {
        self.closes(1006)
    }

    /// The newest attempt is closed with this code.
    pub(crate) fn closes(&mut self, code: u16) -> Vec<Effect<Data>> {
        self.report(super::closed(code, ""))
    }

    /// The page reports.
    pub(crate) fn page(&mut self, event: PageEvent) -> Vec<Effect<Data>> {
        self.step(Input::Page(event))
    }

    /// The application closes.
    pub(crate) fn close(&mut self) -> Vec<Effect<Data>> {
        self.step(Input::Close { code: 1000, reason: "".into() })
    }

    /// Ticks at each wake-up on the way to `ms` from now, and collects what comes of it.
    pub(crate) fn later(&mut self, ms: u64) -> Vec<Effect<Data>> {
        let until = self.now.after(Millis(ms));
        let mut effects = Vec::new();
        while let Some(at) = self.wake.filter(|&at| at <= until) {
            self.now = at.max(self.now);
            self.wake = None;
            effects.extend(self.step(Input::Tick));
        }
        self.now = until;
        effects
    }

    /// Ticks until the wait for the next try is over.
    pub(crate) fn waits(&mut self) -> Vec<Effect<Data>> {
        assert!(matches!(self.phase(), Phase::Waiting | Phase::Offline), "it waits: {:?}", self.snapshot());
        self.later(self.snapshot().retry_in.0)
    }

    /// Is there a probe beside the carrier?
    pub(crate) fn is_probing(&self) -> bool {
        let carrier = self.snapshot().transport;
        self.audit.live().iter().any(|&(_, transport)| Some(transport) != carrier)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.machine.snapshot(self.now)
    }

    pub(crate) fn phase(&self) -> Phase {
        self.snapshot().phase
    }

    /// What was told, without the statuses.
    pub(crate) fn notices(&self) -> impl Iterator<Item = &Notice<Data>> {
        self.told.iter().map(|(_, notice)| notice).filter(|notice| !matches!(notice, Notice::Status(_)))
    }

    /// The delays that were told.
    pub(crate) fn delays(&self) -> Vec<u64> {
        let delay = |notice: &Notice<Data>| match notice {
            Notice::Reconnecting { delay, .. } => Some(delay.0),
            _ => None,
        };
        self.notices().filter_map(delay).collect()
    }

    /// The messages that were told, events one by one.
    pub(crate) fn messages(&self) -> Vec<String> {
        let data = |notice: &Notice<Data>| match notice {
            Notice::Message(message) => message.data.messages(),
            _ => Vec::new(),
        };
        self.notices().flat_map(data).collect()
    }

    /// The transports of the tries so far.
    pub(crate) fn rungs(&self) -> Vec<Transport> {
        self.tries.iter().map(|(_, _, transport)| *transport).collect()
    }
}

/// What was opened and polled, and after which id it goes on.
pub(crate) fn asked(effects: &[Effect<Data>]) -> Vec<String> {
    let cursor = |effect| match effect {
        &Effect::Open(.., ref cursor) | &Effect::Poll(_, ref cursor) => Some(cursor.to_string()),
        _ => None,
    };
    effects.iter().filter_map(cursor).collect()
}

/// The messages that were handed over.
pub(crate) fn handed(effects: &[Effect<Data>]) -> Vec<String> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Send(_, data) = effect { Some(data.show()) } else { None })
        .collect()
}

/// What was told, without the statuses.
pub(crate) fn notices(effects: &[Effect<Data>]) -> Vec<&Notice<Data>> {
    let notice = |effect| match effect {
        &Effect::Tell(Notice::Status(_)) => None,
        Effect::Tell(notice) => Some(notice),
        _ => None,
    };
    effects.iter().filter_map(notice).collect()
}

/// The attempts that were abandoned.
pub(crate) fn drops(effects: &[Effect<Data>]) -> Vec<ConnId> {
    effects.iter().filter_map(|effect| if let Effect::Drop(id, _) = effect { Some(*id) } else { None }).collect()
}

/// The messages that were given up, and why.
pub(crate) fn dropped(effects: &[Effect<Data>]) -> Vec<(String, Why)> {
    let gone = |effect: &Effect<Data>| match effect {
        Effect::Tell(Notice::Dropped { data, why }) => Some((data.show(), *why)),
        _ => None,
    };
    effects.iter().filter_map(gone).collect()
}

/// The attempts over which the heartbeat was sent.
pub(crate) fn pinged(effects: &[Effect<Data>]) -> Vec<ConnId> {
    effects.iter().filter_map(|effect| if let Effect::Ping(id) = effect { Some(*id) } else { None }).collect()
}

/// What the application is asked to judge.
pub(crate) fn judged(effects: &[Effect<Data>]) -> Vec<&Cause> {
    effects.iter().filter_map(|effect| if let Effect::Judge(cause) = effect { Some(&**cause) } else { None }).collect()
}

/// How often the application is asked for credentials.
pub(crate) fn refreshes(effects: &[Effect<Data>]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Refresh)).count()
}

/// What is remembered for the next connection.
pub(crate) fn remembered(effects: &[Effect<Data>]) -> Vec<Option<Transport>> {
    effects.iter().filter_map(|effect| if let Effect::Remember(what) = effect { Some(*what) } else { None }).collect()
}
