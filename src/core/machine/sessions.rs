//! What the sessions of the carrier and the probe say, and what it means for the connection.

use core::mem;

use super::{Machine, State, config::QUIET_POLL};
use crate::core::{
    backoff::{MAX_ASKED, MIN_ASKED},
    cause::{Cause, Kind},
    cursor::Continuity,
    text::Text,
    time::Millis,
    types::{ConnId, Effect, Effects, Message, Notice, Payload, Report, Transport, Why},
    wire::{Fate, POSTS, Pace, Said},
};

impl<P: Payload> Machine<P> {
    /// The one place where reports are matched with attempts.
    pub(super) fn report(&mut self, now: Millis, id: ConnId, report: Report<P>, out: &mut impl Effects<P>) {
        let carrier = self.carrier.as_mut().filter(|carrier| carrier.id == id);
        if let Report::Unsent(frame) = report {
            // Even an abandoned attempt is heard on the fate of a message.
            if let Some(carrier) = carrier {
                carrier.blocked = true;
            }
            if let Some(payload) = self.wire.unframed(frame) {
                self.outbox.put_back(now, payload);
            }
            self.flow(now, out);
        } else if let Some(carrier) = carrier {
            match report {
                Report::Asked if carrier.transport == Transport::LongPoll => self.asked(now),
                Report::Closing => carrier.blocked = true,
                report => {
                    let mut said = Vec::new();
                    carrier.session.on(report, &mut said);
                    self.heed(now, id, said, out);
                }
            }
        } else if self.probe.as_ref().is_some_and(|probe| probe.id == id) {
            self.report_probe(now, report, out);
        }
    }

    fn heed(&mut self, now: Millis, id: ConnId, said: Vec<Said<P>>, out: &mut impl Effects<P>) {
        for word in said {
            // It may have ended with an earlier word.
            let Some(carrier) = self.carrier.as_mut().filter(|carrier| carrier.id == id) else { return };
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
                    // The end of a whole response is a disconnect, after which the server may want to be left alone for a while.
                    let asked = self.asked.filter(|_| carrier.transport == Transport::LongPoll);
                    carrier.next_poll = earliest.max(now.after(asked.unwrap_or(Millis::ZERO)));
                }
                Said::Address(query) => out.push(Effect::Address(id, query)),
                Said::Send(data) => carrier.carry(now, self.config.connect_timeout, data, out),
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
                    self.asked = Some(Millis(ms).clamp(MIN_ASKED, MAX_ASKED));
                }
                Said::Interrupted => self.interrupted(now, out),
                Said::Ended(cause) => self.fail(now, cause, out),
                Said::Posted(fate) if POSTS => {
                    carrier.post_due = Millis::NEVER;
                    // What follows waits for the next carrier, behind what comes back.
                    carrier.blocked |= fate == Fate::Returned;
                    self.settle(now, fate, self.config.resends, out);
                }
                Said::Posted(_) => {}
            }
        }
        self.flow(now, out);
        self.poll(now, out);
    }

    /// What became of the messages that were under way. Does one whose answer was lost go once more?
    pub(super) fn settle(&mut self, now: Millis, fate: Fate, resends: bool, out: &mut impl Effects<P>) {
        let gone = match fate {
            Fate::Returned => self.outbox.take_back(now),
            Fate::Uncertain if resends => self.outbox.take_back(now),
            Fate::Uncertain => self.outbox.lose(Why::Unknown),
            Fate::Refused => self.outbox.lose(Why::Refused),
            Fate::Taken => return self.outbox.settled(),
        };
        Self::give_up(gone, out);
    }

    /// Something came over the carrier.
    fn sign(&mut self, now: Millis, out: &mut impl Effects<P>) {
        self.was_late = false;
        if let Some(carrier) = &mut self.carrier {
            carrier.last_sign = now;
            carrier.suspect = Millis::NEVER;
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
    pub(super) fn proved(&mut self, out: &mut impl Effects<P>) {
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
        let retry = if self.stood(now) { 0 } else { self.attempt };
        let is_last = self.config.backoff.max_retries.is_some_and(|max| retry >= max);
        // One that gets nowhere is taken over: it knows no backoff. So is one that may not try again, or not without being judged.
        if retry >= 3 || is_last || self.config.judges {
            return self.fail(now, cause, out);
        }
        let Some(carrier) = &mut self.carrier else { return };
        self.attempt = retry.saturating_add(1);
        carrier.continuity = if self.cursor.is_empty() { Continuity::Fresh } else { Continuity::Resumed };
        carrier.stood = false;
        cause.transport = Some(carrier.transport);
        if self.carried.is_some() {
            self.lost(now);
        }
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
}
