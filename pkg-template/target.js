// Listener lists and light events.
//
// A fresh DOM event that is dispatched costs some 4 µs, about half of what the browser spends on a small message; a plain object
// with the right prototype costs a hundredth of that. So the reconnecting classes keep their own lists and hand out light events:
// `instanceof MessageEvent` holds, and everything that listeners read is there. What they cannot do is be dispatched
// again on another target, or be cloned, for they are no platform objects.

import { fail } from "./options.js";

const LIGHT = Symbol("light");

/** Gives a constructor of light events the prototype that makes them pass for `Native`, with `more` on it. */
const passFor = (Light, Native, more) => {
  // All that a native one has, as plain values and bound methods, for its own accessors refuse strangers. Not every host has every class.
  const model = new (globalThis[Native] ?? Event)("");
  const copy = {};
  for (const name in model) copy[name] = typeof model[name] === "function" ? model[name].bind(model) : model[name];
  Light.prototype = {
    __proto__: Object.getPrototypeOf(model), ...copy, [LIGHT]: true, stopImmediatePropagation() { this.stopped = true; } };
  Object.defineProperties(Light.prototype, Object.getOwnPropertyDescriptors(more ?? {}));
  return Light;
};

const lightClass = (Native) => passFor(function (target, type, fields) {
  // Not assigned, for Deno's CloseEvent has accessors that are not enumerable, which the prototype does not hide.
  Object.defineProperties(this, Object.getOwnPropertyDescriptors(
    { type, target, currentTarget: target, srcElement: target, timeStamp: performance.now(), ...fields }));
}, Native);

export const LightEvent = /* @__PURE__ */ lightClass("Event");
export const LightClose = /* @__PURE__ */ lightClass("CloseEvent");

const SHARED = Symbol("shared");
const MOMENT = Symbol("moment");
/**
 * A message. They are made by the thousand, so what those of one connection have in common they share: `{ target, origin }`. `moment` is when it came,
 * or an event that tells, should anybody ask.
 */
export const LightMessage = /* @__PURE__ */ passFor(function (shared, moment, type, data, lastEventId) {
  this.type = type;
  this.data = data;
  this.lastEventId = lastEventId;
  this[SHARED] = shared;
  this[MOMENT] = moment;
}, "MessageEvent", {
  // What is assigned above, for accessors that are not enumerable would refuse it (happy-dom has such).
  type: "",
  data: null,
  lastEventId: "",
  get target() { return this[SHARED].target; },
  get currentTarget() { return this[SHARED].target; },
  get srcElement() { return this[SHARED].target; },
  get origin() { return this[SHARED].origin; },
  get timeStamp() { return this[MOMENT].timeStamp ?? this[MOMENT]; },
});

/** Is it the connection's own event? A server may well give one of its events the name of such. */
export const isOwn = (event) => !("data" in event);

const captures = (options) => options === true || Boolean(options?.capture);

const NONE = [];

/** The lists of one target, by type. A list that is being walked through is never changed: the walk goes on over the old one. */
class Lists {
  #lists = { __proto__: null };

  add(target, type, callback, options) {
    if (callback == null) return;
    if (Object(callback) !== callback) fail("listener", callback, "a function or an object");
    const { once, signal } = options ?? {};
    const capture = captures(options);
    if (signal?.aborted || this.#find(type, callback, capture)) return;
    this.#lists[type] = [...this.#list(type), { callback, capture, once }];
    signal?.addEventListener("abort", () => target.removeEventListener(type, callback, capture), { once: true });
  }

  remove(type, callback, options) {
    const gone = this.#find(type, callback, captures(options));
    if (!gone) return;
    gone.callback = null;
    this.#lists[type] = this.#list(type).filter((entry) => entry !== gone);
  }

  dispatch(target, event) {
    if (!event?.[LIGHT]) return this.#lend(target, event);
    const list = this.#list(event.type);
    for (const entry of list) {
      try {
        this.#tell(entry, target, event);
      } catch (error) {
        // The other listeners still get their turn, and the browser reports this one as it does for its own events.
        queueMicrotask(() => { throw error; });
      }
      if (event.stopped) break;
    }
    if (this.#list(event.type) !== list) event.changed = true;
    return !event.defaultPrevented;
  }

  #tell(entry, target, event) {
    const { callback, capture, once } = entry;
    if (once) this.remove(event.type, callback, capture);
    if (typeof callback === "function") callback.call(target, event);
    else callback?.handleEvent(event);
  }

  /** An event of the application's own goes the browser's way, past the same listeners. */
  #lend(target, event) {
    const { addEventListener, dispatchEvent } = EventTarget.prototype;
    const controller = new AbortController();
    const { signal } = controller;
    for (const entry of this.#list(event?.type)) {
      addEventListener.call(target, event.type, () => this.#tell(entry, target, event), { capture: entry.capture, signal });
    }
    try {
      return dispatchEvent.call(target, event);
    } finally {
      controller.abort();
    }
  }

  #list(type) {
    return this.#lists[type] ?? NONE;
  }

  #find(type, callback, capture) {
    return this.#list(type).find((entry) => entry.callback === callback && entry.capture === capture);
  }
}

/** What an object has that no application sees, as it may have a class of its own. A private field can be given to any object. */
class Inner extends (function (it) { return it; }) {
  #inner;

  constructor(it, inner) {
    super(it);
    this.#inner = inner;
  }

  static of(it) {
    return it.#inner;
  }
}

/** The inside of a face: `{ connection }`, and more. Of anything else, a `TypeError`. */
export const innerOf = /* @__PURE__ */ (() => Inner.of)();

/** Makes an event target one that keeps its own lists; or, if it is `plain`, leaves it what it is. */
export const keepLists = (it, plain) => {
  const inner = { lists: plain ? undefined : new Lists() };
  new Inner(it, inner);
  return inner;
};

/** The methods of `EventTarget`, for a class of which each instance went through `keepLists`. */
export const listMethods = {
  addEventListener(type, callback, options) {
    const { lists } = innerOf(this);
    if (lists) lists.add(this, String(type), callback, options);
    else EventTarget.prototype.addEventListener.call(this, type, callback, options);
  },
  removeEventListener(type, callback, options) {
    const { lists } = innerOf(this);
    if (lists) lists.remove(String(type), callback, options);
    else EventTarget.prototype.removeEventListener.call(this, type, callback, options);
  },
  dispatchEvent(event) {
    const { lists } = innerOf(this);
    return lists ? lists.dispatch(this, event) : EventTarget.prototype.dispatchEvent.call(this, event);
  },
};
