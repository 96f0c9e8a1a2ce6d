// A connection: the two ends of its machine. What happens goes into the machine as inputs; what it wants done comes out as effects,
// which wait in a queue until the input is through.

import { ASKED, CAUSES, CLOSE, CLOSING, CONTINUITIES, DELIVERIES, EVENT, FLUSH, INQUIRED, JUDGED, MOVED, PAGE, PHASES, QUEUED, RECONNECT,
  REFRESHED, RELEASE, REPLY, SENT, START, TICK, TRANSPORTS, UNREADY, UNSENDABLE, UNSENT, UNUSABLE, VERDICTS, WHY_DROPPED } from "./names.js";
import { bare, logger, sizeOf } from "./log.js";
import { attempt, fail } from "./options.js";
import { askByHttp, sendBeacon, watchPage, withParameters, withQuery } from "./shell.js";
import { LightClose, LightEvent, LightMessage } from "./target.js";
import { turns } from "./turns.js";

/** Where the next connection to a place had better begin, and until when that is worth to know: `REMEMBERED` of src/core/ladder.rs. */
export const remembered = new Map();
const REMEMBERED = 1_800_000;
const MOST_REMEMBERED = 100;
/** How often at most the last id is written to a storage, which is synchronous. */
const BETWEEN_SAVES = 1_000;
/** The host's clock and that of its events differ by less, in milliseconds; in a test, one of them may be played. */
const ONE_CLOCK = 1_000;

/**
 * Connects `face`, an event target. `wire` is what depends on its class and its options:
 *   number, flags, query, settings   for the machine
 *   transports, post                 how to open them, by name, and how to send
 *   own, protocols, withCredentials  what they need to know
 *   place                            { url, httpUrl, headers, body, protocols }, where that is known from the start; else
 *   provide                          a function that resolves to it, called for each attempt
 *   openParser, limit                of event streams
 *   resume                           { lastEventId, key, store, dedupe }
 *   verdict, refresh, debug, abort   the application's own
 *   heartbeat, id, hello             the same, of sockets: hello makes the first message of a connection that goes on after an id
 *   copy                             makes of a message one that stays as it is
 */
