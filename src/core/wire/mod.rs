//! Wires: the protocols spoken over the transports.
//!
//! A [`Wire`] knows its ladder and makes a [`Session`] for each attempt: one object that owns everything
//! about that attempt and dies with it, so that nothing of an earlier one can touch a later one. A session is
//! sans-IO: reports of its transport go in, [`Said`] comes out. It knows no time and takes no decision about
//! retrying; it says what happened, and the machine decides.
//!
//! One file a wire, with its facts and their source at the top.

pub mod engine_io;
pub mod raw;
pub mod relay;
pub mod sse;

use super::{
    cause::{Cause, Kind},
    ladder::Fit,
    text::Text,
    time::Millis,
    types::{Manner, Message, Report, Transport},
};

/// What a session tells the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said<P> {
    /// The other side is there and listens.
    Opened,
    /// Something came, nothing of it for the application.
    Alive,
    /// A message. Its id may be the one that is known already.
    Message(Message<P>),
    /// The last id moved, without a message.
    Moved(Text),
    /// The poll is answered: time for the next one.
    Poll(Pace),
    /// From now on, this goes into the query of each URL that is asked for.
    Address(Text),
    /// The transport is to carry this: a word of the wire's own.
    Send(P),
    /// From now on, something comes at least this often; else the connection is dead.
    Expect(Millis),
    /// A probe has proved that it works, and can take over.
    Ready,
    /// The ids tell that messages are missing after the one with this id; or it began anew.
    Gap(Text),
    /// The server's wish for the delay between reconnects, in milliseconds.
    Retry(u64),
    /// The transport lost its connection and reconnects by itself, with the cursor.
    Interrupted,
    /// This became of the messages that were under way.
    Posted(Fate),
    /// It is over.
    Ended(Box<Cause>),
}

/// What became of the messages of a POST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The server took them.
    Taken,
    /// It did not, and may later.
    Returned,
    /// It refused them for good.
    Refused,
    /// The answer was lost, so it may have taken them.
    Uncertain,
}

impl Fate {
    /// What a status says of it that asks for another try. That of a gateway which heard no answer, or of a server that broke down over
    /// it, says nothing.
    const fn of(status: u16) -> Self {
        if matches!(status, 400 | 401 | 425 | 429 | 503) { Self::Returned } else { Self::Uncertain }
    }
}

/// Is there a wire that posts messages? In the smallest build there is none, and pays for nothing of that.
pub(super) const POSTS: bool = cfg!(any(feature = "npm-wires", not(feature = "npm")));

/// How soon the next poll follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At once: what came does not come again.
    AtOnce,
    /// At once if the cursor has moved; else the same could come again.
    IfMoved,
    /// Nothing came, so there is no hurry.
    Quiet,
}

/// Can a message be given to a session?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// Now.
    Now,
    /// Not now, but later.
    Later,
    /// The other side would not take it: it is too large.
    Never,
}

impl Room {
    /// Now, if this holds, or else later.
    const fn now_if(free: bool) -> Self {
        if free { Self::Now } else { Self::Later }
    }
}

/// One attempt over one transport.
pub trait Session<P> {
    /// What goes into the query of the URL to open; empty for nothing.
    fn address(&self) -> Text {
        Text::default()
    }
    /// The transport reports.
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>);
    /// Can it take this message?
    fn room(&self, payload: &P) -> Room;
    /// Takes a message, for which there is room; and gives what the transport is to carry now, if that is the time.
    fn send(&mut self, payload: P) -> Option<P>;
    /// What was taken goes now: what the transport is to carry, if there is something.
    fn flush(&mut self) -> Option<P> {
        None
    }
    /// The same session over a better transport, while this one still carries it; `None` if the other side does not offer that.
    fn upgrade(&self, _transport: Transport) -> Option<Box<dyn Session<P>>> {
        None
    }
    /// The upgrade takes over, as nothing is under way any more over the transport before: what it says first.
    fn take_over(&mut self) -> Option<P> {
        None
    }
    /// What the other side is told by POST when it is left.
    fn farewell(&self) -> Option<P> {
        None
    }
}

