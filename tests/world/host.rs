//! How the world's server answers what arrives at it.

use everwire::__core::types::{ConnId, Head, Lane, Payload, Report, Transport};

use super::{
    Data, closed, event_stream,
    faults::{PROXY_TIMEOUT, Path},
    net::{Event, Speaks, World},
    opened, status, with_id,
};

impl World {
    /// A handshake.
    pub(super) fn connects(&mut self, id: ConnId, cursor: &str) {
        self.server.resumes.push(cursor.into());
        let transport = self.conns[&id.0].transport;
        let socket = transport == Transport::WebSocket;
        let path = self.faults.path(transport);
        match (self.faults.down, path, self.faults.refusal()) {
            (true, ..) | (_, Path::Refuses, _) => return self.dies(id),
            (_, Path::Swallows, _) => return self.swallow(id),
            (_, _, Some((401, _))) if socket => return self.down(id, closed(4401, "")),
            (_, _, Some(_)) if socket => return self.dies(id),
            (_, _, Some(_)) => return self.down(id, Report::SourceError { gave_up: true }),
            _ => {}
        }
        if self.speaks == Speaks::EngineIo {
            self.engine_connects(id, cursor, path == Path::Mutes);
            return self.dooms(id);
        }
        self.down(id, opened(self.speaks == Speaks::Relay));
        if path != Path::Mutes {
            self.attach(id, cursor);
            if !socket && self.speaks == Speaks::Relay {
                self.comments_later(id);
            }
        } else if !socket {
            self.later(id, PROXY_TIMEOUT, Event::Dies);
        }
        self.dooms(id);
        self.serve();
    }

    /// A request to receive.
    pub(super) fn gets(&mut self, id: ConnId, cursor: &str) {
        self.server.resumes.push(cursor.into());
        let transport = self.conns[&id.0].transport;
        let streams = transport != Transport::LongPoll;
        match (self.faults.down, self.faults.path(transport)) {
            (true, _) | (_, Path::Refuses) => return self.dies(id),
            (_, Path::Swallows) => return self.later(id, PROXY_TIMEOUT, Event::Dies),
            _ => {}
        }
        if let Some(head) = self.refusal() {
            return if self.speaks == Speaks::Sse {
                self.down(id, Report::Head(head));
            } else {
                self.answers(id, Lane::Down, head, String::new());
            };
        }
        if self.speaks == Speaks::EngineIo {
            self.engine_gets(id, cursor);
        } else if streams {
            self.down(id, Report::Head(event_stream()));
            if self.faults.path(transport) == Path::Mutes {
                self.later(id, PROXY_TIMEOUT, Event::Dies);
            } else {
                self.attach(id, cursor);
                self.comments_later(id);
            }
        } else {
            self.attach(id, cursor);
            self.holds(id);
        }
        self.dooms(id);
        self.serve();
    }

    /// A message.
    pub(super) fn posts(&mut self, id: ConnId, message: &Data) {
        if self.faults.down {
            return self.dies(id);
        }
        if let Some(head) = self.refusal() {
            return self.answers(id, Lane::Up, head, String::new());
        }
        let code = if self.speaks == Speaks::EngineIo {
            self.engine_posts(id, message)
        } else {
            self.server.received.push(message.show());
            202
        };
        if self.faults.loses_answers {
            return self.dies(id);
        }
        self.answers(id, Lane::Up, status(code), String::new());
    }

    /// A frame.
    pub(super) fn hears_frame(&mut self, id: ConnId, frame: &Data) {
        if self.speaks == Speaks::EngineIo {
            self.engine_reads(id, frame);
        } else {
            self.server.received.push(frame.show());
        }
    }

    fn refusal(&self) -> Option<Head> {
        self.faults.refusal().map(|(code, retry_after)| Head { retry_after, ..status(code) })
    }

    fn attach(&mut self, id: ConnId, cursor: &str) {
        let position = self.position(cursor);
        let conn = self.conn(id);
        conn.attached = !conn.dropped;
        conn.position = position;
    }

    /// Where to go on for who asks for this.
    pub(super) fn position(&self, cursor: &str) -> u64 {
        if cursor.is_empty() && self.from_now { self.server.end() } else { self.server.position(cursor) }
    }

    /// Accepted, to be killed.
    pub(super) fn dooms(&mut self, id: ConnId) {
        if let Some(after) = self.faults.kills_after {
            self.later(id, after, Event::Dies);
        }
    }

    /// The next sign of life that is no event.
    fn comments_later(&mut self, id: ConnId) {
        if let Some(every) = self.comments {
            self.later(id, every, Event::Comments);
        }
    }

