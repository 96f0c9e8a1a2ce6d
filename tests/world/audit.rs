//! The invariants of `design.md`, checked after every step of a machine.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::replace,
};

use everwire::__core::{
    backoff::FLOOR,
    machine::{Config, Machine},
    time::Millis,
    types::{
        ConnId, Delivery, Effect, Input, Lane, Notice, PageEvent, Phase, Refused, Report, Snapshot, Transport, Why,
    },
};

use super::{Data, packets};

#[derive(Debug)]
struct Live {
    transport: Transport,
    getting: bool,
    /// The messages that wait for their answer, where there are answers.
    posting: Option<Vec<String>>,
}

/// Where an accepted message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Queued,
    /// As queued, but beyond the bounds: it had left before.
    Returned,
    /// It was handed to this attempt.
    Handed(ConnId, Transport),
    Reported(Why),
}

impl Fate {
    const fn waits(self) -> bool {
        matches!(self, Self::Queued | Self::Returned)
    }
}

/// Watches one machine.
#[derive(Debug)]
pub(crate) struct Audit {
    config: Config,
    /// Messages are in the packets of Engine.IO.
    has_packets: bool,
    live: BTreeMap<u32, Live>,
    gone: BTreeSet<u32>,
    status: Option<(Millis, Snapshot)>,
    ended: bool,
    /// Accepted messages, which the tests make unique.
    fates: BTreeMap<String, Fate>,
    /// Of those that wait: how many, and how many messages and bytes of them may be beyond the bounds.
    waiting: usize,
    beyond: (usize, usize),
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
    pub(crate) fn new(config: &Config, has_packets: bool) -> Self {
        Self {
            config: config.clone(),
            has_packets,
            live: BTreeMap::new(),
            gone: BTreeSet::new(),
            status: None,
            ended: false,
            fates: BTreeMap::new(),
            waiting: 0,
            beyond: (0, 0),
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
            self.judging &= !matches!(input, Input::Judged(_) | Input::Reconnect | Input::Page(PageEvent::Cached));
            return;
        };
        if let Report::Unsent(data) = report {
            self.messages_in(data).iter().for_each(|message| self.returns(message));
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
            Report::Failed { lane: Lane::Up, .. } => {
                let messages = live.posting.take().unwrap_or_default();
                if self.config.resends {
                    messages.iter().for_each(|message| self.returns(message));
                }
            }
            Report::Answer { lane: Lane::Up, head, .. } => {
                let messages = live.posting.take().unwrap_or_default();
                let returned = match head.status {
                    401 | 425 | 429 | 503 => true,
                    // Whoever broke down over it may have taken it.
                    408 | 500..=599 => self.config.resends,
                    400 => self.has_packets,
                    _ => false,
                };
                if returned {
                    messages.iter().for_each(|message| self.returns(message));
                }
            }
            _ => {}
        }
    }

    /// The messages in what a transport is to carry.
    fn messages_in(&self, data: &Data) -> Vec<String> {
        if self.has_packets { packets::messages(data) } else { vec![data.show()] }
    }

    fn returns(&mut self, message: &str) {
        if self.ended {
            return;
        }
        let fate = self.becomes(message, Fate::Returned);
        assert!(matches!(fate, Some(Fate::Handed(..))), "{message} comes back without having left, but was {fate:?}");
    }

    /// What the message was before.
    fn becomes(&mut self, message: &str, fate: Fate) -> Option<Fate> {
        let before = self.fates.insert(message.into(), fate);
        self.waiting += usize::from(fate.waits());
        self.waiting -= usize::from(before.is_some_and(Fate::waits));
        if fate == Fate::Returned {
            self.beyond = (self.beyond.0 + 1, self.beyond.1 + message.len());
        }
        if before == Some(Fate::Returned) {
            self.beyond = (self.beyond.0 - 1, self.beyond.1 - message.len());
        }
        before
    }

