// What one connection did, as <everwire-inspector> keeps it: states that lasted and events that happened, the newest of each. It hears what
// any listener hears, and asks what anybody can ask.

import { MEANING, inShort, size, span } from "./inspector-words.js";

/** What is older is forgotten. */
const SPANS_KEPT = 400;
const EVENTS_KEPT = 200;
const RATES_KEPT = 600;

/** Adds to what keeps only so many. */
export const keep = (ring, item, most) => {
  ring.push(item);
  if (ring.length > most) ring.shift();
};

export class History {
  /**
   * `{ state, transport, from, to, cause }`, oldest first; `to` is undefined while it lasts. Times are of `Date.now()`, which sleep does not
   * stop.
   */
  spans = [];
  /** `{ at, kind, text, tone, cause, times }`, oldest first. */
  events = [];
  /** `{ at, total }`: how many messages had come by then. */
  rates = [];
  /** When the next try is. */
  nextAt = 0;
  /** The last error: `{ at, cause }`. */
  failure;
  #connection;
  #tell;
  #life;
  /** When it was listened to last, and what had happened by then. */
  #left = { at: 0, seen: "" };
  #wasOpen = false;
  /** Open since the last loss. */
  #isUp = false;

  /** `tell` is called after each change. */
  constructor(connection, tell) {
    this.#connection = connection;
    this.#tell = tell;
  }

  /** What changes with every attempt. */
  get #seen() {
    const { attempts, drops } = this.#connection.stats();
    return `${attempts} ${drops}`;
  }

  listen() {
    // Where nothing has happened meanwhile, what lasted goes on.
    if (this.#left.seen !== this.#seen) this.#end(this.#left.at);
    this.#life = new AbortController();
    const hear = (type, heard) => this.#connection.addEventListener(type, (event) => {
      // A server may well give its events such names. What a socket dropped has data as they have, but no id.
      if ("lastEventId" in event) return;
      heard(event);
      this.#tell();
    }, { signal: this.#life.signal });
    hear("statechange", ({ retryIn }) => {
      this.nextAt = Date.now() + retryIn;
      this.#sample();
    });
    hear("open", () => this.#opened());
    hear("reconnecting", (event) => this.#lost(event));
    hear("reconnected", (event) => this.#returned(event));
    hear("transportchange", ({ from, to, why }) => this.#add("moved", `now by ${to} instead of ${from}${why ? ` (${inShort(why)})` : ""}`));
    hear("gap", ({ after }) => this.#add("missing", `something is missing after ${after}`, "bad"));
    hear("dropped", ({ data, why }) => (
      this.#add("dropped", `a message was given up, ${why} (${size(data.size ?? data.byteLength ?? data.length)})`, "bad")));
    hear("close", (event) => this.#closed(event));
    this.#sample();
    this.#isUp = this.#wasOpen = this.#connection.state === "open";
    this.#tell();
  }

  leave() {
    this.#life.abort();
    this.#left = { at: Date.now(), seen: this.#seen };
  }

  /** Notes how many messages have come by now. */
  count(total) {
    keep(this.rates, { at: Date.now(), total }, RATES_KEPT);
  }

  #end(at) {
    const last = this.spans.at(-1);
    if (last) last.to ??= at;
  }

  #sample() {
    const { state, transport } = this.#connection;
    const last = this.spans.at(-1);
    if (last && !last.to && last.state === state && last.transport === transport) return;
    const now = Date.now();
    this.#end(now);
    keep(this.spans, { state, transport, from: now, to: undefined, cause: undefined }, SPANS_KEPT);
  }

  #opened() {
    this.#sample();
    this.#isUp = true;
    if (!this.#wasOpen) this.#add("open", `open by ${this.#connection.transport}`, "good");
    this.#wasOpen = true;
  }

  #lost({ attempt, delay, cause }) {
    this.#failed(cause);
    // The first one after it was up is the loss itself; later ones are failures to come back.
    const [kind, what] = this.#isUp ? ["lost", "lost"] : ["failed", "try failed"];
    this.#isUp = false;
    this.#add(kind, `${what} (${inShort(cause)}), try ${attempt} in ${span(delay)}`, "bad", cause);
  }

  #returned({ continuity, transport, downtime }) {
    this.#sample();
    this.#isUp = true;
    const tone = { resumed: "good", gap: "bad" }[continuity];
    this.#add(continuity, `back by ${transport} after ${span(downtime)}: ${MEANING[continuity]}`, tone);
  }

  #closed({ code, reason, cause }) {
    if (cause) this.#failed(cause);
    else this.#sample();
    this.#isUp = this.#wasOpen = false;
    const why = cause ? `: ${cause.message}` : code ? ` (${code}${reason && `, ${reason}`})` : "";
    this.#add("closed", `closed${why}`, cause && "bad", cause);
  }

  #failed(cause) {
    this.#sample();
    this.failure = { at: Date.now(), cause };
    this.spans.at(-1).cause = cause;
  }

  #add(kind, text, tone = "plain", cause) {
    const last = this.events.at(-1);
    // The same again is counted: a flood must not wash out what led to it.
    if (last?.text === text && last.kind === kind) last.times += 1;
    else keep(this.events, { at: Date.now(), kind, text, tone, cause, times: 1 }, EVENTS_KEPT);
  }
}
