// ReconnectingWebSocket: the duplex face.

import { connect } from "./connection.js";
import { connectionOf, makeFace } from "./face.js";
import { constants, enumerable } from "./idl.js";
import { fail, flags, isFunction, isSignal, numbers, oneOf, resolve, resuming } from "./options.js";
import { copy, payload } from "./payload.js";
import { plainly } from "./plain.js";
import { keepLists } from "./target.js";

const WHEN_FULL = ["refuse", "drop-oldest", "drop-newest"];

/** An HTTP token (RFC 9110, 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

const protocolList = (given) => {
  // Null is none, as in other packages of this kind.
  const list = [given ?? []].flat().map(String);
  if (list.some((protocol, at) => !TOKEN.test(protocol) || list.indexOf(protocol) !== at)) {
    fail("protocols", list, "different HTTP tokens", "SyntaxError");
  }
  return list;
};

/** What is left to the browser's own class: nothing is asked for that it does not do, and nothing to be refused. */
const isPlain = (url, protocols, { reconnect, signal, debug, wire = "raw", ...more }) =>
  reconnect === false && wire === "raw" && ![url, protocols].some(isFunction) && (!debug || isFunction(debug)) && isSignal(signal)
  && Object.values(more).every((given) => given === undefined);

/** A value, or what a function gives when an attempt begins. */
const valueOf = (given) => (isFunction(given) ? given() : given);

const heart = (heartbeat, wire) => {
  if (!heartbeat) return undefined;
  if (wire !== "raw") fail("heartbeat", "one", `none with the wire ${wire}: a relay would publish it, Engine.IO has its own`);
  const { interval = 25_000, timeout = 10_000, message, isReply } = heartbeat;
  if (!isFunction(message)) fail("heartbeat.message", message, "a function");
  if (isReply && !isFunction(isReply)) fail("heartbeat.isReply", isReply, "a function");
  return { interval, timeout, message, isReply };
};

const described = (url, protocols, options, wires) => {
  const { wire = "raw", fallbackUrl, withCredentials = true, headers, outbox = {}, resume = {}, refresh, verdict, id } = options;
  const number = oneOf("wire", wire, Object.keys(wires));
  const { own = [], query = resume.query ?? "", transports, post } = wires[wire];
  const whenFull = oneOf("outbox.whenFull", outbox.whenFull ?? "refuse", WHEN_FULL);
  const heartbeat = heart(options.heartbeat, wire);
  for (const [name, given] of Object.entries({ id, "resume.message": resume.message })) {
    if (given !== undefined && !isFunction(given)) fail(name, given, "a function");
    if (given && wire === "relay") fail(name, "one", "none with the wire relay");
  }
  if (headers && wire === "raw") fail("headers", "some", "none with the wire raw");
  if ((resume.dedupe || resume.store) && wire !== "relay" && !id) {
    fail("resume", "dedupe or store", `id as well, for the wire ${wire} has no ids of its own`);
  }
  // The browser's own EventSource sends no headers, and hides the comments that are signs of life.
  const offered = Object.keys(transports).filter((name) => !((headers || options.silenceTimeout) && name === "eventsource"));
  const wanted = [options.transports ?? offered].flat();
  // Whoever begins with polling wants to move up.
  const beginLow = number > 0 && wanted[0] !== "websocket" && wanted.includes("websocket");
  const ladder = beginLow ? offered.filter((name) => wanted.includes(name)) : wanted;
  const placed = (url, protocols, headers) => {
    const socketUrl = resolve(url, "ws");
    return { url: socketUrl, httpUrl: resolve(fallbackUrl ?? socketUrl, "http"), headers, protocols: protocolList(protocols) };
  };
  const given = [url, protocols, headers];
  const provided = given.some(isFunction);
  const place = provided ? undefined : placed(...given);
  return {
    number,
    flags: flags(resume.message, outbox.gate, verdict, refresh, 0, outbox.resend, beginLow) | (whenFull << 7),
    settings: numbers({ ...options, heartbeat, transports: ladder }, offered, ["outbox.maxBytes", 1_048_576, 1]),
    own, query, transports, place, post, withCredentials, heartbeat, id, refresh, verdict, debug: options.debug,
    provide: provided && (async () => placed(...await Promise.all(given.map(valueOf)))),
    resume: resuming(place?.url, resume),
    hello: resume.message,
    copy,
    abort: options.signal,
  };
};

/** The class, for connections over these wires, with machines of this engine. */
export const socketClass = (engine, wires) => {
  class ReconnectingWebSocket extends EventTarget {
    constructor(url, protocols = [], options = {}) {
      if (!arguments.length) fail("url", "nothing", "a URL");
      super();
      const plain = isPlain(url, protocols, options);
      const inner = keepLists(this, plain);
      inner.connection = plain
        ? plainly(this, [url, protocols], options)
        : connect(this, engine, described(url, protocols, options, wires));
    }

    get extensions() { return connectionOf(this).socket?.extensions ?? ""; }

    get bufferedAmount() {
      const { queued, socket } = connectionOf(this);
      return queued + (socket?.bufferedAmount ?? 0);
    }

    get protocol() {
      const { own, socket } = connectionOf(this);
      return !socket || own?.includes(socket.protocol) ? "" : socket.protocol;
    }

    get binaryType() { return connectionOf(this).binaryType; }
    set binaryType(type) {
      const connection = connectionOf(this);
      if (type === "blob" || type === "arraybuffer") connection.binaryType = type;
    }

    send(data) {
      const connection = connectionOf(this);
      if (!arguments.length) fail("send", "nothing", "a string, ArrayBuffer, view or Blob");
      return connection.send(payload(data), arguments[1]);
    }

    /** Opens the outbox's gate, until the connection is lost. */
    release() {
      connectionOf(this).release();
    }

    close(...how) {
      const connection = connectionOf(this);
      if (connection.readyState !== undefined) return connection.end(...how);
      const [code = 1000, reason = ""] = how;
      // Loosely, for Web IDL makes numbers of texts.
      if (code != 1000 && !(code >= 3000 && code <= 4999)) fail("code", code, "1000 or 3000 to 4999", "InvalidAccessError");
      if (new TextEncoder().encode(reason).length > 123) fail("reason", reason, "at most 123 bytes of UTF-8", "SyntaxError");
      connection.end(+code, String(reason));
    }
  }
  // Minifiers rename classes.
  Object.defineProperty(ReconnectingWebSocket, "name", { value: "ReconnectingWebSocket", configurable: true });
  makeFace(ReconnectingWebSocket, ["dropped"]);
  constants(ReconnectingWebSocket, ["CONNECTING", "OPEN", "CLOSING", "CLOSED"]);
  enumerable(ReconnectingWebSocket,
    ["url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType", "send", "close"]);
  return ReconnectingWebSocket;
};
