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

use super::{Said, Session, Wire, raw::unusable};
use crate::core::{
    cause::{Cause, Kind},
    ladder::Fit,
    query,
    sse::{Item, Overflow, Parser, text},
    types::{Head, Io, Lane, Message, Payload, Report, Request, Transport},
};

/// The content type, and what we ask for.
const EVENT_STREAM: &str = "text/event-stream";

/// An SSE server.
#[derive(Clone, Debug)]
pub struct Sse {
    /// The absolute URL, `http` or `https`.
    pub url: String,
    /// Send cookies to another origin as well.
    pub credentials: bool,
    /// Is the URL on another origin than the page?
    pub cross_origin: bool,
    /// The query parameter for the last id; empty: the header.
    pub query: String,
    /// Are comments needed, as signs of life? The browser's own class hides them.
    pub comments: bool,
    /// The most bytes of one line, and of one event.
    pub max_event_bytes: usize,
}

impl Sse {
    /// Its transports, best first.
    pub const LADDER: &'static [Transport] = &[Transport::EventSource, Transport::FetchStream, Transport::LongPoll];

    fn request<P>(&self, cursor: &str) -> Request<P> {
        let mut headers = vec![("Accept", String::from(EVENT_STREAM))];
        if !cursor.is_empty() && self.query.is_empty() {
            headers.push(("Last-Event-ID", String::from(cursor)));
        }
        Request { lane: Lane::Down, url: self.after(cursor), body: None, headers, credentials: self.credentials }
    }

    fn after(&self, cursor: &str) -> String {
        if cursor.is_empty() || self.query.is_empty() {
            self.url.clone()
        } else {
            query::with(&self.url, &self.query, cursor)
        }
    }
}

impl<P: Payload + 'static> Wire<P> for Sse {
    fn ladder(&self) -> &'static [Transport] {
        Self::LADDER
    }

    fn fit(&self, transport: Transport, has_cursor: bool) -> Fit {
        match transport {
            Transport::EventSource if self.comments => Fit::No,
            Transport::EventSource if has_cursor && self.query.is_empty() => {
                if self.cross_origin {
                    Fit::Lossy
                } else {
                    Fit::No
                }
            }
            _ => Fit::Full,
        }
    }

    fn session(&self, transport: Transport, cursor: &str, _: u32) -> Box<dyn Session<P>> {
        if transport == Transport::EventSource {
            let end_on_error = !self.cross_origin || !self.query.is_empty();
            let url = self.after(cursor);
            Box::new(Source { url, credentials: self.credentials, last: String::from(cursor), end_on_error })
        } else {
            let mut parser = Parser::new(self.max_event_bytes);
            parser.set_last_id(cursor.as_bytes());
            Box::new(Stream { sse: self.clone(), parser, poll: transport == Transport::LongPoll })
        }
    }

    fn gives_up_on(&self, transport: Transport, cause: &Cause, proven: bool, strikes: u32) -> bool {
        match transport {
            // It has given up, and would not say why; fetch sees the status.
            Transport::EventSource => true,
            // Nothing but a path that holds the bytes back is a reason to leave a stream.
            Transport::LongPoll => !proven,
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
    url: String,
    credentials: bool,
    last: String,
    end_on_error: bool,
}

impl<P: Payload> Session<P> for Source {
    fn start(&mut self, out: &mut Vec<Said<P>>) {
        let url = core::mem::take(&mut self.url);
        out.push(Said::Do(Io::EventSource { url, credentials: self.credentials }));
    }

    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Opened { .. } => out.push(Said::Opened { protocol: String::new() }),
            Report::Event { kind, data, id } => {
                let moved = id != self.last;
                if moved {
                    self.last.clone_from(&id);
                }
                let kind = (kind != "message").then_some(kind);
                out.push(Said::Message(Message { data, id: moved.then_some(id), kind }));
            }
            Report::SourceError { gave_up } => {
                let cause = Cause::new(Kind::Network);
                out.push(if gave_up || self.end_on_error { Said::Ended(cause) } else { Said::Interrupted(cause) });
            }
            other => unusable(other, out),
        }
    }

    fn can_send(&self) -> bool {
        false
    }

    fn send(&mut self, _: P, _: &mut Vec<Said<P>>) {}
}

