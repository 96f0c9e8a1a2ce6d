//! Probes of a better transport beside the carrier.

use super::{
    Machine, Probe,
    config::{PROBE_CAP, PROBE_HOLDS, PROBE_SOON},
};
use crate::core::{
    time::Millis,
    types::{Effect, Effects, Payload, Report, Transport},
    wire::Said,
};

impl<P: Payload> Machine<P> {
    /// The transport that is worth a probe while the carrier stands where it does.
    pub(super) fn better(&self) -> Option<Transport> {
        // A probe is a request as well.
        let current = self.carrier.as_ref().filter(|_| self.config.repeatable)?.transport;
        self.ladder.above(|above| self.wire.prefers(above, current))
    }

    pub(super) fn start_probe(&mut self, now: Millis, out: &mut impl Effects<P>) {
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
        self.probe = Some(Probe { id, transport, session, deadline, holds: Millis::NEVER, spoke: false });
        self.open(id, transport, address, out);
    }

    /// A socket has to open and to hold, a stream to bring a byte. What it receives comes again, over the connection, by the cursor.
    pub(super) fn report_probe(&mut self, now: Millis, report: Report<P>, out: &mut impl Effects<P>) {
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
                Said::Message(_) => probe.spoke = true,
                Said::Send(data) => out.push(Effect::Send(probe.id, data)),
                Said::Ended(_) => self.probe_failed(now, out),
                _ => {}
            }
        }
    }

    /// The probe beside a stream, or of one, has proved itself.
    pub(super) fn stream_works(&mut self, now: Millis, out: &mut impl Effects<P>) {
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

    pub(super) fn probe_failed(&mut self, now: Millis, out: &mut impl Effects<P>) {
        self.drop_probe(out);
        self.postpone_probes();
        self.probe_at = now.after(self.probe_delay);
    }

    pub(super) fn postpone_probes(&mut self) {
        self.probe_delay = Millis(self.probe_delay.0.saturating_mul(2)).clamp(PROBE_SOON, PROBE_CAP);
    }

    pub(super) fn drop_probe(&mut self, out: &mut impl Effects<P>) {
        self.probe_at = Millis::NEVER;
        if let Some(probe) = self.probe.take() {
            out.push(Effect::Drop(probe.id, None));
        }
    }
}
