// The fake WebSocket: the class of the WebSockets standard (WHATWG), with a scripted server at its other end.

import { constants, enumerable, handlers } from "./idl.js";
import { currentNetwork, fakeClass, hostsOwn, stamped } from "./testing-host.js";

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** An HTTP token (RFC 9110, 5.6.2). */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/;

const refuse = (why, name) => { throw new DOMException(`WebSocket: ${why}`, name); };

const address = (given, network) => {
  let url;
  try {
    url = network.resolve(given);
  } catch {}
  const scheme = { "http:": "ws:", "https:": "wss:", "ws:": "ws:", "wss:": "wss:" }[url?.protocol];
  if (!scheme || url.hash) refuse(`${given} was given; expected a ws or wss URL without a fragment`, "SyntaxError");
  return url.href.replace(/^[^:]*:/, scheme);
};

/** The host's class of close events, or what there is in its place. */
export class FakeCloseEvent extends Event {
  constructor(type, { code = 0, reason = "", wasClean = false, ...init } = {}) {
    super(type, init);
    Object.assign(this, { code, reason, wasClean });
  }
}

const closeEvent = (init) => new (globalThis.CloseEvent ?? FakeCloseEvent)("close", init);

class WebSocket extends EventTarget {
  #url;
  #protocol = "";
  #readyState = CONNECTING;
  #bufferedAmount = 0;
  #binaryType = "blob";
  #connection;
  #clock;
  /** A blob's bytes come only after a promise, and what is sent after it waits for that. */
  #before;

  constructor(url, protocols = []) {
    const network = currentNetwork();
    if (!network) return hostsOwn("WebSocket", [url, protocols]);
    super();
    if (!arguments.length) throw new TypeError("WebSocket: no URL was given");
    this.#url = address(url, network);
    const offered = [protocols].flat().map(String);
    if (offered.some((name, at) => !TOKEN.test(name) || offered.indexOf(name) !== at)) {
      refuse(`the subprotocols ${offered} were given; expected different HTTP tokens`, "SyntaxError");
    }
    this.#clock = network.clock;
    const request = { via: "WebSocket", method: "GET", url: this.#url, headers: new Headers(), protocols: offered };
    this.#connection = network.attempt(request, {
      open: ({ protocol }) => {
        if (this.#readyState !== CONNECTING) return;
        this.#readyState = OPEN;
        this.#protocol = protocol;
        this.dispatchEvent(new Event("open"));
      },
      data: (data) => {
        if (this.#readyState !== OPEN) return;
        this.dispatchEvent(new MessageEvent("message", { data: this.#received(data), origin: new URL(this.#url).origin }));
      },
      end: (code, reason) => this.#end({ code, reason, wasClean: true }),
      // An `error` is told of a handshake that failed, and not of a connection that was lost.
      fail: () => this.#lose(this.#readyState === CONNECTING),
    });
  }

  get url() { return this.#url; }
  get readyState() { return this.#readyState; }
  get protocol() { return this.#protocol; }
  get extensions() { return ""; }
  get bufferedAmount() { return this.#bufferedAmount; }
  get binaryType() { return this.#binaryType; }
  set binaryType(type) { if (type === "blob" || type === "arraybuffer") this.#binaryType = type; }

  send(data) {
    if (this.#readyState === CONNECTING) refuse("send() while it is connecting", "InvalidStateError");
    const isBlob = data instanceof Blob;
    const isBytes = ArrayBuffer.isView(data) || data instanceof ArrayBuffer;
    const given = isBlob || isBytes ? data : `${data}`;
    const size = isBlob ? data.size : isBytes ? data.byteLength : new TextEncoder().encode(given).length;
    this.#bufferedAmount += size;
    if (this.#readyState !== OPEN) return;
    const message = isBlob ? data.arrayBuffer().then((buffer) => new Uint8Array(buffer)) : this.#sent(given);
    this.#inOrder(message, (ready) => this.#connection.receive(ready, () => { this.#bufferedAmount -= size; }));
  }

  close(code, reason = "") {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      refuse(`the close code ${code} was given; expected 1000 or 3000 to 4999`, "InvalidAccessError");
    }
    if (new TextEncoder().encode(reason).length > 123) refuse("the reason is longer than 123 bytes", "SyntaxError");
    if (this.#readyState >= CLOSING) return;
    const wasOpen = this.#readyState === OPEN;
    this.#readyState = CLOSING;
    if (wasOpen) return this.#inOrder(undefined, () => this.#connection.farewell(code ?? 1005, `${reason}`));
    this.#connection.abandon();
    this.#clock.deliver(0, () => this.#lose(true));
  }

  dispatchEvent(event) { return super.dispatchEvent(stamped(event)); }

  /** What a server gets of a message. */
  #sent(data) {
    if (typeof data === "string") return data;
    return ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
      : new Uint8Array(data).slice();
  }

  /** What a listener gets of one. */
  #received(data) {
    if (typeof data === "string") return data;
    return this.#binaryType === "blob" ? new Blob([data]) : data.slice().buffer;
  }

  /** Passes on what a message is, at once unless it or one before it has to be waited for. */
  #inOrder(message, pass) {
    // Not of this realm's class, where a test runner gives a test one of its own.
    if (!this.#before && !message?.then) return pass(message);
    const mine = this.#clock.hold(Promise.all([message, this.#before]).then(([ready]) => {
      if (this.#before === mine) this.#before = undefined;
      pass(ready);
    }));
    this.#before = mine;
  }

  #lose(isFailure) {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSED;
    if (isFailure) this.dispatchEvent(new Event("error"));
    this.dispatchEvent(closeEvent({ code: 1006, reason: "", wasClean: false }));
  }

  #end(how) {
    if (this.#readyState === CLOSED) return;
    this.#readyState = CLOSED;
    this.dispatchEvent(closeEvent(how));
  }
}
constants(WebSocket, ["CONNECTING", "OPEN", "CLOSING", "CLOSED"]);
handlers(WebSocket, ["open", "message", "error", "close"]);

export const FakeWebSocket = fakeClass("WebSocket", WebSocket);
enumerable(FakeWebSocket, ["url", "readyState", "bufferedAmount", "extensions", "protocol", "binaryType", "send", "close"]);
