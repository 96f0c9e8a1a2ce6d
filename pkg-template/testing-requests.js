// The fake fetch, EventSource and XMLHttpRequest, with scripted servers at their other end.

import { constants, handlers } from "./idl.js";
import { EventSource as StrictEventSource } from "./strict.js";
import { currentNetwork, fakeClass, hostsOwn, stamped } from "./testing-host.js";

/** Statuses whose responses have no body. */
const BARE = [101, 204, 205, 304];

/** The bytes of a request's body; a promise, where the host has to read it. */
const bodyOf = (body, request) => {
  if (body === undefined || body === null) return undefined;
  if (typeof body === "string") return new TextEncoder().encode(body);
  return request().then((buffer) => new Uint8Array(buffer));
};

// ---- fetch ----

/** A response, and how its parts come. */
const streamedResponse = (clock, url, { status, headers }, cancel) => {
  let controller;
  let isWhole = false;
  const reading = [];
  const stream = new ReadableStream({ start: (given) => { controller = given; }, cancel });
  const response = new Response(BARE.includes(status) ? null : stream, { status, headers });
  const type = new URL(url).origin === globalThis.location?.origin ? "basic" : "cors";
  Object.defineProperties(response, { url: { value: url }, type: { value: type } });
  for (const method of ["text", "json", "arrayBuffer", "blob", "bytes", "formData"]) {
    const own = response[method];
    if (!own) continue;
    // A host may take tasks for it, which the clock waits for; but not before all has come, as that takes time.
    Object.defineProperty(response, method, { value: () => {
      const read = own.call(response);
      if (isWhole) clock.hold(read);
      else reading.push(read);
      return read;
    } });
  }
  return {
    response,
    data: (bytes) => controller.enqueue(bytes),
    end: () => {
      isWhole = true;
      reading.forEach((read) => clock.hold(read));
      controller.close();
    },
    fail: (why) => controller.error(why),
  };
};

/** What a script gets of an answer that it may not read. */
const opaqueResponse = () => (
  Object.defineProperties(new Response(null), { type: { value: "opaque" }, status: { value: 0 }, ok: { value: false } }));

/** WHATWG Fetch; `via` is who asks. */
const fetchVia = (via) => (input, init = {}) => new Promise((resolve, reject) => {
  const network = currentNetwork();
  const url = network.resolve(input.url ?? input).href;
  const request = new Request(input.url ? input : url, { ...init, ...(init.body && { duplex: "half" }) });
  const { method, headers, mode, cache } = request;
  // That of the caller's own, for a host may take its time to pass on an abort.
  const signal = init.signal ?? request.signal;
  if (signal.aborted) return reject(signal.reason);
  const failure = () => new TypeError("Failed to fetch");

  // What everwire asks when it wants to know why a connection failed is no attempt to connect. Applications ask in these modes as well, but not
  // where a connection has failed at this very moment.
  const isQuestion = method === "GET" && cache === "no-store" && (mode === "no-cors" || mode === "same-origin");
  if (isQuestion && network.hasJustLost(url)) {
    if (via === "EventSource") return reject(failure());
    const stop = network.look(url, (status) => {
      if (!status) reject(failure());
      else resolve(mode === "no-cors" ? opaqueResponse() : new Response(null, { status }));
    });
    signal.addEventListener("abort", () => { stop(); reject(signal.reason); });
    return;
  }

  let connection;
  let answer;
  const abort = () => {
    connection?.abandon();
    if (answer) answer.fail(signal.reason);
    else reject(signal.reason);
  };
  const client = {
    open: (head) => {
      answer = streamedResponse(network.clock, url, head, () => connection.abandon());
      if (mode === "no-cors") return resolve(opaqueResponse());
      resolve(answer.response);
    },
    data: (bytes) => answer.data(bytes),
    end: () => {
      signal.removeEventListener("abort", abort);
      answer.end();
    },
    fail: (isCors) => {
      signal.removeEventListener("abort", abort);
      if (answer) answer.fail(new TypeError("network error"));
      // The browser's own EventSource gives up for good then, as after a status.
      else if (isCors && via === "EventSource") resolve(Response.error());
      else if (isCors && mode === "no-cors") resolve(opaqueResponse());
      else reject(failure());
    },
  };
  const begin = (body) => {
    if (signal.aborted) return;
    connection = network.attempt({ via, method, url, headers: new Headers(headers), body }, client);
  };
  signal.addEventListener("abort", abort);
  const body = bodyOf(init.body ?? request.body, () => network.clock.hold(request.arrayBuffer()));
  // Not of this realm's class, where a test runner gives a test one of its own.
  if (body?.then) body.then(begin, reject);
  else begin(body);
});

const fetchNow = fetchVia("fetch");
const fetchForSource = fetchVia("EventSource");

export const fakeFetch = (...given) => (currentNetwork() ? fetchNow(...given) : globalThis.fetch(...given));

// ---- EventSource ----

/** The class of the HTML standard: the package's own, which the web-platform-tests hold to it. */
export const FakeEventSource = fakeClass("EventSource", class extends StrictEventSource {
  constructor(url, { withCredentials = false } = {}) {
    if (!currentNetwork()) return hostsOwn("EventSource", [url, { withCredentials }]);
    super(url, { withCredentials, fetch: fetchForSource });
  }

  dispatchEvent(event) { return super.dispatchEvent(stamped(event)); }
});

// ---- XMLHttpRequest ----

const UNSENT = 0;
const OPENED = 1;
const HEADERS_RECEIVED = 2;
const LOADING = 3;
const DONE = 4;

const progress = (type, loaded = 0) => Object.assign(new Event(type), { lengthComputable: false, loaded, total: 0 });

