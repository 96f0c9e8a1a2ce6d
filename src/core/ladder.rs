//! Which transport is next.
//!
//! A ladder is a wire's transports, best first. It only remembers: which rung we stand on, which rungs
//! have proved useful, which this host lacks, and how many tries in a row brought nothing. *When* to step
//! down is a fact of the wire ([`Wire::gives_up_on`](super::wire::Wire::gives_up_on)), for it depends on what the failure says there.
//!
//! Two rules hold for all of them. A rung is judged on whether it was ever *useful*, not on whether it
//! opened (trap T33). And below the last rung comes the first again, so that no fallback is for ever.

use super::{time::Millis, types::Transport};

/// How long it is worth to begin where an earlier connection had to step down to: half an hour (trap T34).
pub const REMEMBERED: Millis = Millis::from_secs(1_800);

/// How well a rung fits at this moment, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It can do all that is needed, the cursor included.
    Full,
    /// It would work, but the cursor cannot be sent over it.
    Lossy,
    /// It cannot do what was asked.
    No,
}

/// Where a step led.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The same rung again.
    Stay,
    /// One down.
    Down,
    /// From the last one to the first.
    Around,
}

#[derive(Clone, Copy, Debug)]
struct Rung {
    transport: Transport,
    proven: bool,
}

/// The transports of one connection.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// Those that this host is not known to lack.
    rungs: Vec<Rung>,
    at: usize,
    strikes: u32,
    /// Times that we went around since a rung was last useful.
    rounds: u32,
}

impl Ladder {
    /// A ladder of these, best first.
    #[must_use]
    pub fn new(transports: impl Iterator<Item = Transport>) -> Self {
        let mut rungs = Vec::new();
        // Not `collect`, which looks ahead for the number and is three times the code.
        for transport in transports {
            rungs.push(Rung { transport, proven: false });
        }
        Self { rungs, at: 0, strikes: 0, rounds: 0 }
    }

    /// The transport to try now, and how well it fits: the rung we stand on, else the next one that fits, and we stand there.
    ///
    /// A lossy fit is the last resort: taken only after two rounds on which nothing was useful, or by [`Self::resort`]. `None` if this
    /// host has nothing that fits.
    pub fn pick(&mut self, fit: impl Fn(Transport) -> Fit) -> Option<(Transport, Fit)> {
        let worst = if self.rounds < 2 { Fit::Full } else { Fit::Lossy };
        for worst in [worst, Fit::Lossy] {
            for _ in 0..self.rungs.len() {
                if let Some(&Rung { transport, .. }) = self.rungs.get(self.at) {
                    let fit = fit(transport);
                    if fit <= worst {
                        return Some((transport, fit));
                    }
                }
                self.descend();
            }
        }
        None
    }

    /// One rung down, and from the last one to the first.
    fn descend(&mut self) {
        self.at = self.at.saturating_add(1);
        if self.at >= self.rungs.len() {
            self.at = 0;
        }
    }

    /// The rung we stand on carried something.
    pub fn useful(&mut self) {
        self.strikes = 0;
        self.rounds = 0;
        if let Some(rung) = self.rungs.get_mut(self.at) {
            rung.proven = true;
        }
    }

    /// Has the rung we stand on ever been useful?
    #[must_use]
    pub fn is_proven(&self) -> bool {
        self.rungs.get(self.at).is_some_and(|rung| rung.proven)
    }

    /// Counts a try that brought nothing, and tells how many there were in a row on this rung.
    pub const fn strike(&mut self) -> u32 {
        self.strikes = self.strikes.saturating_add(1);
        self.strikes
    }

    /// This host lacks the transport that we stand on: we stand on the next one.
    pub fn lacks(&mut self) {
        if self.at < self.rungs.len() {
            self.rungs.remove(self.at);
        }
        if self.at >= self.rungs.len() {
            self.at = 0;
        }
    }

    /// Steps down, or around.
    pub fn step(&mut self) -> Step {
        if self.rungs.len() < 2 {
            return Step::Stay;
        }
        self.strikes = 0;
        self.descend();
        if self.at != 0 {
            return Step::Down;
        }
        self.rounds = self.rounds.saturating_add(1);
        Step::Around
    }

    /// There is nothing but the last resort: the best rung again, although it may fit no more than lossily.
    pub const fn resort(&mut self) -> Step {
        self.at = 0;
        self.strikes = 0;
        self.rounds = 2;
        Step::Around
    }

    /// Stands on `transport` from now on, if it is a rung.
    pub fn climb_to(&mut self, transport: Transport) {
        if let Some(at) = self.rungs.iter().position(|rung| rung.transport == transport) {
            self.at = at;
            self.strikes = 0;
        }
    }

    /// Is there a rung below the one that we stand on?
    #[must_use]
    pub fn has_below(&self) -> bool {
        self.at.saturating_add(1) < self.rungs.len()
    }

    /// Stands on the last rung.
    pub fn descend_to_last(&mut self) {
        self.at = self.rungs.len().saturating_sub(1);
    }

    /// Is there a rung besides the one that we stand on?
    #[must_use]
    pub fn has_other(&self) -> bool {
        self.rungs.len() > 1
    }

    /// Is this the best rung?
    #[must_use]
    pub const fn is_top(&self) -> bool {
        self.at == 0
    }

    /// The best rung above the one that we stand on of which this is true.
    pub fn above(&self, wanted: impl Fn(Transport) -> bool) -> Option<Transport> {
        self.rungs.iter().take(self.at).map(|rung| rung.transport).find(|above| wanted(*above))
    }
}
