//! The server, the network, and the clock.
//!
//! The server accepts `capacity` connections in a second, evenly, out of a listen queue of bounded length; what finds the queue full is
//! refused. While it is away it refuses, or what is sent to it is lost without a word; then the system sends the opening packet again
//! after 1, 3, 7, 15, 31 and 63 seconds, and gives up after 127 (RFC 6298, as Linux counts). Each client has a round trip of its own.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::mem;

use everwire::__core::{rng::Rng, time::Millis};

use super::{Client, Fleet, Happens, Wants};

/// Microseconds since the storm began.
type Micros = u64;

const MILLI: Micros = 1_000;
const SECOND: Micros = 1_000_000;
/// What is not back by then is not counted any further.
pub(crate) const HORIZON: Micros = 600 * SECOND;
/// Round trips are uniform between these.
const ROUND_TRIP: (Micros, Micros) = (10 * MILLI, 200 * MILLI);
/// When the system sends an opening packet again, in seconds after the first; and when it gives up.
const AGAIN: [Micros; 6] = [1, 3, 7, 15, 31, 63];
const SYSTEM_GIVES_UP: Micros = 127 * SECOND;
/// The bins in which knocks are counted.
const BIN: Micros = SECOND / 10;
const BINS_A_SECOND: usize = (SECOND / BIN) as usize;

/// How an absent server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// With a refusal, at once.
    Refuses,
    /// Not at all.
    IsSilent,
}

/// What happens to the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) clients: u32,
    /// Connections that the server can accept in a second.
    pub(crate) capacity: u32,
    /// Connections that may wait to be accepted.
    pub(crate) queue: usize,
    /// How long the server is away, in seconds.
    pub(crate) outage: u32,
    pub(crate) absence: Absence,
}

impl Scenario {
    /// The server is away for half a minute, and refuses.
    pub(crate) const OUTAGE: Self =
        Self { name: "outage", clients: 100_000, capacity: 2_000, queue: 4_096, outage: 30, absence: Absence::Refuses };
    /// The same, but what is sent there is lost.
    pub(crate) const BLACKHOLE: Self = Self { name: "blackhole", absence: Absence::IsSilent, ..Self::OUTAGE };
    /// Other servers are there at once.
    pub(crate) const FAILOVER: Self = Self { name: "failover", outage: 0, ..Self::OUTAGE };

    pub(crate) const ALL: [Self; 3] = [Self::OUTAGE, Self::BLACKHOLE, Self::FAILOVER];

    /// The same with a twentieth of everything.
    pub(crate) const fn in_small(self) -> Self {
        Self { clients: self.clients / 20, capacity: self.capacity / 20, queue: self.queue / 20, ..self }
    }

    /// When 99 % could be back at best: the server accepts without a pause from its return on. In seconds.
    pub(crate) fn ideal(&self) -> f64 {
        f64::from(self.outage) + 0.99 * f64::from(self.clients) / f64::from(self.capacity)
    }
}

/// What was counted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Counted {
    pub(crate) scenario: Scenario,
    /// Attempts of all clients together.
    pub(crate) attempts: u64,
    /// Clients that said that they will not come back.
    pub(crate) gave_up: u32,
    /// When each client was back, in order.
    back: Vec<Micros>,
    /// How long each client waited before its first attempt, in order.
    first: Vec<Micros>,
    /// Opening packets that came to the server, in bins.
    knocks: Vec<u32>,
}

impl Counted {
    pub(crate) fn attempts_each(&self) -> f64 {
        self.attempts as f64 / f64::from(self.scenario.clients)
    }

    /// The part of the clients that came back.
    pub(crate) fn part_back(&self) -> f64 {
        self.back.len() as f64 / f64::from(self.scenario.clients)
    }

    /// When 99 % of the clients were back, in seconds.
    pub(crate) fn most_back(&self) -> Option<f64> {
        let needed = self.scenario.clients as usize * 99 / 100;
        self.back.get(needed.saturating_sub(1)).map(|&at| at as f64 / SECOND as f64)
    }

    /// The most knocks in any second from the server's return on, as a multiple of its capacity.
    pub(crate) fn peak(&self) -> f64 {
        let after = &self.knocks[self.scenario.outage as usize * BINS_A_SECOND..];
        let most = after.windows(BINS_A_SECOND).map(|second| second.iter().sum::<u32>()).max().unwrap_or(0);
        f64::from(most) / f64::from(self.scenario.capacity)
    }

    /// The median of the wait before the first attempt, in milliseconds: also that of a client that is alone.
    pub(crate) fn first_retry(&self) -> Option<u64> {
        self.first.get(self.first.len() / 2).map(|wait| wait / MILLI)
    }