class XMLHttpRequest extends EventTarget {
  timeout = 0;
  withCredentials = false;
  upload = new EventTarget();
  #network;
  #method;
  #url;
  #headers;
  #connection;
  #timer;
  #isSent = false;
  #readyState = UNSENT;
  #responseType = "";
  #head;
  #parts;
  #size;
  #text;
  #decoder;

  constructor() {
    if (!currentNetwork()) return hostsOwn("XMLHttpRequest", []);
    super();
    this.#network = currentNetwork();
    this.#reset();
  }

  get readyState() { return this.#readyState; }
  get status() { return this.#head?.status ?? 0; }
  get statusText() { return ""; }
  get responseURL() { return this.#head ? this.#url : ""; }
  get responseXML() { return null; }
  get responseType() { return this.#responseType; }
  set responseType(type) {
    if (this.#readyState >= LOADING) throw new DOMException("responseType: the response has begun", "InvalidStateError");
    this.#responseType = type;
  }

  get responseText() {
    if (this.#responseType !== "" && this.#responseType !== "text") {
      throw new DOMException(`responseText: the responseType is ${this.#responseType}; expected text`, "InvalidStateError");
    }
    return this.#text;
  }

  get response() {
    if (this.#responseType === "" || this.#responseType === "text") return this.#text;
    if (this.#readyState < DONE || !this.#head) return null;
    const bytes = new Uint8Array(this.#size);
    this.#parts.reduce((at, part) => (bytes.set(part, at), at + part.length), 0);
    if (this.#responseType === "arraybuffer") return bytes.buffer;
    if (this.#responseType === "blob") return new Blob([bytes], { type: this.getResponseHeader("content-type") ?? "" });
    try {
      return JSON.parse(this.#text);
    } catch {
      return null;
    }
  }

  open(method, url, isAsync = true) {
    if (!isAsync) throw new DOMException("XMLHttpRequest: everwire/testing has none that block", "InvalidAccessError");
    this.#connection?.abandon();
    this.#reset();
    this.#method = method.toUpperCase();
    this.#url = this.#network.resolve(url).href;
    this.#headers = new Headers();
    this.#isSent = false;
    this.#go(OPENED);
  }

  setRequestHeader(name, value) {
    if (this.#readyState !== OPENED || this.#isSent) throw new DOMException("setRequestHeader: it is not open", "InvalidStateError");
    this.#headers.append(name, value);
  }

  /** Everything is taken for UTF-8, as it is. */
  overrideMimeType() {}

  getResponseHeader(name) {
    return this.#head?.headers.get(name) ?? null;
  }

  getAllResponseHeaders() {
    return [...this.#head?.headers ?? []].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  }

  send(given) {
    if (this.#readyState !== OPENED || this.#isSent) throw new DOMException("send: it is not open", "InvalidStateError");
    this.#isSent = true;
    const hasBody = this.#method !== "GET" && this.#method !== "HEAD";
    const sent = hasBody && given != null ? new Response(given) : undefined;
    const type = sent?.headers.get("content-type");
    if (type && !this.#headers.has("content-type")) this.#headers.set("content-type", type);
    this.dispatchEvent(progress("loadstart"));
    if (this.timeout) this.#timer = setTimeout(() => this.#finish("timeout"), this.timeout);
    const begin = (body) => {
      if (this.#isSent) this.#connection = this.#network.attempt(
        { via: "XMLHttpRequest", method: this.#method, url: this.#url, headers: this.#headers, body }, this.#client());
    };
    const body = bodyOf(sent && given, () => this.#network.clock.hold(sent.arrayBuffer()));
    if (body?.then) body.then(begin);
    else begin(body);
  }

  abort() {
    const isUnderWay = this.#isSent && this.#readyState < DONE;
    if (isUnderWay) this.#finish("abort");
    this.#readyState = UNSENT;
  }

  dispatchEvent(event) { return super.dispatchEvent(stamped(event)); }

  #reset() {
    clearTimeout(this.#timer);
    this.#head = undefined;
    this.#parts = [];
    this.#size = 0;
    this.#text = "";
    this.#decoder = new TextDecoder();
  }

  #go(state) {
    this.#readyState = state;
    this.dispatchEvent(new Event("readystatechange"));
  }

  /** What the server's end tells, for this one request. */
  #client() {
    const isOver = () => !this.#isSent || this.#readyState === DONE;
    return {
      open: ({ status, headers }) => {
        if (isOver()) return;
        this.#head = { status, headers: new Headers(headers) };
        this.#go(HEADERS_RECEIVED);
      },
      data: (bytes) => {
        if (isOver()) return;
        this.#parts.push(bytes);
        this.#size += bytes.length;
        this.#text += this.#decoder.decode(bytes, { stream: true });
        this.#go(LOADING);
        if (!isOver()) this.dispatchEvent(progress("progress", this.#size));
      },
      end: () => { if (!isOver()) this.#finish("load"); },
      fail: () => { if (!isOver()) this.#finish("error"); },
    };
  }

  #finish(type) {
    clearTimeout(this.#timer);
    this.#isSent = false;
    const loaded = this.#size;
    if (type !== "load") {
      this.#connection?.abandon();
      this.#reset();
    }
    this.#go(DONE);
    this.dispatchEvent(progress(type, loaded));
    this.dispatchEvent(progress("loadend", loaded));
  }
}
constants(XMLHttpRequest, ["UNSENT", "OPENED", "HEADERS_RECEIVED", "LOADING", "DONE"]);
handlers(XMLHttpRequest, ["readystatechange", "loadstart", "progress", "load", "error", "abort", "timeout", "loadend"]);

export const FakeXMLHttpRequest = fakeClass("XMLHttpRequest", XMLHttpRequest);
