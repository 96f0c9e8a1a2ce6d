// `for await` over the events of a connection.

import { fail, oneOf } from "./options.js";
import { isOwn } from "./target.js";

/** As in Rust: more than any chunk brings, and some megabytes at worst. */
const LIMIT = 65_536;
const POLICIES = ["drop-oldest", "drop-newest", "throw"];

/**
 * Iterates over the events of these types that `target` dispatches from now on, until its `close` event. A browser cannot be told to slow a
 * stream down, so what nobody has taken yet waits here, at most `limit` events; `whenFull` says what happens beyond that. The
 * iterator's `missed` counts what was dropped.
 */
export const iterate = (target, types, { limit = LIMIT, whenFull = "drop-oldest" } = {}) => {
  if (!(limit >= 1)) fail("limit", limit, "a number of at least 1");
  oneOf("whenFull", whenFull, POLICIES);
  let waiting = [];
  /** The place of the oldest. */
  let next = 0;
  let takers = [];
  let ended = target.state === "closed";
  let error;

  const hear = (event) => {
    const taker = takers.shift();
    if (taker) return taker.resolve({ done: false, value: event });
    if (waiting.length - next >= limit) {
      it.missed += 1;
      if (whenFull === "drop-newest") return;
      if (whenFull === "throw") {
        error = new RangeError(`more than ${limit} events waited to be taken; expected a faster reader, or a greater limit`);
        return end();
      }
      waiting[next] = undefined;
      next += 1;
    }
    waiting.push(event);
    if (next > 1024 && next * 2 > waiting.length) {
      waiting = waiting.slice(next);
      next = 0;
    }
  };
  const end = () => {
    ended = true;
    for (const type of types) target.removeEventListener(type, hear);
    target.removeEventListener("close", close);
    for (const taker of takers) taker.resolve({ done: true, value: undefined });
    takers = [];
  };
  const close = (event) => isOwn(event) && end();
  if (!ended) {
    for (const type of types) target.addEventListener(type, hear);
    target.addEventListener("close", close);
  }
  const it = {
    missed: 0,
    async next() {
      if (next < waiting.length) {
        const value = waiting[next];
        waiting[next] = undefined;
        next += 1;
        return { done: false, value };
      }
      if (error) {
        const thrown = error;
        error = undefined;
        throw thrown;
      }
      if (ended) return { done: true, value: undefined };
      return new Promise((resolve) => { takers.push({ resolve }); });
    },
    /** `break` ends the iterator, and not the connection. */
    async return(value) {
      end();
      waiting = [];
      next = 0;
      return { done: true, value };
    },
    [Symbol.asyncIterator]: () => it,
  };
  return it;
};
