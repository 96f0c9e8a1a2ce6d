// What both reconnecting classes have in common.

import { handlers } from "./idl.js";
import { iterate } from "./iterate.js";
import { innerOf, isOwn, listMethods } from "./target.js";

/** The connection of a face: what connection.js makes, or plain.js. */
export const connectionOf = (face) => innerOf(face).connection;

const members = {
  get url() { return connectionOf(this).url; },
  get state() { return connectionOf(this).closing ? "closed" : connectionOf(this).state; },
  get transport() { return connectionOf(this).transport; },
  get lastEventId() { return connectionOf(this).lastEventId; },

  get readyState() {
    const { closing, state, readyState } = connectionOf(this);
    if (closing) return 2; // CLOSING, or an EventSource's CLOSED
    return readyState ?? { open: 1, closed: this.CLOSED }[state] ?? 0;
  },

  /** Resolves when it is open, the first time; rejects if it is closed for good before that. */
  get opened() {
    const inner = innerOf(this);
    if (!inner.opened) {
      inner.opened = new Promise((resolve, reject) => {
        if (inner.connection.wasOpen) return resolve();
        const end = ({ cause }) => reject(new Error(cause?.message ?? "it was closed before it was open", { cause }));
        if (this.readyState > 1) return end(inner.connection.ended ?? {});
        this.addEventListener("open", () => resolve(), { once: true });
        this.addEventListener("close", end, { once: true });
      });
      // Whoever does not wait for it does not have to catch it.
      inner.opened.catch(() => {});
    }
    return inner.opened;
  },

  /** Resolves to the `close` event, when it is closed for good. */
  get closed() {
    const inner = innerOf(this);
    return (inner.closed ??= new Promise((resolve) => {
      const { ended } = inner.connection;
      if (ended) resolve(ended);
      else this.addEventListener("close", (event) => isOwn(event) && resolve(event));
    }));
  },

  /** Connects now: while waiting, in place of a connection that is there, and after the end. */
  reconnect() {
    const inner = innerOf(this);
    // What begins anew after the end is opened and closed anew.
    if (this.state === "closed") inner.opened = inner.closed = undefined;
    inner.connection.reconnect();
  },

  stats() {
    return connectionOf(this).stats;
  },

  /** The events of this type from now on, or of these types, until it is closed for good; with a bound. */
  events(types = "message", options = {}) {
    return iterate(this, [types].flat(), options);
  },

  [Symbol.asyncIterator]() {
    return this.events();
  },
};

/** Not every host has the symbol. */
const dispose = Symbol.dispose && { [Symbol.dispose]() { this.close(); } };

/** The event handlers of both, beside which each has its own. */
const TYPES = ["open", "message", "error", "close", "statechange", "reconnecting", "reconnected", "transportchange", "gap"];

/**
 * Gives a class what both have. They have it themselves and do not inherit it, as a class of Web IDL that extends `EventTarget` has
 * nothing in between.
 */
export const makeFace = (Class, types = []) => {
  const own = Object.getOwnPropertyNames(Class.prototype);
  for (const part of [members, listMethods, dispose ?? {}]) {
    const all = Object.getOwnPropertyDescriptors(part);
    for (const name of Reflect.ownKeys(all)) {
      if (!own.includes(name)) Object.defineProperty(Class.prototype, name, { ...all[name], enumerable: false });
    }
  }
  handlers(Class, [...TYPES, ...types]);
};