/// A response that we parse: as it comes, or when it ends.
#[derive(Debug)]
struct Stream {
    sse: Sse,
    parser: Parser,
    poll: bool,
}

/// What is wrong with a response, if anything is.
fn refusal(head: &Head) -> Option<Cause> {
    if head.status != 200 {
        Some(Cause::status(head.status, head.retry_after))
    } else if head.is_type(EVENT_STREAM) {
        None
    } else {
        Some(Cause { status: 200, ..Cause::new(Kind::ContentType).because(&head.content_type) })
    }
}

impl Stream {
    /// Parses `bytes`, hands on what they bring, and says whether there was an event.
    fn feed<P: Payload>(&mut self, bytes: &[u8], out: &mut Vec<Said<P>>) -> Result<bool, Overflow> {
        let mut any = false;
        let mut last = String::from(text(self.parser.last_id()));
        self.parser.feed(bytes, &mut |item| match item {
            Item::Event(event) => {
                any = true;
                let id = text(event.id);
                let moved = id != last.as_str();
                if moved {
                    last = String::from(id.as_ref());
                }
                let kind = (!event.kind.is_empty()).then(|| String::from(text(event.kind)));
                let kind = kind.filter(|kind| kind != "message");
                out.push(Said::Message(Message { data: P::text(event.data), id: moved.then(|| last.clone()), kind }));
            }
            Item::Id(id) => {
                last = String::from(text(id));
                out.push(Said::Moved(last.clone()));
            }
            Item::Retry(ms) => out.push(Said::Retry(ms)),
        })?;
        Ok(any)
    }

    fn overflow<P>(&self, out: &mut Vec<Said<P>>) {
        out.push(Said::Ended(Cause::new(Kind::Overflow)));
    }

    fn answered<P: Payload>(&mut self, head: &Head, body: &P, out: &mut Vec<Said<P>>) {
        if let Some(cause) = refusal(head) {
            out.push(Said::Ended(cause));
            return;
        }
        out.push(Said::Opened { protocol: String::new() });
        self.parser.reset();
        match self.feed(&body.bytes(), out) {
            Ok(any) => {
                if !any {
                    out.push(Said::Alive);
                }
                let cursor = text(self.parser.last_id()).into_owned();
                out.push(Said::Poll { io: Io::Request(self.sse.request(&cursor)), quiet: !any });
            }
            Err(_) => self.overflow(out),
        }
    }
}

impl<P: Payload> Session<P> for Stream {
    fn start(&mut self, out: &mut Vec<Said<P>>) {
        let cursor = text(self.parser.last_id()).into_owned();
        let request = self.sse.request(&cursor);
        out.push(Said::Do(if self.poll { Io::Request(request) } else { Io::Stream(request) }));
    }

    fn on(&mut self, report: Report<P>, out: &mut Vec<Said<P>>) {
        match report {
            Report::Head(head) => out.push(match refusal(&head) {
                Some(cause) => Said::Ended(cause),
                None => Said::Opened { protocol: String::new() },
            }),
            Report::Chunk(chunk) => {
                out.push(Said::Alive);
                if self.feed(&chunk.bytes(), out).is_err() {
                    self.overflow(out);
                }
            }
            Report::Answer { head, body, .. } => self.answered(&head, &body, out),
            Report::Done => out.push(Said::Ended(Cause::new(Kind::Close))),
            Report::Failed { .. } => out.push(Said::Ended(Cause::new(Kind::Network))),
            other => unusable(other, out),
        }
    }

    fn can_send(&self) -> bool {
        false
    }

    fn send(&mut self, _: P, _: &mut Vec<Said<P>>) {}
}
