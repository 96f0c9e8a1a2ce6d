//! The world's server of Engine.IO: what it keeps of its sessions, and how strict it is.
//!
//! What ends a session for the real ones ends it here: a second poll beside the first one, a request that is cut off, a ping that is
//! not answered. What a client must never do fails the test.

use std::collections::BTreeMap;

use everwire::__core::types::{ConnId, Lane, Payload, Report};

use super::{
    Data, SECOND, closed, frame, handshake,
    net::World,
    opened,
    packets::{Packet, packets},
    status,
};

const PING_EVERY: u64 = 25 * SECOND;
const PING_TIMEOUT: u64 = 20 * SECOND;
/// The most messages in an answer.
const BATCH: usize = 20;

/// A session that lives.
#[derive(Debug)]
struct Session {
    /// The last message that was sent to it.
    position: u64,
    /// The attempt whose poll is held.
    held: Option<ConnId>,
    /// The attempt that carries it by WebSocket.
    socket: Option<ConnId>,
    /// The attempt that may take over; and it has had the answer to its ping.
    probe: Option<(ConnId, bool)>,
    /// A ping waits for the next poll.
    owes_ping: bool,
    pings: u32,
    pongs: u32,
}

/// What the server knows.
#[derive(Debug)]
pub(crate) struct Engine {
    /// What each attempt has in its query.
    pub(super) addresses: BTreeMap<u32, String>,
    sessions: BTreeMap<String, Session>,
    begun: u32,
    /// The most bytes of a POST.
    pub(crate) max: usize,
}

impl Engine {
    pub(super) const fn new() -> Self {
        Self { addresses: BTreeMap::new(), sessions: BTreeMap::new(), begun: 0, max: 200 }
    }

    /// It does not know those any more that come back with each request: a balancer led them to another server.
    pub(crate) fn forgets(&mut self) {
        self.sessions.retain(|_, session| session.socket.is_some());
    }

    /// How many sessions live.
    pub(crate) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// The session that an attempt names; empty: it wants a new one.
    fn sid(&self, id: ConnId) -> String {
        let query = self.addresses.get(&id.0).expect("a request of Engine.IO has an address");
        query.split_once("&sid=").map(|(_, sid)| sid.into()).unwrap_or_default()
    }

    fn session(&mut self, id: ConnId) -> Option<&mut Session> {
        let sid = self.sid(id);
        self.sessions.get_mut(&sid)
    }

    fn begins(&mut self, position: u64, socket: Option<ConnId>) -> String {
        self.begun += 1;
        let sid = format!("s{}", self.begun);
        let session = Session { position, held: None, socket, probe: None, owes_ping: false, pings: 0, pongs: 0 };
        self.sessions.insert(sid.clone(), session);
        sid
    }
}

impl World {
    /// A handshake by WebSocket. Where the path is mute, nothing follows it.
    pub(super) fn engine_connects(&mut self, id: ConnId, cursor: &str, mute: bool) {
        let sid = self.engine.sid(id);
        if !sid.is_empty() {
            match self.engine.session(id).filter(|session| session.socket.is_none()) {
                Some(session) => session.probe = Some((id, false)),
                None => return self.dies(id),
            }
        }
        self.down(id, opened(false));
        let conn = self.conn(id);
        conn.attached = !conn.dropped && !mute;
        if sid.is_empty() && self.conns[&id.0].attached {
            let sid = self.engine.begins(self.position(cursor), Some(id));
            // A session of its own has it in no address.
            self.engine.addresses.insert(id.0, format!("&sid={sid}"));
            self.down(id, frame(&handshake(&sid, self.engine.max)));
            self.pings_later(sid);
            self.engine_serves();
        }
    }

    /// A poll.
    pub(super) fn engine_gets(&mut self, id: ConnId, cursor: &str) {
        if self.engine.sid(id).is_empty() {
            let sid = self.engine.begins(self.position(cursor), None);
            self.answers(id, Lane::Down, status(200), handshake(&sid, self.engine.max));
            return self.pings_later(sid);
        }
        let dropped = self.conns[&id.0].dropped;
        let Some(session) = self.engine.session(id) else {
            return self.answers(id, Lane::Down, status(400), String::from("who?"));
        };
        assert_eq!(session.socket, None, "no poll after the upgrade");
        assert_eq!(session.held, None, "one poll at a time");
        session.held = Some(id).filter(|_| !dropped);
        self.order += 1;
        let hold = self.order as u32;
        self.conn(id).held = Some(hold).filter(|_| !dropped);
        self.engine_serves();
    }

    /// A POST, and the status of its answer.
    pub(super) fn engine_posts(&mut self, id: ConnId, body: &Data) -> u16 {
        let max = self.engine.max;
        let Some(session) = self.engine.session(id) else { return 400 };
        assert_eq!(session.socket, None, "no POST after the upgrade");
        assert!(body.size() <= max, "a body of {} bytes", body.size());
        self.engine_reads(id, body);
        200
    }

