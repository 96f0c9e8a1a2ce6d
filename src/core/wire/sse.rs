//! Server-sent events (WHATWG HTML 9.2): the same URL and the same `text/event-stream` on every rung.
//!
//! | rung | what it is | what it cannot do |
//! | --- | --- | --- |
//! | `eventsource` | the browser's own | send an id of ours without a query name; another method, headers, a body; see status, comments |
//! | `fetch-stream` | fetch, its body parsed as it comes | – |
//! | `xhr-stream` | XHR, its text parsed as it grows | stay small: so the request is [rotated](ROTATE) |
//! | `long-poll` | XHR, each response read when it ends | a response that never ends |
//!
//! A response that ends is an ordinary SSE disconnect, so the last rung works with every server that ends
//! its responses, unchanged. The cursor goes as `Last-Event-ID`, or in the query under a name that the
//! application gives.
//!
//! The browser's own class reconnects by itself after a network error, with the id. On our own origin we end it all the
//! same and go on with fetch, because it has neither backoff nor jitter. On another origin we leave it at its work for
//! as long as it gets anywhere: `Last-Event-ID` set by a script needs a CORS preflight, the browser's own does not
//! (whatwg/fetch#568), so it may resume where we could not.
//!
//! **A path that holds bytes back** (a proxy that buffers, a virus scanner) lets the head of a response through, and then nothing until it
//! ends. No script can tell that from a server that has nothing to say. But a server that follows the standard's advice sends a
//! comment every 15 s; so a stream of which not one byte has come by a deadline beyond that is left for the next rung, and when
//! none of them brings a byte, it is the server that is quiet: the best rung is taken again, and kept.

use super::{Pace, Room, Said, Session, Wire, ended};
use crate::core::{
    cause::{Cause, Kind},
    ladder::Fit,
    text::Text,
    types::{Head, Manner, Message, Piece, Report, Transport},
};

/// Bytes after which a growing XHR is left for a new one, that goes on after the last id. To read what has come means to copy
/// all of it, and nothing of it is given back before the request ends (trap T28).
pub const ROTATE: usize = 1 << 20;
/// Bytes after which it is left although there was no id to go on from: an ordinary loss, for memory has an end.
pub const ROTATE_ANYWAY: usize = 16 << 20;

/// An SSE server.
#[derive(Clone, Debug)]
pub struct Sse {
    /// Is the browser's own class left to reconnect by itself for as long as it gets anywhere? To another origin, and where it is the only
    /// transport that may be used.
    pub keeps_source: bool,
    /// The query parameter for the last id; empty: the header.
    pub query: Text,
    /// Is something asked for that the browser's own class cannot do: a method, headers, a body, comments as signs of life?
    pub needs_fetch: bool,
}

impl Sse {
    /// Its transports, best first.
    pub const LADDER: &'static [Transport] =
        &[Transport::EventSource, Transport::FetchStream, Transport::XhrStream, Transport::LongPoll];
}

impl<P: 'static> Wire<P> for Sse {
    fn ladder(&self) -> &'static [Transport] {
        Self::LADDER
    }

    fn manner(&self) -> Manner {
        Manner { subprotocol: "", query: self.query.clone(), events: true }
    }

    fn fit(&self, transport: Transport, has_cursor: bool) -> Fit {
        let mute = has_cursor && self.query.is_empty();
        match transport {
            Transport::EventSource if self.needs_fetch || (mute && !self.keeps_source) => Fit::No,
            Transport::EventSource if mute => Fit::Lossy,
            _ => Fit::Full,
        }
    }

    fn session(&self, transport: Transport, _: &Text) -> Box<dyn Session<P>> {
        match transport {
            Transport::EventSource => {
                Box::new(Source { end_on_error: !self.keeps_source || !self.query.is_empty(), has_id: false })
            }
            _ => Box::new(Stream { transport, bytes: 0, moved: false, quiet: true }),
        }
    }

    fn gives_up_on(&self, transport: Transport, cause: &Cause, proven: bool, strikes: u32) -> bool {
        match transport {
            // It has given up, and would not say why; fetch sees the status.
            Transport::EventSource => true,
            Transport::LongPoll => !proven,
            // Nothing but a path that holds the bytes back is a reason to leave a stream,
            _ if proven => false,
            // or a server that lets no script send what we send. The browser's own class needs no permission for `Last-Event-ID`.
            _ if cause.refused => strikes >= 3,
            _ => cause.kind == Kind::Silence || (cause.kind == Kind::Timeout && strikes >= 2),
        }
    }

    fn prefers(&self, above: Transport, current: Transport) -> bool {
        above == Transport::FetchStream && current != Transport::EventSource
    }

    fn lasting_proves(&self, _: Transport) -> bool {
        false
    }

    fn poll_may_hang(&self) -> bool {
        true
    }
}

