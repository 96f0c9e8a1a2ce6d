//! What a connection is configured with, and the spans of time that are not.

use super::super::{backoff::Backoff, outbox::Bounds, text::Text, time::Millis, types::Transport};

/// A poll that a server holds for this long was accepted; there is no better sign before its answer.
pub const HELD: Millis = Millis(500);
/// Between two polls when the first one brought nothing at once: a server that does not hold is not hammered.
pub const QUIET_POLL: Millis = Millis(1_000);
/// A probe must stay open this long before the connection moves to it.
pub const PROBE_HOLDS: Millis = Millis(1_000);
/// The first probe of a better transport comes this long after a lower one opened; the span then doubles
/// from failure to failure, up to [`PROBE_CAP`].
pub const PROBE_AFTER: Millis = Millis(15_000);
/// And this long, if the better transport has carried the connection before: it may only have been the server that was away.
pub const PROBE_SOON: Millis = Millis(3_000);
/// The longest span between two probes.
pub const PROBE_CAP: Millis = Millis::from_secs(600);
/// A connection that may have died unnoticed has this long to show that it lives. What is in the browser's buffers by then comes
/// first (trap T8).
pub const GRACE: Millis = Millis(5_000);
/// The wall clock jumped if it went this much further than time did: the machine slept.
pub const JUMP: Millis = Millis(10_000);
/// It slept as well if nobody read the clock for so long: a page reads it every half minute, or, hidden, every minute.
pub const UNREAD: Millis = Millis(150_000);
/// Page events do not bring the next try nearer to the last one than this, nor do new credentials.
pub const HURRY_FLOOR: Millis = Millis(1_000);
/// A timer that comes so much later than it was asked for was held back, by a hidden page or a frozen one.
pub const LATE: Millis = Millis(1_000);
/// What has arrived meanwhile is heard for so long before anything is taken for dead (trap T8).
pub const DRAIN: Millis = Millis(1_000);
/// What a line carries at least, in bytes per millisecond: a message that is posted has three connect timeouts to be answered, and
/// beyond that the time it takes at this speed.
pub const SLOWEST: u64 = 8;
/// After so many failures in a row of a WebSocket that never worked and has no rung below, the server is asked by HTTP.
pub const ASK_AFTER: u32 = 3;

/// So many answers that a script may not see are as good as one that it may.
pub(super) const ANSWERS: u32 = 2;
/// What is said then.
pub(super) const BLOCKED: &str = "no WebSocket gets through; a fallback needs the wire relay or engine.io";

/// How the application keeps an eye on a WebSocket that says nothing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// When nothing came for this long, the heartbeat is sent.
    pub interval: Millis,
    /// When nothing, the reply included, came for this long after it, the connection is dead.
    pub timeout: Millis,
}

/// What a connection is configured with.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// When to retry.
    pub backoff: Backoff,
    /// An attempt that is not open after this is ended.
    pub connect_timeout: Millis,
    /// A connection that was open for this long was useful, and resets the backoff.
    pub min_uptime: Millis,
    /// An open stream from which nothing came for this long is ended.
    pub silence: Option<Millis>,
    /// An open stream of which not one byte has come by then is left for the next rung; `None`: never. More than the 15 s at
    /// which servers send comments.
    pub first_byte: Option<Millis>,
    /// The transports to use, best first; empty: those of the wire.
    pub transports: Vec<Transport>,
    /// The one to begin with, which [was remembered](crate::core::types::Effect::Remember).
    pub begin_with: Option<Transport>,
    /// Does the application want to judge failures itself?
    pub judges: bool,
    /// Can it get new credentials?
    pub refreshes: bool,
    /// May a request be repeated that the server may have acted on?
    pub repeatable: bool,
    /// May a message be sent again whose answer was lost, so that it may arrive twice?
    pub resends: bool,
    /// Of WebSockets.
    pub heartbeat: Option<Heartbeat>,
    /// Does what is queued wait for [`Input::Release`](crate::core::types::Input::Release) in each connection?
    pub gate: bool,
    /// Begin on the last transport, and move up at once if the other side offers it.
    pub begin_low: bool,
    /// The bounds of the outbox.
    pub outbox: Bounds,
    /// The id to go on from; empty for none.
    pub last_id: Text,
    /// The seed of the jitter.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            backoff: Backoff::DEFAULT,
            connect_timeout: Millis(10_000),
            min_uptime: Millis(5_000),
            silence: None,
            first_byte: Some(Millis(20_000)),
            transports: Vec::new(),
            begin_with: None,
            judges: false,
            refreshes: false,
            repeatable: true,
            resends: false,
            heartbeat: None,
            gate: false,
            begin_low: false,
            outbox: Bounds::DEFAULT,
            last_id: Text::default(),
            seed: 0,
        }
    }
}