    /// Packets that an attempt brings.
    pub(super) fn engine_reads(&mut self, id: ConnId, data: &Data) {
        for packet in packets(data) {
            let sid = self.engine.sid(id);
            let Some(session) = self.engine.sessions.get_mut(&sid) else { return };
            match packet {
                Packet::Message(data) => {
                    let carries = session.socket.is_none_or(|socket| socket == id);
                    assert!(carries && session.probe.is_none_or(|(probe, _)| probe != id), "a probe carries nothing");
                    self.server.received.push(data.show());
                }
                Packet::Word('2', word) => {
                    assert_eq!((session.probe, word.as_str()), (Some((id, false)), "probe"));
                    session.probe = Some((id, true));
                    self.down(id, frame("3probe"));
                    self.engine_serves();
                }
                Packet::Word('3', _) => {
                    session.pongs += 1;
                    if session.pongs == session.pings {
                        self.pings_later(sid);
                    }
                }
                Packet::Word('5', _) => {
                    assert_eq!((session.probe, session.held), (Some((id, true)), None), "the poll has to be back");
                    (session.socket, session.probe) = (Some(id), None);
                    if std::mem::take(&mut session.owes_ping) {
                        self.down(id, frame("2"));
                    }
                    self.engine_serves();
                }
                Packet::Word('1', _) => drop(self.engine.sessions.remove(&sid)),
                strange => panic!("a client does not say {strange:?}"),
            }
        }
    }

    /// An attempt is cut off, and with it what it had open.
    pub(super) fn engine_loses(&mut self, id: ConnId) {
        if !self.engine.addresses.contains_key(&id.0) {
            return;
        }
        let busy = self.conns[&id.0].lanes.contains(&true);
        let sid = self.engine.sid(id);
        let Some(session) = self.engine.sessions.get_mut(&sid) else { return };
        if session.probe.is_some_and(|(probe, _)| probe == id) {
            session.probe = None;
        } else if session.socket == Some(id) || session.held == Some(id) || (busy && session.socket.is_none()) {
            self.engine.sessions.remove(&sid);
        }
    }

    /// Sends to everybody what is new.
    pub(super) fn engine_serves(&mut self) {
        let sids: Vec<_> = self.engine.sessions.keys().cloned().collect();
        for sid in sids {
            let Some(&Session { socket, held, .. }) = self.engine.sessions.get(&sid) else { continue };
            match (socket, held) {
                (Some(id), _) if self.conns[&id.0].attached => {
                    while let Some(packet) = self.next_of(&sid) {
                        let frame = if packet.is_binary() { packet } else { packet.prefixed(b'4') };
                        self.down(id, Report::Frame(frame));
                    }
                }
                (None, Some(id)) if self.conns[&id.0].held.is_some() => self.answers_held(&sid, id),
                _ => {}
            }
        }
    }

    fn answers_held(&mut self, sid: &str, id: ConnId) {
        let mut packets = Vec::new();
        while packets.len() < BATCH {
            let Some(packet) = self.next_of(sid) else { break };
            packets.push(if packet.is_binary() { packet } else { packet.prefixed(b'4') });
        }
        let Some(session) = self.engine.sessions.get_mut(sid) else { return };
        if std::mem::take(&mut session.owes_ping) {
            packets.push(Data::new("2"));
        }
        if packets.is_empty() && session.probe.is_some_and(|(_, answered)| answered) {
            packets.push(Data::new("6"));
        }
        if !packets.is_empty() {
            session.held = None;
            self.conn(id).held = None;
            self.answers(id, Lane::Down, status(200), Data::join(packets).show());
        }
    }

    /// The next message for a session.
    fn next_of(&mut self, sid: &str) -> Option<Data> {
        let session = self.engine.sessions.get_mut(sid)?;
        let (n, message) = self.server.after(session.position)?;
        session.position = n;
        Some(self.as_data(n, message))
    }

    fn pings_later(&mut self, sid: String) {
        self.at(PING_EVERY, move |world| world.pings(&sid));
    }

    fn pings(&mut self, sid: &str) {
        let Some(session) = self.engine.sessions.get_mut(sid) else { return };
        session.pings += 1;
        let (socket, pings) = (session.socket, session.pings);
        match socket {
            Some(id) if self.conns[&id.0].attached => self.down(id, frame("2")),
            Some(_) => {}
            None => {
                session.owes_ping = true;
                self.engine_serves();
            }
        }
        let sid = String::from(sid);
        self.at(PING_TIMEOUT, move |world| world.misses_pong(&sid, pings));
    }

    fn misses_pong(&mut self, sid: &str, pings: u32) {
        if self.engine.sessions.get(sid).is_none_or(|session| session.pongs >= pings) {
            return;
        }
        let Some(session) = self.engine.sessions.remove(sid) else { return };
        if let Some(id) = session.socket.filter(|id| self.conns[&id.0].attached) {
            self.down(id, closed(1005, ""));
        }
        if let Some(id) = session.held.filter(|id| self.conns[&id.0].held.is_some()) {
            self.conn(id).held = None;
            self.answers(id, Lane::Down, status(200), String::from("1"));
        }
    }
}
