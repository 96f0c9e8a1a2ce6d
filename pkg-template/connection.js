// A connection: the two ends of its machine. What happens goes into the machine as inputs; what it wants done comes out as effects,
// which wait in a queue until the input is through.

import { CAUSES, CLOSE, CONTINUITIES, DELIVERIES, FLUSH, PAGE, PHASES, RECONNECT, START, TICK, TRANSPORTS, UNSENT, UNUSABLE,
  WHY_DROPPED } from "./names.js";
import { eventHeaders, transports, watchPage, withQuery } from "./shell.js";
import { LightClose, LightEvent, LightMessage } from "./target.js";

/**
 * Connects `face`, an event target. `wire` is what depends on its class and its options: { number, flag, own, protocols, query, events,
 * url, httpUrl, withCredentials }. `settings` are the numbers that a machine is made with.
 */
export const connect = (face, engine, wire, settings, lastEventId, abort) => {
  const { own, query, events, url, httpUrl } = wire;
  const { origin } = new URL(url);
  const counters = { attempts: 0, messages: 0, drops: 0 };
  const types = new Set(["message"]);
  /** What was opened, by the id of the attempt; its uplink has the negative one. */
  const parts = new Map();
  const queue = [];
  let machine;
  let life;
  let timer;
  let busy = false;
  let cause;
  let upSince = 0;

  const emit = (type, fields, Light = LightEvent) => face.dispatchEvent(new Light(face, type, fields));
  /** Nothing but the end is told once the application has closed. */
  const tell = (...event) => it.closing || emit(...event);

  /** Listeners may do anything: send, close, reconnect. What that causes waits here until they return. */
  const run = () => {
    if (busy) return;
    busy = true;
    try {
      for (let effect; (effect = queue.shift());) effect();
    } finally {
      busy = false;
    }
  };
  const input = (kind, details) => {
    machine?.input(kind, details);
    run();
  };

  const begin = () => {
    if (machine) return;
    clearTimeout(timer);
    it.state = "connecting";
    it.closing = false;
    life = new AbortController();
    machine = engine((effect, what) => queue.push(() => effects[effect](...what)), wire, it.lastEventId, settings);
    watchPage((sign) => input(PAGE, { number: sign }), life.signal);
    abort?.addEventListener("abort", () => it.end(), { signal: life.signal });
    if (abort?.aborted) it.end();
    else input(START);
  };

  /** Opens a transport; one that throws is lacking on this host, or forbidden. */
  const use = (key, id, transport, details) => {
    const controller = new AbortController();
    const { signal } = controller;
    const report = (kind, details) => signal.aborted || input(kind, { ...details, id });
    try {
      parts.set(key, { controller, ...transports[transport]({ ...wire, ...details }, report, signal) });
    } catch (error) {
      report(UNUSABLE, { text: String(error) });
    }
  };

  /** By their names; src/js/host.rs has the arguments. */
  const effects = {
    open(id, transport, cursor) {
      const after = (it) => (query && cursor ? withQuery(it, query, cursor) : it);
      const headers = events ? eventHeaders(query ? "" : cursor) : {};
      const frame = (data) => {
        machine.frame(id, data);
        run();
      };
      use(id, id, TRANSPORTS[transport], { url: after(url), httpUrl: after(httpUrl), headers, types, frame });
    },
    send(id, body) {
      const { send } = parts.get(id) ?? {};
      if (send) return send(body) || input(UNSENT, { id, value: body });
      // A text has its own type, which needs no preflight; a relay takes the type over to the receivers.
      const headers = typeof body === "string" ? {} : { "Content-Type": "application/octet-stream" };
      use(-id, id, "long-poll", { headers, body });
    },
    drop(id, ...farewell) {
      for (const key of [id, -id]) {
        parts.get(key)?.controller.abort(farewell);
        parts.delete(key);
      }
    },
    wake(at) {
      clearTimeout(timer);
      // One millisecond more, for the clock is finer than the timer, which may fire a fraction early.
      if (at >= 0) timer = setTimeout(input, Math.min(at - performance.now() + 1, 2 ** 31 - 1), TICK);
    },
    flush(id) {
      input(FLUSH, { id });
    },
    status(phase, carrier, attempt, retryIn) {
      const previous = it.state;
      const state = PHASES[phase];
      const transport = TRANSPORTS[carrier] ?? null;
      it.state = state;
      it.transport = transport;
      it.closing ||= state === "closed";
      cause = undefined;
      if (state === "connecting") counters.attempts += 1;
      emit("statechange", { state, previous, transport, attempt, retryIn });
    },
    /** Comes between a status and the notice that has this cause. */
    cause(kind, carrier, status, code, retryAfter, reason) {
      const [name, saying] = CAUSES[kind];
      const number = status || code;
      cause = counters.lastError = {
        kind: name,
        transport: TRANSPORTS[carrier],
        status,
        code,
        reason,
        retryAfter: retryAfter < 0 ? undefined : retryAfter,
        message: saying + (number ? ` (${number})` : "") + (reason && `: ${reason}`),
      };
    },
    opened() {
      upSince = performance.now();
      tell("open");
    },
    message(value, lastEventId = it.lastEventId) {
      if (it.closing) return;
      it.lastEventId = lastEventId;
      counters.messages += 1;
      const { type, data } = events ? value : { type: "message", data: value };
      const shown = it.binaryType === "blob" && data instanceof ArrayBuffer ? new Blob([data]) : data;
      emit(type, { data: shown, lastEventId, origin }, LightMessage);
    },
    reconnecting(attempt, delay) {
      if (upSince) counters.drops += 1;
      upSince = 0;
      // An EventSource tells of every loss, and opens anew.
      if (events) tell("error", { cause, message: cause.message });
      tell("reconnecting", { attempt, delay, cause });
    },
    reconnected(continuity, downtime) {
      upSince = performance.now();
      if (events) tell("open");
      tell("reconnected", { continuity: CONTINUITIES[continuity], downtime, transport: it.transport });
    },
    moved(from, to) {
      tell("transportchange", { from: TRANSPORTS[from], to: TRANSPORTS[to], why: cause });
    },
    dropped(why, data) {
      emit("dropped", { data, why: WHY_DROPPED[why] });
    },
    closed(code, reason) {
      machine = machine.destroy();
      upSince = 0;
      life.abort();
      // The end is never heard inside of the call that caused it.
      timer = setTimeout(() => {
        it.closing = false;
        if (cause) emit("error", { cause, message: cause.message });
        // Unless that brought it back to life.
        if (!machine) emit("close", { code, reason, wasClean: !cause, cause }, LightClose);
      });
    },
  };

  const it = {
    url,
    own,
    state: "connecting",
    transport: null,
    lastEventId,
    /** From `close()`, or the end, until the `close` event. */
    closing: false,
    binaryType: "blob",
    get queued() { return machine?.queued() ?? 0; },
    get socket() { return [...parts.values()].find(({ socket }) => socket)?.socket; },
    get stats() { return { ...counters, uptime: it.state === "open" ? performance.now() - upSince : 0 }; },
    send(data) {
      const delivery = machine?.send(data) ?? 0;
      run();
      return DELIVERIES[delivery];
    },
    end(code = 1000, reason = "") {
      it.closing ||= Boolean(machine);
      input(CLOSE, { number: code, text: reason });
    },
    reconnect() {
      if (machine && !it.closing) return input(RECONNECT);
      // After what is in the queue, for that may be the end.
      queue.push(begin);
      run();
    },
    /** Events of this type are wanted as well. */
    listen(type) {
      types.add(type);
      for (const { listen } of parts.values()) listen?.(type);
    },
  };
  begin();
  return it;
};