export const connect = (face, engine, wire) => {
  const { own, query, openParser, resume } = wire;
  const counters = { attempts: 0, drops: 0, [openParser ? "events" : "messages"]: 0, bytes: 0, duplicates: 0 };
  const types = new Set(["message"]);
  /** What was opened, by the id of the attempt; its uplink has the negative one. */
  const parts = new Map();
  /** What goes into the query of its URLs, by the id of the attempt. */
  const addresses = new Map();
  /** Names of effects, each followed by its arguments. */
  const queue = [];
  /** What the transports have found out about the server. */
  const known = {};
  /** The last ids, oldest first. */
  const window = new Set();
  let place = {};
  /** What its messages have in common. */
  let shared;
  let machine;
  /** The attempt that is open; a probe beside it is none. */
  let current;
  /** The same, or the one that is to be. */
  let carrier;
  let life;
  let timer;
  let saving;
  let busy = false;
  /** While those who listened for one message only may ask for the next: what is known already waits until this is settled. */
  let held;
  /** When the message came that is being delivered, if that is known: the time, or the host's own event. */
  let came;
  /**
   * The machine knows that the connection is alive, which is all that it learns from a message over the raw wire. So it is not told of the next ones; and
   * before its next input, when the last of them came.
   */
  let knows = false;
  let last;
  /** Over the raw wire a message without terms would be sent at once, and as it is: the last one was, and nothing has happened since. */
  let flows = false;
  /** What it is asked for credentials by: an answer to an earlier question comes too late. */
  let asking;
  let cause;
  let upSince = 0;
  /** The state that the application was told of last. */
  let shown = "connecting";

  const log = logger(wire.debug);
  const emit = (type, fields, told = fields) => {
    log?.(type, told);
    face.dispatchEvent(new LightEvent(face, type, fields));
  };
  /** `all`, if it is given, are the events that came with this one, and `next` the place of the following one. */
  const deliver = (moment, type, data, id, all, next) => {
    const event = new LightMessage(shared, moment, type, data, id);
    face.dispatchEvent(event);
    if (!event.changed) return;
    // Native events are dispatched from tasks of their own, so what awaits one is there to listen for the next (T39).
    if (all?.length > next) queue.unshift("message", [all.slice(next)]);
    if (queue.includes("message")) held = turns().then(goOn);
  };
  /** Nothing but the end is told once the application has closed. */
  const tell = (...event) => it.closing || emit(...event);

  const { isReply } = wire.heartbeat ?? {};
  const addressed = (id, url) => withParameters(url, addresses.get(id));

  const goOn = () => {
    busy = held = false;
    if (queue.length) run();
  };
  /** Listeners may do anything: send, close, reconnect. What that causes waits here until they return. A message that is given comes first. */
  const run = (data) => {
    if (busy) return;
    busy = true;
    try {
      if (data !== undefined) effects.message(data);
      while (queue.length && !held) effects[queue.shift()](...queue.shift());
    } finally {
      // If one has thrown, as a host's own class may, that is told; and the others have their turn.
      if (!held) goOn();
    }
  };
  const input = (kind, details) => {
    if (last) machine?.input(REPLY, { id: current, now: last.timeStamp });
    last = undefined;
    knows = false;
    flows = false;
    if (kind === PAGE) log?.("page", { event: details.type });
    machine?.input(kind, details);
    run();
  };

  const memo = () => `${wire.number} ${place.httpUrl?.split("?")[0]}`;
  const begin = () => {
    if (machine) return;
    clearTimeout(timer);
    it.state = "connecting";
    it.closing = false;
    it.ended = undefined;
    it.wasOpen = false;
    life = new AbortController();
    const { signal } = life;
    const { transport, until } = remembered.get(memo()) ?? {};
    const beginWith = until > Date.now() ? TRANSPORTS.indexOf(transport) + 1 : 0;
    machine = engine((effect, what) => queue.push(effect, what), wire, it.lastEventId, beginWith, run);
    // everwire/testing ends it with the fake network that it was begun under.
    remembered.begun?.(parts, queue, life);
    watchPage(input, signal);
    if (resume.store) globalThis.addEventListener?.("pagehide", save, { signal });
    wire.abort?.addEventListener("abort", () => it.end(), { signal });
    if (wire.abort?.aborted) it.end();
    else input(START);
  };

  /** Keeps the last id for the next page. That a storage is full or forbidden is no reason to lose the connection. */
  const save = () => {
    clearTimeout(saving);
    saving = undefined;
    try {
      resume.store.setItem(resume.key, it.lastEventId);
    } catch {}
  };
  const moveTo = (id) => {
    if (it.lastEventId !== id && resume.store) saving ??= setTimeout(save, BETWEEN_SAVES);
    it.lastEventId = id;
  };
  const isDuplicate = (id) => {
    if (window.has(id)) return true;
    window.add(id);
    if (window.size > resume.dedupe) window.delete(window.keys().next().value);
    return false;
  };

  /** Where the connection is, from now on, and where its messages come from: from there, unless a redirect has led elsewhere. */
  const settle = (given, origin = new URL(given.url).origin) => {
    place = given;
    it.url = given.url;
    shared = { target: face, origin };
  };

  /** Where an attempt goes: known, or asked for, once. */
  const locate = () => {
    const where = { place };
    where.ready = wire.provide && wire.provide().then((given) => {
      where.place = given;
      where.ready = undefined;
    });
    return where;
  };

  /**
   * Opens something for an attempt, in place of what it had open for the same purpose. Whoever throws is lacking on this host, or
   * forbidden. `details(signal, place)` are what the opener needs to know beside the place, which stays that of the attempt.
   */
  const use = (key, id, open, details) => {
    parts.get(key)?.controller.abort([]);
    const controller = new AbortController();
    const { signal } = controller;
    const isProbe = parts.has(current) && id !== current;
    if (!isProbe) carrier = id;
    // What it sends goes to where it is.
    const where = parts.get(id)?.where ?? locate();
    const part = { ...parts.get(key), where, controller };
    parts.set(key, part);
    const report = (kind, details) => {
      if (signal.aborted) return part.behind?.();
      // A message is not on its way any more.
      if (key < 0) parts.delete(key);
      input(kind, { ...details, id });
    };
    const comesFrom = (origin) => {
      where.origin = origin;
      if (id === carrier) settle(where.place, origin);
    };
    const begin = () => {
      try {
        const given = { ...wire, ...where.place, ...details(signal, where.place), comesFrom };
        if (signal.aborted) return;
        Object.assign(part, open(given, report, signal));
      } catch (error) {
        return report(UNUSABLE, { text: String(error) });
      }
      if (key > 0) report(ASKED);
    };
    part.again ??= (cursor) => {
      const { repeat, where } = parts.get(key);
      const anew = (signal, place) => details(signal, place, cursor, "poll");
      if (repeat) repeat(undefined, anew(signal, where.place).httpUrl);
      else use(key, id, open, anew);
    };
    if (!where.ready) return begin();
    where.ready.then(() => {
      if (signal.aborted) return;
      if (!isProbe) settle(where.place);
      begin();
    }).catch((error) => report(UNREADY, { text: String(error?.message ?? error) }));
  };

  /** What takes the parts of an event stream that goes on after `lastId`. */
  const reading = (id, signal, lastId) => {
    const parser = openParser({ limit: wire.limit, lastId });
    signal.addEventListener("abort", parser.close);
    return (chunk) => {
      const before = parser.lastId;
      const { bytes, events, retry = -1, overflow } = parser.feed(chunk);
      const moved = parser.lastId === before ? undefined : parser.lastId;
      counters.bytes += bytes;
      machine.piece(id, bytes, events, retry, moved, overflow);
      // A block without data moves it as well, once the events before it have been heard.
      if (moved !== undefined && id === current) queue.push("past", [moved]);
      run();
    };
  };

  /** Says where to go on, before anything else is said. */
  const greet = () => {
    if (!wire.hello || !it.lastEventId) return;
    const hello = attempt(wire.hello, it.lastEventId);
    if (hello !== undefined) machine.send(hello, { volatile: true });
  };

  /** By their names; src/js/host.rs has the arguments. The first two are of this file. */
  const effects = {
    begin,
    past(id) {
      if (!it.closing) moveTo(id);
    },
    open(id, transport, after) {
      // The browser's own class has parsed what it gives.
      const parses = openParser && TRANSPORTS[transport] !== "eventsource";
      use(id, id, wire.transports[TRANSPORTS[transport]], (signal, place, cursor = after, type = "attempt") => {
        // Since this was asked for, the application may have read another one.
        if (wire.id) cursor = it.lastEventId;
        const at = (url) => addressed(id, query && cursor && url ? withQuery(url, query, cursor) : url);
        const frame = (event) => {
          const { data } = event;
          const isAlive = isReply && attempt(isReply, data);
          // That may have closed the connection, and opened another one.
          if (signal.aborted) return;
          if (isAlive) return input(REPLY, { id });
          if (knows && !busy) {
            came = last = event;
            run(data);
          } else {
            came = performance.now();
            flows = false;
            if (!wire.number && it.state === "open" && Math.abs(came - event.timeStamp) < ONE_CLOCK) knows = true;
            machine.frame(id, data, came);
            run();
          }
          came = undefined;
        };
        const read = parses && reading(id, signal, cursor);
        const tell = (event, moved) => {
          if (!openParser) return input(EVENT, { id, value: event[1], text: event[2] });
          machine.piece(id, 0, event, -1, moved, false);
          run();
        };
        // Last, for whoever is told of it may close the connection.
        log?.(type, { id, transport: TRANSPORTS[transport], lastEventId: cursor, url: bare(transport ? place.httpUrl : place.url) });
        return { url: at(place.url), httpUrl: at(place.httpUrl), lastId: query ? "" : cursor, types, frame, tell, read, known };
      });
    },
    address(id, parameters) {
      addresses.set(id, parameters);
    },
    poll(id, cursor) {
      parts.get(id)?.again(cursor);
    },
    send(id, body) {
      const { send } = parts.get(id) ?? {};
      if (send) return send(body) || input(UNSENT, { id, value: wire.copy(body) });
      log?.("post", { id });
      use(-id, id, wire.post, (signal, { httpUrl }) => ({ httpUrl: addressed(id, httpUrl), body }));
    },
    ping(id) {
      log?.("ping", { id });
      const message = attempt(wire.heartbeat.message);
      // Who was not asked is not dead for not answering.
      if (message === undefined) input(REPLY, { id });
      else parts.get(id)?.send?.(message);
    },
    farewell(id, body) {
      const { httpUrl, headers } = parts.get(id)?.where.place ?? {};
      if (!httpUrl) return;
      const request = { ...wire, headers, httpUrl: addressed(id, httpUrl) };
      const say = () => sendBeacon(request, body.join?.("") ?? body);
      // What is on its way by POST has to arrive before.
      const up = parts.get(-id);
      if (up) up.behind = say;
      else say();
    },
    drop(id, ...farewell) {
      log?.("leave", { id });
      for (const key of [id, -id]) {
        parts.get(key)?.controller.abort(farewell);
        parts.delete(key);
      }
      addresses.delete(id);
    },
    wake(at) {
      clearTimeout(timer);
      // Not a fraction early, for the clock is finer than the timer.
      if (at >= 0) timer = setTimeout(input, Math.min(Math.ceil(at - performance.now()), 2 ** 31 - 1), TICK);
    },
    flush(id) {
      current = carrier = id;
      const { where } = parts.get(id) ?? {};
      // A probe had better not say so before; and where the application still thinks about it, nothing is known yet.
      if (where && !where.ready) settle(where.place, where.origin);
      log?.("carrier", { id });
      input(FLUSH, { id });
    },
    judge() {
      let ruling;
      try {
        ruling = wire.verdict(cause);
        log?.("verdict", { cause, verdict: ruling });
        if (ruling?.retryAfter >= 0) return input(JUDGED, { more: ruling.retryAfter });
        if (ruling !== undefined && !VERDICTS.includes(ruling)) {
          fail("verdict", ruling, `${VERDICTS.join(" or ")}, { retryAfter } in milliseconds, or undefined`);
        }
      } catch (error) {
        // The default holds, and the browser reports this as it does for listeners.
        ruling = undefined;
        queueMicrotask(() => { throw error; });
      }
      input(JUDGED, { number: VERDICTS.indexOf(ruling) + 1 });
    },
    refresh() {
      const asked = asking = {};
      log?.("refresh");
      const answer = (details) => asking === asked && input(REFRESHED, details);
      Promise.resolve().then(wire.refresh).then(
        () => answer({ number: 1 }),
        (error) => answer({ text: String(error?.message ?? error) }),
      );
    },
    /** It asked for that after failures in a row, so whoever gives the place has given it. */
    inquire() {
      const asked = machine;
      askByHttp({ ...wire, ...place }).then((number) => machine === asked && input(INQUIRED, { number }));
    },
    remember(transport) {
      const key = memo();
      remembered.delete(key);
      if (TRANSPORTS[transport]) remembered.set(key, { transport: TRANSPORTS[transport], until: Date.now() + REMEMBERED });
      if (remembered.size > MOST_REMEMBERED) remembered.delete(remembered.keys().next().value);
    },
    status(phase, by, attempt, retryIn) {
      const previous = shown;
      const state = shown = PHASES[phase];
      const transport = TRANSPORTS[by] ?? null;
      it.state = state;
      it.transport = transport;
      it.closing ||= state === "closed";
      cause = undefined;
      // Without a transport it is credentials that it waits for.
      if (state === "connecting" && transport) counters.attempts += 1;
      if (state === "open" && previous !== "open") {
        upSince = performance.now();
        it.wasOpen = true;
        greet();
      }
      emit("statechange", { state, previous, transport, attempt, retryIn });
    },
    /** Comes between a status and what has this cause. */
    cause(kind, by, status, code, retryAfter, reason) {
      const [name, saying] = CAUSES[kind];
      const number = status || code;
      cause = counters.lastError = {
        kind: name,
        transport: TRANSPORTS[by],
        status,
        code,
        reason,
        retryAfter: retryAfter < 0 ? undefined : retryAfter,
        message: saying + (number ? ` (${number})` : "") + (reason && `: ${reason}`),
      };
    },
    opened() {
      tell("open");
    },
    message(value, id) {
      const moment = came ?? performance.now();
      if (!openParser) {
        if (it.closing) return;
        const shown = it.binaryType === "blob" && value instanceof ArrayBuffer ? new Blob([value]) : value;
        const own = wire.id && attempt(wire.id, value);
        if (it.closing) return;
        const last = String(own ?? id ?? "");
        if (last) {
          if (resume.dedupe && isDuplicate(last)) return void (counters.duplicates += 1);
          moveTo(last);
          if (own !== undefined) input(MOVED, { text: last });
        }
        counters.messages += 1;
        counters.bytes += sizeOf(value);
        return deliver(moment, "message", shown, it.lastEventId);
      }
      for (let i = 0; i < value.length && !it.closing && !held; i += 4) {
        const id = value[i + 2] ?? it.lastEventId;
        if (resume.dedupe && value[i + 3] && id && isDuplicate(id)) {
          counters.duplicates += 1;
          continue;
        }
        if (id !== it.lastEventId) moveTo(id);
        counters.events += 1;
        deliver(moment, value[i], value[i + 1], id, value, i + 4);
      }
    },
    reconnecting(attempt, delay) {
      if (upSince) counters.drops += 1;
      upSince = 0;
      // An EventSource tells of every loss, and opens anew.
      if (openParser) tell("error", { cause, message: cause.message });
      tell("reconnecting", { attempt, delay, cause });
    },
    reconnected(continuity, downtime) {
      if (openParser) tell("open");
      tell("reconnected", { continuity: CONTINUITIES[continuity], downtime, transport: it.transport });
    },
    gap(after) {
      tell("gap", { after });
    },
    moved(from, to) {
      tell("transportchange", { from: TRANSPORTS[from], to: TRANSPORTS[to], why: cause });
    },
    dropped(why, data) {
      const said = { why: WHY_DROPPED[why] };
      emit("dropped", { data, ...said }, { size: sizeOf(data), ...said });
    },
    closed(code, reason) {
      machine = machine.destroy();
      if (cause && upSince) counters.drops += 1;
      upSince = 0;
      if (saving) save();
      life.abort();
      // The end is never heard inside of the call that caused it.
      timer = setTimeout(() => {
        it.closing = false;
        if (cause) emit("error", { cause, message: cause.message });
        // Unless that brought it back to life.
        if (machine) return;
        const end = { code, reason, wasClean: !cause, cause };
        log?.("close", end);
        it.ended = new LightClose(face, "close", end);
        face.dispatchEvent(it.ended);
      });
    },
  };

  const it = {
    url: "",
    own,
    state: "connecting",
    transport: null,
    lastEventId: resume.lastEventId,
    /** From `close()`, or the end, until the `close` event. */
    closing: false,
    /** The `close` event, when it was. */
    ended: undefined,
    wasOpen: false,
    binaryType: "blob",
    get queued() { return machine?.queued() ?? 0; },
    get socket() { return parts.get(carrier)?.socket; },
    get stats() {
      const queued = !openParser && { queuedMessages: machine?.queued(true) ?? 0, queuedBytes: it.queued };
      return { ...counters, ...queued, transport: it.transport, uptime: it.state === "open" ? performance.now() - upSince : 0 };
    },
    /** What becomes of a message: of `DELIVERIES`. */
    send(data, terms) {
      if (flows && !terms && !queue.length) return DELIVERIES[effects.send(carrier, data) ? SENT : QUEUED];
      // Who is closing takes nothing any more.
      if (it.socket?.readyState === 2) input(CLOSING, { id: carrier });
      // What waits in the queue is sent when the listener that is running returns, and until then that may change it.
      const delivery = machine?.send(busy ? wire.copy(data) : data, terms, wire.copy) ?? 0;
      if (delivery === UNSENDABLE) {
        fail("send", "a text with U+001E, or more than the server takes", "what Engine.IO can carry");
      }
      flows = delivery === SENT && !terms && !wire.number;
      run();
      return DELIVERIES[delivery];
    },
    release() {
      input(RELEASE);
    },
    end(code = 1000, reason = "") {
      it.closing ||= Boolean(machine);
      // No message comes any more.
      if (held) busy = held = false;
      // What was taken goes first, for a socket that is closing may hand it back.
      for (let at; (at = queue.indexOf("send")) >= 0;) effects.send(...queue.splice(at, 2)[1]);
      input(CLOSE, { number: code, text: reason });
    },
    reconnect() {
      upSince = 0;
      if (machine && !it.closing) return input(RECONNECT);
      // After what is in the queue, for that may be the end.
      queue.push("begin", []);
      run();
    },
    /** Events of this type are wanted as well. */
    listen(type) {
      types.add(type);
      for (const { listen } of parts.values()) listen?.(type);
    },
  };
  if (wire.place) settle(wire.place);
  begin();
  return it;
};
