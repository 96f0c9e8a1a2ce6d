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
//! [`Session`]; the machine sees only what the session [`Said`](super::wire::Said).
//!
//! | state | input | what happens | next |
//! | --- | --- | --- | --- |
//! | Idle | `Start` | a carrier on the best rung | Connecting |
//! | Connecting | the session says Opened, or brings a message | Opened or Reconnected is told; the outbox flows once the application has heard it | Open |
//! | Connecting | a poll is unanswered [`HELD`] after it has gone out | the same: a poll that is held was accepted | Open |
//! | Connecting | connect timeout, Ended | *failure* | Waiting, Connecting, Closed |
//! | Open | Message | told; the cursor moves | Open |
//! | Open | silence timeout, a POST unanswered for [too long](SLOWEST), Ended | *failure* | Waiting, Closed |
//! | Open | nothing for the heartbeat's interval | the heartbeat is sent; no sign of life within its timeout: *failure* | Open, Waiting |
//! | Open, behind a gate | `Release` | the outbox flows | Open |
//! | Open | not one byte by [`Config::first_byte`], and there is a rung below | *failure*: the path holds bytes back | Connecting, Waiting |
//! | Open | the wall clock jumped or was not read for long, or `Online` after `Offline` | what does not speak within [`GRACE`] is taken for dead, and a poll that can go on after an id at once | Open, Connecting |
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
//! | Away | `Restored`, `Reconnect` | a new carrier; by `Restored` not before the time that the server asked for | Connecting, Waiting |
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
//! without ids is read to its end, and the next try is up there. Where there is no id to go on from, a socket that brought nothing either becomes
//! the carrier as it is, for a new one would miss what is sent meanwhile; what can only begin anew is told to be fresh.
//!
//! A wire that upgrades in place ([`Session::upgrade`]) moves the session itself: when the probe is ready and nothing is under way over the
//! lower transport any more, the probe's session becomes the carrier's. There was no loss of connection, so none is told.
//!
//! **Blocked.** A browser does not say why a WebSocket failed. One that has never worked, and that has no rung below it, would be tried
//! for ever where no WebSocket gets through. So after every [`ASK_AFTER`] such failures the server is asked by HTTP ([`Effect::Inquire`]):
//!
//! | answer | what follows |
//! | --- | --- |
//! | none, or that of a server that is away: 408, 425, 429, 5xx | nothing |
//! | 401, if there are new credentials to be had | they are stale, as after any verdict of refresh |
//! | any other; or the second that no script may read | the next try that begins is the last one, for the server may just have come back |
//!
//! If the last one fails, it is over, with a cause that names the choices, or the status 401. Where there is a rung below, it has been tried by then, and
//! a status that it was refused with is such an answer as well: that rung is gone, and the next try is at once.
//!
//! **Signs of life.** Any byte is one. A timer that comes late was held back, and so may have been what came before it was due: nothing is
//! taken for dead before that had its time to be heard ([`DRAIN`]), once for each try and each silence.
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

use core::fmt;

use super::{
    cause::Cause,
    cursor::{Continuity, Cursor},
    ladder::Ladder,
    outbox::{Outbox, Terms},
    rng::Rng,
    text::Text,
    time::Millis,
    types::{
        ConnId, Delivery, Effect, Effects, End, Input, Manner, Notice, Payload, Phase, Refused, Snapshot, Transport,
        Why,
    },
    wire::{POSTS, Room, Session, Wire},
};

mod config;
mod connecting;
mod deadlines;
mod failing;
mod flow;
mod page;
mod probing;
mod sessions;

