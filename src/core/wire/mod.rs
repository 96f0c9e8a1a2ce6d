//! Wires: the protocols spoken over the transports.
//!
//! A [`Wire`] knows its ladder and makes a [`Session`] for each attempt: one object that owns everything
//! about that attempt and dies with it, so that nothing of an earlier one can touch a later one. A session is
//! sans-IO: reports of its transport go in, [`Said`] comes out. It knows no time and takes no decision about
//! retrying; it says what happened, and the machine decides.
//!
//! One file a wire, with its facts and their source at the top.

pub mod raw;
pub mod relay;
pub mod sse;

use super::{
    cause::{Cause, Kind},
    ladder::Fit,
    text::Text,
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
    /// The poll is answered: time for the next one. `quiet`: it brought nothing, so there is no hurry.
    Poll {
        /// Nothing came.
        quiet: bool,
    },
    /// The server's wish for the delay between reconnects, in milliseconds.
    Retry(u64),
    /// The transport lost its connection and reconnects by itself, with the cursor.
    Interrupted,
    /// The server did not take this message and may later.
    Returned(P),
    /// The server refused this message for good.
    Refused(P),
    /// This message was under way when its answer was lost.
    Uncertain(P),
    /// It is over.
    Ended(Cause),
}

/// One attempt over one transport.
pub trait Session<P> {
    /// The transport reports.
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>);
    /// Can it take a message now?
    fn can_send(&self) -> bool;
    /// Does a message wait for its answer?
    fn is_sending(&self) -> bool {
        false
    }
    /// This message is sent. Called only when [`Self::can_send`].
    fn sending(&mut self, _payload: &P) {}
    /// The message that is under way and whose answer will not be heard, because the session is about to be dropped.
    fn take_unanswered(&mut self) -> Option<P> {
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
    /// which was `proven` useful at some time before, or not.
    fn gives_up_on(&self, transport: Transport, cause: &Cause, proven: bool, strikes: u32) -> bool;
    /// Is `above` worth a probe while `current` carries the connection?
    fn prefers(&self, above: Transport, current: Transport) -> bool;
    /// Does `transport` prove that it works by staying open, although nothing comes over it?
    fn lasting_proves(&self, transport: Transport) -> bool;
    /// Can a poll stay unanswered for ever although the server is well? True where long-polling reads what was
    /// meant as an endless stream.
    fn poll_may_hang(&self) -> bool;
}

/// What any session makes of the reports that mean the same to all.
fn ended<P>(report: Report<P>, out: &mut Vec<Said<P>>) {
    out.push(match report {
        Report::Unsent(payload) => Said::Returned(payload),
        Report::Done => Said::Ended(Cause::new(Kind::Close)),
        // 1006 is the browser's own: no close frame came, so nothing is known but that the network failed.
        Report::Closed { code, reason } if code != 1006 => Said::Ended(Cause::close(code, reason)),
        Report::Unusable { why } => Said::Ended(Cause::new(Kind::Unusable).because(why)),
        Report::Failed { why, .. } => Said::Ended(Cause::new(Kind::Network).because(why)),
        Report::Closed { .. } => Said::Ended(Cause::new(Kind::Network)),
        Report::Unready { why } => Said::Ended(Cause::new(Kind::Provider).because(why)),
        // Not for this transport.
        _ => return,
    });
}
