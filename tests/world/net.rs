//! The browser and the network, with their faults.
//!
//! It is kind to nobody: what is under way when a connection dies is lost in both directions; what an abandoned attempt had
//! sent still arrives, and what it would still have reported is reported, to be ignored.

use std::collections::{BTreeMap, VecDeque};

use everwire::core::{
    machine::Config,
    rng::Rng,
    time::Millis,
    types::{ConnId, Delivery, Effect, Head, Input, Lane, Notice, Phase, Refused, Report, Transport},
    wire::{Wire, relay::Relay},
};

use super::{Bench, Data, MINUTE, SECOND, event_stream, server::Server, status, with_id};

/// What the path does to WebSockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Path {
    Clear,
    /// They are refused.
    Refuses,
    /// They are never answered.
    Swallows,
    /// They open, and nothing follows: the answer to the handshake passes, frames do not.
    Mutes,
}

/// What is wrong, from now on.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    /// The server is not there: whatever is asked of it fails.
    pub(crate) down: bool,
    pub(crate) websocket: Path,
    /// Nothing comes through in either direction. Who was connected then never hears of it again, but from the system.
    pub(crate) silent: bool,
    /// A new connection is accepted, and dies after this many milliseconds.
    pub(crate) kills_after: Option<u64>,
    /// Every request is answered with this status.
    pub(crate) status: Option<(u16, Option<Millis>)>,
    /// A POST is taken, and its connection dies before the answer.
    pub(crate) loses_answers: bool,
    /// A new response is held back until it ends, its head included, as a buffering proxy does.
    pub(crate) holds_back: bool,
    /// As that, but the head of a streamed response passes.
    pub(crate) holds_bodies: bool,
    /// A dying WebSocket is closing for this long before it reports that it is closed.
    pub(crate) closing: u64,
}

