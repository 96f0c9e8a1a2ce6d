//! Which transport is next.
//!
//! A ladder is a wire's transports, best first. It only remembers: which rung we stand on, which rungs
//! have proved useful, which this host lacks, and how many tries in a row brought nothing. *When* to step
//! down is a fact of the wire ([`Wire::gives_up_on`](super::wire::Wire::gives_up_on)), for it depends on what the failure says there.
//!
//! Two rules hold for all of them. A rung is judged on whether it was ever *useful*, not on whether it
//! opened (trap T33). And below the last rung comes the first again, so that no fallback is for ever.

use super::types::Transport;

/// How well a rung fits at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    usable: bool,
}

/// The transports of one connection.
#[derive(Clone, Debug)]
pub struct Ladder {
    rungs: Vec<Rung>,
    at: usize,
    strikes: u32,
    /// Times that we went around since a rung was last useful.
    rounds: u32,
}

impl Ladder {
    /// A ladder of these, best first.
    #[must_use]
    pub fn new(transports: &[Transport]) -> Self {
        let rung = |&transport: &Transport| Rung { transport, proven: false, usable: true };
        Self { rungs: transports.iter().map(rung).collect(), at: 0, strikes: 0, rounds: 0 }
    }

    /// The transport to try now: the rung we stand on if it fits, else the next one that does, and we stand there.
    ///
    /// A lossy fit is the last resort: taken only after two rounds on which nothing was useful. `None` if this
    /// host has nothing that fits.
    pub fn pick(&mut self, fit: impl Fn(Transport) -> Fit) -> Option<Transport> {
        let wanted = |rung: &Rung, lossy: bool| match fit(rung.transport) {
            Fit::Full => rung.usable,
            Fit::Lossy => rung.usable && lossy,
            Fit::No => false,
        };
        let lossy = self.rounds >= 2;
        for lossy in [lossy, true] {
            let ahead = self.rungs.iter().enumerate().skip(self.at);
            let around = self.rungs.iter().enumerate().take(self.at);
            if let Some((at, rung)) = ahead.chain(around).find(|(_, rung)| wanted(rung, lossy)) {
                self.at = at;
                return Some(rung.transport);
            }
        }
        None
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

    /// This host lacks the transport that we stand on.
    pub fn lacks(&mut self) {
        if let Some(rung) = self.rungs.get_mut(self.at) {
            rung.usable = false;
        }
    }

    /// Steps down, or around.
    pub fn step(&mut self) -> Step {
        self.strikes = 0;
        if self.rungs.iter().filter(|rung| rung.usable).count() < 2 {
            return Step::Stay;
        }
        let below = self.rungs.iter().enumerate().skip(self.at.saturating_add(1));
        match below.clone().find(|(_, rung)| rung.usable) {
            Some((at, _)) => {
                self.at = at;
                Step::Down
            }
            None => {
                self.at = 0;
                self.rounds = self.rounds.saturating_add(1);
                Step::Around
            }
        }
    }

    /// Stands on `transport` from now on, if it is a rung.
    pub fn climb_to(&mut self, transport: Transport) {
        if let Some(at) = self.rungs.iter().position(|rung| rung.transport == transport) {
            self.at = at;
            self.strikes = 0;
        }
    }

    /// The usable rungs above the one that we stand on, best first.
    pub fn above(&self) -> impl Iterator<Item = Transport> + '_ {
        self.rungs.iter().take(self.at).filter(|rung| rung.usable).map(|rung| rung.transport)
    }
}
