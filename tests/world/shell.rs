//! The shell and the application: they carry out what a machine wants done.

use std::collections::VecDeque;

use everwire::__core::types::{ConnId, Effect, Input, Message, Notice, Report, Transport};

use super::{
    Data,
    net::{Conn, Event, World, has_lanes},
};

impl World {
    /// Carries out what the machine wants done, and what follows from that.
    pub(super) fn carry_out(&mut self, effects: Vec<Effect<Data>>) {
        let mut queue = VecDeque::from(effects);
        let mut count = 0;
        while let Some(effect) = queue.pop_front() {
            count += 1;
            assert!(count < 100_000, "invariant 5: it goes round in circles: {effect:?}");
            let more = match effect {
                Effect::Open(id, transport, cursor) => {
                    self.begin(id, transport, cursor.to_string());
                    Vec::new()
                }
                Effect::Poll(id, cursor) => {
                    self.asks_again(id, cursor.to_string());
                    Vec::new()
                }
                Effect::Send(id, data) => self.transmit(id, data),
                Effect::Drop(id, _) => {
                    let conn = self.conn(id);
                    conn.dropped = true;
                    conn.attached = false;
                    conn.held = None;
                    self.up(id, Event::Aborted);
                    Vec::new()
                }
                Effect::Flush(id) => self.bench.step(Input::Flush(id)),
                Effect::Judge(_) => self.judges(),
                Effect::Refresh => {
                    self.gets_credentials();
                    Vec::new()
                }
                Effect::Tell(Notice::Opened | Notice::Reconnected { .. }) => {
                    self.releases_later();
                    self.greets()
                }
                Effect::Tell(Notice::TransportChanged { .. }) => {
                    self.releases_later();
                    Vec::new()
                }
                Effect::Tell(Notice::Message(message)) => self.reads_id(&message),
                Effect::Address(id, query) => {
                    self.engine.addresses.insert(id.0, query.to_string());
                    Vec::new()
                }
                Effect::Ping(id) => {
                    self.up(id, Event::Ping);
                    Vec::new()
                }
                Effect::Farewell(id, data) => {
                    self.up(id, Event::Post(data));
                    Vec::new()
                }
                Effect::Inquire => {
                    self.inquires();
                    Vec::new()
                }
                Effect::Tell(_) | Effect::Wake(_) | Effect::Remember(_) => Vec::new(),
            };
            queue.extend(more);
        }
    }

    fn greets(&mut self) -> Vec<Effect<Data>> {
        let Some(greeting) = self.greeting else { return Vec::new() };
        self.greetings += 1;
        self.bench.send(&format!("{greeting} {}", self.greetings)).1
    }

    fn releases_later(&mut self) {
        if let Some(after) = self.releases_after {
            self.at(after, |world| world.input(Input::Release));
        }
    }

    /// The numbered messages have their numbers as ids.
    fn reads_id(&mut self, message: &Message<Data>) -> Vec<Effect<Data>> {
        let text = message.data.show();
        match text.strip_prefix("down ") {
            Some(n) if self.own_ids => self.bench.step(Input::Moved(format!("1:{n}").as_str().into())),
            _ => Vec::new(),
        }
    }

    fn inquires(&mut self) {
        let status = if self.faults.down || self.faults.silent { 0 } else { self.http };
        self.at(2 * self.latency, move |world| world.input(Input::Inquired(status)));
    }

    fn begin(&mut self, id: ConnId, transport: Transport, cursor: String) {
        let poll = transport == Transport::LongPoll;
        let conn = Conn {
            transport,
            cursor: cursor.clone(),
            dropped: false,
            life: 0,
            closing: false,
            attached: false,
            held: None,
            position: 0,
            source_id: String::new(),
            lanes: [poll, false],
            last_down: 0,
            last_up: 0,
        };
        self.conns.insert(id.0, conn);
        let http = !matches!(transport, Transport::WebSocket | Transport::EventSource);
        self.ask(id, if http { Event::Get(cursor) } else { Event::Connect(cursor) });
    }

    /// What the attempt had open to receive ends with that.
    fn asks_again(&mut self, id: ConnId, cursor: String) {
        let conn = self.conn(id);
        if conn.transport == Transport::XhrStream {
            conn.life += 1;
            conn.attached = false;
        } else {
            conn.lanes[0] = true;
        }
        self.ask(id, Event::Get(cursor));
    }

    fn judges(&mut self) -> Vec<Effect<Data>> {
        match (self.rules)(&mut self.rng) {
            (0, ruling) => self.bench.step(Input::Judged(ruling)),
            (after, ruling) => {
                self.at(after, move |world| world.input(Input::Judged(ruling)));
                Vec::new()
            }
        }
    }

    fn gets_credentials(&mut self) {
        if let Some((after, result)) = (self.refreshes)(&mut self.rng) {
            self.at(after, move |world| {
                world.faults.expired &= result.is_err();
                world.input(Input::Refreshed(result));
            });
        }
    }

    fn transmit(&mut self, id: ConnId, data: Data) -> Vec<Effect<Data>> {
        let conn = self.conn(id);
        if conn.closing {
            return self.bench.step(Input::Report(id, Report::Unsent(data)));
        }
        if has_lanes(conn.transport) {
            conn.lanes[1] = true;
            self.ask(id, Event::Post(data));
        } else {
            self.up(id, Event::Frame(data));
        }
        Vec::new()
    }
}
