// What both reconnecting classes share: the options, the state, and the two ends of a connection's machine. What happens goes into it
// as inputs; what it wants done comes out as the methods below, called one by one from a queue when the input is through.

import { CAUSES, CLOSE, CONTINUITIES, DELIVERIES, FLUSH, OPENED, PAGE, PHASES, RECONNECT, START, TICK, TRANSPORTS, UNSENT, UNUSABLE,
  WHY_DROPPED } from "./names.js";
import { openSocket, openSource, openStream, request, watchPage } from "./shell.js";
import { Target, handlers, lightEvent, prepareMessages } from "./target.js";

export const fail = (name, given, expected) => {
  throw new TypeError(`${name}: ${String(given)} was given; expected ${expected}`);
};

/** A span in milliseconds, or a plain number, from `least` up. */
const number = (name, value, fallback, least = 0) => {
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !(value >= least)) fail(name, value, `a number of at least ${least}`);
  return value;
};

/** The numbers that a machine is made with; `create` in src/js/mod.rs has their order. `bytes` is the last one. */
const numbers = ({ reconnect = true, connectTimeout, silenceTimeout, outbox = {} }, bytes) => {
  const retry = Object(reconnect);
  return [
    Math.random() * 2 ** 53,
    number("reconnect.firstDelay", retry.firstDelay, 2_000),
    number("reconnect.minDelay", retry.minDelay, 1_000),
    number("reconnect.maxDelay", retry.maxDelay, 30_000, 1),
    number("reconnect.factor", retry.factor, 2, 1),
    reconnect ? number("reconnect.maxRetries", retry.maxRetries, Infinity) : 0,
    number("reconnect.minUptime", retry.minUptime, 5_000),
    number("connectTimeout", connectTimeout, 10_000, 1),
    number("silenceTimeout", silenceTimeout, 0),
    number("outbox.maxMessages", outbox.maxMessages, 1_000, 1),
    number(...bytes, 1),
  ];
};

/** Three bits for each transport, the first one lowest. */
const ladder = (given, offered) => {
  if (given === undefined) return 0;
  const list = [...given];
  if (!list.length || list.some((name) => !offered.includes(name))) fail("transports", list, `some of ${offered.join(", ")}`);
  return list.reduceRight((bits, name) => bits * 8 + TRANSPORTS.indexOf(name) + 1, 0);
};

