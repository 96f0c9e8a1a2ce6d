// ReconnectingEventSource: the receive-only face.

import { Face, connectionOf } from "./face.js";
import { resolve } from "./options.js";
import { constants } from "./target.js";

export const sourceClass = (engine) => {
  class ReconnectingEventSource extends Face {
    #withCredentials;

    constructor(url, options = {}) {
      const { withCredentials, resume: { query = "" } = {} } = options;
      const httpUrl = resolve(url, "http");
      super(engine, {
        number: 2, flag: new URL(httpUrl).origin !== globalThis.location?.origin, bytes: ["maxEventBytes", 16 * 1_048_576, 1],
        transports: ["eventsource", "fetch-stream", "long-poll"], url: httpUrl, httpUrl, query: String(query), events: true,
        withCredentials,
      }, options);
      this.#withCredentials = Boolean(withCredentials);
    }

    get withCredentials() { return this.#withCredentials; }

    addEventListener(type, ...listener) {
      super.addEventListener(type, ...listener);
      connectionOf(this).listen(String(type));
    }

    close() {
      connectionOf(this).end();
    }
  }
  constants(ReconnectingEventSource, ["CONNECTING", "OPEN", "CLOSED"]);
  return ReconnectingEventSource;
};
