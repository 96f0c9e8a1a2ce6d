// What a fake network puts in the place of the host's own: time, chance, and the classes of the network; and how that is taken back.

/** The fake network that is installed. There is at most one, and undefined is none. */
let current;

export const currentNetwork = () => current;
export const setCurrentNetwork = (network) => { current = network; };

/** Something that can be taken back: `put` gives an object a property, `restore` gives back what it had. */
export class Replacements {
  #undo = [];

  put(object, name, value) {
    this.define(object, name, { value, writable: true });
  }

  define(object, name, descriptor) {
    const before = Object.getOwnPropertyDescriptor(object, name);
    Object.defineProperty(object, name, { ...descriptor, configurable: true, enumerable: before?.enumerable ?? true });
    this.#undo.push(() => {
      if (before) Object.defineProperty(object, name, before);
      else delete object[name];
    });
  }

  /** Makes a property one that is missing. */
  remove(object, name) {
    const before = Object.getOwnPropertyDescriptor(object, name);
    if (!before) return;
    delete object[name];
    this.#undo.push(() => Object.defineProperty(object, name, before));
  }

  /** Has this done at the end. */
  finally(undo) {
    this.#undo.push(undo);
  }

  restore() {
    for (const undo of this.#undo.reverse()) undo();
    this.#undo = [];
  }
}

/**
 * Makes a class one that tests put in the place of the host's `name`. Whoever has kept it for longer than a network was installed gets the
 * host's own from it.
 */
export const fakeClass = (name, Class) => {
  Object.defineProperty(Class, "name", { value: name, configurable: true });
  // native.js goes by it: the classes that the package kept when it was imported are not asked then.
  Class.isFake = true;
  return Class;
};

/** An instance of the host's own class, for a fake one that is asked when no network is installed. */
export const hostsOwn = (name, given) => {
  const Class = globalThis[name];
  if (!Class || Class.isFake) throw new ReferenceError(`${name} is not defined`);
  return new Class(...given);
};

/** xorshift (Marsaglia, 2003): as random as a test needs, and the same for the same seed. */
export const randomFrom = (seed) => {
  let state = Math.imul(seed + 1, 0x9e3779b1) || 1;
  const next = () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  // Neighbouring seeds begin alike.
  for (let i = 0; i < 8; i += 1) next();
  return next;
};

/** The event as of now: the host's own clock is not the fake one, and code may reckon with both. */
export const stamped = (event) => (
  Object.defineProperty(event, "timeStamp", { value: performance.now(), configurable: true, enumerable: true }));

/** Of performance.now(): a page that was just opened shows zero, and code may take that for "never". */
const UP_FOR = 60_000;

/** A timer as Node gives it. */
class Timer {
  #id;
  #arm;
  #hasRef = true;
  /** One that was cleared is not armed again; one that is over may be. */
  isCleared = false;

  constructor(id, arm) {
    this.#id = id;
    this.#arm = arm;
  }

  #keep(hasRef) {
    this.#hasRef = hasRef;
    return this;
  }

  ref() { return this.#keep(true); }
  unref() { return this.#keep(false); }
  hasRef() { return this.#hasRef; }

  refresh() {
    if (!this.isCleared) this.#arm();
    return this;
  }

  close() {
    clearTimeout(this);
    return this;
  }

  [Symbol.toPrimitive]() { return this.#id; }
}
if (Symbol.dispose) Timer.prototype[Symbol.dispose] = function () { this.close(); };

/** By which `util.promisify` finds Node's own way. */
const PROMISIFY = Symbol.for("nodejs.util.promisify.custom");

/** What `node:timers/promises` has of this name, over a fake one. */
const promised = (setTimeout) => (delay, value, { signal } = {}) => new Promise((resolve, reject) => {
  const abort = () => {
    const error = new Error("The operation was aborted", { cause: signal.reason });
    reject(Object.assign(error, { name: "AbortError", code: "ABORT_ERR" }));
  };
  if (signal?.aborted) return abort();
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", end);
    resolve(value);
  }, delay);
  const end = () => {
    clearTimeout(timer);
    abort();
  };
  signal?.addEventListener("abort", end, { once: true });
});

/** Puts the clock, and these random numbers, in the place of the host's. `wall` tells what Date.now() shows. */
export const installTime = (replaced, clock, wall, random) => {
  const { setTimeout, clearTimeout, clearInterval, Date } = globalThis;
  if (setTimeout.clock || setTimeout.isFake) {
    throw new Error("everwire/testing: the timers are fake already (by Jest, Vitest or Sinon); expected the host's own, for fakeNetwork() "
      + "has a clock for all of the code under test: leave out useFakeTimers()");
  }
  const probe = setTimeout(() => {}, 0);
  clearTimeout(probe);
  const makeTimer = typeof probe === "number" ? (id) => id : (id, arm) => new Timer(id, arm);
  const timers = new Map();
  // Far from those that the host gives.
  let ids = 2 ** 30;

  const start = (repeats) => (callback, delay = 0, ...given) => {
    if (typeof callback !== "function") throw new TypeError(`setTimeout: ${callback} was given; expected a function`);
    const id = (ids += 1);
    // As in browsers it is a whole number of 31 bits, and one that is repeated takes time.
    const span = Math.max(delay | 0, repeats ? 1 : 0);
    const run = () => {
      if (repeats) arm();
      else timers.delete(id);
      callback(...given);
    };
    const arm = () => {
      clock.cancel(timers.get(id)?.entry);
      timers.set(id, { entry: clock.schedule(span, run), timer });
    };
    const timer = makeTimer(id, arm);
    arm();
    return timer;
  };
  const clear = (own) => (timer) => {
    const id = Number(timer);
    const known = timers.get(id);
    const fake = known?.timer ?? timer;
    if (fake instanceof Timer) fake.isCleared = true;
    // It may be from before.
    if (!known) return own(timer);
    clock.cancel(known.entry);
    timers.delete(id);
  };
  const fakes = {
    setTimeout: start(false), clearTimeout: clear(clearTimeout), setInterval: start(true), clearInterval: clear(clearInterval),
  };
  if (setTimeout[PROMISIFY]) fakes.setTimeout[PROMISIFY] = promised(fakes.setTimeout);
  for (const [name, fake] of Object.entries(fakes)) replaced.put(globalThis, name, Object.assign(fake, { isFake: true }));

  replaced.put(performance, "now", () => UP_FOR + clock.now);
  replaced.put(globalThis, "Date", new Proxy(Date, {
    construct: (target, given, as) => Reflect.construct(target, given.length ? given : [wall()], as),
    apply: () => String(new Date(wall())),
    get: (target, name) => (name === "now" ? wall : target[name]),
  }));
  replaced.put(Math, "random", random);
  replaced.put(AbortSignal, "timeout", (ms) => {
    const controller = new AbortController();
    fakes.setTimeout(() => controller.abort(new DOMException("The operation timed out.", "TimeoutError")), ms);
    return controller.signal;
  });
  // What is in a blob comes from another thread of the host, and the clock waits for that.
  for (const name of ["arrayBuffer", "text", "bytes"]) {
    const own = Blob.prototype[name];
    if (own) replaced.put(Blob.prototype, name, function () { return clock.hold(own.call(this)); });
  }
};