/** `given` resolved against the page or worker, with the scheme made `scheme` or its secure form. */
export const resolve = (given, scheme) => {
  let url;
  try {
    url = new URL(given, globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch {}
  const [, , secure] = /^(ws|http)(s?):$/.exec(url?.protocol) ?? [];
  if (secure === undefined || url.href.includes("#")) {
    throw new DOMException(`The URL "${given}" was given; expected a valid one, absolute or relative to the page, with the scheme `
      + "ws, wss, http or https, and without a fragment", "SyntaxError");
  }
  return scheme + secure + url.href.slice(url.protocol.length - 1);
};

const sayings = {
  network: () => "the network failed, or the browser does not say more",
  timeout: () => "no connection within connectTimeout",
  silence: () => "nothing came for longer than the timeout",
  status: ({ status }) => `the server answered with status ${status}`,
  "content-type": ({ reason }) => `expected content type text/event-stream, the server sent "${reason}"`,
  close: ({ code }) => (code ? `the server closed with code ${code}` : "the stream ended"),
  protocol: ({ reason }) => `the server broke the rules of the wire: ${reason}`,
  overflow: () => "a line or an event is longer than maxEventBytes",
  unusable: ({ reason }) => `this host has no transport that could be used: ${reason}`,
};

/** The classes of the package are this one, with what is private to it behind symbols. */
export class Connection extends Target {
  #engine;
  #machine;
  #wire;
  #number = -1;
  #busy = false;
  #ending = false;
  #parts = new Map();
  #timer;
  #unwatch;
  #release;

  #state = "connecting";
  #transport = null;
  #attempt = 0;
  #cause;
  #latest;
  #opened = false;
  #counters = { attempts: 0, messages: 0, drops: 0 };
  #openSince;
  #lastEventId;
  /** What the machine wants done; `engine.js` fills it. */
  queue = [];

  /**
   * `wire`: { number, own, query, events, flag, bytes, socketUrl, httpUrl, protocols, withCredentials, transports, kinds }, all that
   * depends on the face and its options.
   */
  constructor(engine, options, wire) {
    super();
    const { resume: { lastEventId = "" } = {}, signal } = options;
    this.#wire = wire;
    this.#lastEventId = String(lastEventId);
    const settings = [ladder(options.transports, wire.transports), ...numbers(options, wire.bytes)];
    this.#engine = engine();
    prepareMessages();
    this.#machine = () => this.#engine.create(this, wire.number, wire.flag, wire.query, this.#lastEventId, ...settings);
    if (signal) {
      const stop = () => this.close();
      signal.addEventListener("abort", stop);
      this.#release = () => signal.removeEventListener("abort", stop);
      if (signal.aborted) queueMicrotask(stop);
    }
    this.#begin();
  }

  get state() { return this.#state; }
  get transport() { return this.#transport; }
  get lastEventId() { return this.#lastEventId; }

  /** Connects now: while waiting, in place of a connection that is there, and after the end. */
  reconnect() {
    if (this.#number >= 0) this.#input(RECONNECT);
    else if (this.#state === "closed") this.#begin();
  }

  stats() {
    return {
      ...this.#counters, state: this.#state, transport: this.#transport, attempt: this.#attempt, lastEventId: this.#lastEventId,
      lastError: this.#latest, uptime: this.#openSince === undefined ? 0 : performance.now() - this.#openSince,
    };
  }

  /** Dispatches a light event, unless nobody listens. */
  emit(type, fields, Native) {
    if (this.hasListeners(type)) this.dispatchEvent(lightEvent(this, type, fields, Native));
  }

  // ---- for the faces ----

  get over() { return this.#number < 0; }
  get queuedBytes() { return this.over ? 0 : this.#engine.queued(this.#number); }
  get socket() {
    for (const { socket } of this.#parts.values()) if (socket) return socket;
    return undefined;
  }

  give(data) {
    const delivery = this.over ? 0 : this.#engine.send(this.#number, data);
    this.#run();
    return DELIVERIES[delivery];
  }

  end(code, reason) {
    if (this.over) return;
    this.#ending = true;
    this.#input(CLOSE, { number: code, text: reason });
  }

  listenFor(type) {
    for (const part of this.#parts?.values() ?? []) part.listen?.(type);
  }

  // Hooks.
  whenOpen(_first) {}
  whenLost() {}
  whenClosed(_end) {}
  deliver(_data) {}

  // ---- inputs ----

  #begin() {
    this.#number = this.#machine();
    this.#ending = false;
    this.#unwatch = watchPage((sign) => this.#input(PAGE, { number: sign }));
    this.#input(START);
  }

  #input(kind, details) {
    if (this.over) return;
    this.#engine.input(this.#number, kind, details);
    this.#run();
  }

  /** Listeners may do anything: send, close, reconnect. What that causes waits here until they return. */
  #run() {
    if (this.#busy) return;
    this.#busy = true;
    for (let effect; (effect = this.queue.shift());) {
      const [method, ...what] = effect;
      this.#effects[method](...what);
    }
    this.#busy = false;
  }

  #after(url, cursor) {
    if (!cursor || !this.#wire.query) return url;
    return `${url}${url.includes("?") ? "&" : "?"}${this.#wire.query}=${encodeURIComponent(cursor)}`;
  }

  #open(id, transport, cursor) {
    const { own, query, events, socketUrl, httpUrl, protocols, withCredentials, kinds } = this.#wire;
    const report = (input, details) => this.#input(input, { ...details, id });
    const lastId = query ? "" : cursor;
    const url = this.#after(httpUrl, cursor);
    switch (TRANSPORTS[transport]) {
      case "websocket":
        return openSocket(this.#after(socketUrl, cursor), own, protocols, report, (data) => {
          this.#engine.frame(this.#number, id, data);
          this.#run();
        });
      case "eventsource":
        return openSource(url, withCredentials, kinds(), report);
      case "fetch-stream":
        return openStream(url, withCredentials, lastId, report);
      default:
        // XMLHttpRequest has no cache mode, so a URL that may have been asked for before gets a number.
        return request(url === httpUrl ? `${url}${url.includes("?") ? "&" : "?"}_=${Math.random()}` : url, withCredentials,
          { events, lastId }, report);
    }
  }

  /** Opens with `make`; what throws is a transport that this host lacks or forbids. */
  #use(id, key, make) {
    try {
      this.#parts.set(key, make());
    } catch (error) {
      this.#input(UNUSABLE, { id, text: String(error) });
    }
  }

  // ---- effects ----

  #effects = {
    open: (id, transport, cursor) => this.#use(id, id, () => this.#open(id, transport, cursor)),
    transmit: (id, data) => {
      const { send } = this.#parts.get(id) ?? {};
      if (send) return send(data) || this.#input(UNSENT, { id, value: data });
      const { httpUrl, withCredentials } = this.#wire;
      this.#use(id, `${id} up`, () => request(httpUrl, withCredentials, { body: data }, (input, details) => {
        this.#input(input, { ...details, id });
      }));
    },
    drop: (id, code, reason) => {
      for (const key of [id, `${id} up`]) {
        this.#parts.get(key)?.stop(code, reason);
        this.#parts.delete(key);
      }
    },
    wake: (at) => {
      clearTimeout(this.#timer);
      // One millisecond more, for the clock is finer than the timer, which may fire a fraction early.
      if (at >= 0) this.#timer = setTimeout(() => this.#input(TICK), Math.min(Math.max(at - performance.now(), 0) + 1, 2 ** 31 - 1));
    },
    flush: (id) => this.#input(FLUSH, { id }),
    status: (phase, transport, attempt, retryIn) => {
      const [previous, state] = [this.#state, PHASES[phase]];
      this.#state = state;
      this.#transport = TRANSPORTS[transport] ?? null;
      this.#attempt = attempt;
      if (state === "connecting") this.#counters.attempts += 1;
      if (state !== "open") this.#openSince = undefined;
      else if (previous !== "open") this.#openSince = performance.now();
      this.emit("statechange", { state, previous, transport: this.#transport, attempt, retryIn });
    },
    cause: (kind, transport, status, code, retryAfter, reason) => {
      const cause = { kind: CAUSES[kind], transport: TRANSPORTS[transport] };
      if (status) cause.status = status;
      if (code) cause.code = code;
      if (reason) cause.reason = reason;
      if (retryAfter >= 0) cause.retryAfter = retryAfter;
      cause.message = sayings[cause.kind]?.(cause) ?? cause.kind;
      this.#cause = this.#latest = cause;
    },
    opened: () => {
      this.#opened = true;
      if (!this.#ending) this.whenOpen(true);
    },
    message: (data, id) => {
      if (this.#ending) return;
      if (id !== undefined) this.#lastEventId = id;
      this.#counters.messages += 1;
      this.deliver(data);
    },
    reconnecting: (attempt, delay) => {
      const cause = this.#taken();
      if (this.#opened) this.#counters.drops += 1;
      if (this.#ending) return;
      this.whenLost();
      this.emit("reconnecting", { attempt, delay, cause });
    },
    reconnected: (continuity, downtime) => {
      if (this.#ending) return;
      this.whenOpen(false);
      this.emit("reconnected", { continuity: CONTINUITIES[continuity], downtime, transport: this.#transport });
    },
    moved: (from, to) => {
      const why = this.#taken();
      if (!this.#ending) this.emit("transportchange", { from: TRANSPORTS[from], to: TRANSPORTS[to], why });
    },
    dropped: (data, why) => this.emit("dropped", { data, why: WHY_DROPPED[why] }),
    closed: (code, reason) => {
      const cause = this.#taken();
      const gone = this.#number;
      this.#number = -1;
      this.#unwatch();
      this.#release?.();
      // The end is never heard inside of the call that caused it.
      setTimeout(() => {
        this.#engine.destroy(gone);
        this.whenClosed({ code, reason, wasClean: !cause, cause });
      });
    },
  };

  #taken() {
    const cause = this.#cause;
    this.#cause = undefined;
    return cause;
  }
}

handlers(Connection, ["statechange", "reconnecting", "reconnected", "transportchange"]);
