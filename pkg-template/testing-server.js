// Scripted servers: what a server does with each attempt to reach it, and what it says on the connections that it has.
//
// A connection is seen here from the server's end. The fake classes of the host are the other end; what they have to be told is
//   open({ status, headers, protocol })   it was accepted; an HTTP response has begun
//   data(data)                            a message; or bytes, of a response
//   end(code, reason)                     a WebSocket was closed; a response is whole
//   fail(isCors)                          the network failed; or the answer may not be read

import { fail, isFunction } from "./options.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const EVENT_STREAM = "text/event-stream";
/** How long a browser waits for the answer to a close frame. */
const CLOSING = 2_000;

/** A copy of what is in these bytes. */
export const bytesOf = (data) => {
  if (typeof data === "string") return encoder.encode(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  if (Object.prototype.toString.call(data) === "[object ArrayBuffer]") return new Uint8Array(data).slice();
  return fail("data", data, "a string, an ArrayBuffer or a view");
};

/** An event as text/event-stream has it. */
const eventText = (data, { id, event, retry }) => {
  const fields = [["id", id], ["event", event], ["retry", retry]].filter(([, value]) => value !== undefined);
  const lines = `${data}`.split(/\r\n|\r|\n/).map((line) => ["data", line]);
  return `${[...fields, ...lines].map(([name, value]) => `${name}: ${value}`).join("\n")}\n\n`;
};

const status = (given) => (given >= 200 && given <= 599 ? given : fail("status", given, "an HTTP status, 200 to 599"));

/** Steps, one for each attempt, of which the last one stays; each method adds one, or as many as `times` says, and returns the script. */
class Script {
  #add;

  constructor(add) {
    this.#add = add;
  }

  #step(act, { times = 1, ...options } = {}) {
    if (!Number.isSafeInteger(times)) fail("times", times, "a whole number; the last step stays for the attempts that follow");
    for (let i = 0; i < times; i += 1) this.#add({ act, ...options });
    return this;
  }

  /** The attempt succeeds: `{ protocol, headers, delay, then }`, of which `then(connection)` may be given alone. */
  accept(options) { return this.#step("accept", isFunction(options) ? { then: options } : options); }

  /** It is refused with this HTTP status: `{ headers, body, delay }`. A WebSocket is told no more than that it failed. */
  refuse(code, options) { return this.#step("refuse", { ...options, status: status(code) }); }

  /** The network fails: before there is an answer, or `after` so many milliseconds of being open. */
  drop(options) { return this.#step("drop", options); }

  /** It is accepted, and closed by the server, at once or `after` a while: a WebSocket with this code, a response by its end. */
  close(code = 1000, reason = "", options = {}) { return this.#step("close", { after: 0, ...options, code, reason }); }

  /** There is never an answer. */
  stall(options) { return this.#step("stall", options); }

  /** It is accepted, and then the connection is dead: nothing comes through, either way, and nobody is told. */
  silence(options) { return this.#step("silence", options); }

  /** There is an answer, and a script may not see it, for want of CORS headers. */
  corsError(options) { return this.#step("corsError", options); }

  /** An HTTP response, or a function that makes one: `(request) => ({ status, headers, body })`, a text, or a `Response`. */
  respond(answer, options) { return this.#step("respond", { ...options, answer }); }
}

export const isLive = ({ via, headers }) => via === "WebSocket" || headers.get("accept")?.includes(EVENT_STREAM);

/** An attempt to reach a server, and what becomes of it. */
export class Connection {
  /** connecting, open, closed. */
  state = "connecting";
  /** The subprotocol that was chosen. */
  protocol = "";
  /** What the client has sent: texts, and bytes as Uint8Array. */
  messages = [];
  onmessage = null;
  onclose = null;
  #network;
  #server;
  #client;
  /** Half-open: what either end sends is lost. */
  #isSilent = false;
  /** The client hears no more. */
  #isCut = false;

  constructor(network, server, request, client) {
    Object.assign(this, request, { at: network.now });
    this.#network = network;
    this.#server = server;
    this.#client = client;
  }

  /** The body of a request, as text. */
  get text() { return decoder.decode(this.body); }

  /** The id after which the client wants to go on: of the header, or of the query. */
  get lastEventId() {
    const id = this.headers.get("last-event-id");
    // It is UTF-8, a character for each byte.
    if (id !== null) return decoder.decode(Uint8Array.from(id, (byte) => byte.charCodeAt()));
    const { searchParams } = new URL(this.url);
    return searchParams.get("last_event_id") ?? searchParams.get("lastEventId") ?? "";
  }

  /** Whether this is a WebSocket or an event stream. */
  get isLive() {
    return isLive(this);
  }

  /** Sends a message; to an event stream as an event, with the fields `{ id, event, retry }`. */
  send(data, fields = {}) {
    if (!this.#mayWrite("send")) return;
    this.#log("send", { data, ...fields });
    if (this.via !== "WebSocket") this.#tell("data", encoder.encode(eventText(data, fields)));
    else this.#tell("data", typeof data === "string" ? data : bytesOf(data));
  }

  /** Sends a part of a response as it is: `: a comment\n\n`. */
  write(part) {
    if (this.via === "WebSocket") fail("write", "a WebSocket", "a response; send() is for messages");
    if (this.#mayWrite("write")) this.#tell("data", bytesOf(part));
  }

  /** The server's own end: a WebSocket is closed with this code, a response is whole. */
  close(code = 1000, reason = "") {
    if (this.state === "closed") return;
    if (this.state === "connecting") this.accept();
    this.#log("close", { by: "server", code, reason });
    this.state = "closed";
    this.#tell("end", code, reason);
  }

  /** The network fails, after what was sent before. Both ends are told. */
  drop() {
    if (this.#isCut) return;
    this.#log("drop");
    this.#lose();
    this.#network.pass(() => {
      if (!this.#isCut) this.#client.fail(false);
      this.#isCut = true;
    });
  }

  /** From here on nothing comes through, either way, and nobody is told. */
  silence() {
    this.#log("silence");
    this.#isSilent = true;
  }

  /** Accepts it: a response begins, or a WebSocket is open. */
  accept({ protocol = this.protocols?.[0] ?? "", headers = {}, status: given = 200 } = {}) {
    if (this.state !== "connecting") return;
    this.state = "open";
    if (this.via === "WebSocket") this.protocol = protocol;
    const head = { "content-type": this.isLive ? EVENT_STREAM : "text/plain", ...headers };
    this.#log("open", this.via === "WebSocket" ? { protocol } : { status: given });
    this.#tell("open", { status: given, headers: head, protocol });
  }

  /** Answers a request as a whole. */
  async respond(answer) {
    if (this.state !== "connecting") return;
    const { status: given = 200, headers = {}, body } = typeof answer === "string" ? { body: answer } : answer ?? { status: 204 };
    if (this.via === "WebSocket") return this.#refuse(given);
    const isResponse = Boolean(answer?.arrayBuffer);
    const bytes = isResponse ? new Uint8Array(await this.#network.clock.hold(answer.arrayBuffer())) : bytesOf(body ?? "");
    this.#log(given < 400 ? "respond" : "refuse", { status: given });
    this.state = "closed";
    this.#tell("open", { status: status(given), headers: isResponse ? Object.fromEntries(headers) : headers, protocol: "" });
    if (bytes.length) this.#tell("data", bytes);
    this.#tell("end");
  }

  #refuse(code) {
    this.#log("refuse", { status: code });
    this.state = "closed";
    this.#tell("fail", false);
  }

  /** Carries out a step of the script, as soon as the attempt has come to the server. */
  begin(step) {
    this.#network.carry(() => this.#isCut || this.#acts[step.act](step), step.delay);
  }

  #acts = {
    accept: (step) => {
      if (!this.isLive) return this.#network.guard(() => this.#server.answer(this, step));
      this.accept(step);
      this.#network.guard(() => this.#server.serve(this));
      this.#server.call(step.then, this);
    },
    refuse: ({ status: code, headers, body }) => (
      this.via === "WebSocket" ? this.#refuse(code) : this.respond({ status: code, headers, body })),
    drop: (step) => {
      if (step.after === undefined) return this.drop();
      this.#acts.accept(step);
      this.#network.clock.deliver(step.after, () => this.drop());
    },
    close: (step) => {
      this.#acts.accept(step);
      this.#network.clock.deliver(step.after, () => this.close(step.code, step.reason));
    },
    stall: () => this.#log("stall"),
    silence: (step) => {
      this.accept(step);
      this.silence();
    },
    corsError: () => {
      if (this.via === "WebSocket") return this.#refuse(403);
      this.#log("corsError");
      this.state = "closed";
      this.#tell("fail", true);
    },
    respond: ({ answer }) => this.#network.guard(async () => this.respond(isFunction(answer) ? await answer(this) : answer)),
  };

  // ---- the client's end, for the fake classes of the host ----

  /** A message of a WebSocket. `taken` is called when it is on its way. */
  receive(data, taken) {
    this.#network.carry(() => {
      taken();
      if (this.#isSilent || this.state !== "open") return;
      this.messages.push(data);
      this.#log("message", { data });
      this.#server.call(this.onmessage, data, this);
      this.#network.guard(() => this.#server.receive(data, this));
    });
  }

  /** A close frame, which the server answers with the same. */
  farewell(code, reason) {
    this.#network.carry(() => {
      // One that was open hears the answer of a server that lives; else the browser does not wait for long.
      if (this.#isSilent) return this.#network.clock.deliver(CLOSING, () => this.drop());
      if (this.state === "closed") return;
      this.#log("close", { by: "client", code, reason });
      this.state = "closed";
      this.#tell("end", code, reason);
      this.#gone();
    });
  }

  /** The client has let go of it, and hears nothing any more. */
  abandon() {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#network.lost(this);
    if (this.state !== "closed") this.#log("abort");
    this.#lose();
  }

  #lose() {
    const wasOpen = this.state === "open";
    this.state = "closed";
    if (wasOpen && !this.#isSilent) this.#gone();
  }

  #gone() {
    this.#server.call(this.onclose, this);
    this.#server.call(this.#server.onclose, this);
  }

  #mayWrite(what) {
    if (this.state === "connecting") {
      fail(what, "a connection that is connecting", "one that was accepted: in onconnection, or accept(then)");
    }
    return this.state === "open";
  }

  #tell(what, ...given) {
    if (!this.#isSilent) this.#network.carry(() => this.#isCut || this.#client[what](...given));
  }

  #log(event, details) {
    this.#network.note(event, { url: this.url, ...details });
  }
}

/** What a scripted server has beside its script. */
export class Server extends Script {
  /** The attempts so far, of all kinds, each a connection. */
  attempts = [];
  /** Called with each connection that is accepted, with each message, with each connection that has gone. */
  onconnection = null;
  onmessage = null;
  onclose = null;
  /** Answers HTTP requests that are no event streams: `(request) => response`, as in `respond`. */
  onrequest = null;
  #steps = [];
  #last = { act: "accept" };
  #network;

  constructor(network, url) {
    super((step) => { this.#steps.push(step); });
    this.#network = network;
    this.url = url;
  }

  /** The connections that are open, the oldest first. */
  get connections() { return this.attempts.filter(({ state, isLive }) => state === "open" && isLive); }

  /** The newest of them. */
  get connection() { return this.connections.at(-1); }

  /** What clients have sent, on all connections. */
  get messages() { return this.attempts.flatMap(({ messages }) => messages); }

  /** Sends a message on each connection that is open. */
  send(data, fields) {
    for (const connection of this.connections) connection.send(data, fields);
  }

  // ---- for the network, and for servers that speak a wire ----

  /** An attempt comes: `request` is `{ via, method, url, headers, protocols, body }`. */
  attempt(request, client) {
    const connection = new Connection(this.#network, this, request, client);
    this.attempts.push(connection);
    // What is sent beside a connection has no part in the script.
    const isBeside = !connection.isLive && request.method !== "GET" && this.onrequest;
    if (!isBeside) this.#last = this.#steps.shift() ?? this.#last;
    connection.begin(isBeside ? { act: "accept" } : this.#last);
    return connection;
  }

  /** What an HTTP client would see of it now, which is none of the attempts: a status, 0 for none, undefined while there is no answer. */
  look() {
    const { act, status: given } = this.#steps[0] ?? this.#last;
    // A server of WebSockets wants an upgrade.
    if (act === "accept" || act === "silence" || act === "close") return this.url.startsWith("ws") ? 426 : 200;
    return { refuse: given, drop: 0, respond: 200, corsError: 200 }[act];
  }

  /** Calls back a test. */
  call(callback, ...given) {
    this.#network.guard(() => callback?.(...given));
  }

  /** A WebSocket or an event stream was accepted. */
  serve(connection) {
    this.call(this.onconnection, connection);
  }

  /** A message came. */
  receive(data, connection) {
    this.call(this.onmessage, data, connection);
  }

  /** Another request came, and has to be answered; or its response is begun, for what the step does `then`. */
  answer(connection, step) {
    if (!this.onrequest && step.then) {
      connection.accept(step);
      return step.then(connection);
    }
    if (!this.onrequest) {
      const { method, url } = connection;
      connection.drop();
      throw new Error(`everwire/testing: ${method} ${url} came to a fake server that has no answer for it; expected `
        + "`server.onrequest = (request) => ({ status, headers, body })`, or `server.respond(…)` for this one attempt");
    }
    return Promise.resolve(this.onrequest(connection)).then((answer) => connection.respond(answer));
  }
}
