//! Server-sent events (WHATWG HTML 9.2): the same URL and the same `text/event-stream` on every rung.
//!
//! | rung | what it is | what it cannot do |
//! | --- | --- | --- |
//! | `eventsource` | the browser's own | send an id of ours without a query name; see status, comments |
//! | `fetch-stream` | fetch, parsed here | – |
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

use super::{Said, Session, Wire, ended};
use crate::core::{
    cause::{Cause, Kind},
    ladder::Fit,
    sse::{Item, Parser},
    text::Text,
    types::{Head, Manner, Message, Payload, Report, Transport},
};

/// An SSE server.
#[derive(Clone, Debug)]
pub struct Sse {
    /// Is the server on another origin than the page?
    pub cross_origin: bool,
    /// The query parameter for the last id; empty: the header.
    pub query: Text,
    /// Are comments needed, as signs of life? The browser's own class hides them.
    pub comments: bool,
    /// The most bytes of one line, and of one event.
    pub max_event_bytes: usize,
}

impl Sse {
    /// Its transports, best first.
    pub const LADDER: &'static [Transport] = &[Transport::EventSource, Transport::FetchStream, Transport::LongPoll];
}

impl<P: Payload> Wire<P> for Sse {
    fn ladder(&self) -> &'static [Transport] {
        Self::LADDER
    }

    fn manner(&self) -> Manner {
        Manner { subprotocol: "", query: self.query.clone(), events: true }
    }

    fn fit(&self, transport: Transport, has_cursor: bool) -> Fit {
        let mute = has_cursor && self.query.is_empty();
        match transport {
            Transport::EventSource if self.comments || (mute && !self.cross_origin) => Fit::No,
            Transport::EventSource if mute => Fit::Lossy,
            _ => Fit::Full,
        }
    }

    fn session(&self, transport: Transport, cursor: &Text) -> Box<dyn Session<P>> {
        if transport == Transport::EventSource {
            return Box::new(Source { end_on_error: !self.cross_origin || !self.query.is_empty() });
        }
        let mut parser = Parser::new(self.max_event_bytes);
        parser.set_last_id(cursor.as_bytes());
        Box::new(Stream { parser })
    }

    fn gives_up_on(&self, transport: Transport, cause: &Cause, proven: bool, strikes: u32) -> bool {
        match transport {
            // It has given up, and would not say why; fetch sees the status.
            Transport::EventSource => true,
            Transport::LongPoll => !proven,
            // Nothing but a path that holds the bytes back is a reason to leave a stream.
            _ => !proven && strikes >= 2 && matches!(cause.kind, Kind::Timeout | Kind::Silence),
        }
    }

    fn prefers(&self, _: Transport, _: Transport) -> bool {
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
}

impl<P: Payload> Session<P> for Source {
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        out.push(match report {
            Report::Opened { .. } => Said::Opened,
            // It knows no id that came before it, so an empty one means nothing.
            Report::Event { data, id } => Said::Message(Message { data, id: Some(id).filter(|id| !id.is_empty()) }),
            Report::SourceError { gave_up } if gave_up || self.end_on_error => Said::Ended(Cause::new(Kind::Network)),
            Report::SourceError { .. } => Said::Interrupted,
            other => return ended(other, out),
        });
    }

    fn can_send(&self) -> bool {
        false
    }
}

/// A response that we parse: as it comes, or when it ends.
#[derive(Debug)]
struct Stream {
    parser: Parser,
}

impl Stream {
    /// What a response's head means.
    fn begun<P>(head: Head) -> Said<P> {
        if head.status != 200 {
            Said::Ended(Cause::status(head.status, head.retry_after))
        } else if head.content_type != "text/event-stream" {
            Said::Ended(Cause { status: 200, ..Cause::new(Kind::ContentType).because(head.content_type) })
        } else {
            Said::Opened
        }
    }

    /// Parses `bytes`, hands on what they bring, and says whether there was an event.
    fn feed<P: Payload>(&mut self, bytes: &[u8], out: &mut Vec<Said<P>>) -> bool {
        let mut any = false;
        let fed = self.parser.feed(bytes, &mut |item| {
            out.push(match item {
                Item::Event(event) => {
                    any = true;
                    Said::Message(Message { data: P::event(event.kind, event.data), id: Some(Text::from(event.id)) })
                }
                Item::Id(id) => Said::Moved(Text::from(id)),
                Item::Retry(ms) => Said::Retry(ms),
            });
        });
        if fed.is_err() {
            out.push(Said::Ended(Cause::new(Kind::Overflow)));
        }
        any
    }
}

impl<P: Payload> Session<P> for Stream {
    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Head(head) => out.push(Self::begun(head)),
            Report::Chunk(chunk) => {
                out.push(Said::Alive);
                self.feed(&chunk.bytes(), out);
            }
            Report::Answer { head, body, .. } => {
                let begun = Self::begun(head);
                let is_good = matches!(begun, Said::Opened);
                out.push(begun);
                if is_good {
                    out.push(Said::Alive);
                    self.parser.reset();
                    let quiet = !self.feed(&body.bytes(), out);
                    out.push(Said::Poll { quiet });
                }
            }
            other => ended(other, out),
        }
    }

    fn can_send(&self) -> bool {
        false
    }
}
