// Time that moves only when a test says so.
//
// It moves in whole milliseconds, from one thing that is due to the next; between two of them all promise jobs are done. The package's
// machine counts in whole milliseconds as well, so its deadlines are met exactly.

import { fail, isFunction } from "./options.js";

/** So much at one moment goes in circles. */
const MOST_AT_ONCE = 100_000;
/** The HTML standard, 8.7: timers set by timers set by timers … take at least 4 ms from the sixth on, so that time gets on. */
const DEEPEST = 5;
const LEAST_WHEN_DEEP = 4;

/** Makes a function that resolves when the host has done all promise jobs and begins its next task. To be made before timers are fake. */
const taskSource = () => {
  const { setImmediate, MessageChannel, setTimeout } = globalThis;
  // A browser's timers would take 4 ms each, and an open channel would keep Node running.
  if (setImmediate) return { next: () => new Promise((resolve) => { setImmediate(resolve); }), close() {} };
  if (!MessageChannel) return { next: () => new Promise((resolve) => { setTimeout(resolve); }), close() {} };
  const { port1, port2 } = new MessageChannel();
  return {
    next: () => new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(0);
    }),
    close: () => port1.close(),
  };
};

export class Clock {
  /** Milliseconds since it was made. */
  now = 0;
  /** Time passes, and nothing comes of it until it is thawed. */
  isFrozen = false;
  #tasks = taskSource();
  /** What is due, the earliest first, and of the same moment in the order in which it was asked for. */
  #queue = [];
  #held = new Set();
  #depth = 0;
  #isMoving = false;
  /** Throws what has gone wrong unseen. */
  #check;

  constructor(check) {
    this.#check = check;
  }

  /** Runs a timer's callback in so many milliseconds, a whole number; what it returns is for `cancel`. */
  schedule(delay, run) {
    const depth = this.#depth + 1;
    const least = depth > DEEPEST ? LEAST_WHEN_DEEP : 0;
    return this.#enter(Math.max(delay, least), run, depth);
  }

  /** The same for what is no timer, and may come at once however deep it is. */
  deliver(delay, run) {
    return this.#enter(Math.ceil(delay), run, 0);
  }

  #enter(delay, run, depth) {
    const entry = { due: this.now + delay, run, depth };
    let at = this.#queue.length;
    while (at > 0 && this.#queue[at - 1].due > entry.due) at -= 1;
    this.#queue.splice(at, 0, entry);
    return entry;
  }

  cancel(entry) {
    const at = this.#queue.indexOf(entry);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  /** Lets time stand still until this promise is settled, for it takes tasks of the host and not only promise jobs. Returns it. */
  hold(promise) {
    const settled = Promise.resolve(promise).then(() => {}, () => {}).then(() => this.#held.delete(settled));
    this.#held.add(settled);
    return promise;
  }

  /** Resolves when all that the host has to do at this moment is done. */
  async #settle() {
    do {
      await Promise.all(this.#held);
      await this.#tasks.next();
    } while (this.#held.size);
    this.#check();
  }

  async #step(entry) {
    this.#queue.shift();
    // What is late comes now.
    this.now = Math.max(this.now, entry.due);
    this.#depth = entry.depth;
    try {
      entry.run();
      await this.#settle();
    } finally {
      this.#depth = 0;
    }
  }

  /** Goes on to `end`, or to where `isThere`. Whether it is. */
  async #move(end, isThere) {
    if (this.#isMoving) {
      throw new Error("everwire/testing: time was moved while it was moving; expected an `await` before each advance() and until()");
    }
    this.#isMoving = true;
    try {
      let count = 0;
      await this.#settle();
      for (;;) {
        if (isThere()) return true;
        const [entry] = this.#queue;
        if (!entry || entry.due > end || this.isFrozen) break;
        count = entry.due > this.now ? 0 : count + 1;
        if (count > MOST_AT_ONCE) {
          throw new Error(`everwire/testing: more than ${MOST_AT_ONCE} things happened at the same moment; `
            + "expected that time gets on: a delay before each reconnect, or fakeNetwork({ latency: 10 })");
        }
        await this.#step(entry);
      }
      this.now = Math.max(this.now, end);
      return false;
    } finally {
      this.#isMoving = false;
    }
  }

  /** Lets so much time pass, and all happen that is due by then. */
  async advance(ms = 0) {
    if (!(ms >= 0 && ms < Infinity)) fail("advance", ms, "a number of milliseconds");
    await this.#move(this.now + Math.ceil(ms), () => false);
  }

  /** Lets time pass until `condition()` holds, or a promise is settled, and returns what that gave. */
  async until(condition, { within = 600_000 } = {}) {
    let found;
    let outcome;
    if (typeof condition === "function") {
      outcome = () => {
        found = condition();
        if (!isFunction(found?.then)) return found;
        // Were it awaited, it could wait for ever: for time that stands still meanwhile.
        found.then(() => {}, () => {});
        fail("until", "a function that returns a promise", "one that returns whether it is so, or the promise itself");
      };
    } else {
      let isSettled = false;
      Promise.resolve(condition).then(() => {}, () => {}).then(() => { isSettled = true; });
      found = condition;
      outcome = () => isSettled;
    }
    if (await this.#move(this.now + within, outcome)) return found;
    const what = typeof condition === "function" ? `${condition} did not come true` : "the promise was not settled";
    throw new Error(`everwire/testing: ${what} within ${within} ms of the fake clock`);
  }

  /** It never moves again. */
  close() {
    this.#queue = [];
    this.#tasks.close();
  }
}
