// Fake servers that speak the wires with a fallback: a push relay and Engine.IO. src/core/wire has the facts of both.

import { bytesOf, Server } from "./testing-server.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The relay's subprotocol, by which messages over WebSocket have a head. */
const META = "ws+meta.nchan";

/**
 * A push relay: what is published is kept under an id, and comes on WebSocket, event streams and held polls alike, after the id that the
 * client comes with; without one, from then on. What a client sends, by WebSocket or by POST, is published.
 */
export class RelayServer extends Server {
  #kept = [];
  #lastId = "";
  /** Polls that are held, each with the place of the message that it waits for. */
  #polls = new Map();

  /** Publishes a message, and returns its id: a second, and the place in it. */
  publish(data, { type = typeof data === "string" ? "text/plain" : "application/octet-stream" } = {}) {
    const second = Math.floor(Date.now() / 1000);
    const [before, place] = this.#lastId.split(":").map(Number);
    this.#lastId = `${second}:${before === second ? place + 1 : 0}`;
    const message = { id: this.#lastId, data, type };
    this.#kept.push(message);
    for (const connection of this.connections) this.#deliver(connection, message);
    for (const connection of this.#polls.keys()) this.#answer(connection);
    return this.#lastId;
  }

  /** Forgets what was published, as a relay does that keeps its messages for a time. */
  forget() {
    this.#kept = [];
    for (const connection of this.#polls.keys()) this.#polls.set(connection, 0);
  }

  serve(connection) {
    for (const message of this.#kept.slice(this.#start(connection))) this.#deliver(connection, message);
    super.serve(connection);
  }

  receive(data, connection) {
    super.receive(data, connection);
    this.publish(data);
  }

  answer(connection) {
    const { method, headers, body = new Uint8Array(), text } = connection;
    if (method !== "POST") {
      this.#polls.set(connection, this.#start(connection));
      return this.#answer(connection);
    }
    const data = headers.get("content-type")?.startsWith("application/octet-stream") ? body : text;
    connection.messages.push(data);
    connection.respond({ status: 202 });
    this.receive(data, connection);
  }

  /** Where a client begins: after the id that it has; at the oldest message, if that is not kept any more; and without an id at the next. */
  #start({ lastEventId }) {
    return lastEventId ? this.#kept.findIndex(({ id }) => id === lastEventId) + 1 : this.#kept.length;
  }

  #deliver(connection, { id, data, type }) {
    if (connection.via !== "WebSocket") return connection.send(typeof data === "string" ? data : decoder.decode(data), { id });
    if (connection.protocol !== META) return connection.send(data);
    const head = `id: ${id}\ncontent-type: ${type}\n\n`;
    connection.send(typeof data === "string" ? head + data : Uint8Array.of(...encoder.encode(head), ...data));
  }

  /** Answers a poll, if there is a message for it. */
  #answer(connection) {
    const message = this.#kept[this.#polls.get(connection)];
    if (message) connection.respond({ headers: { "content-type": message.type, etag: message.id }, body: message.data });
    if (connection.state !== "connecting") this.#polls.delete(connection);
  }
}

const OPEN = "0";
const CLOSE = "1";
const PING = "2";
const PONG = "3";
const MESSAGE = "4";
const UPGRADE = "5";
const NOOP = "6";
const SEPARATOR = "\x1e";

const base64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt());

/** A session of Engine.IO, on whatever transport it is. */
class Session {
  /** open, closed. */
  state = "open";
  /** What the client has sent. */
  messages = [];
  onmessage = null;
  onclose = null;
  /** The WebSocket that carries it. */
  socket;
  /** The poll that is held. */
  poll;
  #queue = [];
  #server;

  constructor(server, id) {
    this.#server = server;
    this.id = id;
  }

  /** Sends a message: a text, or bytes. */
  send(data) {
    this.packet(typeof data === "string" ? MESSAGE + data : bytesOf(data));
  }

  /** Ends the session. */
  close() {
    this.packet(CLOSE);
    this.end();
    this.socket?.close();
  }

  /** Sends a packet: a text that begins with its digit, or bytes, which are a message. */
  packet(packet) {
    if (this.state === "closed") return;
    if (this.socket) return this.socket.send(packet);
    this.#queue.push(typeof packet === "string" ? packet : `b${base64(packet)}`);
    this.flush();
  }