impl Faults {
    pub(crate) const NONE: Self = Self {
        down: false,
        websocket: Path::Clear,
        silent: false,
        kills_after: None,
        status: None,
        loses_answers: false,
        holds_back: false,
        holds_bodies: false,
        closing: 0,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speaks {
    Raw,
    Relay,
    Sse,
}

/// One attempt, as the browser and the server see it.
#[derive(Debug)]
struct Conn {
    transport: Transport,
    /// The position that it asked for first.
    cursor: String,
    /// What the machine dropped hears no more, but what it sent may arrive.
    dropped: bool,
    /// Things under way that belong to an earlier life arrive no more.
    life: u32,
    closing: bool,
    /// The server sends to it.
    attached: bool,
    /// The server holds its poll.
    held: Option<u32>,
    position: u64,
    /// The last id that the browser's own EventSource saw.
    source_id: String,
    lanes: [bool; 2],
    /// Nothing overtakes.
    last_down: u64,
    last_up: u64,
}

enum Event {
    Connect(String),
    Get(String),
    Post(String),
    Frame(String),
    Hear(Report<Data>),
    HoldEnds(u32),
    Dies,
    SystemGivesUp,
    SourceRetries,
}

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
    /// How late timers may be, in milliseconds.
    pub(crate) late_timers: u64,
    /// What the application sends when it hears that it is connected; numbered, so that each is unique.
    pub(crate) greeting: Option<&'static str>,
    greetings: u32,
    speaks: Speaks,
    conns: BTreeMap<u32, Conn>,
    pending: BTreeMap<(u64, u64), Pending>,
    order: u64,
    rng: Rng,
    tick_at: Option<(Millis, u64)>,
    pushed: u32,
    sent: u32,
}

impl World {
    pub(crate) fn new(wire: impl Wire<Data> + 'static, config: Config) -> Self {
        let rng = Rng::new(config.seed ^ 0xfeed);
        let speaks = match wire.manner() {
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

    /// A world with a relay.
    pub(crate) fn relay(seed: u64) -> Self {
        Self::new(Relay, Config { seed, ..Config::default() })
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
        let (result, effects) = self.bench.send(text);
        self.carry_out(effects);
        result
    }

    /// Sends the next numbered message.
    pub(crate) fn send_next(&mut self) -> Result<Delivery, Refused<Data>> {
        self.sent += 1;
        self.send(&format!("up {}", self.sent))
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
    }

    /// Goes silent: those connected now hear nothing more, until the system gives them up.
    pub(crate) fn goes_silent(&mut self) {
        self.faults.silent = true;
        for id in self.ids() {
            self.swallow(id);
        }
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

    // ---- the shell ----

    fn carry_out(&mut self, effects: Vec<Effect<Data>>) {
        let mut queue = VecDeque::from(effects);
        let mut count = 0;
        while let Some(effect) = queue.pop_front() {
            count += 1;
            assert!(count < 100_000, "invariant 5: it goes round in circles: {effect:?}");
            let more = match effect {
                Effect::Open(id, transport, cursor) => {
                    self.begin(id, transport, cursor.to_string());
                    Vec::new()
                }
                Effect::Poll(id, cursor) => {
                    self.conn(id).lanes[0] = true;
                    self.ask(id, Event::Get(cursor.to_string()));
                    Vec::new()
                }
                Effect::Send(id, data) => self.transmit(id, data),
                Effect::Drop(id, _) => {
                    let conn = self.conn(id);
                    conn.dropped = true;
                    conn.attached = false;
                    conn.held = None;
                    Vec::new()
                }
                Effect::Flush(id) => self.bench.step(Input::Flush(id)),
                Effect::Tell(Notice::Opened | Notice::Reconnected { .. }) => self.greets(),
                Effect::Tell(_) | Effect::Wake(_) => Vec::new(),
            };
            queue.extend(more);
        }
    }

    fn greets(&mut self) -> Vec<Effect<Data>> {
        let Some(greeting) = self.greeting else { return Vec::new() };
        self.greetings += 1;
        self.bench.send(&format!("{greeting} {}", self.greetings)).1
    }

    fn begin(&mut self, id: ConnId, transport: Transport, cursor: String) {
        let poll = transport == Transport::LongPoll;
        let conn = Conn {
            transport,
            cursor: cursor.clone(),
            dropped: false,
            life: 0,
            closing: false,
            attached: false,
            held: None,
            position: 0,
            source_id: String::new(),
            lanes: [poll, false],
            last_down: 0,
            last_up: 0,
        };
        self.conns.insert(id.0, conn);
        let http = poll || transport == Transport::FetchStream;
        self.ask(id, if http { Event::Get(cursor) } else { Event::Connect(cursor) });
    }

    fn transmit(&mut self, id: ConnId, data: Data) -> Vec<Effect<Data>> {
        let conn = self.conn(id);
        if conn.closing {
            return self.bench.step(Input::Report(id, Report::Unsent(data)));
        }
        if conn.transport == Transport::LongPoll {
            conn.lanes[1] = true;
            self.ask(id, Event::Post(data.show()));
        } else {
            self.up(id, Event::Frame(data.show()));
        }
        Vec::new()
    }

    fn conn(&mut self, id: ConnId) -> &mut Conn {
        self.conns.get_mut(&id.0).expect("it has begun")
    }

    fn ids(&self) -> Vec<ConnId> {
        self.conns.keys().copied().map(ConnId).collect()
    }

    // ---- the network ----

    fn trip(&mut self) -> u64 {
        self.latency + self.rng.below(Millis(self.jitter)).0
    }

    /// Something is on its way to the server.
    fn up(&mut self, id: ConnId, event: Event) {
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
    fn ask(&mut self, id: ConnId, event: Event) {
        if self.faults.silent {
            self.swallow(id);
        } else {
            self.up(id, event);
        }
    }

    /// Something is on its way to the browser.
    fn down(&mut self, id: ConnId, report: Report<Data>) {
        let at = self.bench.now.0 + self.trip();
        let conn = self.conn(id);
        conn.last_down = conn.last_down.max(at);
        let (at, pending) = (conn.last_down, Pending::Of(id, conn.life, Event::Hear(report)));
        self.queue(at, pending);
    }

    /// From now on nothing passes; the system gives up in the end.
    fn swallow(&mut self, id: ConnId) {
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
    fn dies(&mut self, id: ConnId) {
        let closing = self.faults.closing;
        let conn = self.conn(id);
        if conn.dropped || conn.closing {
            return;
        }
        conn.life += 1;
        conn.attached = false;
        conn.held = None;
        let (transport, life, lanes) = (conn.transport, conn.life, conn.lanes);
        match transport {
            Transport::WebSocket => {
                conn.closing = closing > 0;
                let closed = Event::Hear(super::closed(1006, ""));
                let at = self.bench.now.0 + self.latency + closing;
                self.queue(at, Pending::Of(id, life, closed));
            }
            Transport::EventSource => {
                self.down(id, Report::SourceError { gave_up: false });
                let at = self.bench.now.0 + 3 * SECOND;
                self.queue(at, Pending::Of(id, life, Event::SourceRetries));
            }
            Transport::FetchStream => self.down(id, Report::Failed { lane: Lane::Down }),
            _ => {
                for (lane, busy) in [Lane::Down, Lane::Up].into_iter().zip(lanes) {
                    if busy {
                        self.down(id, Report::Failed { lane });
                    }
                }
            }
        }
    }

    fn happens(&mut self, id: ConnId, event: Event) {
        match event {
            Event::Connect(cursor) => self.connects(id, &cursor),
            Event::Get(cursor) => self.gets(id, &cursor),
            Event::Post(message) => self.posts(id, message),
            Event::Frame(message) => self.server.received.push(message),
            Event::Hear(report) => self.hears(id, report),
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

    fn hears(&mut self, id: ConnId, report: Report<Data>) {
        let conn = self.conn(id);
        match &report {
            Report::Answer { lane, .. } | Report::Failed { lane } if conn.transport == Transport::LongPoll => {
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

    // ---- the server ----

    fn connects(&mut self, id: ConnId, cursor: &str) {
        self.server.resumes.push(cursor.into());
        let socket = self.conns[&id.0].transport == Transport::WebSocket;
        let path = if socket { self.faults.websocket } else { Path::Clear };
        match (self.faults.down, path, self.faults.status) {
            (true, ..) | (_, Path::Refuses, _) => return self.dies(id),
            (_, Path::Swallows, _) => return self.swallow(id),
            (_, _, Some(_)) if socket => return self.dies(id),
            (_, _, Some(_)) => return self.down(id, Report::SourceError { gave_up: true }),
            _ => {}
        }
        self.down(id, super::opened(self.speaks == Speaks::Relay));
        if path != Path::Mutes {
            self.attach(id, cursor);
        }
        self.dooms(id);
        self.serve();
    }

    fn attach(&mut self, id: ConnId, cursor: &str) {
        let position = self.server.position(cursor);
        let conn = self.conn(id);
        conn.attached = !conn.dropped;
        conn.position = position;
    }

    /// Accepted, to be killed.
    fn dooms(&mut self, id: ConnId) {
        if let Some(after) = self.faults.kills_after {
            let pending = Pending::Of(id, self.conns[&id.0].life, Event::Dies);
            self.queue(self.bench.now.0 + after, pending);
        }
    }

    fn refusal(&self) -> Option<Head> {
        self.faults.status.map(|(code, retry_after)| Head { retry_after, ..status(code) })
    }

    fn answers(&mut self, id: ConnId, lane: Lane, head: Head, body: String) {
        self.down(id, Report::Answer { lane, head, body: Data::Bytes(body.into_bytes()) });
    }

    fn gets(&mut self, id: ConnId, cursor: &str) {
        self.server.resumes.push(cursor.into());
        if self.faults.down {
            return self.dies(id);
        }
        let stream = self.conns[&id.0].transport == Transport::FetchStream;
        if let Some(head) = self.refusal() {
            return match stream {
                true => self.down(id, Report::Head(head)),
                false => self.answers(id, Lane::Down, head, String::new()),
            };
        }
        if stream && self.faults.holds_back {
            return;
        }
        self.attach(id, cursor);
        if stream {
            self.down(id, Report::Head(event_stream()));
            let passes = !self.faults.holds_bodies;
            self.conn(id).attached &= passes;
        } else {
            let life = self.conns[&id.0].life;
            self.order += 1;
            let hold = self.order as u32;
            let conn = self.conn(id);
            conn.attached = false;
            conn.held = (!conn.dropped).then_some(hold);
            if !self.endless {
                self.queue(self.bench.now.0 + self.hold, Pending::Of(id, life, Event::HoldEnds(hold)));
            }
        }
        self.dooms(id);
        self.serve();
    }

    fn posts(&mut self, id: ConnId, message: String) {
        if self.faults.down {
            return self.dies(id);
        }
        if let Some(head) = self.refusal() {
            return self.answers(id, Lane::Up, head, String::new());
        }
        self.server.received.push(message);
        if self.faults.loses_answers {
            return self.dies(id);
        }
        self.answers(id, Lane::Up, status(202), String::new());
    }

    fn hold_ends(&mut self, id: ConnId, hold: u32) {
        let speaks = self.speaks;
        let conn = self.conn(id);
        if conn.held != Some(hold) {
            return;
        }
        conn.held = None;
        let head = if speaks == Speaks::Sse { event_stream() } else { status(408) };
        self.answers(id, Lane::Down, head, String::new());
    }

    /// Sends to everybody what is new.
    fn serve(&mut self) {
        for (id, _) in self.bench.audit.live() {
            while self.conns[&id.0].attached {
                let Some((n, message)) = self.server.after(self.conns[&id.0].position) else { break };
                self.conn(id).position = n;
                self.streams(id, n, &message);
            }
            if self.conns[&id.0].held.is_some() {
                self.answers_poll(id);
            }
        }
    }

    fn streams(&mut self, id: ConnId, n: u64, message: &str) {
        let at = self.server.id(n);
        let data = Data::new(message);
        match self.conns[&id.0].transport {
            Transport::WebSocket if self.speaks == Speaks::Raw => self.down(id, Report::Frame(data)),
            Transport::WebSocket => {
                self.down(id, Report::Frame(Data::Text(format!("id: {at}\ncontent-type: text/plain\n\n{message}"))));
            }
            Transport::EventSource => self.down(id, super::event(message, &at)),
            Transport::FetchStream => self.down(id, Report::Chunk(Data::Bytes(event(&at, message).into_bytes()))),
            _ => {}
        }
    }

    fn answers_poll(&mut self, id: ConnId) {
        if self.endless {
            return;
        }
        let speaks = self.speaks;
        let Some((n, message)) = self.server.after(self.conns[&id.0].position) else { return };
        let conn = self.conn(id);
        conn.held = None;
        if speaks == Speaks::Sse {
            let mut body = event(&self.server.id(n), &message);
            let mut last = n;
            while let Some((n, message)) = self.server.after(last) {
                body += &event(&self.server.id(n), &message);
                last = n;
            }
            self.answers(id, Lane::Down, event_stream(), body);
        } else {
            let head = with_id(&self.server.id(n));
            self.answers(id, Lane::Down, head, message);
        }
    }
}

fn event(id: &str, data: &str) -> String {
    format!("id: {id}\ndata: {data}\n\n")
}