/// A protocol.
pub trait Wire<P> {
    /// Its transports, best first.
    fn ladder(&self) -> &'static [Transport];
    /// What the shell has to know of it.
    fn manner(&self) -> Manner;
    /// Can `transport` do what was asked, with a cursor or without?
    fn fit(&self, transport: Transport, has_cursor: bool) -> Fit;
    /// A new session over `transport`, going on after `cursor` (empty: from where the server likes).
    fn session(&self, transport: Transport, cursor: &Text) -> Box<dyn Session<P>>;
    /// Is it time for the next rung? The failed try was not useful; `strikes` such came in a row on this rung,
    /// which was `proven` or not: useful at some time before, or open at least this time where [`Self::lasting_proves`].
    fn gives_up_on(&self, transport: Transport, cause: &Cause, proven: bool, strikes: u32) -> bool;
    /// Is `above` worth a probe while `current` carries the connection?
    fn prefers(&self, above: Transport, current: Transport) -> bool;
    /// Does `transport` prove that it works by staying open, although nothing comes over it?
    fn lasting_proves(&self, transport: Transport) -> bool;
    /// Can a poll stay unanswered for ever although the server is well? True where long-polling reads what was
    /// meant as an endless stream.
    fn poll_may_hang(&self) -> bool;
    /// Does a poll that is held show that the connection was accepted?
    fn held_is_open(&self) -> bool {
        true
    }
    /// Does a session change its transport in place, by [`Session::upgrade`]?
    fn upgrades(&self) -> bool {
        false
    }
    /// The message in what a transport did not take; `None` if that was a word of the wire's own.
    fn unframed(&self, frame: P) -> Option<P> {
        Some(frame)
    }
    /// Can it carry this message at all?
    fn carries(&self, _payload: &P) -> bool {
        true
    }
}

/// Last ids of the application's own, on a wire that has none: the application reads them from its messages
/// ([`Input::Moved`](super::types::Input::Moved)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnIds {
    /// The query parameter in which the server expects the last id; empty for none.
    pub query: Text,
    /// The application tells it to the server itself, in its first message.
    pub told: bool,
}

impl OwnIds {
    fn manner(&self) -> Manner {
        Manner { query: self.query.clone(), ..Manner::default() }
    }

    const fn fit(&self, has_cursor: bool) -> Fit {
        if has_cursor && self.query.is_empty() && !self.told { Fit::Lossy } else { Fit::Full }
    }
}

/// The other side broke the rules.
fn broken<P>(by: &str) -> Said<P> {
    Said::Ended(Cause::new(Kind::Protocol).because(by))
}

/// What any session makes of the reports that mean the same to all.
fn ended<P>(report: Report<P>, out: &mut Vec<Said<P>>) {
    out.push(match report {
        Report::Done => Said::Ended(Cause::new(Kind::Close)),
        // 1006 is the browser's own: no close frame came, so nothing is known but that the network failed.
        Report::Closed { code, reason } if code != 1006 => Said::Ended(Cause::close(code, reason)),
        Report::Unusable { why } => Said::Ended(Cause::new(Kind::Unusable).because(why)),
        Report::Failed { why, .. } => Said::Ended(Cause::new(Kind::Network).because(why)),
        Report::Refused { why } => {
            let mut cause = Cause::new(Kind::Network).because(why);
            cause.refused = true;
            Said::Ended(cause)
        }
        Report::Closed { .. } => Said::Ended(Cause::new(Kind::Network)),
        Report::Unready { why } => Said::Ended(Cause::new(Kind::Provider).because(why)),
        Report::Reply => Said::Alive,
        // Not for this transport.
        _ => return,
    });
}
