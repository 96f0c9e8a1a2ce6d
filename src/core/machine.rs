//! THE state machine of a connection.
//!
//! # Theory of operation
//!
//! A connection is one [`Machine`]. It is driven by [`Machine::step`], with the time and an [`Input`], and by
//! [`Machine::send`], which is a step that answers. Both append [`Effect`]s, in the order in which they
//! must be carried out. Nothing else changes it. A machine never blocks, never calls out, and knows no browser.
//!
//! It holds at most one *carrier* (the attempt that carries the connection, or tries to) and, while that one
//! stands on a lower rung, at most one *probe* of a better transport. Each has a [`ConnId`] of its own; what any other
//! `ConnId` reports is ignored, in one place (`Machine::report`). The protocol inside an attempt is the business of its
//! [`Session`]; the machine sees only what the session [`Said`].
//!
//! | state | input | what happens | next |
//! | --- | --- | --- | --- |
//! | Idle | `Start` | a carrier on the best rung | Connecting |
//! | Connecting | the session says Opened, or brings a message | Opened or Reconnected is told; the outbox flows once the application has heard it | Open |
//! | Connecting | a held poll is unanswered after [`HELD`] | the same: a poll that is held was accepted | Open |
//! | Connecting | connect timeout, Ended | *failure* | Waiting, Connecting, Closed |
//! | Open | Message | told; the cursor moves | Open |
//! | Open | silence timeout, Ended | *failure* | Waiting, Closed |
//! | Open | nothing for the heartbeat's interval | the heartbeat is sent; no sign of life within its timeout: *failure* | Open, Waiting |
//! | Open, behind a gate | `Release` | the outbox flows | Open |
//! | Open | not one byte by [`Config::first_byte`], and there is a rung below | *failure*: the path holds bytes back | Connecting, Waiting |
//! | Open | the wall clock jumped, or `Online` after `Offline` | what does not speak within [`GRACE`] is taken for dead | Open, Connecting |
//! | Open | Interrupted | the transport reconnects by itself, with the cursor; the carrier stays | Connecting |
//! | Open, on a lower rung | probe time | a probe opens; if it holds, the connection moves at the next break between polls | Connecting |
//! | the same, of a wire that upgrades | probe time | the session itself opens the better transport, and goes on over that | Open |
//! | Waiting | time is up, `Reconnect`, `Online`, `Visible`, a jump of the wall clock | a new carrier, or first new credentials | Connecting, Refreshing |
//! | Refreshing | `Refreshed` | with credentials a new carrier; without, a failed try | Connecting, Waiting, Closed |
//! | Refreshing | connect timeout | a failed try | Waiting, Closed |
//! | Judging | `Judged` | the rest of a *failure* | Waiting, Connecting, Closed |
//! | Judging, Refreshing | `Reconnect` | a new carrier, or first new credentials | Connecting, Refreshing |
//! | Connecting, Open | `Reconnect` | the carrier is dropped for a new one | Connecting |
//! | any but Closed, Idle | `Cached` | everything is dropped, cleanly | Away |
//! | Away | `Restored`, `Reconnect` | a new carrier | Connecting |
//! | any but Closed | `Close`, or a failure with verdict stop | everything is dropped, the outbox is reported, Closed is told | Closed |
//! | Closed | anything | nothing | Closed |
//!
//! What is not in the table changes nothing.
//!
//! **Failure** (`Machine::fail`). The carrier is dropped at once, without waiting for its farewell (trap T13). The verdict on the
//! cause decides between stop, retry, and retry with new credentials; where the application wants to decide itself it is asked
//! ([`Effect::Judge`]), and the machine is Judging until it has. `attempt` counts failures in a row; it goes back to zero only when a
//! connection has been open for `min_uptime`, so that a server which accepts and kills is backed off from like one that refuses
//! (T5). A try that was not even *useful* (nothing came, and it was not open for `min_uptime`) is a strike against its rung, and the
//! wire says how many strikes are enough to step down. The step down is immediate as long as there was no
//! connection at all; any other try waits for its backoff.
//!
//! **What may not be repeated** ([`Config::repeatable`]) is never asked for twice, but where the server said that it did not act on it: not
//! after a failure, not to rotate it, not to probe, and not after the page was left and came back. So it is waited for as well, however
//! silent it is, and its clean end is the end.
//!
//! **Credentials.** After a verdict of refresh they are stale, and every new try begins with asking the application for new ones. The first
//! time in a row that is at once; if the server refuses the new ones as well, or the application has none, the backoff comes first.
//!
//! **Silence since the opening.** A rung on which lasting proves nothing, and which was never useful, has until [`Config::first_byte`] to
//! bring a byte, as long as there is another one to try. When the ladder was gone around in vain, from its top, it is the server that is
//! quiet: no rung is left for that again until something has come. Who is silent because the machine slept, or is on another network, is left for
//! a new try at once, and that is no strike.
//!
//! **Moving up.** A probe proves itself as its wire says: a socket by holding, a stream by a byte. Then the connection moves where it
//! loses nothing by it: from polls between two of them, from a stream as soon as there is an id to go on from, or nothing had come. A stream
//! without ids is read to its end, and the next try is up there.
//!
//! A wire that upgrades in place ([`Session::upgrade`]) moves the session itself: when the probe is ready and nothing is under way over the
//! lower transport any more, the probe's session becomes the carrier's. There was no loss of connection, so none is told.
//!
//! **Blocked.** A browser does not say why a WebSocket failed. One that has never worked, and that has no rung below it, would be tried
//! for ever where no WebSocket gets through. So after every [`ASK_AFTER`] such failures the server is asked by HTTP ([`Effect::Inquire`]). If
//! that brings an answer which is no sign of a server that is away, it is over, with a cause that names the choices.
//!
//! **Signs of life.** Any byte is one. A timer that comes late was held back, and so may have been what came before it was due: nothing is
//! taken for dead before that had its time to be heard ([`DRAIN`]), once for each silence.
//!
//! **Doubt.** An outage that fails slowly looks, for a while, like a poll that is held, and what is posted into it may be lost. So
//! after a poll has failed, messages wait until something has come, or the next poll has been held for `min_uptime`.
//!
//! **Opening.** Notices come before the flush of the outbox: `Flush` is an effect that comes back as an input when the
//! application has heard `Opened`, so what it sends from there goes first (T19: authenticate, then the rest). With a gate, the rest waits
//! longer: for `Release`, in each connection anew; a move to another transport is none. Only what is volatile passes it.
//!
//! **Time.** All deadlines are fields; [`Machine::next_deadline`] is their minimum, and a wake-up is asked for only when it must come
//! earlier than the one already asked for. So a busy stream with a silence timeout arms a timer once per timeout, not once per message.

use core::{fmt, mem};

use super::{
    backoff::Backoff,
    cause::{Cause, Kind, Verdict},
    cursor::{Continuity, Cursor},
    ladder::{Fit, Ladder, Step},
    outbox::{Bounds, Outbox, Terms},
    rng::Rng,
    text::Text,
    time::Millis,
    types::{
        ConnId, Delivery, Effect, Effects, End, Input, Manner, Message, Notice, PageEvent, Payload, Phase, Refused,
        Report, Ruling, Snapshot, Transport, Why,
    },
    wire::{Pace, Room, Said, Session, Wire},
};