  /** Gives a poll what waits, if there is a poll. */
  flush() {
    if (!this.#queue.length || this.poll?.state !== "connecting") return;
    this.poll.respond({ headers: { "content-type": "text/plain; charset=UTF-8" }, body: this.#queue.join(SEPARATOR) });
    this.#queue = [];
  }

  /** A packet came. */
  hear(packet) {
    const [kind] = packet;
    if (kind === CLOSE) return this.end();
    if (kind === PONG) return this.#server.beat(this);
    if (typeof packet === "string" && kind !== MESSAGE && kind !== "b") return;
    const data = typeof packet !== "string" ? packet : kind === "b" ? fromBase64(packet.slice(1)) : packet.slice(1);
    this.messages.push(data);
    this.#server.call(this.onmessage, data, this);
    this.#server.call(this.#server.onmessage, data, this);
  }

  /** It is over. */
  end() {
    if (this.state === "closed") return;
    this.state = "closed";
    this.poll?.respond(NOOP);
    this.#server.call(this.onclose, this);
    this.#server.call(this.#server.onclose, this);
  }
}

/** Engine.IO v4: sessions by polling and by WebSocket, the upgrade from one to the other, and the server's heartbeat. */
export class EngineIoServer extends Server {
  /** All sessions so far. */
  sessions = [];
  #network;
  #options;

  constructor(network, url, { pingInterval = 25_000, pingTimeout = 20_000, maxPayload = 1_000_000 } = {}) {
    super(network, url);
    this.#network = network;
    this.#options = { pingInterval, pingTimeout, maxPayload };
  }

  /** The newest session that is open. */
  get session() { return this.sessions.findLast(({ state }) => state === "open"); }

  get messages() { return this.sessions.flatMap(({ messages }) => messages); }

  /** Sends a message to all that have a session. */
  send(data) {
    for (const session of this.sessions) session.send(data);
  }

  serve(connection) {
    const sid = new URL(connection.url).searchParams.get("sid");
    const known = this.#known(sid);
    if (sid && !known) return connection.close(1008);
    if (!known) {
      const session = this.#open();
      session.socket = connection;
      session.packet(this.#handshake(session, []));
      this.#carry(session, connection);
      this.call(this.onconnection, session);
      return;
    }
    connection.onmessage = (packet) => {
      if (packet === `${PING}probe`) {
        connection.send(`${PONG}probe`);
        // The poll that is held has to end before the client goes over.
        known.poll?.respond(NOOP);
      }
      if (packet !== UPGRADE) return;
      known.socket = connection;
      this.#carry(known, connection);
    };
  }

  /** What comes over a WebSocket is packets, which its session hears. */
  receive() {}

  answer(connection) {
    const { method, text } = connection;
    const sid = new URL(connection.url).searchParams.get("sid");
    const session = sid ? this.#known(sid) : this.#open();
    if (!session) return connection.respond({ status: 400, body: '{"code":1,"message":"Session ID unknown"}' });
    if (!sid) {
      connection.respond(this.#handshake(session, ["websocket"]));
      this.call(this.onconnection, session);
    } else if (method === "POST") {
      connection.respond("ok");
      for (const packet of text.split(SEPARATOR)) session.hear(packet);
    } else {
      session.poll = connection;
      session.flush();
    }
  }

  /** The heartbeat of a session: after an interval a ping, and within the time for it a pong. */
  beat(session) {
    this.#network.clock.cancel(session.due);
    const { pingInterval, pingTimeout } = this.#options;
    session.due = this.#network.clock.deliver(pingInterval, () => {
      session.packet(PING);
      session.due = this.#network.clock.deliver(pingTimeout, () => {
        session.socket?.drop();
        session.end();
      });
    });
  }

  /** Its packets come and go over this WebSocket now. */
  #carry(session, connection) {
    connection.onmessage = (packet) => session.hear(packet);
    connection.onclose = () => session.end();
  }

  #known(sid) {
    return this.sessions.find(({ id, state }) => id === sid && state === "open");
  }

  #open() {
    const session = new Session(this, `session-${this.sessions.length + 1}`);
    this.sessions.push(session);
    this.beat(session);
    return session;
  }

  #handshake({ id: sid }, upgrades) {
    return OPEN + JSON.stringify({ sid, upgrades, ...this.#options });
  }
}
