// What a connection has for a machine while the module is still loading. It opens what the machine will open first, so that the network does not
// wait for the module, keeps what happens, and hands that over to the machine, which never knows that it came late.
//
// | while it loads | what is done |
// | --- | --- |
// | `START` | the first transport is opened, unless the host is offline |
// | reports, page events, frames, pieces, releases | kept, in order |
// | `send` | queued, to be told before all reports; refused if it is volatile, or if the outbox would be full, whatever `whenFull` says |
// | `RECONNECT` | nothing: it is connecting |
// | `CLOSE` | the end, at once: what was queued is told as dropped |
// | the module fails to load | the end, with a cause that says why |
// | it has loaded | the machine is made and told all of it, in order. What it opens first is there already; were it another transport, then what |
// |  | that one has reported is not heard |

import { CLOSE, OFFLINE, PAGE, RECONNECT, START, TRANSPORTS, UNSENDABLE } from "./names.js";

/** The first attempt of a machine: `next_id` in src/core/machine.rs. */
const FIRST = 1;
const REFUSED = 0, QUEUED = 1;
/** Places in `PHASES`, `WHY_DROPPED` and `CAUSES`, and one that no transport has. */
const CLOSED = 4, FULL = 0, BY_CLOSING = 1, NOT_SENDABLE = 3, EXPIRED = 4, UNUSABLE = 10, NONE = 7;
/** Places in the `numbers` of options.js. */
const MOST_MESSAGES = 9, TTL = 10, MOST_BYTES = 13;
/** Numbers and flags of `create` in src/js/machine.rs. */
const ENGINE_IO = 2, NEEDS_FETCH = 2, BEGINS_LOW = 64;

/** The place in `TRANSPORTS` of what a machine opens first: `connect` in src/core/machine.rs, and `fit` of its wire. */
const firstTransport = ({ number, flags, query, settings: { ladder } }, lastId, beginWith) => {
  const rungs = [];
  for (let left = ladder; left; left >>= 3) rungs.push((left & 7) - 1);
  if (flags & BEGINS_LOW) return rungs[rungs.length - 1];
  const from = Math.max(rungs.indexOf(beginWith - 1), 0);
  const ordered = [...rungs.slice(from), ...rungs.slice(0, from)];
  // The browser's own EventSource can send neither headers nor an id.
  const isMute = number === 3 && (flags & NEEDS_FETCH || (lastId && !query));
  return ordered.find((rung) => !(isMute && TRANSPORTS[rung] === "eventsource")) ?? (flags & NEEDS_FETCH ? undefined : ordered[0]);
};

const size = (data) => data.byteLength ?? data.size ?? new TextEncoder().encode(data).length;

/** An engine, as engine.js makes one, of connections whose machines are made by the one that `loading` resolves to. */
export const earlyEngine = (loading) => (tell, wire, lastId, beginWith, run) => {
  const kept = [];
  let queue = [];
  let bytes = 0;
  let isOffline = false;
  let opened;
  let machine;
  let ended = false;

  /** The end; `why`, where it was not the application's wish. */
  const end = (code, reason, why) => {
    ended = true;
    tell("status", [CLOSED, NONE, 0, 0]);
    for (const { data } of queue) tell("dropped", [BY_CLOSING, data]);
    if (opened !== undefined) tell("drop", why ? [FIRST] : [FIRST, code, reason]);
    if (why) tell("cause", [UNUSABLE, NONE, 0, 0, -1, why]);
    tell("closed", [code, reason]);
  };

  const open = () => {
    opened = firstTransport(wire, lastId, beginWith);
    if (opened === undefined) return;
    if (wire.number === ENGINE_IO) {
      tell("address", [FIRST, `EIO=4&transport=${TRANSPORTS[opened] === "websocket" ? "websocket" : "polling"}`]);
    }
    tell("open", [FIRST, opened, lastId]);
  };

  /** Tells the machine what it has missed. */
  const handOver = (engine) => {
    if (ended) return;
    let isThere;
    machine = engine((effect, what) => {
      if (effect === "open" && isThere === undefined) {
        // What it opens first is there already, or something else is, which is replaced.
        isThere = what[1] === opened;
        if (isThere) return;
      }
      tell(effect, what);
    }, wire, lastId, beginWith);
    for (const [method, id, ...what] of kept) {
      if (id !== FIRST || isThere) machine[method](...what);
      // The application knows of nothing that came later: what it sends when it is open goes first.
      if (what[0] === START) queue.forEach(resend);
    }
    queue = [];
    run();
  };
  const resend = ({ data, terms, later, since }) => {
    const ttl = (terms.ttl ?? wire.settings.numbers[TTL]) - (performance.now() - since);
    if (ttl <= 0) return tell("dropped", [EXPIRED, data]);
    const delivery = machine.send(data, ttl < Infinity ? { ...terms, ttl } : terms, later);
    if (delivery === REFUSED) tell("dropped", [FULL, data]);
    if (delivery === UNSENDABLE) tell("dropped", [NOT_SENDABLE, data]);
  };

  loading.then(handOver, (error) => {
    if (ended) return;
    end(1006, "", String(error?.message ?? error));
    run();
  });

  return {
    destroy: () => machine?.destroy(),
    queued: (messages) => machine ? machine.queued(messages) : messages ? queue.length : bytes,
    send(data, terms = {}, later) {
      if (machine) return machine.send(data, terms, later);
      const { numbers } = wire.settings;
      const more = size(data);
      if (ended || terms.volatile || queue.length >= numbers[MOST_MESSAGES] || bytes + more > numbers[MOST_BYTES]) return REFUSED;
      queue.push({ data: later(data), terms, later, since: performance.now() });
      bytes += more;
      return QUEUED;
    },
    frame(id, data, now) {
      if (machine) machine.frame(id, data, now);
      else kept.push(["frame", id, id, data]);
    },
    piece(id, ...what) {
      if (machine) machine.piece(id, ...what);
      else kept.push(["piece", id, id, ...what]);
    },
    input(kind, details = {}) {
      if (machine) return machine.input(kind, details);
      if (kind === CLOSE) return end(details.number, details.text);
      if (ended || kind === RECONNECT) return;
      if (kind === PAGE) isOffline = details.number === OFFLINE;
      kept.push(["input", details.id ?? 0, kind, details]);
      if (kind === START && !isOffline) open();
    },
  };
};
