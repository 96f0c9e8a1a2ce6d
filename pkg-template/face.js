// What both reconnecting classes have in common.

import { connect } from "./connection.js";
import { iterate } from "./iterate.js";
import { Target, handlers, isOwn } from "./target.js";

/** The connection of a face, for its class alone: no application sees it, so whatever it adds to a class of its own is not in the way. */
export let connectionOf;

export class Face extends Target {
  #connection;
  #opened;
  #closed;

  constructor(engine, wire) {
    super();
    this.#connection = connect(this, engine, wire);
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

  /** Resolves when it is open, the first time; rejects if it is closed for good before that. */
  get opened() {
    if (!this.#opened) {
      this.#opened = new Promise((resolve, reject) => {
        if (this.readyState === 1) return resolve();
        const end = ({ cause }) => reject(new Error(cause?.message ?? "it was closed before it was open", { cause }));
        if (this.readyState > 1) return end(this.#connection.ended ?? {});
        this.addEventListener("open", () => resolve(), { once: true });
        this.addEventListener("close", end, { once: true });
      });
      // Whoever does not wait for it does not have to catch it.
      this.#opened.catch(() => {});
    }
    return this.#opened;
  }

  /** Resolves to the `close` event, when it is closed for good. */
  get closed() {
    return (this.#closed ??= new Promise((resolve) => {
      const { ended } = this.#connection;
      if (ended) resolve(ended);
      else this.addEventListener("close", (event) => isOwn(event) && resolve(event));
    }));
  }

  /** Connects now: while waiting, in place of a connection that is there, and after the end. */
  reconnect() {
    this.#connection.reconnect();
  }

  stats() {
    return this.#connection.stats;
  }

  /** The events of this type from now on, or of these types, until it is closed for good; with a bound. */
  events(types = "message", options = {}) {
    return iterate(this, [types].flat(), options);
  }

  [Symbol.asyncIterator]() {
    return this.events();
  }
}

handlers(Face, ["open", "message", "error", "close", "statechange", "reconnecting", "reconnected", "transportchange"]);
// Not every host has the symbol.
if (Symbol.dispose) Face.prototype[Symbol.dispose] = function () { this.close(); };
