// What both reconnecting classes have in common.

import { connect } from "./connection.js";
import { numbers } from "./options.js";
import { Target, handlers } from "./target.js";

/** The connection of a face, for its class alone: no application sees it, so whatever it adds to a class of its own is not in the way. */
export let connectionOf;

export class Face extends Target {
  #connection;

  constructor(engine, wire, options) {
    super();
    const { resume: { lastEventId = "" } = {}, signal } = options;
    const settings = numbers(options, wire.transports, wire.bytes);
    this.#connection = connect(this, engine, wire, settings, String(lastEventId), signal);
  }

  static {
    connectionOf = (face) => face.#connection;
  }

  get url() { return this.#connection.url; }
  get state() { return this.#connection.closing ? "closed" : this.#connection.state; }
  get transport() { return this.#connection.transport; }
  get lastEventId() { return this.#connection.lastEventId; }

  get readyState() {
    const { closing, state } = this.#connection;
    if (closing) return 2; // CLOSING, or an EventSource's CLOSED
    return { open: 1, closed: this.CLOSED }[state] ?? 0;
  }

  /** Connects now: while waiting, in place of a connection that is there, and after the end. */
  reconnect() {
    this.#connection.reconnect();
  }

  stats() {
    return this.#connection.stats;
  }
}

handlers(Face, ["open", "message", "error", "close", "statechange", "reconnecting", "reconnected", "transportchange"]);
