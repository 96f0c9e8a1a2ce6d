//! The outbox's flow into the carrier, polls, and the move of a session to a better transport in place.

use core::mem;

use super::{Machine, Probe, State, config::QUIET_POLL};
use crate::core::{
    time::Millis,
    types::{ConnId, Effect, Effects, Notice, Payload, Transport, Why},
    wire::{POSTS, Room},
};

impl<P: Payload> Machine<P> {
    pub(super) fn flush(&mut self, now: Millis, id: ConnId, out: &mut impl Effects<P>) {
        let open = self.state == State::Open;
        if let Some(carrier) = self.carrier.as_mut().filter(|carrier| open && carrier.id == id) {
            carrier.heard = true;
            self.flow(now, out);
        }
    }

    pub(super) fn release(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if self.state == State::Open {
            self.released = true;
            self.flow(now, out);
        }
    }

    /// Sends from the outbox while the carrier takes messages.
    pub(super) fn flow(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if self.ready(now).is_some() {
            // The next one goes over the better transport.
            return;
        }
        let (State::Open, Some(carrier)) = (self.state, &mut self.carrier) else { return };
        if !carrier.heard {
            return;
        }
        let is_gated = self.config.gate && !self.released;
        let patience = self.config.connect_timeout;
        Self::give_up(self.outbox.expired(now), out);
        while let Some(next) = self.outbox.peek().filter(|_| !is_gated) {
            let room = carrier.room(next, self.doubtful);
            if room == Room::Later {
                break;
            }
            let is_lent = room == Room::Now && carrier.posts();
            let Some(data) = (if is_lent { self.outbox.lend() } else { self.outbox.pop() }) else { break };
            if room == Room::Never {
                out.push(Effect::Tell(Notice::Dropped { data, why: Why::Refused }));
            } else if let Some(data) = carrier.session.send(data) {
                carrier.carry(now, patience, data, out);
            }
        }
        if let Some(data) = carrier.session.flush() {
            carrier.carry(now, patience, data, out);
        }
    }

    /// The better transport that has proved to hold, if nothing that came would be lost by moving there: between two polls; from a stream, where
    /// there is an id to go on from, or nothing came.
    fn ready(&self, now: Millis) -> Option<Transport> {
        let carrier = self.carrier.as_ref()?;
        let can_move = match carrier.transport {
            Transport::LongPoll => carrier.next_poll != Millis::NEVER,
            _ => !self.cursor.is_empty() || !carrier.useful || carrier.next_poll != Millis::NEVER,
        };
        self.probe.as_ref().filter(|probe| can_move && probe.holds <= now).map(|probe| probe.transport)
    }

    /// Sends the next poll when it is due; or moves to a better transport, for between two polls nothing is under way.
    pub(super) fn poll(&mut self, now: Millis, out: &mut impl Effects<P>) {
        let better = self.ready(now);
        let Some(carrier) = &mut self.carrier else { return };
        if let (Some(transport), false) = (better, carrier.is_posting()) {
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
        let knows_as_much =
            |probe: &Probe<P>| self.cursor.is_empty() && !probe.spoke && transport == Transport::WebSocket;
        if POSTS && (self.wire.upgrades() || self.probe.as_ref().is_some_and(knows_as_much)) {
            return self.upgrade(now, out);
        }
        if self.cursor.is_empty() && self.carrier.as_ref().is_some_and(|carrier| carrier.next_poll == Millis::NEVER) {
            // From a stream on which nothing came, and which may have missed something: that the next one is fresh has to be told.
            self.lost(now);
        }
        self.let_go(now, None, out);
        self.ladder.climb_to(transport);
        // Should it not last up there, the next probe is later.
        self.postpone_probes();
        self.last_cause = None;
        self.connect(now, out);
    }

    /// The same, in place: the probe goes on with the session, of which nothing is under way; or as itself, having missed nothing that the
    /// carrier brought.
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
        carrier.suspect = Millis::NEVER;
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
}