/// The browser's own EventSource.
#[derive(Debug)]
struct Source {
    end_on_error: bool,
    /// It has seen an id.
    has_id: bool,
}

impl<P> Session<P> for Source {
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        out.push(match report {
            Report::Opened { .. } => Said::Opened,
            // It knows no id that came before it, so an empty one means nothing; unless it takes one back.
            Report::Event { data, id } => {
                self.has_id |= !id.is_empty();
                Said::Message(Message { data, id: Some(id).filter(|_| self.has_id) })
            }
            // The same, from a host that says of the id only that it changed.
            Report::Piece(Piece { events: Some(data), last_id, .. }) => Said::Message(Message { data, id: last_id }),
            Report::SourceError { gave_up } if gave_up || self.end_on_error => Said::Ended(Cause::new(Kind::Network)),
            Report::SourceError { .. } => Said::Interrupted,
            other => return ended(other, out),
        });
    }

    fn room(&self, _: &P) -> Room {
        Room::Later
    }

    fn send(&mut self, _: P) -> Option<P> {
        None
    }
}

/// A response whose events are parsed: as it comes, or when it ends.
#[derive(Debug)]
struct Stream {
    transport: Transport,
    /// Bytes of the request under way.
    bytes: usize,
    /// It moved the cursor to an id, so that another can go on from there.
    moved: bool,
    /// It brought no event.
    quiet: bool,
}

impl Stream {
    /// What a response's head means.
    fn begun<P>(head: Head) -> Said<P> {
        if head.status != 200 {
            Said::Ended(Cause::status(head.status, head.retry_after))
        } else if head.content_type != "text/event-stream" {
            let mut cause = Cause::new(Kind::ContentType).because(head.content_type);
            cause.status = 200;
            Said::Ended(cause)
        } else {
            Said::Opened
        }
    }

    /// The request is over, and another takes its place.
    fn again<P>(&mut self) -> Said<P> {
        let pace = if self.quiet { Pace::Quiet } else { Pace::IfMoved };
        *self = Self { bytes: 0, moved: false, quiet: true, ..*self };
        Said::Poll(pace)
    }
}

impl<P> Session<P> for Stream {
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Head(head) => out.push(Self::begun(head)),
            Report::Piece(piece) => {
                out.push(Said::Alive);
                if let Some(ms) = piece.retry {
                    out.push(Said::Retry(ms));
                }
                if let Some(id) = &piece.last_id {
                    self.moved = !id.is_empty();
                }
                match piece.events {
                    Some(data) => {
                        self.quiet = false;
                        out.push(Said::Message(Message { data, id: piece.last_id }));
                    }
                    None => out.extend(piece.last_id.map(Said::Moved)),
                }
                if piece.overflow {
                    out.push(Said::Ended(Cause::new(Kind::Overflow)));
                }
                self.bytes = self.bytes.saturating_add(piece.bytes);
                if self.transport == Transport::XhrStream {
                    if self.moved && self.bytes >= ROTATE {
                        out.push(self.again());
                    } else if self.bytes >= ROTATE_ANYWAY {
                        // Words, for this is not the end of what the server had to say.
                        out.push(Said::Ended(
                            Cause::new(Kind::Close).because("it grew too large for one XMLHttpRequest"),
                        ));
                    }
                }
            }
            Report::Done if self.transport == Transport::LongPoll => {
                // Also an empty answer shows that answers come through.
                out.push(Said::Alive);
                out.push(self.again());
            }
            other => ended(other, out),
        }
    }

    fn room(&self, _: &P) -> Room {
        Room::Later
    }

    fn send(&mut self, _: P) -> Option<P> {
        None
    }
}
