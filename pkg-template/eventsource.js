// ReconnectingEventSource: the receive-only face.

import { Connection, resolve } from "./connection.js";
import { LightMessage, constants, handlers } from "./target.js";

const TRANSPORTS = ["eventsource", "fetch-stream", "long-poll"];
const STATES = { CONNECTING: 0, OPEN: 1, CLOSED: 2 };

export const sourceClass = (engine) => {
  class ReconnectingEventSource extends Connection {
    #kinds;
    #url;
    #origin;
    #withCredentials;

    constructor(url, options = {}) {
      const { withCredentials = false, maxEventBytes, resume: { query = "" } = {} } = options;
      const httpUrl = resolve(url, "http");
      const { origin } = new URL(httpUrl);
      const kinds = new Set(["message"]);
      super(engine, options, {
        number: 2, flag: origin !== globalThis.location?.origin, bytes: ["maxEventBytes", maxEventBytes, 16 * 1024 * 1024],
        query: String(query), events: true, httpUrl, withCredentials: Boolean(withCredentials), transports: TRANSPORTS,
        kinds: () => kinds,
      });
      this.#kinds = kinds;
      this.#url = httpUrl;
      this.#origin = origin;
      this.#withCredentials = Boolean(withCredentials);
    }

    get url() { return this.#url; }
    get withCredentials() { return this.#withCredentials; }

    get readyState() {
      if (this.state === "closed") return STATES.CLOSED;
      return this.state === "open" ? STATES.OPEN : STATES.CONNECTING;
    }

    close() {
      this.end(1000, "");
    }

    listened(type) {
      this.#kinds.add(type);
      this.listenFor(type);
    }

    // As the native class does it: `open` whenever it is open, `error` whenever it was lost.
    whenOpen() {
      this.emit("open");
    }

    whenLost() {
      this.emit("error");
    }

    whenClosed({ cause }) {
      if (cause) this.emit("error", { cause, message: cause.message });
      this.emit("close", { cause });
    }

    deliver({ type, data }) {
      this.dispatchEvent(new LightMessage(this, type, data, this.lastEventId, this.#origin));
    }
  }
  constants(ReconnectingEventSource, STATES);
  handlers(ReconnectingEventSource, ["open", "message", "error", "close"]);
  return ReconnectingEventSource;
};
