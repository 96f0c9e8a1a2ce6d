//! How the world's server answers what arrives at it.

use everwire::core::types::{ConnId, Head, Lane, Report, Transport};

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
        self.down(id, opened(self.speaks == Speaks::Relay));
        if path != Path::Mutes {
            self.attach(id, cursor);
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
        if streams {
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
    pub(super) fn posts(&mut self, id: ConnId, message: String) {
        if self.faults.down {
            return self.dies(id);
        }
        if let Some(head) = self.refusal() {
            return self.answers(id, Lane::Up, head, String::new());
        }
        self.server.received.push(message);
        if self.faults.loses_answers {
            return self.dies(id);
        }
        self.answers(id, Lane::Up, status(202), String::new());
    }

    fn refusal(&self) -> Option<Head> {
        self.faults.refusal().map(|(code, retry_after)| Head { retry_after, ..status(code) })
    }

    fn attach(&mut self, id: ConnId, cursor: &str) {
        let position = self.server.position(cursor);
        let conn = self.conn(id);
        conn.attached = !conn.dropped;
        conn.position = position;
    }

    /// Accepted, to be killed.
    fn dooms(&mut self, id: ConnId) {
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
        if self.conns[&id.0].attached {
            self.sends(id, ":\n\n", 0);
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
                Transport::WebSocket if self.speaks == Speaks::Raw => self.down(id, Report::Frame(Data::Text(message))),
                Transport::WebSocket => {
                    let frame = format!("id: {at}\ncontent-type: text/plain\n\n{message}");
                    self.down(id, Report::Frame(Data::Text(frame)));
                }
                Transport::EventSource => self.down(id, super::event(&message, &at)),
                _ => {
                    text += &event(&at, &message);
                    padding += self.padding;
                }
            }
        }
        if !text.is_empty() {
            self.sends(id, &text, padding);
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
        } else {
            let head = with_id(&self.server.id(n));
            self.answers(id, Lane::Down, head, message);
        }
    }

    fn answers(&mut self, id: ConnId, lane: Lane, head: Head, body: String) {
        self.down(id, Report::Answer { lane, head, body: Data::Bytes(body.into_bytes()) });
    }
}

fn event(id: &str, data: &str) -> String {
    format!("id: {id}\ndata: {data}\n\n")
}
