// ReconnectingWebSocket: the duplex face.

import { Face, connectionOf } from "./face.js";
import { constants } from "./idl.js";
import { fail, numbers, oneOf, resolve, resuming } from "./options.js";
import { relayRequest, webSocket } from "./shell.js";
import { handlers } from "./target.js";

/** What the wires need of a browser; src/core/wire has their facts. */
const WIRES = {
  raw: { own: [], query: "", transports: { websocket: webSocket } },
  relay: { own: ["ws+meta.nchan"], query: "last_event_id", transports: { websocket: webSocket, "long-poll": relayRequest } },
};

/** An HTTP token (RFC 9110, 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

const protocolList = (given) => {
  const list = [given].flat().map(String);
  if (list.some((protocol, at) => !TOKEN.test(protocol) || list.indexOf(protocol) !== at)) {
    fail("protocols", list, "different HTTP tokens", "SyntaxError");
  }
  return list;
};

/** What is sent is a copy: an application may go on with its buffer before it is this message's turn. */
const copy = (data) => {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return data instanceof ArrayBuffer || data instanceof Blob ? data.slice() : String(data);
};

export const socketClass = (engine) => {
  class ReconnectingWebSocket extends Face {
    constructor(url, protocols = [], options = {}) {
      const { wire = "raw", fallbackUrl, withCredentials = true, outbox: { whenFull = "refuse" } = {} } = options;
      const socketUrl = resolve(url, "ws");
      const number = oneOf("wire", wire, Object.keys(WIRES));
      super(engine, {
        ...WIRES[wire], number, flags: oneOf("outbox.whenFull", whenFull, ["refuse", "drop-oldest"]),
        settings: numbers(options, Object.keys(WIRES[wire].transports), ["outbox.maxBytes", 1_048_576, 1]),
        place: { url: socketUrl, httpUrl: resolve(fallbackUrl ?? socketUrl, "http") },
        post: relayRequest, resume: resuming("", { lastEventId: options.resume?.lastEventId }), abort: options.signal,
        protocols: protocolList(protocols), withCredentials,
      });
    }

    get extensions() { return ""; }

    get bufferedAmount() {
      const { queued, socket } = connectionOf(this);
      return queued + (socket?.bufferedAmount ?? 0);
    }

    get protocol() {
      const { own, socket } = connectionOf(this);
      return !socket || own.includes(socket.protocol) ? "" : socket.protocol;
    }

    get binaryType() { return connectionOf(this).binaryType; }
    set binaryType(type) {
      if (type === "blob" || type === "arraybuffer") connectionOf(this).binaryType = type;
    }

    send(data) {
      if (!arguments.length) fail("send", "nothing", "a string, ArrayBuffer, view or Blob");
      return connectionOf(this).send(copy(data));
    }

    close(code = 1000, reason = "") {
      if (code !== 1000 && !(code >= 3000 && code <= 4999)) fail("code", code, "1000 or 3000 to 4999", "InvalidAccessError");
      if (new TextEncoder().encode(reason).length > 123) fail("reason", reason, "at most 123 bytes of UTF-8", "SyntaxError");
      connectionOf(this).end(code, String(reason));
    }

  }
  constants(ReconnectingWebSocket, ["CONNECTING", "OPEN", "CLOSING", "CLOSED"]);
  handlers(ReconnectingWebSocket, ["dropped"]);
  return ReconnectingWebSocket;
};