    pub(super) fn comments(&mut self, id: ConnId) {
        let conn = &self.conns[&id.0];
        if conn.attached {
            if conn.transport == Transport::EventSource {
                self.arrives(id, Event::KeepAlive);
            } else {
                self.streams_text(id, ":\n\n", 0);
            }
            self.comments_later(id);
        }
    }

    fn holds(&mut self, id: ConnId) {
        self.order += 1;
        let hold = self.order as u32;
        let conn = self.conn(id);
        conn.attached = false;
        conn.held = (!conn.dropped).then_some(hold);
        if !self.endless {
            self.later(id, self.hold, Event::HoldEnds(hold));
        }
    }

    pub(super) fn hold_ends(&mut self, id: ConnId, hold: u32) {
        if self.conns[&id.0].held != Some(hold) {
            return;
        }
        self.conn(id).held = None;
        if self.speaks == Speaks::Sse {
            let commented = self.comments.is_some_and(|every| every <= self.hold);
            let body = if commented { ":\n\n" } else { "" };
            self.down_whole(id, body.into());
        } else {
            self.answers(id, Lane::Down, status(408), String::new());
        }
    }

    /// Sends to everybody what is new.
    pub(super) fn serve(&mut self) {
        if self.speaks == Speaks::EngineIo {
            return self.engine_serves();
        }
        for (id, _) in self.bench.audit.live() {
            if self.conns[&id.0].attached {
                self.streams(id);
            }
            if self.conns[&id.0].held.is_some() && !self.endless {
                self.answers_poll(id);
            }
        }
    }

    fn streams(&mut self, id: ConnId) {
        let transport = self.conns[&id.0].transport;
        let mut text = String::new();
        let mut padding = 0;
        while let Some((n, message)) = self.server.after(self.conns[&id.0].position) {
            self.conn(id).position = n;
            let at = self.server.id(n);
            match transport {
                Transport::WebSocket if self.speaks == Speaks::Raw => {
                    let data = self.as_data(n, message);
                    self.down(id, Report::Frame(data));
                }
                Transport::WebSocket => {
                    let frame = format!("id: {at}\ncontent-type: text/plain\n\n{message}");
                    let data = self.as_data(n, frame);
                    self.down(id, Report::Frame(data));
                }
                Transport::EventSource if self.as_data(n, String::new()).is_binary() => {
                    self.down(id, super::event("\u{fffd}", &at));
                }
                Transport::EventSource => self.down(id, super::event(&message, &at)),
                _ => {
                    text += &event(&at, &message);
                    padding += self.padding;
                }
            }
        }
        if !text.is_empty() {
            self.streams_text(id, &text, padding);
        }
    }

    fn answers_poll(&mut self, id: ConnId) {
        let Some((n, message)) = self.server.after(self.conns[&id.0].position) else { return };
        self.conn(id).held = None;
        if self.speaks == Speaks::Sse {
            let mut body = event(&self.server.id(n), &message);
            let mut last = n;
            while let Some((n, message)) = self.server.after(last) {
                body += &event(&self.server.id(n), &message);
                last = n;
            }
            self.down_whole(id, body);
        } else if self.multipart && self.server.after(n).is_some() {
            self.answers_with_parts(id, n, message);
        } else {
            let content_type = content_type(&self.as_data(n, String::new()));
            let head = Head { content_type: content_type.into(), ..with_id(&self.server.id(n)) };
            self.answers(id, Lane::Down, head, message);
        }
    }

    fn answers_with_parts(&mut self, id: ConnId, n: u64, message: String) {
        let mut next = Some((n, message));
        let (mut body, mut last) = (String::new(), n);
        while let Some((n, message)) = next {
            let data = self.as_data(n, message);
            // Also a part without headers is text.
            let header = if n % 2 == 0 || data.is_binary() {
                format!("Content-Type: {}\r\n", content_type(&data))
            } else {
                String::new()
            };
            body += &format!("--limit\r\n{header}\r\n{}\r\n", data.show());
            last = n;
            next = self.server.after(n);
        }
        body += "--limit--\r\n";
        let head = Head { content_type: "multipart/mixed".into(), ..with_id(&self.server.id(last)) };
        self.answers(id, Lane::Down, head, body);
    }

    pub(super) fn answers(&mut self, id: ConnId, lane: Lane, head: Head, body: String) {
        self.down(id, Report::Answer { lane, head, body: Data::Bytes(body.into_bytes()) });
    }
}

fn content_type(data: &Data) -> &'static str {
    if data.is_binary() { "application/octet-stream" } else { "text/plain" }
}

fn event(id: &str, data: &str) -> String {
    format!("id: {id}\ndata: {data}\n\n")
}