    /// After a `send`; its effects are checked next.
    pub(crate) fn sees_send(&mut self, message: &Data, result: &Result<Delivery, Refused<Data>>) {
        match result {
            Ok(_) => {
                let fate = self.becomes(&message.show(), Fate::Queued);
                assert_eq!(fate, None, "the tests send each message once");
            }
            Err(Refused::Full(back) | Refused::Closed(back) | Refused::Volatile(back) | Refused::Unsendable(back)) => {
                assert_eq!(back, message, "it is handed back");
            }
        }
    }

    /// After a `send` and its effects.
    pub(crate) fn sees_sent(&self, message: &Data, delivery: Delivery) {
        let fate = self.fates[&message.show()];
        let is_true = match delivery {
            Delivery::Sent => matches!(fate, Fate::Handed(..)),
            Delivery::Queued => fate == Fate::Queued,
        };
        assert!(is_true, "invariant 3: send tells the truth: {} is {fate:?}", message.show());
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
                Effect::Address(id, _) => assert!(!self.gone.contains(&id.0), "{id:?} is gone"),
                Effect::Inquire => assert!(self.live.is_empty(), "what works is not asked about"),
                Effect::Ping(id) => {
                    let transport = self.live.get(&id.0).map(|live| live.transport);
                    assert_eq!(transport, Some(Transport::WebSocket), "a heartbeat is for an open socket: {id:?}");
                }
                Effect::Farewell(id, _) => assert!(self.live.contains_key(&id.0), "{id:?} is gone"),
                Effect::Drop(id, _) => {
                    let live = self.live.remove(&id.0).expect("it is dropped once, and was there");
                    self.gone.insert(id.0);
                    let resent = live.posting.filter(|_| self.config.resends).unwrap_or_default();
                    resent.iter().for_each(|message| self.returns(message));
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
        let messages = self.messages_in(data);
        let live = self.live.get_mut(&id.0).expect("invariant 1: a message for an attempt that is live");
        match live.transport {
            Transport::WebSocket => {}
            Transport::EventSource | Transport::LongPoll => {
                assert_eq!(live.posting.replace(messages.clone()), None, "one POST at a time");
            }
            other => panic!("{other:?} only receives"),
        }
        let handed = Fate::Handed(id, live.transport);
        for message in messages {
            // A message that is sent at once is handed over before `sees_sent`.
            let fate = self.becomes(&message, handed);
            assert!(fate.is_some_and(Fate::waits), "invariant 3: {message} is sent once, but it was {fate:?}");
        }
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
                let fate = self.becomes(&data.show(), Fate::Reported(*why));
                let waited = fate.is_some_and(Fate::waits);
                let was_handed = matches!(fate, Some(Fate::Handed(..)));
                let fits = match why {
                    // It came back, and nobody may try it again.
                    Why::Unknown => was_handed || (self.config.resends && fate == Some(Fate::Returned)),
                    // By the server, or because it is larger than what this one takes.
                    Why::Refused => was_handed || (self.has_packets && waited),
                    _ => waited,
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
        // Nothing is told before the verdict, for it may be that there is nothing to wait for.
        if let Some(told) = told.filter(|_| !self.judging) {
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
        assert_eq!(messages, self.waiting, "invariant 3: the outbox holds what waits");
        let most = self.config.outbox.messages + self.beyond.0;
        assert!(messages <= most, "invariant 4: {messages} messages wait");
        let most = self.config.outbox.bytes + self.beyond.1;
        assert!(bytes <= most, "invariant 4: {bytes} bytes wait");
    }

    /// Messages that were accepted, and neither handed over nor reported.
    pub(crate) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Messages that were handed to a WebSocket that is not there any more: they may not have arrived, and the loss of the connection
    /// is all that says so.
    pub(crate) fn may_have_died(&self) -> BTreeSet<&str> {
        let on_a_dead_socket =
            |fate: &Fate| matches!(fate, Fate::Handed(id, Transport::WebSocket) if self.gone.contains(&id.0));
        self.fates.iter().filter(|(_, fate)| on_a_dead_socket(fate)).map(|(message, _)| message.as_str()).collect()
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
