//! The invariants of `design.md`, checked after every step of a machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::replace,
};

use everwire::core::{
    backoff::FLOOR,
    machine::{Config, Machine},
    time::Millis,
    types::{
        ConnId, Delivery, Effect, Input, Lane, Notice, PageEvent, Phase, Refused, Report, Snapshot, Transport, Why,
    },
};

use super::Data;

#[derive(Debug)]
struct Live {
    transport: Transport,
    getting: bool,
    /// The message that waits for its answer, where there are answers.
    posting: Option<String>,
}

/// Where an accepted message is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    Queued,
    /// As queued, but beyond the bounds: it had left before.
    Returned,
    Handed,
    Reported(Why),
}

/// Watches one machine.
#[derive(Debug)]
pub(crate) struct Audit {
    config: Config,
    live: BTreeMap<u32, Live>,
    gone: BTreeSet<u32>,
    status: Option<(Millis, Snapshot)>,
    ended: bool,
    /// Accepted messages, which the tests make unique.
    fates: BTreeMap<String, Fate>,
    /// How often a tick was asked for in a row without the clock moving.
    spins: (Millis, u32),
    /// The application is asked for its verdict, for new credentials.
    judging: bool,
    refreshing: bool,
    /// Nothing was asked of the server yet, or it says that it did not act on it, or the application wants it again.
    may_ask: bool,
    /// What the next connection is to begin with.
    remembered: Option<Transport>,
}

