//! The world: a bench, a server, and the browser and the network between them.
//!
//! It is kind to nobody: what is under way when a connection dies is lost in both directions; what an abandoned attempt had
//! sent still arrives, and what it would still have reported is reported, to be ignored.

use std::collections::BTreeMap;

use everwire::__core::{
    machine::Config,
    outbox::Terms,
    rng::Rng,
    text::Text,
    time::Millis,
    types::{ConnId, Delivery, Input, Lane, Phase, Refused, Report, Ruling, Transport},
    wire::{Wire, relay::Relay},
};

use super::{
    Bench, Data, MINUTE, SECOND, SOCKET_OR_POLL, begins, closed, engine::Engine, failed, faults::Faults, server::Server,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaks {
    Raw,
    Relay,
    EngineIo,
    Sse,
}

/// One attempt, as the browser and the server see it.
#[derive(Debug)]
pub(super) struct Conn {
    pub(super) transport: Transport,
    /// The position that it asked for first.
    pub(super) cursor: String,
    /// What the machine dropped hears no more, but what it sent may arrive.
    pub(super) dropped: bool,
    /// Things under way that belong to an earlier life arrive no more.
    pub(super) life: u32,
    pub(super) closing: bool,
    /// The server sends to it.
    pub(super) attached: bool,
    /// The server holds its poll.
    pub(super) held: Option<u32>,
    pub(super) position: u64,
    /// The last id that the browser's own EventSource saw.
    pub(super) source_id: String,
    pub(super) lanes: [bool; 2],
    /// Nothing overtakes.
    pub(super) last_down: u64,
    pub(super) last_up: u64,
}

pub(super) enum Event {
    Connect(String),
    Get(String),
    Post(Data),
    Frame(Data),
    /// The application's heartbeat.
    Ping,
    /// The browser has ended it.
    Aborted,
    Hear(Report<Data>),
    /// Bytes of an event stream come, and so many more that are not written out.
    Read(Vec<u8>, usize),
    /// An event stream comes in one piece.
    ReadWhole(Vec<u8>),
    Comments,
    /// As nchan has it: an event, to which the browser gives the last id.
    KeepAlive,
    HoldEnds(u32),
    Dies,
    SystemGivesUp,
    SourceRetries,
}

/// New credentials or none, after so many milliseconds; `None`: no answer, ever.
pub(crate) type Refreshing = Option<(u64, Result<(), Text>)>;

type Script = Box<dyn FnOnce(&mut World)>;

enum Pending {
    Of(ConnId, u32, Event),
    Script(Script),
}

/// A bench, a server, and what is between them.
pub(crate) struct World {
    pub(crate) bench: Bench,
    pub(crate) server: Server,
    pub(crate) faults: Faults,
    /// One way, in milliseconds; and how much more it may be.
    pub(crate) latency: u64,
    pub(crate) jitter: u64,
    /// How long the server holds a poll.
    pub(crate) hold: u64,
    /// An SSE server that knows no end: asked by XHR, it never answers.
    pub(crate) endless: bool,
    /// How often an SSE server sends a comment on each of its streams.
    pub(crate) comments: Option<u64>,
    /// Every so many numbered messages one is bytes; 0: none.
    pub(crate) binary: u32,
    /// A relay that answers a poll with all that it has.
    pub(crate) multipart: bool,
    /// A server that sends only what is new to who names no position.
    pub(crate) from_now: bool,
    /// The application reads the ids from the messages.
    pub(crate) own_ids: bool,
    /// The application opens the gate so many milliseconds after it heard of a connection.
    pub(crate) releases_after: Option<u64>,
    /// What the server answers to a plain GET; 0: nothing.
    pub(crate) http: u16,
    pub(crate) engine: Engine,
    /// Bytes that come with every event of a stream, in comments that are counted and not written out.
    pub(crate) padding: usize,
    /// What the application says of a failure, and after how many milliseconds.
    pub(crate) rules: fn(&mut Rng) -> (u64, Option<Ruling>),
    /// What comes of its getting new credentials.
    pub(crate) refreshes: fn(&mut Rng) -> Refreshing,
    /// The credentials can be renewed.
    pub(crate) can_refresh: bool,
    /// How far the wall clock is ahead of time.
    pub(crate) wall_ahead: u64,
    /// How late timers may be, in milliseconds.
    pub(crate) late_timers: u64,
    /// What the application sends when it hears that it is connected; numbered, so that each is unique.
    pub(crate) greeting: Option<&'static str>,
    pub(super) greetings: u32,
    pub(super) speaks: Speaks,
    pub(super) conns: BTreeMap<u32, Conn>,
    pending: BTreeMap<(u64, u64), Pending>,
    pub(super) order: u64,
    pub(super) rng: Rng,
    tick_at: Option<(Millis, u64)>,
    pushed: u32,
    sent: u32,
}

/// Is it received from and sent to by requests of their own?
pub(super) const fn has_lanes(transport: Transport) -> bool {
    matches!(transport, Transport::EventSource | Transport::LongPoll)
}

impl World {
    pub(crate) fn new(wire: impl Wire<Data> + 'static, config: Config) -> Self {
        let rng = Rng::new(config.seed ^ 0xfeed);
        let speaks = match wire.manner() {
            _ if wire.upgrades() => Speaks::EngineIo,
            manner if manner.events => Speaks::Sse,
            manner if manner.subprotocol.is_empty() => Speaks::Raw,
            _ => Speaks::Relay,
        };
        Self {
            bench: Bench::new(wire, config),
            server: Server::new(),
            faults: Faults::NONE,
            latency: 20,
            jitter: 0,
            hold: 25 * SECOND,
            endless: false,
            comments: None,
            binary: 0,
            multipart: false,
            from_now: false,
            own_ids: false,
            releases_after: None,
            http: 0,
            engine: Engine::new(),
            padding: 0,
            rules: |_| (0, None),
            refreshes: |_| Some((50, Ok(()))),
            can_refresh: false,
            wall_ahead: 1_700_000_000_000,
            late_timers: 0,
            greeting: None,
            greetings: 0,
            speaks,
            conns: BTreeMap::new(),
            pending: BTreeMap::new(),
            order: 0,
            rng,
            tick_at: None,
            pushed: 0,
            sent: 0,
        }
    }

    /// A world with a relay that is not asked for streams.
    pub(crate) fn relay(seed: u64) -> Self {
        Self::new(Relay, Config { seed, transports: SOCKET_OR_POLL.into(), ..Config::default() })
    }

    /// A world with an SSE server.
    pub(crate) fn sse(seed: u64) -> Self {
        Self::new(super::sse(), Config { seed, ..Config::default() })
    }

    /// A number for the tests to be random with.
    pub(crate) fn seed(&mut self) -> u64 {
        self.rng.next()
    }

    pub(crate) fn started(mut self) -> Self {
        self.input(Input::Start);
        self
    }

    // ---- what the tests do ----

    pub(crate) fn input(&mut self, input: Input<Data>) {
        let effects = self.bench.step(input);
        self.carry_out(effects);
    }

    pub(crate) fn send(&mut self, text: &str) -> Result<Delivery, Refused<Data>> {
        self.send_on(Data::new(text), Terms::default())
    }

    pub(crate) fn send_on(&mut self, data: Data, terms: Terms) -> Result<Delivery, Refused<Data>> {
        let (result, effects) = self.bench.send_on(data, terms);
        self.carry_out(effects);
        result
    }

    /// Sends the next numbered message.
    pub(crate) fn send_next(&mut self) -> Result<Delivery, Refused<Data>> {
        self.send_next_on(Terms::default())
    }

    /// The same, on these terms.
    pub(crate) fn send_next_on(&mut self, terms: Terms) -> Result<Delivery, Refused<Data>> {
        self.sent += 1;
        let text = format!("up {}", self.sent);
        self.send_on(self.as_data(self.sent.into(), text), terms)
    }

    /// The message with this number: text, or now and then bytes.
    pub(super) fn as_data(&self, n: u64, text: String) -> Data {
        if self.binary > 0 && n % u64::from(self.binary) == 0 {
            Data::Bytes(text.into_bytes())
        } else {
            Data::Text(text)
        }
    }

    /// The server has a new message.
    pub(crate) fn push(&mut self, message: &str) {
        self.server.push(message);
        self.serve();
    }

    /// The server has a next numbered message.
    pub(crate) fn push_next(&mut self) {
        self.pushed += 1;
        self.push(&format!("down {}", self.pushed));
    }

    /// Has the server push `count` numbered messages, one every `every` milliseconds.
    pub(crate) fn pushes(&mut self, count: u32, every: u64) {
        for n in 0..count {
            self.at(u64::from(n) * every, Self::push_next);
        }
    }

    /// Has the application send `count` numbered messages, one every `every` milliseconds.
    pub(crate) fn sends(&mut self, count: u32, every: u64) {
        for n in 0..count {
            self.at(u64::from(n) * every, |world| drop(world.send_next()));
        }
    }

    /// In `ms` from now, do this.
    pub(crate) fn at(&mut self, ms: u64, script: impl FnOnce(&mut Self) + 'static) {
        let at = self.bench.now.0 + ms;
        self.queue(at, Pending::Script(Box::new(script)));
    }

    /// All connections die.
    pub(crate) fn drop_all(&mut self) {
        let ids: Vec<_> = self.conns.iter().filter(|(_, conn)| !conn.dropped).map(|(&id, _)| ConnId(id)).collect();
        for id in ids {
            self.dies(id);
        }
    }

    /// The server goes, with all connections, and comes back without its log.
    pub(crate) fn restart(&mut self) {
        self.drop_all();
        self.server.restart();
        self.engine.forgets();
    }

    /// Goes silent: those connected now hear nothing more, until the system gives them up.
    pub(crate) fn goes_silent(&mut self) {
        self.faults.silent = true;
        for id in self.ids() {
            self.swallow(id);
        }
    }

    /// The wall clock is told, now that it has gone ahead this much further than time did: the machine slept.
    pub(crate) fn sleeps(&mut self, ms: u64) {
        self.wall_ahead += ms;
        self.tells_wall_clock();
    }

    pub(crate) fn tells_wall_clock(&mut self) {
        let wall = Millis(self.bench.now.0 + self.wall_ahead);
        self.input(Input::WallClock(wall));
    }

    /// To the next thing that happens; false if nothing will.
    pub(crate) fn step(&mut self) -> bool {
        self.step_until(u64::MAX)
    }

    pub(crate) fn run_for(&mut self, ms: u64) {
        let until = self.bench.now.0 + ms;
        while self.step_until(until) {}
        self.bench.now = Millis(until);
    }

    /// Runs until it is so, and fails after `ms`.
    pub(crate) fn run_until(&mut self, ms: u64, wanted: impl Fn(&Self) -> bool) {
        let until = self.bench.now.0 + ms;
        while !wanted(self) {
            assert!(self.step_until(until), "it is not so after {ms} ms: {:?}", self.bench.snapshot());
        }
    }

    pub(crate) fn opens_within(&mut self, ms: u64) {
        self.run_until(ms, |world| world.bench.phase() == Phase::Open);
    }

    /// What the application received, with the numbered messages as numbers.
    pub(crate) fn inbox(&self) -> Vec<u32> {
        self.bench.messages().iter().filter_map(|message| message.strip_prefix("down ")?.parse().ok()).collect()
    }

    // ---- the clock ----

    fn queue(&mut self, at: u64, pending: Pending) {
        self.order += 1;
        self.pending.insert((at, self.order), pending);
    }

    fn tick_due(&mut self) -> Option<u64> {
        let wake = self.bench.wake?;
        match self.tick_at {
            Some((of, at)) if of == wake => Some(at),
            _ => {
                let at = wake.0 + self.rng.below(Millis(self.late_timers)).0;
                self.tick_at = Some((wake, at));
                Some(at)
            }
        }
    }

    fn step_until(&mut self, until: u64) -> bool {
        let tick = self.tick_due().unwrap_or(u64::MAX);
        let key = self.pending.keys().next().copied();
        let next = key.map_or(u64::MAX, |(at, _)| at);
        let at = tick.min(next);
        if at > until || at == u64::MAX {
            return false;
        }
        self.bench.now = Millis(at.max(self.bench.now.0));
        if tick < next {
            self.bench.wake = None;
            self.tick_at = None;
            self.input(Input::Tick);
        } else if let Some(pending) = key.and_then(|key| self.pending.remove(&key)) {
            match pending {
                Pending::Script(script) => script(self),
                Pending::Of(id, life, event) => {
                    if self.conns.get(&id.0).is_some_and(|conn| conn.life == life) {
                        self.happens(id, event);
                    }
                }
            }
        }
        true
    }

    // ---- the network ----

    pub(super) fn conn(&mut self, id: ConnId) -> &mut Conn {
        self.conns.get_mut(&id.0).expect("it has begun")
    }

    fn ids(&self) -> Vec<ConnId> {
        self.conns.keys().copied().map(ConnId).collect()
    }

    fn trip(&mut self) -> u64 {
        self.latency + self.rng.below(Millis(self.jitter)).0
    }

    /// Something is on its way to the server.
    pub(super) fn up(&mut self, id: ConnId, event: Event) {
        let at = self.bench.now.0 + self.trip();
        let silent = self.faults.silent;
        let conn = self.conn(id);
        conn.last_up = conn.last_up.max(at);
        let pending = Pending::Of(id, conn.life, event);
        let at = conn.last_up;
        if !silent {
            self.queue(at, pending);
        }
    }

    /// A question that the server answers, if it arrives.
    pub(super) fn ask(&mut self, id: ConnId, event: Event) {
        if self.faults.silent {
            self.swallow(id);
        } else {
            self.up(id, event);
        }
    }

    /// Something happens to a connection, unless that has died by then.
    pub(super) fn later(&mut self, id: ConnId, ms: u64, event: Event) {
        let pending = Pending::Of(id, self.conns[&id.0].life, event);
        self.queue(self.bench.now.0 + ms, pending);
    }

    /// A report is on its way to the browser.
    pub(super) fn down(&mut self, id: ConnId, report: Report<Data>) {
        self.arrives(id, Event::Hear(report));
    }

    pub(super) fn arrives(&mut self, id: ConnId, event: Event) {
        let at = self.bench.now.0 + self.trip();
        let conn = self.conn(id);
        conn.last_down = conn.last_down.max(at);
        let (at, pending) = (conn.last_down, Pending::Of(id, conn.life, event));
        self.queue(at, pending);
    }

    /// Some of an event stream is on its way, cut in two anywhere.
    pub(super) fn streams_text(&mut self, id: ConnId, text: &str, padding: usize) {
        let at = self.rng.below(Millis(text.len() as u64)).0 as usize;
        let (one, other) = text.as_bytes().split_at(at);
        if !one.is_empty() {
            self.arrives(id, Event::Read(one.into(), 0));
        }
        self.arrives(id, Event::Read(other.into(), padding));
    }

    /// All of an event stream is on its way.
    pub(super) fn down_whole(&mut self, id: ConnId, text: String) {
        self.arrives(id, Event::ReadWhole(text.into_bytes()));
    }

    /// From now on nothing passes; the system gives up in the end.
    pub(super) fn swallow(&mut self, id: ConnId) {
        let conn = self.conn(id);
        if conn.dropped || conn.closing {
            return;
        }
        conn.life += 1;
        conn.attached = false;
        conn.held = None;
        let pending = Pending::Of(id, conn.life, Event::SystemGivesUp);
        self.queue(self.bench.now.0 + 2 * MINUTE, pending);
    }

    /// The connection dies, with all that was under way on it.
    pub(super) fn dies(&mut self, id: ConnId) {
        let closing = self.faults.closing;
        let conn = self.conn(id);
        if conn.dropped || conn.closing {
            return;
        }
        conn.life += 1;
        conn.attached = false;
        conn.held = None;
        let (transport, life, lanes) = (conn.transport, conn.life, conn.lanes);
        self.engine_loses(id);
        match transport {
            Transport::WebSocket => {
                self.conn(id).closing = closing > 0;
                let closed = Event::Hear(closed(1006, ""));
                let at = self.bench.now.0 + self.latency + closing;
                self.queue(at, Pending::Of(id, life, closed));
            }
            Transport::EventSource => {
                self.down(id, Report::SourceError { gave_up: false });
                if lanes[1] {
                    self.down(id, Report::Failed { lane: Lane::Up, why: Text::default() });
                }
                let at = self.bench.now.0 + 3 * SECOND;
                self.queue(at, Pending::Of(id, life, Event::SourceRetries));
            }
            Transport::FetchStream | Transport::XhrStream => self.down(id, failed()),
            _ => {
                for (lane, busy) in [Lane::Down, Lane::Up].into_iter().zip(lanes) {
                    if busy {
                        self.down(id, Report::Failed { lane, why: Text::default() });
                    }
                }
            }
        }
    }

    fn happens(&mut self, id: ConnId, event: Event) {
        match event {
            Event::Connect(cursor) => self.connects(id, &cursor),
            Event::Get(cursor) => self.gets(id, &cursor),
            Event::Post(message) => self.posts(id, &message),
            Event::Frame(frame) => self.hears_frame(id, &frame),
            Event::Ping => {
                if self.conns[&id.0].attached {
                    self.down(id, Report::Reply);
                }
            }
            Event::Aborted => self.engine_loses(id),
            Event::Hear(report) => self.hears(id, report),
            Event::Read(bytes, padding) => self.reads(id, &bytes, padding),
            Event::ReadWhole(bytes) => {
                self.hears(id, begins());
                if !bytes.is_empty() {
                    self.reads(id, &bytes, 0);
                }
                self.hears(id, Report::Done);
            }
            Event::Comments => self.comments(id),
            Event::KeepAlive => {
                let last = self.conns[&id.0].source_id.clone();
                self.hears(id, super::event("keepalive", &last));
            }
            Event::HoldEnds(hold) => self.hold_ends(id, hold),
            Event::Dies => self.dies(id),
            Event::SystemGivesUp => self.dies(id),
            Event::SourceRetries => {
                let conn = &self.conns[&id.0];
                let cursor = if conn.source_id.is_empty() { conn.cursor.clone() } else { conn.source_id.clone() };
                self.ask(id, Event::Connect(cursor));
            }
        }
    }

    fn reads(&mut self, id: ConnId, bytes: &[u8], padding: usize) {
        let mut report = self.bench.reads(id, bytes);
        if let Report::Piece(piece) = &mut report {
            piece.bytes += padding;
        }
        self.hears(id, report);
    }

    fn hears(&mut self, id: ConnId, report: Report<Data>) {
        let conn = self.conn(id);
        match &report {
            Report::Done => conn.lanes[0] = false,
            Report::Answer { lane, .. } | Report::Failed { lane, .. } if has_lanes(conn.transport) => {
                conn.lanes[usize::from(*lane == Lane::Up)] = false;
            }
            Report::Event { id, .. } => conn.source_id = id.to_string(),
            _ => {}
        }
        if conn.dropped {
            let before = self.bench.snapshot();
            let effects = self.bench.step(Input::Report(id, report));
            assert!(effects.is_empty(), "invariant 1: {id:?} was abandoned (T11), but: {effects:?}");
            assert_eq!(before, self.bench.snapshot(), "invariant 1: {id:?} was abandoned (T11)");
        } else {
            self.input(Input::Report(id, report));
        }
    }
}
