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
  constructor(id) {
    this.id = id;
  }

  ref() { return this; }
  unref() { return this; }
  hasRef() { return true; }
  [Symbol.toPrimitive]() { return this.id; }
}

/** Puts the clock, and these random numbers, in the place of the host's. `wall` tells what Date.now() shows. */
export const installTime = (replaced, clock, wall, random) => {
  const { setTimeout, clearTimeout, clearInterval, Date } = globalThis;
  if (setTimeout.clock || setTimeout.isFake) {
    throw new Error("everwire/testing: the timers are fake already (by Jest, Vitest or Sinon); expected the host's own, for fakeNetwork() "
      + "has a clock for all of the code under test: leave out useFakeTimers()");
  }
  const probe = setTimeout(() => {}, 0);
  clearTimeout(probe);
  const makeTimer = typeof probe === "number" ? (id) => id : (id) => new Timer(id);
  const timers = new Map();
  // Far from those that the host gives.
  let ids = 2 ** 30;

  const start = (repeats) => (callback, delay = 0, ...given) => {
    if (typeof callback !== "function") throw new TypeError(`setTimeout: ${callback} was given; expected a function`);
    const id = (ids += 1);
    // As in browsers it is a whole number of 31 bits, and one that is repeated takes time.
    const span = Math.max(delay | 0, repeats ? 1 : 0);
    const run = () => {
      if (repeats) timers.set(id, clock.schedule(span, run));
      else timers.delete(id);
      callback(...given);
    };
    timers.set(id, clock.schedule(span, run));
    return makeTimer(id);
  };
  const clear = (own) => (timer) => {
    const id = Number(timer);
    // It may be from before.
    if (!timers.has(id)) return own(timer);
    clock.cancel(timers.get(id));
    timers.delete(id);
  };
  const fakes = {
    setTimeout: start(false), clearTimeout: clear(clearTimeout), setInterval: start(true), clearInterval: clear(clearInterval),
  };
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
