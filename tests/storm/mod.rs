//! A reconnect storm in virtual time: a server loses all its clients at once, and what they do then is counted.
//!
//! | part | what it is |
//! | --- | --- |
//! | [`Client`] | what the storm asks of a client, and what a client can want |
//! | [`ours`] | the core's own [`Machine`](everwire::__core::machine::Machine), as the shell would drive it |
//! | [`peers`] | the policies of other packages, transcribed from their sources |
//! | [`weather`] | the server, the network and the clock; and what was counted |
//! | [`report`] | the table, and the budgets |
//! | [`plot`] | the picture |
//!
//! `run.rs` is the program, `tests/core_storm.rs` the same in small. All of it is the same for the same seed.
#![allow(dead_code, reason = "the program and the test use their own parts")]

pub(crate) mod ours;
pub(crate) mod peers;
pub(crate) mod plot;
pub(crate) mod report;
pub(crate) mod weather;

use everwire::__core::{rng::Rng, time::Millis};

/// What happens to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Happens {
    /// The connection that it has had for long is lost.
    Lost,
    /// The attempt of this number was refused, or the system gave it up.
    Failed(u32),
    /// The attempt of this number was accepted.
    Opened(u32),
    /// The time has come that it asked for.
    Time,
}

/// What a client wants in answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// To try to connect, now; by this number it is told what becomes of it.
    Attempt(u32),
    /// To end this attempt.
    Abandon(u32),
    /// To be told when this time has come; it replaces any earlier wish.
    Wake(Millis),
    /// To be left alone: it will not come back.
    GiveUp,
}

/// A client that was connected for long when the storm begins, at time zero.
pub(crate) trait Client {
    fn step(&mut self, now: Millis, what: Happens, wants: &mut Vec<Wants>);
}

/// All clients of one kind.
pub(crate) struct Fleet {
    pub(crate) name: &'static str,
    /// Where the policy is written.
    pub(crate) source: &'static str,
    pub(crate) client: Box<dyn Fn(Rng) -> Box<dyn Client>>,
}

/// Ours first, then the peers, then the textbook.
pub(crate) fn fleets() -> Vec<Fleet> {
    ours::fleets().into_iter().chain(peers::fleets()).collect()
}
