//! Attempts: how one begins, and what happens when it is open.

use core::mem;

use super::{Carrier, Machine, State, config::HELD};
use crate::core::{
    cause::{Cause, Kind},
    cursor::Continuity,
    ladder::Fit,
    text::Text,
    time::Millis,
    types::{ConnId, Effect, Effects, Notice, Payload, Transport},
};

impl<P: Payload> Machine<P> {
    pub(super) fn next_id(&mut self) -> ConnId {
        self.ids = self.ids.wrapping_add(1);
        ConnId(self.ids)
    }

    pub(super) fn connect(&mut self, now: Millis, out: &mut impl Effects<P>) {
        self.judging = None;
        self.was_late = false;
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
            answer_due: Millis::NEVER,
            post_due: Millis::NEVER,
            last_sign: now,
            last_poll: now,
            next_poll: Millis::NEVER,
        });
        let address = carrier.session.address();
        self.state = State::Connecting;
        self.due = now.after(self.config.connect_timeout);
        self.held = Millis::NEVER;
        self.last_try = now;
        self.tell_status(now, out);
        self.open(id, transport, address, out);
    }

    pub(super) fn open(&self, id: ConnId, transport: Transport, address: Text, out: &mut impl Effects<P>) {
        if !address.is_empty() {
            out.push(Effect::Address(id, address));
        }
        out.push(Effect::Open(id, transport, self.cursor.id().clone()));
    }

    /// The carrier's poll has gone out. Before that there is no poll that could be held, however long the application takes to provide it.
    pub(super) fn asked(&mut self, now: Millis) {
        if self.state == State::Connecting && self.wire.held_is_open() {
            self.held = now.after(HELD);
        }
    }

    pub(super) fn opened(&mut self, now: Millis, out: &mut impl Effects<P>) {
        let Some(carrier) = &mut self.carrier else { return };
        self.met = true;
        carrier.answer_due = Millis::NEVER;
        carrier.suspect = Millis::NEVER;
        if self.state != State::Connecting {
            return;
        }
        let (id, transport, continuity) = (carrier.id, carrier.transport, carrier.continuity);
        carrier.last_sign = now;
        self.was_late = false;
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
}