impl Audit {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            config: config.clone(),
            live: BTreeMap::new(),
            gone: BTreeSet::new(),
            status: None,
            ended: false,
            fates: BTreeMap::new(),
            spins: (Millis::ZERO, 0),
            judging: false,
            refreshing: false,
            may_ask: true,
            remembered: config.begin_with,
        }
    }

    /// Attempts that are live, in the order of their ids.
    pub(crate) fn live(&self) -> Vec<(ConnId, Transport)> {
        self.live.iter().map(|(&id, live)| (ConnId(id), live.transport)).collect()
    }

    /// Is a request to receive under way?
    pub(crate) fn is_getting(&self) -> bool {
        self.live.values().any(|live| live.getting)
    }

    /// Before a step.
    pub(crate) fn sees_input(&mut self, input: &Input<Data>) {
        let Input::Report(id, report) = input else {
            self.may_ask |= matches!(input, Input::Reconnect);
            self.judging &= !matches!(input, Input::Judged(_) | Input::Reconnect | Input::Page(PageEvent::Restored));
            return;
        };
        if let Report::Unsent(data) = report {
            self.returns(&data.show());
        }
        let Some(live) = self.live.get_mut(&id.0) else { return };
        self.may_ask |= match report {
            Report::Head(head) => matches!(head.status, 401 | 425 | 429 | 503),
            Report::Unready { .. } | Report::Unusable { .. } => true,
            _ => false,
        };
        match report {
            Report::Done | Report::Answer { lane: Lane::Down, .. } | Report::Failed { lane: Lane::Down, .. } => {
                live.getting = false;
            }
            Report::Failed { lane: Lane::Up, .. } => live.posting = None,
            Report::Answer { lane: Lane::Up, head, .. } => {
                let message = live.posting.take();
                if matches!(head.status, 401 | 408 | 425 | 429 | 500..=599) {
                    message.iter().for_each(|message| self.returns(message));
                }
            }
            _ => {}
        }
    }

    fn returns(&mut self, message: &str) {
        if self.ended {
            return;
        }
        let fate = self.fates.insert(message.into(), Fate::Returned);
        assert_eq!(fate, Some(Fate::Handed), "{message} comes back without having left");
    }

    /// After a `send`; its effects are checked next.
    pub(crate) fn sees_send(&mut self, message: &Data, result: &Result<Delivery, Refused<Data>>) {
        match result {
            Ok(_) => {
                let fate = self.fates.insert(message.show(), Fate::Queued);
                assert_eq!(fate, None, "the tests send each message once");
            }
            Err(Refused::Full(back) | Refused::Closed(back) | Refused::Volatile(back) | Refused::Unsendable(back)) => {
                assert_eq!(back, message, "it is handed back")
            }
        }
    }

    /// After a `send` and its effects.
    pub(crate) fn sees_sent(&self, message: &Data, delivery: Delivery) {
        let told = match delivery {
            Delivery::Sent => Fate::Handed,
            Delivery::Queued => Fate::Queued,
        };
        assert_eq!(self.fates[&message.show()], told, "invariant 3: send tells the truth");
    }

    /// After a step.
    pub(crate) fn sees_effects(&mut self, now: Millis, effects: &[Effect<Data>], machine: &Machine<Data>) {
        assert!(!self.ended || effects.is_empty(), "invariant 8: after Closed there is nothing, but: {effects:?}");
        for effect in effects {
            assert!(!self.ended, "invariant 8: Closed is the last effect, but: {effects:?}");
            match effect {
                Effect::Open(id, transport, _) => self.sees_open(*id, *transport),
                Effect::Poll(id, _) => self.sees_poll(*id),
                Effect::Send(id, data) => self.sees_message(*id, data),
                Effect::Address(..) | Effect::Inquire => {}
                Effect::Ping(id) | Effect::Farewell(id, _) => assert!(self.live.contains_key(&id.0), "{id:?} is gone"),
                Effect::Drop(id, _) => {
                    assert!(self.live.remove(&id.0).is_some(), "{id:?} is dropped once, and was there");
                    self.gone.insert(id.0);
                }
                Effect::Wake(at) => self.sees_wake(now, *at),
                Effect::Flush(id) => assert!(self.live.contains_key(&id.0), "invariant 1: flush of {id:?}"),
                Effect::Judge(_) => {
                    assert!(self.config.judges, "the application did not ask to judge");
                    assert!(!replace(&mut self.judging, true), "one failure is judged at a time");
                }
                Effect::Refresh => {
                    assert!(self.config.refreshes, "the application has no credentials");
                    assert!(!self.judging, "nothing follows before the verdict");
                    self.refreshing = true;
                }
                Effect::Remember(what) => {
                    assert_ne!(replace(&mut self.remembered, *what), *what, "what is remembered is told once");
                    let carries = |transport| self.live.values().any(|live| live.transport == transport);
                    assert!(what.is_none_or(carries), "{what:?} is remembered, and has proved nothing");
                }
                Effect::Tell(notice) => self.sees_notice(now, notice, machine),
            }
        }
        self.sees_machine(machine);
    }

    fn sees_open(&mut self, id: ConnId, transport: Transport) {
        self.sees_request();
        assert!(!self.judging, "nothing follows before the verdict");
        self.refreshing = false;
        assert!(!self.gone.contains(&id.0), "invariant 1: {id:?} was dropped");
        let before = self.live.insert(id.0, Live { transport, getting: true, posting: None });
        assert!(before.is_none(), "an attempt opens once");
        assert!(self.live.len() <= 2, "invariant 1: a carrier and a probe at most: {:?}", self.live);
        if self.live.len() == 2 {
            let place = |of| Transport::ALL.iter().position(|&transport| transport == of);
            let lower = |live: &Live| place(live.transport) > place(transport);
            assert!(self.live.values().any(lower), "invariant 1: a probe only beside a lower rung: {:?}", self.live);
        }
    }

    /// A request of its own ends with that where it has no end.
    fn sees_poll(&mut self, id: ConnId) {
        self.sees_request();
        let live = self.live.get_mut(&id.0).expect("invariant 1: a poll of an attempt that is live");
        let endless = match live.transport {
            Transport::LongPoll => false,
            Transport::XhrStream => true,
            other => panic!("{other:?} is not asked again"),
        };
        assert_eq!(replace(&mut live.getting, true), endless, "invariant 9: one GET at a time");
    }

    fn sees_request(&mut self) {
        let may_ask = replace(&mut self.may_ask, false);
        assert!(may_ask || self.config.repeatable, "a request is repeated that must not be");
    }

    fn sees_message(&mut self, id: ConnId, data: &Data) {
        let live = self.live.get_mut(&id.0).expect("invariant 1: a message for an attempt that is live");
        match live.transport {
            Transport::WebSocket => {}
            Transport::EventSource | Transport::LongPoll => {
                assert_eq!(live.posting.replace(data.show()), None, "one POST at a time");
            }
            other => panic!("{other:?} only receives"),
        }
        self.hands(data);
    }

    fn hands(&mut self, data: &Data) {
        // A message that is sent at once is handed over before `sees_sent`.
        let fate = self.fates.insert(data.show(), Fate::Handed);
        let waited = matches!(fate, Some(Fate::Queued | Fate::Returned));
        assert!(waited, "invariant 3: {} is sent once, but it was {fate:?}", data.show());
    }

    fn sees_wake(&mut self, now: Millis, at: Option<Millis>) {
        let Some(at) = at else { return };
        assert!(at >= now, "a wake-up in the past: {at:?} at {now:?}");
        self.spins = if at == now && self.spins.0 == now { (now, self.spins.1 + 1) } else { (now, 0) };
        assert!(self.spins.1 < 3, "invariant 5: nothing spins");
    }

    fn sees_notice(&mut self, now: Millis, notice: &Notice<Data>, machine: &Machine<Data>) {
        match notice {
            Notice::Status(status) => {
                self.status = Some((now, *status));
                self.refreshing &= status.phase == Phase::Connecting;
            }
            Notice::Reconnecting { delay, .. } => {
                // With no delay at all the try is under way when the application hears of it: on the next rung, or by the browser.
                let at_once = *delay == Millis::ZERO && machine.snapshot(now).phase != Phase::Waiting;
                assert!(at_once || *delay >= FLOOR, "invariant 5: a delay of {delay:?}");
                assert!(*delay <= Millis::MAX_TIMER, "invariant 5: a delay of {delay:?}");
            }
            Notice::Dropped { data, why } => {
                let fate = self.fates.insert(data.show(), Fate::Reported(*why));
                let fits = match why {
                    Why::Full | Why::Closed => matches!(fate, Some(Fate::Queued | Fate::Returned)),
                    _ => fate == Some(Fate::Handed),
                };
                assert!(fits, "invariant 3: {} was {fate:?} and is reported {why:?}", data.show());
            }
            Notice::Closed(_) => self.ended = true,
            _ => {}
        }
    }

    fn sees_machine(&self, machine: &Machine<Data>) {
        let (at, told) = self.status.unzip();
        let snapshot = machine.snapshot(at.unwrap_or_default());
        if let Some(told) = told {
            assert_eq!(told, snapshot, "every change of the status is told");
        }
        let live = self.live.len();
        match snapshot.phase {
            Phase::Open => assert!(live >= 1, "invariant 1: open over nothing"),
            // To get credentials is told as connecting, and so is idle; with neither there is a carrier.
            Phase::Connecting if self.refreshing => assert_eq!(live, 0, "without credentials"),
            Phase::Connecting => assert!(live >= usize::from(self.status.is_some()), "connecting over nothing"),
            _ => assert_eq!(live, 0, "invariants 1 and 8: live while {:?}: {:?}", snapshot.phase, self.live),
        }
        let (messages, bytes) = machine.queued();
        let waiting = |fate: &&Fate| matches!(fate, Fate::Queued | Fate::Returned);
        assert_eq!(messages, self.fates.values().filter(waiting).count(), "invariant 3: the outbox holds what waits");
        let returned = || self.fates.iter().filter(|(_, fate)| **fate == Fate::Returned);
        let most = self.config.outbox.messages + returned().count();
        assert!(messages <= most, "invariant 4: {messages} messages wait");
        let most = self.config.outbox.bytes + returned().map(|(message, _)| message.len()).sum::<usize>();
        assert!(bytes <= most, "invariant 4: {bytes} bytes wait");
    }

    /// Messages that were accepted, and neither handed over nor reported.
    pub(crate) fn waiting(&self) -> usize {
        self.fates.values().filter(|fate| matches!(fate, Fate::Queued | Fate::Returned)).count()
    }

    /// Messages that were given up, with the reason.
    pub(crate) fn reported(&self) -> Vec<(String, Why)> {
        let reported = |(message, fate): (&String, &Fate)| match fate {
            Fate::Reported(why) => Some((message.clone(), *why)),
            _ => None,
        };
        self.fates.iter().filter_map(reported).collect()
    }

    /// Messages that were accepted.
    pub(crate) fn accepted(&self) -> impl Iterator<Item = &str> {
        self.fates.keys().map(String::as_str)
    }
}