/// A poll that a server holds for this long was accepted; there is no better sign before its answer.
pub const HELD: Millis = Millis(500);
/// Between two polls when the first one brought nothing at once: a server that does not hold is not hammered.
pub const QUIET_POLL: Millis = Millis(1_000);
/// A probe must stay open this long before the connection moves to it.
pub const PROBE_HOLDS: Millis = Millis(1_000);
/// The first probe of a better transport comes this long after a lower one opened; the span then doubles
/// from failure to failure, up to [`PROBE_CAP`].
pub const PROBE_AFTER: Millis = Millis(15_000);
/// And this long, if the better transport has carried the connection before: it may only have been the server that was away.
pub const PROBE_SOON: Millis = Millis(3_000);
/// The longest span between two probes.
pub const PROBE_CAP: Millis = Millis::from_secs(600);
/// A connection that may have died unnoticed has this long to show that it lives. What is in the browser's buffers by then comes
/// first (trap T8).
pub const GRACE: Millis = Millis(5_000);
/// The wall clock jumped if it went this much further than time did: the machine slept.
pub const JUMP: Millis = Millis(10_000);
/// Page events do not bring the next try nearer to the last one than this.
pub const HURRY_FLOOR: Millis = Millis(1_000);
/// A timer that comes so much later than it was asked for was held back, by a hidden page or a frozen one.
pub const LATE: Millis = Millis(1_000);
/// What has arrived meanwhile is heard for so long before anything is taken for dead (trap T8).
pub const DRAIN: Millis = Millis(1_000);
/// After so many failures in a row of a WebSocket that never worked and has no rung below, the server is asked by HTTP.
pub const ASK_AFTER: u32 = 3;

/// So many answers that a script may not see are as good as one that it may.
const ANSWERS: u32 = 2;
/// What is said then.
const BLOCKED: &str = "the server answers by HTTP, but no WebSocket gets through to it. A fallback needs a server that speaks one: \
    expected the wire relay or engine.io";

/// How the application keeps an eye on a WebSocket that says nothing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When nothing came for this long, the heartbeat is sent.
    pub interval: Millis,
    /// When nothing, the reply included, came for this long after it, the connection is dead.
    pub timeout: Millis,
}

/// What a connection is configured with.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// When to retry.
    pub backoff: Backoff,
    /// An attempt that is not open after this is ended.
    pub connect_timeout: Millis,
    /// A connection that was open for this long was useful, and resets the backoff.
    pub min_uptime: Millis,
    /// An open stream from which nothing came for this long is ended.
    pub silence: Option<Millis>,
    /// An open stream of which not one byte has come by then is left for the next rung; `None`: never. More than the 15 s at
    /// which servers send comments.
    pub first_byte: Option<Millis>,
    /// The transports to use, best first; empty: those of the wire.
    pub transports: Vec<Transport>,
    /// The one to begin with, which [was remembered](Effect::Remember).
    pub begin_with: Option<Transport>,
    /// Does the application want to judge failures itself?
    pub judges: bool,
    /// Can it get new credentials?
    pub refreshes: bool,
    /// May a request be repeated that the server may have acted on?
    pub repeatable: bool,
    /// May a message be sent again whose answer was lost, so that it may arrive twice?
    pub resends: bool,
    /// Of WebSockets.
    pub heartbeat: Option<Heartbeat>,
    /// Does what is queued wait for [`Input::Release`] in each connection?
    pub gate: bool,
    /// Begin on the last transport, and move up at once if the other side offers it.
    pub begin_low: bool,
    /// The bounds of the outbox.
    pub outbox: Bounds,
    /// The id to go on from; empty for none.
    pub last_id: Text,
    /// The seed of the jitter.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backoff: Backoff::DEFAULT,
            connect_timeout: Millis(10_000),
            min_uptime: Millis(5_000),
            silence: None,
            first_byte: Some(Millis(20_000)),
            transports: Vec::new(),
            begin_with: None,
            judges: false,
            refreshes: false,
            repeatable: true,
            resends: false,
            heartbeat: None,
            gate: false,
            begin_low: false,
            outbox: Bounds::DEFAULT,
            last_id: Text::default(),
            seed: 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Connecting,
    Open,
    /// The application is asked for its verdict.
    Judging,
    Waiting,
    /// It is asked for new credentials.
    Refreshing,
    Away,
    Closed,
}

/// A failure that is being judged.
struct Failure {
    cause: Cause,
    transport: Transport,
    /// Something had come over the carrier, or it had stayed open where that proves something.
    useful: bool,
    /// It had lasted.
    stood: bool,
    /// It was taken for dead, which says nothing of its rung.
    suspected: bool,
}

/// The attempt that carries the connection, or tries to.
struct Carrier<P> {
    id: ConnId,
    transport: Transport,
    session: Box<dyn Session<P>>,
    /// Was the cursor sent with it (or was there none to send)?
    continuity: Continuity,
    /// Something came.
    useful: bool,
    /// It was open for `min_uptime`: that counts once.
    stood: bool,
    /// The application knows that it is open.
    heard: bool,
    /// It did not take a message: it is about to end.
    blocked: bool,
    /// The cursor moved since the last poll.
    moved: bool,
    /// It may have died unnoticed, and has until then to speak.
    suspect: Millis,
    /// The other side said that it is never silent for longer.
    expects: Millis,
    /// The heartbeat is due then; never while there is none, or one is unanswered.
    ping_at: Millis,
    /// The heartbeat has until then to be answered.
    pong_due: Millis,
    /// A timer came late: nothing is taken for dead before then. Once for each silence.
    drain: Millis,
    /// A new request of it has until then to be answered.
    answer_due: Millis,
    last_sign: Millis,
    last_poll: Millis,
    /// The poll is answered, and the next one is due then; never while one is under way.
    next_poll: Millis,
}

impl<P> Carrier<P> {
    /// Can this message go over it now?
    fn room(&self, payload: &P, doubtful: bool) -> Room {
        if self.blocked || (doubtful && !self.proves()) { Room::Later } else { self.session.room(payload) }
    }

    /// Does it prove anything by lasting? A held poll does not; only its answer does.
    const fn proves(&self) -> bool {
        self.useful || !matches!(self.transport, Transport::LongPoll)
    }
}

/// A try of a better transport beside the carrier. It proves itself as its wire says; it carries nothing.
struct Probe<P> {
    id: ConnId,
    transport: Transport,
    session: Box<dyn Session<P>>,
    /// It is given up then; never once it is on the way to prove itself.
    deadline: Millis,
    /// It has proved itself then; never before that is known.
    holds: Millis,
}

