//! What the application asks for, and what the page goes through: networks that come and go, sleep, the back/forward cache.

use core::mem;

use super::{
    Machine, State,
    config::{GRACE, HURRY_FLOOR, JUMP, UNREAD},
};
use crate::core::{
    cause::{Cause, Kind},
    ladder::Fit,
    time::Millis,
    types::{Effect, Effects, Notice, PageEvent, Payload, Transport},
};

impl<P: Payload> Machine<P> {
    pub(super) fn reconnect(&mut self, now: Millis, out: &mut impl Effects<P>) {
        if self.state == State::Idle {
            return;
        }
        if self.carried.is_some() {
            self.lost(now);
        }
        self.leave(now, None, out);
        self.connect(now, out);
    }

    pub(super) fn page(&mut self, now: Millis, event: PageEvent, out: &mut impl Effects<P>) {
        match event {
            PageEvent::Online | PageEvent::Offline => {
                let changed = mem::replace(&mut self.online, event == PageEvent::Online) != self.online;
                if changed && self.state == State::Waiting {
                    self.tell_status(now, out);
                }
                if event == PageEvent::Online {
                    if changed {
                        // It may be another network, on which the connections of the old one are dead.
                        self.suspect(now, Millis::ZERO, out);
                    }
                    self.hurry(now, out);
                }
            }
            PageEvent::Visible => self.hurry(now, out),
            PageEvent::Cached if !self.config.repeatable && self.state != State::Idle => {
                self.stop(now, Cause::new(Kind::Network).because("the page was left"), out);
            }
            PageEvent::Cached if self.state != State::Idle => {
                if self.carried.is_some() {
                    self.lost(now);
                }
                self.obeys_server &= self.state == State::Waiting;
                self.leave(now, None, out);
                self.state = State::Away;
                self.barred = 0;
                self.tell_status(now, out);
            }
            PageEvent::Restored if self.state == State::Away && self.obeys_server && self.due > now => {
                self.state = State::Waiting;
                self.tell_status(now, out);
            }
            PageEvent::Restored if self.state == State::Away => self.connect(now, out),
            PageEvent::Cached | PageEvent::Restored => {}
        }
    }

    /// The wall clock runs on while a machine sleeps, and time here does not, or all of it comes at once after. Where time runs on as well, as it does on
    /// Windows, nobody has read the clock meanwhile.
    pub(super) fn wall_clock(&mut self, now: Millis, wall: Millis, out: &mut impl Effects<P>) {
        let ahead = wall.since(now);
        let before = mem::replace(&mut self.wall_ahead, ahead);
        let unread = now.since(mem::replace(&mut self.wall_read, now));
        if before != Millis::NEVER && (ahead.since(before) >= JUMP || unread >= UNREAD) {
            self.suspect(now, ahead.since(before), out);
            self.hurry(now, out);
        }
    }

    /// The connection may have died unnoticed. A stream shows that it lives by speaking, and a WebSocket by answering the heartbeat. Where
    /// there is none, one that can go on after the last id is left for a new one, for that costs next to nothing; and so is a poll. Who is never
    /// silent for long is waited for, unless the machine slept for longer than that: then the other side has most likely given up, and speaks soon
    /// if it has not.
    fn suspect(&mut self, now: Millis, slept: Millis, out: &mut impl Effects<P>) {
        let can_resume = !self.cursor.is_empty();
        let (State::Open, true, Some(carrier)) = (self.state, self.config.repeatable, &mut self.carrier) else {
            return;
        };
        let suspect = match (carrier.transport, self.config.heartbeat) {
            (Transport::WebSocket, Some(heartbeat)) => {
                let until = now.after(heartbeat.timeout.min(GRACE));
                if until < carrier.pong_due {
                    out.push(Effect::Ping(carrier.id));
                    carrier.ping_at = Millis::NEVER;
                    carrier.pong_due = until;
                }
                return;
            }
            (Transport::WebSocket | Transport::LongPoll, _) if slept < carrier.expects => {
                // The answer to a message is waited for as well.
                let must_speak = carrier.expects != Millis::NEVER || carrier.is_posting();
                if must_speak || !can_resume || self.wire.fit(carrier.transport, true) != Fit::Full {
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

    pub(super) fn tell_status(&self, now: Millis, out: &mut impl Effects<P>) {
        out.push(Effect::Tell(Notice::Status(self.snapshot(now))));
    }
}
