//! Failures: what one means for the rung and for the connection, the verdict, new credentials, and the end.

use core::mem;

use super::{
    Carrier, Failure, Machine, State,
    config::{ANSWERS, ASK_AFTER, BLOCKED, HURRY_FLOOR},
};
use crate::core::{
    cause::{Cause, Kind, Verdict},
    ladder::Step,
    text::Text,
    time::Millis,
    types::{Effect, Effects, End, Notice, Payload, Ruling, Transport, Why},
    wire::{Fate, POSTS},
};

impl<P: Payload> Machine<P> {
    /// Has the open connection lasted for `min_uptime`?
    pub(super) const fn stood(&self, now: Millis) -> bool {
        matches!(self.state, State::Open) && self.due.0 <= now.0
    }

    /// There is no connection any more; it may have been lost before.
    pub(super) fn lost(&mut self, now: Millis) {
        self.released = false;
        self.down_since = self.down_since.min(now);
    }

    pub(super) fn fail(&mut self, now: Millis, mut cause: Box<Cause>, out: &mut impl Effects<P>) {
        let Some(carrier) = &self.carrier else { return };
        let (id, transport) = (carrier.id, carrier.transport);
        let stood = self.stood(now) && carrier.proves();
        let lasting_proves = self.wire.lasting_proves(transport);
        let useful = carrier.useful || (stood && lasting_proves);
        let opened = lasting_proves && self.state == State::Open;
        let suspected = carrier.suspect <= now;
        self.doubtful |= transport == Transport::LongPoll;
        cause.transport = Some(transport);
        self.let_go(now, None, out);
        let was_answered = self.state == State::Open && !self.config.repeatable;
        if cause.kind == Kind::Unusable && !was_answered {
            // No failure of the network, and no reason to wait.
            self.ladder.lacks();
            self.last_cause = Some(cause);
            return self.connect(now, out);
        }
        if self.carried.is_some() {
            self.lost(now);
        }
        if !self.met && self.online && self.barred != 0 && self.barred != id.0 {
            cause.kind = if self.answer == 401 { Kind::Status } else { Kind::Unusable };
            cause.status = self.answer;
            let cause = cause.because(BLOCKED);
            let refused = self.last_cause.take().filter(|last| last.kind == Kind::Status);
            return self.stop(now, refused.unwrap_or(cause), out);
        }
        let failure = Failure { cause, transport, useful, opened, stood, suspected };
        if self.config.judges {
            self.state = State::Judging;
            out.push(Effect::Judge(failure.cause.clone()));
            self.judging = Some(failure);
        } else {
            self.failed(now, failure, None, out);
        }
    }

    pub(super) fn judged(&mut self, now: Millis, ruling: Option<Ruling>, out: &mut impl Effects<P>) {
        if let (State::Judging, Some(failure)) = (self.state, self.judging.take()) {
            self.failed(now, failure, ruling, out);
        }
    }

    /// The verdict, and what follows from it.
    fn failed(&mut self, now: Millis, failure: Failure, ruling: Option<Ruling>, out: &mut impl Effects<P>) {
        let Failure { mut cause, transport, useful, opened, stood, suspected } = failure;
        let by_default = ruling.is_none();
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
        if verdict == Verdict::Stop
            && by_default
            && cause.kind == Kind::Status
            && self.ladder.has_other()
            && !self.ladder.is_proven()
            && self.wire.prefers(Transport::WebSocket, transport)
        {
            // It may be just this rung that the server does not have, unless the application knows better. If no other one has worked yet,
            // it is an answer that counts.
            self.ladder.lacks();
            self.inquired(cause.status);
            return self.retry(now, cause, !self.met, out);
        }
        if verdict == Verdict::Stop || (verdict == Verdict::Refresh && !self.config.refreshes) {
            // Retrying with the credentials that were refused is hammering.
            return self.stop(now, cause, out);
        }
        if stood {
            self.attempt = 0;
        }
        let refresh_at_once = verdict == Verdict::Refresh && self.attempt == 0 && self.renews_at <= now;
        if refresh_at_once {
            self.renews_at = now.after(HURRY_FLOOR);
        }
        self.stale |= verdict == Verdict::Refresh;
        // A quiet server is that on every rung; but a poll that is not answered is none the better for it.
        let quiet = self.quiet && cause.kind == Kind::Silence && transport != Transport::LongPoll;
        let mut step = Step::Stay;
        if useful {
            if stood {
                self.ladder.useful();
            }
        } else if cause.kind != Kind::Provider && !suspected && !quiet {
            // An ordinary drop may come as well before the first message as after it.
            let proven = opened || self.ladder.is_proven();
            let strikes = self.ladder.strike();
            let alone = transport == Transport::WebSocket && !self.ladder.has_other();
            if alone && !self.met && matches!(cause.kind, Kind::Network | Kind::Timeout) && strikes % ASK_AFTER == 0 {
                out.push(Effect::Inquire);
            }
            if self.wire.gives_up_on(transport, &cause, proven, strikes) {
                // What CORS keeps from one script's request, it keeps from them all.
                step = if cause.refused { self.ladder.resort() } else { self.ladder.step() };
            }
        }
        if step == Step::Around {
            self.quiet |= mem::replace(&mut self.whole_round, true) && cause.kind == Kind::Silence;
        }
        let steps_at_once = step == Step::Down && (!self.met || cause.kind == Kind::Silence);
        let at_once = refresh_at_once || ((steps_at_once || suspected) && cause.retry_after.is_none());
        self.retry(now, cause, at_once, out);
    }