    /// Knocks in each whole second.
    pub(crate) fn knocks_by_second(&self) -> impl Iterator<Item = u32> {
        self.knocks.chunks(BINS_A_SECOND).map(|second| second.iter().sum())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A client learns that it has lost its connection.
    Lost(u32),
    /// The time that a client asked for.
    Time(u32),
    /// The opening packet of an attempt comes to the server; it was sent so many times before.
    Knock(u32, u32, usize),
    /// A client learns what became of its attempt.
    Answer(u32, u32, bool),
    /// The server can accept the next one.
    Accept,
}

struct Slot {
    client: Box<dyn Client>,
    round_trip: Micros,
    /// The attempts that are under way, and when each began.
    trying: Vec<(u32, Micros)>,
    /// It has tried.
    tried: bool,
    /// It is back.
    back: bool,
    /// When it wants to be woken.
    wake: Micros,
}

struct Storm {
    now: Micros,
    order: u64,
    events: BinaryHeap<Reverse<(Micros, u64, Event)>>,
    slots: Vec<Slot>,
    queue: VecDeque<(u32, u32)>,
    /// The server is about to accept.
    accepting: bool,
    /// From when on it can accept the next one.
    free: Micros,
    counted: Counted,
}

/// Lets all clients of this kind lose their connection, and counts.
pub(crate) fn storm(fleet: &Fleet, scenario: Scenario, seed: u64) -> Counted {
    let mut rng = Rng::new(seed);
    let mut storm = Storm::new(scenario);
    for number in 0..scenario.clients {
        let (least, most) = ROUND_TRIP;
        // A span is a span, in whatever unit.
        let round_trip = least + rng.below(Millis(most - least)).0;
        let client = (fleet.client)(Rng::new(rng.next()));
        storm.slots.push(Slot { client, round_trip, trying: Vec::new(), tried: false, back: false, wake: Micros::MAX });
        storm.after(round_trip / 2, Event::Lost(number));
    }
    storm.run()
}

impl Storm {
    fn new(scenario: Scenario) -> Self {
        let counted = Counted {
            scenario,
            attempts: 0,
            gave_up: 0,
            back: Vec::new(),
            first: Vec::new(),
            knocks: vec![0; (HORIZON / BIN) as usize],
        };
        Self {
            now: 0,
            order: 0,
            events: BinaryHeap::new(),
            slots: Vec::new(),
            queue: VecDeque::new(),
            accepting: false,
            free: 0,
            counted,
        }
    }

    fn after(&mut self, span: Micros, event: Event) {
        self.order += 1;
        self.events.push(Reverse((self.now + span, self.order, event)));
    }

    fn run(mut self) -> Counted {
        while let Some(Reverse((at, _, event))) = self.events.pop().filter(|Reverse((at, ..))| *at < HORIZON) {
            self.now = at;
            match event {
                Event::Lost(number) => self.tell(number, Happens::Lost),
                Event::Time(number) => {
                    let slot = &mut self.slots[number as usize];
                    if slot.wake == at {
                        slot.wake = Micros::MAX;
                        self.tell(number, Happens::Time);
                    }
                }
                Event::Knock(number, attempt, sent) => self.knock(number, attempt, sent),
                Event::Answer(number, attempt, accepted) => self.answer(number, attempt, accepted),
                Event::Accept => self.accept(),
            }
        }
        // Each of them waited from when it knew, and they learned of it one after the other.
        self.counted.first.sort_unstable();
        self.counted
    }

    fn tell(&mut self, number: u32, what: Happens) {
        let mut wants = Vec::new();
        self.slots[number as usize].client.step(Millis(self.now.div_ceil(MILLI)), what, &mut wants);
        for want in wants {
            let slot = &mut self.slots[number as usize];
            match want {
                Wants::Attempt(attempt) => {
                    slot.trying.push((attempt, self.now));
                    let half = slot.round_trip / 2;
                    if !mem::replace(&mut slot.tried, true) {
                        self.counted.first.push(self.now - half);
                    }
                    self.counted.attempts += 1;
                    self.after(half, Event::Knock(number, attempt, 0));
                }
                Wants::Abandon(attempt) => slot.trying.retain(|(trying, _)| *trying != attempt),
                Wants::Wake(at) => {
                    let at = (at.0 * MILLI).max(self.now);
                    if slot.wake != at {
                        slot.wake = at;
                        self.after(at - self.now, Event::Time(number));
                    }
                }
                Wants::GiveUp => self.counted.gave_up += 1,
            }
        }
    }

    fn knock(&mut self, number: u32, attempt: u32, sent: usize) {
        let slot = &self.slots[number as usize];
        let Some((_, began)) = slot.trying.iter().find(|(trying, _)| *trying == attempt) else { return };
        let (half, elapsed) = (slot.round_trip / 2, self.now - began);
        self.counted.knocks[(self.now / BIN) as usize] += 1;
        let is_away = self.now < Micros::from(self.counted.scenario.outage) * SECOND;
        if is_away && self.counted.scenario.absence == Absence::IsSilent {
            match AGAIN.get(sent) {
                Some(again) => self.after(again * SECOND + half - elapsed, Event::Knock(number, attempt, sent + 1)),
                None => self.after(SYSTEM_GIVES_UP - elapsed, Event::Answer(number, attempt, false)),
            }
        } else if is_away || self.queue.len() >= self.counted.scenario.queue {
            self.after(half, Event::Answer(number, attempt, false));
        } else {
            self.queue.push_back((number, attempt));
            if !self.accepting {
                self.accepting = true;
                self.after(self.free.saturating_sub(self.now), Event::Accept);
            }
        }
    }

    /// Also one that has been abandoned in the meantime costs the server its time.
    fn accept(&mut self) {
        let interval = SECOND / Micros::from(self.counted.scenario.capacity);
        self.free = self.now + interval;
        if let Some((number, attempt)) = self.queue.pop_front() {
            let half = self.slots[number as usize].round_trip / 2;
            self.after(half, Event::Answer(number, attempt, true));
        }
        self.accepting = !self.queue.is_empty();
        if self.accepting {
            self.after(interval, Event::Accept);
        }
    }

    fn answer(&mut self, number: u32, attempt: u32, accepted: bool) {
        let slot = &mut self.slots[number as usize];
        let Some(at) = slot.trying.iter().position(|(trying, _)| *trying == attempt) else { return };
        slot.trying.swap_remove(at);
        if accepted && !mem::replace(&mut slot.back, true) {
            self.counted.back.push(self.now);
        }
        self.tell(number, if accepted { Happens::Opened(attempt) } else { Happens::Failed(attempt) });
    }
}
