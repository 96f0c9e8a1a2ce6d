//! Time: what is due when, signs of life, and the one timer.

use core::mem;

use super::{
    Carrier, Machine, State,
    config::{DRAIN, LATE, PROBE_SOON},
};
use crate::core::{
    cause::{Cause, Kind},
    text::Text,
    time::Millis,
    types::{Effect, Effects, Payload, Transport},
};

impl<P: Payload> Machine<P> {
    pub(super) fn tick(&mut self, now: Millis, out: &mut impl Effects<P>) {
        // The timer is used up, be it early: the clock of a browser may be coarser than its timers.
        let asked = mem::replace(&mut self.armed, Millis::NEVER);
        if now.since(asked) >= LATE && !mem::replace(&mut self.was_late, true) {
            self.drain = now.after(DRAIN);
        }
        Self::give_up(self.outbox.expired(now), out);
        let is_due = self.due.max(self.drain) <= now;
        match self.state {
            State::Waiting if self.due <= now => self.connect(now, out),
            State::Connecting if self.held <= now => {
                // That the other side is there is no more than a guess.
                let met = self.met;
                self.opened(now, out);
                self.met = met;
            }
            State::Connecting if is_due => self.fail(now, Cause::new(Kind::Timeout), out),
            State::Refreshing if is_due => {
                self.refreshed(now, Err(Text::from("no answer within the connect timeout")), out);
            }
            _ => {}
        }
        if self.unanswered_at() <= now {
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
        if self.probe.as_ref().is_some_and(|probe| probe.deadline.max(self.drain) <= now) {
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
                self.was_late = false;
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

    pub(super) fn forgive(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if self.ladder.is_top() && self.ladder.is_proven() {
            self.probe_delay = PROBE_SOON;
        }
        if mem::take(&mut self.attempt) != 0 {
            self.tell_status(now, out);
        }
    }

    /// When a request of the carrier will have been unanswered for too long.
    fn unanswered_at(&self) -> Millis {
        let Some(carrier) = &self.carrier else { return Millis::NEVER };
        carrier.answer_due.min(carrier.post_due).max(self.drain)
    }

    /// When the open carrier will have been silent for too long.
    fn silent_at(&self) -> Millis {
        let (State::Open, Some(carrier)) = (self.state, &self.carrier) else {
            return Millis::NEVER;
        };
        let asked = self.config.silence.unwrap_or(Millis::NEVER);
        let mut silence = asked;
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
            Transport::LongPoll if self.wire.poll_may_hang() => Millis::NEVER,
            Transport::LongPoll => asked,
            _ => silence,
        };
        let silent = carrier.last_sign.after(limit.min(carrier.expects));
        silent.min(carrier.suspect).min(carrier.pong_due).max(self.drain)
    }

    /// The earliest time at which something is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Millis> {
        let mut due = match self.state {
            State::Waiting => self.due,
            State::Refreshing => self.due.max(self.drain),
            State::Connecting => self.due.max(self.drain).min(self.held),
            State::Open if self.carrier.as_ref().is_some_and(|carrier| !carrier.stood) => self.due,
            _ => Millis::NEVER,
        };
        due = due.min(self.silent_at()).min(self.unanswered_at()).min(self.probe_at).min(self.outbox.soonest());
        if let Some(probe) = &self.probe {
            due = due.min(probe.deadline.max(self.drain));
            // A move from a stream waits for the time, and for the answer to what is on its way.
            let waits = |carrier: &Carrier<P>| carrier.transport != Transport::LongPoll && !carrier.is_posting();
            if self.carrier.as_ref().is_some_and(waits) {
                due = due.min(probe.holds);
            }
        }
        if let Some(carrier) = &self.carrier {
            due = due.min(carrier.next_poll).min(carrier.ping_at);
        }
        Some(due).filter(|due| *due != Millis::NEVER)
    }

    pub(super) fn arm(&mut self, out: &mut impl Effects<P>) {
        if let Some(due) = self.next_deadline() {
            if due < self.armed {
                self.armed = due;
                out.push(Effect::Wake(Some(due)));
            }
        }
    }
}