    /// The try after a failure: now, or after its backoff. What is done at once before there was a connection is on the way to one that works,
    /// by another rung or with the right credentials, and is not one try too many.
    fn retry(&mut self, now: Millis, cause: Box<Cause>, at_once: bool, out: &mut impl Effects<P>) {
        let retry = self.attempt;
        let is_on_the_way = at_once && !self.met;
        if !is_on_the_way && self.config.backoff.max_retries.is_some_and(|max| retry >= max) {
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
    pub(super) fn inquired(&mut self, status: u16) {
        if self.met || self.state == State::Idle {
            return;
        }
        let renews = status == 401 && self.config.refreshes;
        self.stale |= renews;
        self.answers = match status {
            0 | 408 | 425 | 429 | 500.. => 0,
            1 => self.answers.saturating_add(1),
            _ => ANSWERS,
        };
        if self.answers >= ANSWERS && !renews {
            self.barred = self.ids;
            self.answer = if status == 1 { 0 } else { status };
        }
    }

    // ---- credentials ----

    pub(super) fn refreshed(&mut self, now: Millis, result: Result<(), Text>, out: &mut impl Effects<P>) {
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
    // All who call have it in a box, and would each have to take it out.
    #[allow(clippy::boxed_local)]
    pub(super) fn stop(&mut self, now: Millis, cause: Box<Cause>, out: &mut impl Effects<P>) {
        let code = if cause.code == 0 { 1006 } else { cause.code };
        self.close(now, End { code, reason: cause.reason.clone(), cause: Some(*cause) }, out);
    }

    pub(super) fn close(&mut self, now: Millis, end: End, out: &mut impl Effects<P>) {
        if end.cause.is_none() {
            self.leave(now, Some((end.code, end.reason.clone())), out);
        } else {
            self.let_go(now, None, out);
        }
        self.state = State::Closed;
        Self::give_up(self.outbox.expired(now), out);
        while let Some(data) = self.outbox.pop() {
            out.push(Effect::Tell(Notice::Dropped { data, why: Why::Closed }));
        }
        out.push(Effect::Wake(None));
        self.tell_status(now, out);
        out.push(Effect::Tell(Notice::Closed(end)));
    }

    /// Drops a carrier that nothing is wrong with. The other side is told, where it would not notice.
    pub(super) fn leave(&mut self, now: Millis, farewell: Option<(u16, Text)>, out: &mut impl Effects<P>) {
        if let Some(carrier) = &self.carrier {
            if let Some(words) = carrier.session.farewell() {
                out.push(Effect::Farewell(carrier.id, words));
            }
        }
        self.let_go(now, farewell, out);
    }

    /// Drops the carrier, and the probe with it.
    pub(super) fn let_go(&mut self, now: Millis, farewell: Option<(u16, Text)>, out: &mut impl Effects<P>) {
        self.drop_probe(out);
        let Some(&Carrier { id, .. }) = self.carrier.as_ref() else { return };
        self.carrier = None;
        let is_over = farewell.is_some();
        out.push(Effect::Drop(id, farewell));
        self.outbox.begins_anew();
        if POSTS {
            // After the end nothing is sent again.
            self.settle(now, Fate::Uncertain, self.config.resends && !is_over, out);
        }
    }
}