/// A connection. See the [module's documentation](self).
pub struct Machine<P> {
    config: Config,
    wire: Box<dyn Wire<P>>,
    rng: Rng,
    state: State,
    /// While connecting: when the try is given up. While open: from when on it has stood. While waiting: when the next try is.
    due: Millis,
    /// While connecting: when a poll that is not answered was accepted.
    held: Millis,
    /// While waiting: the server asked for it.
    obeys_server: bool,
    carrier: Option<Carrier<P>>,
    probe: Option<Probe<P>>,
    ladder: Ladder,
    cursor: Cursor,
    outbox: Outbox<P>,
    /// Failures in a row.
    attempt: u32,
    ids: u32,
    /// The server's `retry:`.
    asked: Option<Millis>,
    /// The application has opened the gate, in this connection.
    released: bool,
    /// A poll failed, and nothing has come since.
    doubtful: bool,
    /// The server refused the credentials.
    stale: bool,
    /// This round on the ladder began at its top.
    whole_round: bool,
    /// No rung brought a byte: the server is quiet.
    quiet: bool,
    judging: Option<Failure>,
    /// The transport that the shell remembers, for the next connection.
    remembered: Option<Transport>,
    online: bool,
    /// How far the wall clock is ahead of time; never before it was told.
    wall_ahead: Millis,
    /// When the connection was lost; never while there is one, and before there was one.
    down_since: Millis,
    last_try: Millis,
    /// How often the server has answered by HTTP what it did not answer by WebSocket.
    answers: u32,
    /// The transport that last carried the connection, and what ended it.
    carried: Option<Transport>,
    last_cause: Option<Cause>,
    continuity: Option<Continuity>,
    /// When to probe for a better transport.
    probe_at: Millis,
    probe_delay: Millis,
    /// The earliest wake-up that was asked for and has not come.
    armed: Millis,
}

impl<P> fmt::Debug for Machine<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("state", &self.state).field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

impl<P: Payload> Machine<P> {
    /// A connection over `wire` that has not begun.
    #[must_use]
    pub fn new(config: Config, wire: Box<dyn Wire<P>>) -> Self {
        let offered = wire.ladder();
        let wanted = if config.transports.is_empty() { offered } else { &config.transports };
        let mut ladder = Ladder::new(wanted.iter().copied().filter(|transport| offered.contains(transport)));
        if config.begin_low {
            ladder.descend_to_last();
        }
        if let Some(transport) = config.begin_with {
            ladder.climb_to(transport);
        }
        Self {
            rng: Rng::new(config.seed),
            state: State::Idle,
            due: Millis::NEVER,
            held: Millis::NEVER,
            obeys_server: false,
            carrier: None,
            probe: None,
            whole_round: ladder.is_top(),
            ladder,
            cursor: Cursor::new(&config.last_id),
            outbox: Outbox::new(config.outbox),
            attempt: 0,
            ids: 0,
            asked: None,
            released: false,
            doubtful: false,
            stale: false,
            quiet: false,
            judging: None,
            remembered: config.begin_with,
            online: true,
            wall_ahead: Millis::NEVER,
            down_since: Millis::NEVER,
            last_try: Millis::ZERO,
            answers: 0,
            carried: None,
            last_cause: None,
            continuity: None,
            probe_at: Millis::NEVER,
            probe_delay: if config.begin_low { Millis::ZERO } else { PROBE_AFTER },
            armed: Millis::NEVER,
            config,
            wire,
        }
    }

    /// The last id seen; empty for none.
    #[must_use]
    pub const fn last_id(&self) -> &Text {
        self.cursor.id()
    }

