//! One machine, its clock and its auditor.

use everwire::core::{
    machine::{Config, Machine},
    time::Millis,
    types::{ConnId, Delivery, Effect, Input, Notice, PageEvent, Phase, Refused, Report, Snapshot, Transport},
    wire::Wire,
};

use super::{Data, audit::Audit};

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
}

impl Bench {
    pub(crate) fn new(wire: impl Wire<Data> + 'static, config: Config) -> Self {
        let audit = Audit::new(&config);
        let machine = Machine::new(config, Box::new(wire));
        // Not at zero, so that a time that was never set is seen.
        Self { machine, now: Millis(100_000), wake: None, told: Vec::new(), audit, tries: Vec::new() }
    }

    /// One that has begun, with the default configuration.
    pub(crate) fn started(wire: impl Wire<Data> + 'static) -> Self {
        let mut bench = Self::new(wire, Config::default());
        bench.step(Input::Start);
        bench
    }

    /// One that is open.
    pub(crate) fn open(wire: impl Wire<Data> + 'static) -> Self {
        let mut bench = Self::started(wire);
        bench.opens();
        bench
    }

    /// One step, audited.
    pub(crate) fn step(&mut self, input: Input<Data>) -> Vec<Effect<Data>> {
        let mut effects = Vec::new();
        self.audit.sees_input(&input);
        self.machine.step(self.now, input, &mut effects);
        self.took(&effects);
        effects
    }

    /// A `send`, audited.
    pub(crate) fn send(&mut self, text: &str) -> (Result<Delivery, Refused<Data>>, Vec<Effect<Data>>) {
        let mut effects = Vec::new();
        let data = Data::new(text);
        let result = self.machine.send(data.clone(), &mut effects);
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
                Effect::Open(id, transport, _) => self.tries.push((self.now, *id, *transport)),
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

    /// The data of the messages that were told.
    pub(crate) fn messages(&self) -> Vec<String> {
        let data = |notice: &Notice<Data>| match notice {
            Notice::Message(message) => Some(message.data.show()),
            _ => None,
        };
        self.notices().filter_map(data).collect()
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
