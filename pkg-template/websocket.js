// ReconnectingWebSocket: the duplex face.

import { Connection, fail, resolve } from "./connection.js";
import { LightMessage, constants, handlers } from "./target.js";

const TRANSPORTS = ["websocket", "long-poll"];
const STATES = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 };
/** An HTTP token (RFC 9110, 5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/;

const protocolList = (given) => {
  const list = (typeof given === "string" ? [given] : Array.from(given)).map(String);
  list.forEach((protocol, at) => {
    if (!TOKEN.test(protocol) || list.indexOf(protocol) !== at) {
      throw new DOMException(`The subprotocol "${protocol}" was given; expected different HTTP tokens`, "SyntaxError");
    }
  });
  return list;
};

export const socketClass = (engine) => {
  class ReconnectingWebSocket extends Connection {
    #url;
    #origin;
    #protocol = "";
    #binaryType = "blob";
    #closing = false;

    constructor(url, protocols = [], options = {}) {
      const { wire = "raw", fallbackUrl, withCredentials = true, outbox: { whenFull = "refuse", maxBytes } = {} } = options;
      const at = ["raw", "relay"].indexOf(wire);
      if (at < 0) fail("wire", wire, '"raw" or "relay"');
      if (whenFull !== "refuse" && whenFull !== "drop-oldest") fail("outbox.whenFull", whenFull, '"refuse" or "drop-oldest"');
      const socketUrl = resolve(url, "ws");
      const relay = at > 0;
      super(engine, options, {
        number: at, flag: whenFull === "drop-oldest", bytes: ["outbox.maxBytes", maxBytes, 1_048_576],
        // The relay's facts; src/core/wire/relay.rs has their source.
        own: relay && "ws+meta.nchan", query: relay ? "last_event_id" : "", events: false,
        socketUrl, httpUrl: resolve(fallbackUrl ?? socketUrl, "http"), protocols: protocolList(protocols), withCredentials,
        transports: TRANSPORTS,
      });
      this.#url = socketUrl;
      this.#origin = new URL(socketUrl).origin;
    }

    get url() { return this.#url; }
    get protocol() { return this.#protocol; }
    get extensions() { return ""; }
    get bufferedAmount() { return this.queuedBytes + (this.socket?.bufferedAmount ?? 0); }

    get readyState() {
      if (this.state === "closed") return this.#closing ? STATES.CLOSING : STATES.CLOSED;
      return this.state === "open" ? STATES.OPEN : STATES.CONNECTING;
    }

    get binaryType() { return this.#binaryType; }
    set binaryType(type) {
      if (type === "blob" || type === "arraybuffer") this.#binaryType = type;
    }

    send(data) {
      if (!arguments.length) throw new TypeError("send: nothing was given; expected a string, ArrayBuffer, view or Blob");
      const payload = data instanceof ArrayBuffer || ArrayBuffer.isView(data) || (globalThis.Blob && data instanceof Blob)
        ? data : String(data);
      return this.give(payload);
    }

    close(code = 1000, reason = "") {
      if (code !== 1000 && !(code >= 3000 && code <= 4999)) {
        throw new DOMException(`The close code ${code} was given; expected 1000 or 3000 to 4999`, "InvalidAccessError");
      }
      if (new TextEncoder().encode(reason).length > 123) {
        throw new DOMException("The close reason is longer than 123 bytes of UTF-8", "SyntaxError");
      }
      if (this.over) return;
      this.#closing = true;
      this.end(code, String(reason));
    }

    whenOpen(first) {
      const chosen = this.socket?.protocol ?? "";
      this.#protocol = chosen === "ws+meta.nchan" ? "" : chosen;
      if (first) this.emit("open");
    }

    whenClosed(end) {
      this.#closing = false;
      if (end.cause) this.emit("error", { cause: end.cause, message: end.cause.message });
      this.emit("close", end, "CloseEvent");
    }

    deliver(data) {
      const shown = this.#binaryType === "blob" && data instanceof ArrayBuffer ? new Blob([data]) : data;
      this.dispatchEvent(new LightMessage(this, "message", shown, this.lastEventId, this.#origin));
    }
  }
  constants(ReconnectingWebSocket, STATES);
  handlers(ReconnectingWebSocket, ["open", "message", "error", "close", "dropped"]);
  return ReconnectingWebSocket;
};