pub use config::{
    ASK_AFTER, Config, DRAIN, GRACE, HELD, HURRY_FLOOR, Heartbeat, JUMP, LATE, PROBE_AFTER, PROBE_CAP, PROBE_HOLDS,
    PROBE_SOON, QUIET_POLL, SLOWEST, UNREAD,
};

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
    cause: Box<Cause>,
    transport: Transport,
    /// Something had come over the carrier, or it had stayed open where that proves something.
    useful: bool,
    /// It had opened, where staying open proves something: the rung is not one that never worked.
    opened: bool,
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
    /// A new request of it has until then to be answered.
    answer_due: Millis,
    /// The POST that is under way has until then to be answered; never while there is none.
    post_due: Millis,
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

    /// Does it send by POST?
    const fn posts(&self) -> bool {
        POSTS && !matches!(self.transport, Transport::WebSocket)
    }

    /// Is a POST of it under way?
    const fn is_posting(&self) -> bool {
        self.post_due.0 != Millis::NEVER.0
    }

    /// Has the transport carry this, with `patience` for an answer; and beyond that, for as long as a poor line takes to carry it.
    fn carry(&mut self, now: Millis, patience: Millis, data: P, out: &mut impl Effects<P>)
    where
        P: Payload,
    {
        if self.posts() {
            let span = patience.after(patience).after(patience);
            let due = now.after(span).after(Millis(data.size() as u64 / SLOWEST));
            // Who never gives up waits for an answer all the same.
            self.post_due = due.min(Millis(u64::MAX - 1));
        }
        out.push(Effect::Send(self.id, data));
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
    /// It brought a message, which was left to the carrier to bring.
    spoke: bool,
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
    /// From when on new ones are asked for at once.
    renews_at: Millis,
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
    /// When that was.
    wall_read: Millis,
    /// When the connection was lost; never while there is one, and before there was one.
    down_since: Millis,
    last_try: Millis,
    /// The other side was there once. That a poll is held is no more than a guess at it.
    met: bool,
    /// How often the server has answered by HTTP what it did not answer by WebSocket.
    answers: u32,
    /// If that was often enough: the last attempt that began before; else 0.
    barred: u32,
    /// The status of its last answer.
    answer: u16,
    /// The transport that last carried the connection, and what ended it.
    carried: Option<Transport>,
    last_cause: Option<Box<Cause>>,
    continuity: Option<Continuity>,
    /// When to probe for a better transport.
    probe_at: Millis,
    probe_delay: Millis,
    /// The earliest wake-up that was asked for and has not come.
    armed: Millis,
    /// A timer came late: nothing is taken for dead before then.
    drain: Millis,
    /// Once for each try, and each silence.
    was_late: bool,
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
            renews_at: Millis::ZERO,
            quiet: false,
            judging: None,
            remembered: config.begin_with,
            online: true,
            wall_ahead: Millis::NEVER,
            wall_read: Millis::ZERO,
            down_since: Millis::NEVER,
            last_try: Millis::ZERO,
            met: false,
            answers: 0,
            barred: 0,
            answer: 0,
            carried: None,
            last_cause: None,
            continuity: None,
            probe_at: Millis::NEVER,
            probe_delay: if config.begin_low { Millis::ZERO } else { PROBE_AFTER },
            armed: Millis::NEVER,
            drain: Millis::ZERO,
            was_late: false,
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
    pub fn last_cause(&self) -> Option<&Cause> {
        self.last_cause.as_deref()
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
        let patience = self.config.connect_timeout;
        if let (State::Open, Some(carrier)) = (self.state, &mut self.carrier) {
            first = !carrier.heard;
            let flows = self.released || !self.config.gate;
            let passes = first || terms.volatile || (flows && self.outbox.is_empty());
            // The first words are the application's own risk: they may be what opens the gate.
            match carrier.room(&payload, self.doubtful && !first) {
                Room::Now if passes => {
                    if carrier.posts() {
                        self.outbox.passes(now, payload.clone(), terms);
                    }
                    let sent = carrier.session.send(payload);
                    if let Some(data) = sent.or_else(|| carrier.session.flush()) {
                        carrier.carry(now, patience, data, out);
                    }
                    if carrier.posts() {
                        self.arm(out);
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
        // Nothing that is of use makes room for what is not any more.
        Self::give_up(self.outbox.expired(now), out);
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
            Input::Inquired(status) => self.inquired(status),
            Input::Reconnect => self.reconnect(now, out),
            Input::Page(event) => self.page(now, event, out),
            Input::Judged(ruling) => self.judged(now, ruling, out),
            Input::Refreshed(result) => self.refreshed(now, result, out),
            Input::WallClock(wall) => self.wall_clock(now, wall, out),
            Input::Close { code, reason } => self.close(now, End { code, reason, cause: None }, out),
        }
        self.arm(out);
    }
}