    /// Messages and bytes that wait in the outbox.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        (self.outbox.len(), self.outbox.bytes())
    }

    /// Is it over?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// The connection at a glance, at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Millis) -> Snapshot {
        let (phase, retry_in) = match self.state {
            State::Idle | State::Connecting | State::Refreshing => (Phase::Connecting, Millis::ZERO),
            State::Open => (Phase::Open, Millis::ZERO),
            State::Waiting => (if self.online { Phase::Waiting } else { Phase::Offline }, self.due.since(now)),
            State::Away | State::Judging => (Phase::Waiting, Millis::ZERO),
            State::Closed => (Phase::Closed, Millis::ZERO),
        };
        Snapshot {
            phase,
            transport: self.carrier.as_ref().map(|carrier| carrier.transport),
            attempt: self.attempt,
            retry_in,
        }
    }

    /// What ended the last try; `None` while there is a connection.
    #[must_use]
    pub const fn last_cause(&self) -> Option<&Cause> {
        self.last_cause.as_ref()
    }

    /// What the last reconnect meant for the data; `None` before there was one.
    #[must_use]
    pub const fn continuity(&self) -> Option<Continuity> {
        self.continuity
    }

    /// What the shell has to know of the wire.
    #[must_use]
    pub fn manner(&self) -> Manner {
        self.wire.manner()
    }

    /// Takes a message for the other side, and says what became of it.
    ///
    /// # Errors
    ///
    /// The message comes back when the outbox is full, when the connection is over, when it is volatile and cannot go now, or when the wire
    /// cannot carry it.
    pub fn send(
        &mut self,
        now: Millis,
        payload: P,
        terms: Terms,
        out: &mut impl Effects<P>,
    ) -> Result<Delivery, Refused<P>> {
        if self.is_closed() {
            return Err(Refused::Closed(payload));
        }
        if !self.wire.carries(&payload) {
            return Err(Refused::Unsendable(payload));
        }
        // Before the flush the application's own words go first; after it, whoever came first.
        let mut first = false;
        if let (State::Open, Some(carrier)) = (self.state, &mut self.carrier) {
            first = !carrier.heard;
            let flows = self.released || !self.config.gate;
            let passes = first || terms.volatile || (flows && self.outbox.is_empty());
            // The first words are the application's own risk: they may be what opens the gate.
            match carrier.room(&payload, self.doubtful && !first) {
                Room::Now if passes => {
                    let now = carrier.session.send(payload);
                    if let Some(data) = now.or_else(|| carrier.session.flush()) {
                        out.push(Effect::Send(carrier.id, data));
                    }
                    return Ok(Delivery::Sent);
                }
                Room::Never => return Err(Refused::Unsendable(payload)),
                _ => {}
            }
        }
        if terms.volatile {
            return Err(Refused::Volatile(payload));
        }
        let gone = self.outbox.push(now, payload, terms).map_err(Refused::Full)?;
        if first {
            self.outbox.move_up();
        }
        Self::give_up(gone, out);
        self.arm(out);
        Ok(Delivery::Queued)
    }

    fn give_up(gone: Vec<(P, Why)>, out: &mut impl Effects<P>) {
        for (data, why) in gone {
            out.push(Effect::Tell(Notice::Dropped { data, why }));
        }
    }

    /// One step: something happened at `now`; `out` receives what is to be done about it.
    pub fn step(&mut self, now: Millis, input: Input<P>, out: &mut impl Effects<P>) {
        if self.is_closed() {
            return;
        }
        match input {
            Input::Start if self.state == State::Idle => self.connect(now, out),
            Input::Start => {}
            Input::Report(id, report) => self.report(now, id, report, out),
            Input::Tick => self.tick(now, out),
            Input::Flush(id) => self.flush(now, id, out),
            Input::Release => self.release(now, out),
            Input::Moved(id) => {
                self.cursor.move_to(&id);
            }
            Input::Inquired(status) => self.inquired(now, status, out),
            Input::Reconnect => self.reconnect(now, out),
            Input::Page(event) => self.page(now, event, out),
            Input::Judged(ruling) => self.judged(now, ruling, out),
            Input::Refreshed(result) => self.refreshed(now, result, out),
            Input::WallClock(wall) => self.wall_clock(now, wall, out),
            Input::Close { code, reason } => self.close(now, End { code, reason, cause: None }, out),
        }
        self.arm(out);
    }

    // ---- connecting ----

    fn next_id(&mut self) -> ConnId {
        self.ids = self.ids.wrapping_add(1);
        ConnId(self.ids)
    }

    fn connect(&mut self, now: Millis, out: &mut impl Effects<P>) {
        self.judging = None;
        if self.stale {
            self.state = State::Refreshing;
            self.due = now.after(self.config.connect_timeout);
            self.last_try = now;
            self.tell_status(now, out);
            out.push(Effect::Refresh);
            return;
        }
        let has_cursor = !self.cursor.is_empty();
        let Some((transport, fit)) = self.ladder.pick(|transport| self.wire.fit(transport, has_cursor)) else {
            let cause = self.last_cause.take().unwrap_or_else(|| Cause::new(Kind::Unusable));
            self.stop(now, cause, out);
            return;
        };
        let resumes = has_cursor && fit == Fit::Full;
        let id = self.next_id();
        let session = self.wire.session(transport, self.cursor.id());
        let continuity = if resumes { Continuity::Resumed } else { Continuity::Fresh };
        self.outbox.begins_anew();
        let carrier = self.carrier.insert(Carrier {
            id,
            transport,
            session,
            continuity,
            useful: false,
            stood: false,
            heard: false,
            blocked: false,
            moved: false,
            suspect: Millis::NEVER,
            expects: Millis::NEVER,
            ping_at: Millis::NEVER,
            pong_due: Millis::NEVER,
            drain: Millis::ZERO,
            answer_due: Millis::NEVER,
            last_sign: now,
            last_poll: now,
            next_poll: Millis::NEVER,
        });
        let address = carrier.session.address();
        self.state = State::Connecting;
        self.due = now.after(self.config.connect_timeout);
        let is_held = transport == Transport::LongPoll && self.wire.held_is_open();
        self.held = if is_held { now.after(HELD) } else { Millis::NEVER };
        self.last_try = now;
        self.tell_status(now, out);
        self.open(id, transport, address, out);
    }

    fn open(&self, id: ConnId, transport: Transport, address: Text, out: &mut impl Effects<P>) {
        if !address.is_empty() {
            out.push(Effect::Address(id, address));
        }
        out.push(Effect::Open(id, transport, self.cursor.id().clone()));
    }

    fn opened(&mut self, now: Millis, out: &mut impl Effects<P>) {
        let Some(carrier) = &mut self.carrier else { return };
        carrier.answer_due = Millis::NEVER;
        carrier.suspect = Millis::NEVER;
        if self.state != State::Connecting {
            return;
        }
        let (id, transport, continuity) = (carrier.id, carrier.transport, carrier.continuity);
        carrier.last_sign = now;
        if let (Transport::WebSocket, Some(heartbeat)) = (transport, self.config.heartbeat) {
            carrier.ping_at = now.after(heartbeat.interval);
        }
        self.state = State::Open;
        self.due = now.after(self.config.min_uptime);
        let why = self.last_cause.take();
        let lost = mem::replace(&mut self.down_since, Millis::NEVER);
        if lost != Millis::NEVER {
            self.continuity = Some(continuity);
        }
        self.tell_status(now, out);
        let before = self.carried.replace(transport);
        if lost != Millis::NEVER {
            let downtime = now.since(lost);
            out.push(Effect::Tell(Notice::Reconnected { continuity, transport, downtime }));
        } else if before.is_none() {
            out.push(Effect::Tell(Notice::Opened));
        } // Else it is a move to a better transport: there was no downtime, and nothing to report but the move.
        if let Some(from) = before.filter(|&from| from != transport) {
            out.push(Effect::Tell(Notice::TransportChanged { from, to: transport, why }));
        }
        out.push(Effect::Flush(id));
        self.probe_at = if self.better().is_some() { now.after(self.probe_delay) } else { Millis::NEVER };
    }

    // ---- what sessions say ----

    /// The one place where reports are matched with attempts.
    fn report(&mut self, now: Millis, id: ConnId, report: Report<P>, out: &mut impl Effects<P>) {
        let carrier = self.carrier.as_mut().filter(|carrier| carrier.id == id);
        if let Report::Unsent(frame) = report {
            // Even an abandoned attempt is heard on the fate of a message.
            if let Some(carrier) = carrier {
                carrier.blocked = true;
            }
            if let Some(payload) = self.wire.unframed(frame) {
                self.settle(now, Said::Returned(payload), out);
            }
            self.flow(now, out);
        } else if let Some(carrier) = carrier {
            let mut said = Vec::new();
            carrier.session.on(report, &mut said);
            self.heed(now, id, said, out);
        } else if self.probe.as_ref().is_some_and(|probe| probe.id == id) {
            self.report_probe(now, report, out);
        }
    }

    fn heed(&mut self, now: Millis, id: ConnId, said: Vec<Said<P>>, out: &mut impl Effects<P>) {
        for word in said {
            let Some(carrier) = self.carrier.as_mut().filter(|carrier| carrier.id == id) else {
                // The carrier ended with an earlier word; only what concerns accepted messages still counts.
                self.settle(now, word, out);
                continue;
            };
            match word {
                Said::Poll(_) if !self.config.repeatable => {
                    // A whole answer is the end of it, and one that grows is let grow.
                    if carrier.transport == Transport::LongPoll {
                        self.fail(now, Cause::new(Kind::Close), out);
                    }
                }
                Said::Poll(pace) => {
                    // What moved nothing would come again at once: a page for every URL, or events without ids.
                    let moved = mem::take(&mut carrier.moved);
                    let hurries = pace == Pace::AtOnce || (moved && pace == Pace::IfMoved);
                    let earliest = if hurries { now } else { carrier.last_poll.after(QUIET_POLL) };
                    carrier.next_poll = earliest.max(now);
                }
                Said::Address(query) => out.push(Effect::Address(id, query)),
                Said::Send(data) => out.push(Effect::Send(id, data)),
                Said::Expect(silence) => carrier.expects = silence,
                // It is no probe.
                Said::Ready => {}
                Said::Gap(after) => {
                    carrier.continuity = Continuity::Gap;
                    if self.state == State::Open {
                        self.continuity = Some(Continuity::Gap);
                    }
                    out.push(Effect::Tell(Notice::Gap { after }));
                }
                Said::Opened => self.opened(now, out),
                Said::Alive => self.sign(now, out),
                Said::Message(message) => self.deliver(now, message, out),
                Said::Moved(last) => {
                    self.sign(now, out);
                    self.move_to(&last);
                }
                Said::Retry(ms) => {
                    self.asked = Some(Millis(ms).clamp(super::backoff::MIN_ASKED, super::backoff::MAX_ASKED));
                }
                Said::Interrupted => self.interrupted(now, out),
                Said::Ended(cause) => self.fail(now, cause, out),
                word @ (Said::Returned(_) | Said::Refused(_) | Said::Uncertain(_)) => {
                    carrier.blocked |= matches!(word, Said::Returned(_));
                    self.settle(now, word, out);
                }
            }
        }
        self.flow(now, out);
        self.poll(now, out);
    }

    /// What became of an accepted message.
    fn settle(&mut self, now: Millis, word: Said<P>, out: &mut impl Effects<P>) {
        let word = match word {
            Said::Uncertain(payload) if self.config.resends => Said::Returned(payload),
            other => other,
        };
        let (data, why) = match word {
            Said::Returned(payload) if !self.is_closed() => {
                // What follows waits for the next carrier, behind this one.
                self.outbox.put_back(now, payload);
                return;
            }
            Said::Returned(payload) => (payload, Why::Closed),
            Said::Refused(payload) => (payload, Why::Refused),
            Said::Uncertain(payload) => (payload, Why::Unknown),
            _ => return,
        };
        out.push(Effect::Tell(Notice::Dropped { data, why }));
    }

    /// Something came over the carrier.
    fn sign(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if let Some(carrier) = &mut self.carrier {
            carrier.last_sign = now;
            carrier.suspect = Millis::NEVER;
            carrier.drain = Millis::ZERO;
            if let (true, Some(heartbeat)) =
                (carrier.ping_at.min(carrier.pong_due) != Millis::NEVER, self.config.heartbeat)
            {
                carrier.ping_at = now.after(heartbeat.interval);
                carrier.pong_due = Millis::NEVER;
            }
            if !carrier.useful {
                carrier.useful = true;
                let stood = carrier.stood;
                self.doubtful = false;
                self.quiet = false;
                self.proved(out);
                if stood {
                    self.forgive(now, out);
                }
            }
        }
    }

    /// The rung that we stand on works. A fallback is worth to be remembered.
    fn proved(&mut self, out: &mut impl Effects<P>) {
        self.ladder.useful();
        let fallback = self.better().and(self.carrier.as_ref()).map(|carrier| carrier.transport);
        if self.remembered != fallback {
            self.remembered = fallback;
            out.push(Effect::Remember(fallback));
        }
    }

    fn move_to(&mut self, id: &Text) -> bool {
        let moved = self.cursor.move_to(id);
        if let Some(carrier) = &mut self.carrier {
            carrier.moved |= moved;
        }
        moved
    }

    fn deliver(&mut self, now: Millis, mut message: Message<P>, out: &mut impl Effects<P>) {
        // Data before the handshake's answer is the answer.
        self.opened(now, out);
        self.sign(now, out);
        if let Some(id) = message.id.take() {
            if self.move_to(&id) {
                message.id = Some(id);
            }
        }
        out.push(Effect::Tell(Notice::Message(message)));
    }

    fn interrupted(&mut self, now: Millis, out: &mut impl Effects<P>) {
        let mut cause = Cause::new(Kind::Network);
        let stood = self.stood(now);
        let Some(carrier) = &mut self.carrier else { return };
        self.attempt = if stood { 1 } else { self.attempt.saturating_add(1) };
        // One that gets nowhere is taken over: it knows no backoff.
        if self.attempt > 3 {
            self.attempt = self.attempt.saturating_sub(1);
            return self.fail(now, cause, out);
        }
        carrier.continuity = if self.cursor.is_empty() { Continuity::Fresh } else { Continuity::Resumed };
        carrier.stood = false;
        cause.transport = Some(carrier.transport);
        self.lost(now);
        // The browser does not tell when its try has failed, so this one may take several of its delays.
        let delay = self.asked.unwrap_or(Millis::ZERO);
        let patience = self.config.connect_timeout.max(delay);
        self.state = State::Connecting;
        self.due = now.after(patience).after(patience);
        self.held = Millis::NEVER;
        self.last_cause = Some(cause.clone());
        self.tell_status(now, out);
        out.push(Effect::Tell(Notice::Reconnecting { attempt: self.attempt, delay, cause }));
    }

    // ---- failing ----

    /// Has the open connection lasted for `min_uptime`?
    const fn stood(&self, now: Millis) -> bool {
        matches!(self.state, State::Open) && self.due.0 <= now.0
    }

    /// There is no connection any more; it may have been lost before.
    fn lost(&mut self, now: Millis) {
        self.released = false;
        self.down_since = self.down_since.min(now);
    }

    fn fail(&mut self, now: Millis, mut cause: Cause, out: &mut impl Effects<P>) {
        let Some(carrier) = &self.carrier else { return };
        let transport = carrier.transport;
        let stood = self.stood(now) && carrier.proves();
        let useful = carrier.useful || (stood && self.wire.lasting_proves(transport));
        let suspected = carrier.suspect <= now;
        self.doubtful |= transport == Transport::LongPoll;
        cause.transport = Some(transport);
        self.let_go(now, None, out);
        if cause.kind == Kind::Unusable {
            // No failure of the network, and no reason to wait.
            self.ladder.lacks();
            self.last_cause = Some(cause);
            return self.connect(now, out);
        }
        if self.carried.is_some() {
            self.lost(now);
        }
        let failure = Failure { cause, transport, useful, stood, suspected };
        if self.config.judges {
            self.state = State::Judging;
            out.push(Effect::Judge(failure.cause.clone()));
            self.judging = Some(failure);
            self.tell_status(now, out);
        } else {
            self.failed(now, failure, None, out);
        }
    }

    fn judged(&mut self, now: Millis, ruling: Option<Ruling>, out: &mut impl Effects<P>) {
        if let (State::Judging, Some(failure)) = (self.state, self.judging.take()) {
            self.failed(now, failure, ruling, out);
        }
    }

    /// The verdict, and what follows from it.
    fn failed(&mut self, now: Millis, failure: Failure, ruling: Option<Ruling>, out: &mut impl Effects<P>) {
        let Failure { mut cause, transport, useful, stood, suspected } = failure;
        let verdict = match ruling {
            Some(Ruling::Verdict(verdict)) => verdict,
            Some(Ruling::RetryAfter(span)) => {
                cause.retry_after = Some(span);
                Verdict::Retry
            }
            None => cause.verdict(),
        };
        if !self.config.repeatable && !cause.was_not_acted_on() {
            if cause.kind == Kind::Close && cause.code == 0 && cause.reason.is_empty() {
                // A request that is not repeated has had its whole answer.
                return self.close(now, End { code: 1000, reason: Text::default(), cause: None }, out);
            }
            return self.stop(now, cause, out);
        }
        if verdict == Verdict::Stop || (verdict == Verdict::Refresh && !self.config.refreshes) {
            // Retrying with the credentials that were refused is hammering.
            return self.stop(now, cause, out);
        }
        if stood {
            self.attempt = 0;
        }
        let refresh_at_once = verdict == Verdict::Refresh && self.attempt == 0;
        self.stale |= verdict == Verdict::Refresh;
        // A quiet server is that on every rung; but a poll that is not answered is none the better for it.
        let quiet = self.quiet && cause.kind == Kind::Silence && transport != Transport::LongPoll;
        let mut step = Step::Stay;
        if useful {
            if stood {
                self.ladder.useful();
            }
        } else if cause.kind != Kind::Provider && !suspected && !quiet {
            let proven = self.ladder.is_proven();
            let strikes = self.ladder.strike();
            let alone = transport == Transport::WebSocket && !self.ladder.has_other();
            if alone
                && self.carried.is_none()
                && matches!(cause.kind, Kind::Network | Kind::Timeout)
                && strikes % ASK_AFTER == 0
            {
                out.push(Effect::Inquire);
            }
            if self.wire.gives_up_on(transport, &cause, proven, strikes) {
                step = self.ladder.step();
            }
        }
        if step == Step::Around {
            self.quiet |= mem::replace(&mut self.whole_round, true) && cause.kind == Kind::Silence;
        }
        let steps_at_once = step == Step::Down && (self.carried.is_none() || cause.kind == Kind::Silence);
        let at_once = refresh_at_once || ((steps_at_once || suspected) && cause.retry_after.is_none());
        self.retry(now, cause, at_once, out);
    }

    /// The try after a failure: now, or after its backoff.
    fn retry(&mut self, now: Millis, cause: Cause, at_once: bool, out: &mut impl Effects<P>) {
        let retry = self.attempt;
        if self.config.backoff.max_retries.is_some_and(|max| retry >= max) {
            return self.stop(now, cause, out);
        }
        self.attempt = retry.saturating_add(1);
        let delay = if at_once {
            Millis::ZERO
        } else {
            self.config.backoff.delay(retry, cause.retry_after.or(self.asked), &mut self.rng)
        };
        self.last_cause = Some(cause.clone());
        self.state = State::Waiting;
        self.due = now.after(delay);
        self.obeys_server = cause.retry_after.is_some();
        self.tell_status(now, out);
        out.push(Effect::Tell(Notice::Reconnecting { attempt: self.attempt, delay, cause }));
        if at_once {
            self.connect(now, out);
        }
    }

    /// The server's HTTP side answered, or did not. A server that does, and that no WebSocket has reached, is one that WebSockets do not get
    /// through to, or that does not speak them there: to go on would never end. An answer that a script may not see may be one of a proxy
    /// whose server is away, so it has to be there for a while.
    fn inquired(&mut self, now: Millis, status: u16, out: &mut impl Effects<P>) {
        if self.carried.is_some() || self.state == State::Idle {
            return;
        }
        self.answers = match status {
            0 | 408 | 425 | 429 | 500.. => 0,
            1 => self.answers.saturating_add(1),
            _ => ANSWERS,
        };
        if self.answers >= ANSWERS {
            let cause =
                Cause { status: if status == 1 { 0 } else { status }, ..Cause::new(Kind::Unusable).because(BLOCKED) };
            self.stop(now, cause, out);
        }
    }

    // ---- credentials ----

    fn refreshed(&mut self, now: Millis, result: Result<(), Text>, out: &mut impl Effects<P>) {
        if self.state != State::Refreshing {
            return;
        }
        match result {
            Ok(()) => {
                self.stale = false;
                self.connect(now, out);
            }
            Err(why) => self.retry(now, Cause::new(Kind::Provider).because(why), false, out),
        }
    }

    /// A verdict of stop, or no tries left.
    fn stop(&mut self, now: Millis, cause: Cause, out: &mut impl Effects<P>) {
        let code = if cause.code == 0 { 1006 } else { cause.code };
        self.close(now, End { code, reason: cause.reason.clone(), cause: Some(cause) }, out);
    }

    fn close(&mut self, now: Millis, end: End, out: &mut impl Effects<P>) {
        let farewell = end.cause.is_none().then(|| (end.code, end.reason.clone()));
        self.let_go(now, farewell, out);
        self.state = State::Closed;
        Self::give_up(self.outbox.expired(now), out);
        while let Some(data) = self.outbox.pop() {
            out.push(Effect::Tell(Notice::Dropped { data, why: Why::Closed }));
        }
        out.push(Effect::Wake(None));
        self.tell_status(now, out);
        out.push(Effect::Tell(Notice::Closed(end)));
    }

    /// Drops the carrier, and the probe with it.
    fn let_go(&mut self, now: Millis, farewell: Option<(u16, Text)>, out: &mut impl Effects<P>) {
        self.drop_probe(out);
        let Some(mut carrier) = self.carrier.take() else { return };
        let words = farewell.as_ref().and_then(|_| carrier.session.farewell());
        if let Some(data) = words {
            out.push(Effect::Farewell(carrier.id, data));
        }
        let is_over = farewell.is_some();
        out.push(Effect::Drop(carrier.id, farewell));
        self.outbox.begins_anew();
        for data in carrier.session.take_unanswered() {
            // After the end nothing is sent again.
            if is_over {
                out.push(Effect::Tell(Notice::Dropped { data, why: Why::Unknown }));
            } else {
                self.settle(now, Said::Uncertain(data), out);
            }
        }
    }

    // ---- sending and polling ----

    fn flush(&mut self, now: Millis, id: ConnId, out: &mut impl Effects<P>) {
        let open = self.state == State::Open;
        if let Some(carrier) = self.carrier.as_mut().filter(|carrier| open && carrier.id == id) {
            carrier.heard = true;
            self.flow(now, out);
        }
    }

    fn release(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if self.state == State::Open {
            self.released = true;
            self.flow(now, out);
        }
    }

    /// Sends from the outbox while the carrier takes messages.
    fn flow(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if self.ready(now).is_some() {
            // The next one goes over the better transport.
            return;
        }
        let (State::Open, Some(carrier)) = (self.state, &mut self.carrier) else { return };
        if !carrier.heard {
            return;
        }
        let is_gated = self.config.gate && !self.released;
        Self::give_up(self.outbox.expired(now), out);
        while let Some(next) = self.outbox.peek().filter(|_| !is_gated) {
            let room = carrier.room(next, self.doubtful);
            if room == Room::Later {
                break;
            }
            let Some(data) = self.outbox.pop() else { break };
            if room == Room::Never {
                out.push(Effect::Tell(Notice::Dropped { data, why: Why::Refused }));
            } else if let Some(data) = carrier.session.send(data) {
                out.push(Effect::Send(carrier.id, data));
            }
        }
        if let Some(data) = carrier.session.flush() {
            out.push(Effect::Send(carrier.id, data));
        }
    }

    /// The better transport that has proved to hold, if nothing that is received would be lost by moving there: between two polls; from a
    /// stream, where there is an id to go on from, or nothing came.
    fn ready(&self, now: Millis) -> Option<Transport> {
        let carrier = self.carrier.as_ref()?;
        let can_move = match carrier.transport {
            Transport::LongPoll => carrier.next_poll != Millis::NEVER,
            _ => !self.cursor.is_empty() || !carrier.useful || carrier.next_poll != Millis::NEVER,
        };
        self.probe.as_ref().filter(|probe| can_move && probe.holds <= now).map(|probe| probe.transport)
    }

    /// Sends the next poll when it is due; or moves to a better transport, for between two polls nothing is under way.
    fn poll(&mut self, now: Millis, out: &mut impl Effects<P>) {
        let better = self.ready(now);
        let Some(carrier) = &mut self.carrier else { return };
        if let (Some(transport), false) = (better, carrier.session.is_sending()) {
            return self.climb(now, transport, out);
        }
        if carrier.next_poll > now {
            return;
        }
        carrier.next_poll = match &self.probe {
            // A probe that is open gets its second to prove that it holds, and a message under way its answer.
            Some(probe) if probe.holds != Millis::NEVER => probe.holds.max(now.after(QUIET_POLL)),
            _ => {
                carrier.last_poll = now;
                if carrier.transport != Transport::LongPoll {
                    carrier.answer_due = now.after(self.config.connect_timeout);
                }
                out.push(Effect::Poll(carrier.id, self.cursor.id().clone()));
                Millis::NEVER
            }
        };
    }

    /// Moves the connection to a better transport.
    fn climb(&mut self, now: Millis, transport: Transport, out: &mut impl Effects<P>) {
        if self.wire.upgrades() {
            return self.upgrade(now, out);
        }
        self.let_go(now, None, out);
        self.ladder.climb_to(transport);
        // Should it not last up there, the next probe is later.
        self.postpone_probes();
        self.last_cause = None;
        self.connect(now, out);
    }

    /// The same, in place: the probe goes on with the session, for nothing of it is under way.
    fn upgrade(&mut self, now: Millis, out: &mut impl Effects<P>) {
        let (Some(mut probe), Some(carrier)) = (self.probe.take(), &mut self.carrier) else { return };
        let from = carrier.transport;
        let word = probe.session.take_over();
        let left = mem::replace(&mut carrier.id, probe.id);
        carrier.transport = probe.transport;
        carrier.session = probe.session;
        // That is for the new transport to show.
        carrier.useful = false;
        carrier.stood = false;
        carrier.last_sign = now;
        carrier.next_poll = Millis::NEVER;
        out.push(Effect::Drop(left, None));
        if let Some(data) = word {
            out.push(Effect::Send(probe.id, data));
        }
        self.ladder.climb_to(probe.transport);
        self.postpone_probes();
        self.probe_at = Millis::NEVER;
        self.due = now.after(self.config.min_uptime);
        self.carried = Some(probe.transport);
        self.tell_status(now, out);
        out.push(Effect::Tell(Notice::TransportChanged { from, to: probe.transport, why: None }));
        out.push(Effect::Flush(probe.id));
    }

    // ---- probing ----

    /// The transport that is worth a probe while the carrier stands where it does.
    fn better(&self) -> Option<Transport> {
        // A probe is a request as well.
        let current = self.carrier.as_ref().filter(|_| self.config.repeatable)?.transport;
        self.ladder.above(|above| self.wire.prefers(above, current))
    }

    fn start_probe(&mut self, now: Millis, out: &mut impl Effects<P>) {
        self.probe_at = Millis::NEVER;
        let (Some(transport), Some(carrier)) = (self.better(), &self.carrier) else { return };
        let session = if self.wire.upgrades() {
            carrier.session.upgrade(transport)
        } else {
            Some(self.wire.session(transport, self.cursor.id()))
        };
        let Some(session) = session else { return };
        let id = self.next_id();
        let deadline = now.after(self.config.connect_timeout);
        let address = session.address();
        self.probe = Some(Probe { id, transport, session, deadline, holds: Millis::NEVER });
        self.open(id, transport, address, out);
    }

    /// A socket has to open and to hold, a stream to bring a byte. What it receives comes again, over the connection, by the cursor.
    fn report_probe(&mut self, now: Millis, report: Report<P>, out: &mut impl Effects<P>) {
        let mut said = Vec::new();
        if let Some(probe) = &mut self.probe {
            probe.session.on(report, &mut said);
        }
        for word in said {
            let Some(probe) = &mut self.probe else { return };
            match word {
                Said::Opened if self.wire.lasting_proves(probe.transport) => {
                    probe.deadline = Millis::NEVER;
                    probe.holds = now.after(PROBE_HOLDS);
                }
                Said::Opened => {
                    probe.deadline = now.after(self.config.first_byte.unwrap_or(self.config.connect_timeout));
                }
                Said::Alive => {
                    probe.deadline = Millis::NEVER;
                    probe.holds = now;
                    self.stream_works(now, out);
                }
                Said::Ready => {
                    probe.deadline = Millis::NEVER;
                    probe.holds = now;
                    self.poll(now, out);
                }
                Said::Send(data) => out.push(Effect::Send(probe.id, data)),
                Said::Ended(_) => self.probe_failed(now, out),
                _ => {}
            }
        }
    }

    /// The probe beside a stream, or of one, has proved itself.
    fn stream_works(&mut self, now: Millis, out: &mut impl Effects<P>) {
        let (Some(probe), Some(carrier)) = (&self.probe, &self.carrier) else { return };
        let transport = probe.transport;
        if carrier.transport != Transport::LongPoll && carrier.useful && self.cursor.is_empty() {
            // A stream has no break to move in, and this one no id to go on from: its successor moves.
            self.drop_probe(out);
            self.ladder.climb_to(transport);
        } else {
            self.poll(now, out);
        }
    }

    fn probe_failed(&mut self, now: Millis, out: &mut impl Effects<P>) {
        self.drop_probe(out);
        self.postpone_probes();
        self.probe_at = now.after(self.probe_delay);
    }

    fn postpone_probes(&mut self) {
        self.probe_delay = Millis(self.probe_delay.0.saturating_mul(2)).clamp(PROBE_SOON, PROBE_CAP);
    }

    fn drop_probe(&mut self, out: &mut impl Effects<P>) {
        self.probe_at = Millis::NEVER;
        if let Some(probe) = self.probe.take() {
            out.push(Effect::Drop(probe.id, None));
        }
    }

    // ---- the application and the page ----

    fn reconnect(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if self.state == State::Idle {
            return;
        }
        if self.state == State::Open {
            self.lost(now);
        }
        self.let_go(now, None, out);
        self.connect(now, out);
    }

    fn page(&mut self, now: Millis, event: PageEvent, out: &mut impl Effects<P>) {
        match event {
            PageEvent::Online | PageEvent::Offline => {
                let changed = mem::replace(&mut self.online, event == PageEvent::Online) != self.online;
                if changed && self.state == State::Waiting {
                    self.tell_status(now, out);
                }
                if event == PageEvent::Online {
                    if changed {
                        // It may be another network, on which the connections of the old one are dead.
                        self.suspect(now, out);
                    }
                    self.hurry(now, out);
                }
            }
            PageEvent::Visible => self.hurry(now, out),
            PageEvent::Cached if !self.config.repeatable && self.state != State::Idle => {
                self.stop(now, Cause::new(Kind::Network).because("the page was left"), out);
            }
            PageEvent::Cached if self.state != State::Idle => {
                if self.state == State::Open {
                    self.lost(now);
                }
                self.let_go(now, None, out);
                self.state = State::Away;
                self.tell_status(now, out);
            }
            PageEvent::Restored if self.state == State::Away => self.connect(now, out),
            PageEvent::Cached | PageEvent::Restored => {}
        }
    }

    /// The wall clock runs on while a machine sleeps, and time here does not, or all of it comes at once after.
    fn wall_clock(&mut self, now: Millis, wall: Millis, out: &mut impl Effects<P>) {
        let ahead = wall.since(now);
        let before = mem::replace(&mut self.wall_ahead, ahead);
        if before != Millis::NEVER && ahead.since(before) >= JUMP {
            self.suspect(now, out);
            self.hurry(now, out);
        }
    }

    /// The connection may have died unnoticed. A stream shows that it lives by speaking, and a WebSocket by answering the heartbeat. Where
    /// there is none, one that can go on after the last id is left for a new one, for that costs next to nothing.
    fn suspect(&mut self, now: Millis, out: &mut impl Effects<P>) {
        let can_resume = !self.cursor.is_empty();
        let (State::Open, true, Some(carrier)) = (self.state, self.config.repeatable, &mut self.carrier) else {
            return;
        };
        let suspect = match (carrier.transport, self.config.heartbeat) {
            (Transport::LongPoll, _) => return,
            (Transport::WebSocket, Some(heartbeat)) => {
                let until = now.after(heartbeat.timeout.min(GRACE));
                if until < carrier.pong_due {
                    out.push(Effect::Ping(carrier.id));
                    carrier.ping_at = Millis::NEVER;
                    carrier.pong_due = until;
                }
                return;
            }
            (Transport::WebSocket, None) if carrier.expects != Millis::NEVER => return,
            (Transport::WebSocket, None) => {
                if !can_resume || self.wire.fit(Transport::WebSocket, true) != Fit::Full {
                    return;
                }
                now
            }
            _ => now.after(GRACE),
        };
        carrier.suspect = carrier.suspect.min(suspect);
    }

    /// There is reason to hope: the next try is now, unless the server asked for time.
    fn hurry(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if self.state != State::Waiting || self.obeys_server {
            return;
        }
        let soon = self.last_try.after(HURRY_FLOOR).max(now);
        if soon <= now {
            self.connect(now, out);
        } else if soon < self.due {
            self.due = soon;
            self.tell_status(now, out);
        }
    }

    fn tell_status(&self, now: Millis, out: &mut impl Effects<P>) {
        out.push(Effect::Tell(Notice::Status(self.snapshot(now))));
    }

    // ---- time ----

    fn tick(&mut self, now: Millis, out: &mut impl Effects<P>) {
        // The timer is used up, be it early: the clock of a browser may be coarser than its timers.
        let asked = mem::replace(&mut self.armed, Millis::NEVER);
        if let (true, Some(carrier)) = (now.since(asked) >= LATE, &mut self.carrier) {
            if carrier.drain == Millis::ZERO {
                carrier.drain = now.after(DRAIN);
            }
        }
        Self::give_up(self.outbox.expired(now), out);
        match self.state {
            State::Waiting if self.due <= now => self.connect(now, out),
            State::Connecting if self.held <= now => self.opened(now, out),
            State::Connecting if self.due <= now => self.fail(now, Cause::new(Kind::Timeout), out),
            State::Refreshing if self.due <= now => {
                self.refreshed(now, Err(Text::from("no answer within the connect timeout")), out);
            }
            _ => {}
        }
        if self.carrier.as_ref().is_some_and(|carrier| carrier.answer_due <= now) {
            self.fail(now, Cause::new(Kind::Timeout), out);
        }
        self.beat(now, out);
        if self.silent_at() <= now {
            self.fail(now, Cause::new(Kind::Silence), out);
        }
        if self.stood(now) {
            self.has_stood(now, out);
        }
        if self.probe_at <= now {
            self.start_probe(now, out);
        }
        if self.probe.as_ref().is_some_and(|probe| probe.deadline <= now) {
            self.probe_failed(now, out);
        }
        if self.probe.as_ref().is_some_and(|probe| probe.holds <= now) {
            self.stream_works(now, out);
        }
        self.poll(now, out);
    }

    /// Sends the heartbeat when it is due.
    fn beat(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if let (Some(heartbeat), Some(carrier)) = (self.config.heartbeat, &mut self.carrier) {
            if self.state == State::Open && carrier.ping_at <= now {
                carrier.ping_at = Millis::NEVER;
                carrier.pong_due = now.after(heartbeat.timeout);
                out.push(Effect::Ping(carrier.id));
            }
        }
    }

    /// The connection has lasted: all that went wrong before is forgiven.
    fn has_stood(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if let Some(carrier) = self.carrier.as_mut().filter(|carrier| !carrier.stood) {
            carrier.stood = true;
            self.doubtful = false;
            let (transport, proves) = (carrier.transport, carrier.proves());
            if proves {
                if self.wire.lasting_proves(transport) {
                    self.proved(out);
                }
                self.forgive(now, out);
            }
            self.flow(now, out);
        }
    }

    fn forgive(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if self.ladder.is_top() && self.ladder.is_proven() {
            self.probe_delay = PROBE_SOON;
        }
        if mem::take(&mut self.attempt) != 0 {
            self.tell_status(now, out);
        }
    }

    /// When the open carrier will have been silent for too long.
    fn silent_at(&self) -> Millis {
        let (State::Open, Some(carrier)) = (self.state, &self.carrier) else {
            return Millis::NEVER;
        };
        let mut silence = self.config.silence.unwrap_or(Millis::NEVER);
        // What cannot be asked for again over another rung is waited for.
        let is_tried = self.config.repeatable && !self.ladder.is_proven();
        let must_speak = !carrier.useful && !self.quiet && !self.wire.lasting_proves(carrier.transport);
        if is_tried && must_speak && self.ladder.has_below() {
            silence = silence.min(self.config.first_byte.unwrap_or(Millis::NEVER));
        }
        let limit = match carrier.transport {
            Transport::LongPoll if is_tried && self.wire.poll_may_hang() && !self.ladder.is_top() => {
                let span = self.config.connect_timeout;
                span.after(span).after(span)
            }
            Transport::LongPoll => Millis::NEVER,
            _ => silence,
        };
        let silent = carrier.last_sign.after(limit.min(carrier.expects));
        silent.min(carrier.suspect).min(carrier.pong_due).max(carrier.drain)
    }

    /// The earliest time at which something is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Millis> {
        let mut due = match self.state {
            State::Waiting | State::Refreshing => self.due,
            State::Connecting => self.due.min(self.held),
            State::Open if self.carrier.as_ref().is_some_and(|carrier| !carrier.stood) => self.due,
            _ => Millis::NEVER,
        };
        due = due.min(self.silent_at()).min(self.probe_at).min(self.outbox.soonest());
        if let Some(probe) = &self.probe {
            due = due.min(probe.deadline);
            // A move from a stream waits for the time, and for the answer to what is on its way.
            let waits =
                |carrier: &&Carrier<P>| carrier.transport != Transport::LongPoll && !carrier.session.is_sending();
            if self.carrier.as_ref().is_some_and(|carrier| waits(&carrier)) {
                due = due.min(probe.holds);
            }
        }
        if let Some(carrier) = &self.carrier {
            due = due.min(carrier.next_poll).min(carrier.answer_due).min(carrier.ping_at);
        }
        Some(due).filter(|due| *due != Millis::NEVER)
    }

    fn arm(&mut self, out: &mut impl Effects<P>) {
        if let Some(due) = self.next_deadline() {
            if due < self.armed {
                self.armed = due;
                out.push(Effect::Wake(Some(due)));
            }
        }
    }
}
