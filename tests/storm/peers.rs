//! What other packages do by default when the connection is lost, transcribed from their sources.
//!
//! Each policy is what happens between a loss and the next success: how long before which try, how long a try may take, when it is given
//! up. What resets it is not here, for in a storm nobody is lost twice. Where a peer is kinder to some losses than to others, the storm is
//! the kind that it comes back from: fetch-event-source does not after a clean end, and no EventSource does after an HTTP error.

use everwire::__core::{rng::Rng, time::Millis};

use super::{Client, Fleet, Happens, Wants};

/// A policy, as data.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    name: &'static str,
    source: &'static str,
    /// The delay in milliseconds before the try of this number, counted from 0; `None`: it gives up.
    delay: fn(u32, &mut Draws) -> Option<u64>,
    /// After so many milliseconds it ends a try by itself.
    timeout: Option<u64>,
}

/// Where a policy has its jitter from: numbers of 0 up to 1.
pub(crate) struct Draws {
    rng: Rng,
    /// What was drawn once, when the page was loaded.
    page: f64,
}

impl Draws {
    fn new(mut rng: Rng) -> Self {
        let page = unit(&mut rng);
        Self { rng, page }
    }

    fn unit(&mut self) -> f64 {
        unit(&mut self.rng)
    }
}

fn unit(rng: &mut Rng) -> f64 {
    const STEPS: f64 = (1_u64 << 53) as f64;
    (rng.next() >> 11) as f64 / STEPS
}

pub(crate) const POLICIES: &[Policy] = &[
    Policy {
        name: "reconnecting-websocket 4.4.0",
        source: "dist/reconnecting-websocket-mjs.js: DEFAULT, _getNextDelay",
        delay: |retry, draws| {
            let first = 1_000.0 + draws.page * 4_000.0;
            Some((first * 1.3_f64.powf(f64::from(retry))).min(10_000.0) as u64)
        },
        timeout: Some(4_000),
    },
    Policy {
        name: "partysocket 1.3.0",
        source: "dist/ws.js: DEFAULT, _getNextDelay",
        delay: |retry, _| Some((3_000.0 * 1.3_f64.powf(f64::from(retry))).min(10_000.0) as u64),
        timeout: Some(4_000),
    },
    Policy {
        name: "socket.io-client 4.8.4",
        source: "build/esm/contrib/backo2.js: duration; build/esm/manager.js: the constructor",
        delay: |retry, draws| {
            let bare = 1_000.0 * 2.0_f64.powf(f64::from(retry));
            let drawn = draws.unit();
            let deviation = (drawn * 0.5 * bare).floor();
            // The sign comes from the first decimal of the same draw, and the cap after the jitter.
            let less = (drawn * 10.0).floor() as u64 & 1 == 0;
            Some((if less { bare - deviation } else { bare + deviation }).min(5_000.0) as u64)
        },
        timeout: Some(20_000),
    },
    Policy {
        name: EVENT_SOURCE,
        source: "third_party/blink/renderer/modules/eventsource/event_source.cc: kDefaultReconnectDelay",
        delay: |_, _| Some(3_000),
        timeout: None,
    },
    Policy {
        name: "eventsource 5.1.5",
        source: "src/EventSource.ts: #reconnectInterval, #scheduleReconnect",
        delay: |_, _| Some(3_000),
        timeout: None,
    },
    Policy {
        name: "eventsource-client 1.2.0",
        source: "src/client.ts: reconnectMs, scheduleReconnect",
        delay: |_, _| Some(2_000),
        timeout: None,
    },
    Policy {
        name: "@microsoft/fetch-event-source 2.0.1",
        source: "lib/esm/fetch.js: DefaultRetryInterval, create",
        delay: |_, _| Some(1_000),
        timeout: None,
    },
    Policy {
        name: "event-source-polyfill 1.0.31",
        source: "src/eventsource.js: onFinish, onTimeout",
        delay: |retry, _| Some((1_000_u64 << retry.min(4)).min(16_000)),
        timeout: Some(45_000),
    },
    Policy {
        name: "phoenix 1.8.16",
        source: "assets/js/phoenix/socket.js: reconnectAfterMs; timer.js: scheduleTimeout",
        delay: |retry, _| {
            Some([10, 50, 100, 150, 200, 250, 500, 1_000, 2_000].get(retry as usize).copied().unwrap_or(5_000))
        },
        timeout: None,
    },
    Policy {
        name: "@microsoft/signalr 10.0.11, withAutomaticReconnect",
        source: "dist/esm/DefaultReconnectPolicy.js; the timeout in dist/esm/HttpConnection.js, for its negotiation",
        delay: |retry, _| [0, 2_000, 10_000, 30_000].get(retry as usize).copied(),
        timeout: Some(100_000),
    },
    Policy {
        name: "sockjs-client 1.6.1",
        source: "lib/main.js: a connection that is closed stays closed",
        delay: |_, _| None,
        timeout: None,
    },
    Policy {
        name: "full jitter, base 1 s, cap 30 s, as in the AWS Architecture Blog",
        source: "\"Exponential Backoff And Jitter\", 2015; with the timeout that everwire has",
        delay: |retry, draws| Some((draws.unit() * (1_000_u64 << retry.min(5)).min(30_000) as f64) as u64),
        timeout: Some(10_000),
    },
];

pub(crate) const EVENT_SOURCE: &str = "EventSource of Chromium";

pub(crate) fn fleets() -> impl Iterator<Item = Fleet> {
    POLICIES.iter().map(|policy| Fleet {
        name: policy.name,
        source: policy.source,
        client: Box::new(|rng| Box::new(Peer { policy, draws: Draws::new(rng), retry: 0, state: State::Idle })),
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is connected, or has given up.
    Idle,
    Waiting,
    Trying,
}

struct Peer {
    policy: &'static Policy,
    draws: Draws,
    /// The number of the next try.
    retry: u32,
    state: State,
}

impl Peer {
    fn waits(&mut self, now: Millis, wants: &mut Vec<Wants>) {
        let Some(delay) = (self.policy.delay)(self.retry, &mut self.draws) else {
            self.state = State::Idle;
            return wants.push(Wants::GiveUp);
        };
        self.retry += 1;
        self.state = State::Waiting;
        wants.push(Wants::Wake(now.after(Millis(delay))));
    }
}

impl Client for Peer {
    fn step(&mut self, now: Millis, what: Happens, wants: &mut Vec<Wants>) {
        match (what, self.state) {
            (Happens::Opened(_), _) => self.state = State::Idle,
            (Happens::Lost | Happens::Failed(_), _) => self.waits(now, wants),
            (Happens::Time, State::Waiting) => {
                self.state = State::Trying;
                wants.push(Wants::Attempt(self.retry));
                if let Some(timeout) = self.policy.timeout {
                    wants.push(Wants::Wake(now.after(Millis(timeout))));
                }
            }
            (Happens::Time, State::Trying) => {
                wants.push(Wants::Abandon(self.retry));
                self.waits(now, wants);
            }
            (Happens::Time, State::Idle) => {}
        }
    }
}
