// Listener lists and light events.
//
// A fresh DOM event that is dispatched costs some 4 µs, about half of what the browser spends on a small message; a plain object
// with the right prototype costs a hundredth of that. So the reconnecting classes keep their own lists and hand out light events:
// `instanceof MessageEvent` holds, and everything that listeners read is there. What they cannot do is be dispatched
// again on another target, or be cloned, for they are no platform objects.

/** Reports what a listener threw, as the browser does for its own events: the other listeners still get their turn. */
const report = (error) => {
  if (typeof reportError === "function") reportError(error);
  else setTimeout(() => { throw error; });
};

/** The methods and constants of an event that a plain object can have. */
const manners = {
  bubbles: false, cancelable: false, composed: false, defaultPrevented: false, isTrusted: false, eventPhase: 2,
  preventDefault() {},
  stopPropagation() {},
  stopImmediatePropagation() { this.stopped = true; },
  composedPath() { return [this.target]; },
};

/** `fields` as writable properties, for `Object.create`: the accessors of the native prototypes would refuse assignments. */
const properties = (fields) => Object.fromEntries(Object.entries(fields).map(
  ([name, value]) => [name, { value, writable: true, enumerable: true, configurable: true }]));

/** A light event of `type`, with `fields` of its own; `Native` is the name of the class whose instance it passes for. */
export const lightEvent = (target, type, fields = {}, Native = "Event") => Object.create(
  globalThis[Native]?.prototype ?? null,
  properties({ ...manners, timeStamp: performance.now(), type, target, currentTarget: target, srcElement: target, ...fields }));

let messagePrototype;

/** A light `MessageEvent`: the hot path, so what all of them share is on one prototype. */
export function LightMessage(target, type, data, lastEventId, origin) {
  this.target = this.currentTarget = this.srcElement = target;
  this.type = type;
  this.data = data;
  this.lastEventId = lastEventId;
  this.origin = origin;
  this.timeStamp = performance.now();
}

/** Made when the first connection is, not at import: in a server's renderer there may be no `MessageEvent`. */
export const prepareMessages = () => {
  messagePrototype ??= LightMessage.prototype = Object.create(
    globalThis.MessageEvent?.prototype ?? null,
    properties({ ...manners, type: "", target: null, currentTarget: null, srcElement: null, data: null, lastEventId: "",
      origin: "", timeStamp: 0, source: null, ports: Object.freeze([]) }));
};

const Base = globalThis.EventTarget ?? Object;

/** An `EventTarget` that calls its listeners itself. */
export class Target extends Base {
  #lists = new Map();
  #handlers = new Map();

  addEventListener(type, callback, options) {
    if (callback == null) return;
    if (typeof callback !== "function" && typeof callback !== "object") {
      throw new TypeError(`addEventListener: ${String(callback)} was given as the listener; expected a function or an object`);
    }
    const { once = false, signal, capture = false } = typeof options === "object" && options ? options : { capture: Boolean(options) };
    if (signal?.aborted) return;
    type = String(type);
    const list = this.#lists.get(type) ?? [];
    if (list.some((entry) => entry.callback === callback && entry.capture === capture)) return;
    // A list that is being walked through is never changed: the walk goes on over the old one.
    this.#lists.set(type, [...list, { callback, once, capture }]);
    signal?.addEventListener("abort", () => this.removeEventListener(type, callback, { capture }), { once: true });
    this.listened(type);
  }

  removeEventListener(type, callback, options) {
    const capture = Boolean(typeof options === "object" && options ? options.capture : options);
    const list = this.#lists.get(String(type)) ?? [];
    const gone = list.find((entry) => entry.callback === callback && entry.capture === capture);
    if (!gone) return;
    gone.removed = true;
    this.#lists.set(String(type), list.filter((entry) => entry !== gone));
  }

  dispatchEvent(event) {
    const list = this.#lists.get(event.type);
    if (list) {
      for (const entry of list) {
        if (entry.removed) continue;
        if (entry.once) this.removeEventListener(event.type, entry.callback, { capture: entry.capture });
        try {
          if (typeof entry.callback === "function") entry.callback.call(this, event);
          else entry.callback.handleEvent(event);
        } catch (error) {
          report(error);
        }
        if (event.stopped) break;
      }
    }
    return !event.defaultPrevented;
  }

  /** For subclasses that have to know which types are wanted. */
  listened(_type) {}

  /** Is anybody listening to this type? */
  hasListeners(type) {
    return Boolean(this.#lists.get(type)?.length);
  }

  /** What an `on…` attribute returns. */
  handler(type) {
    return this.#handlers.get(type)?.value ?? null;
  }

  /** What setting an `on…` attribute does: the handler keeps its place in the list until it is set to null. */
  setHandler(type, value) {
    const wanted = typeof value === "function" || (typeof value === "object" && value !== null);
    const known = this.#handlers.get(type);
    if (!wanted) {
      if (known) this.removeEventListener(type, known.callback);
      this.#handlers.delete(type);
    } else if (known) {
      known.value = value;
    } else {
      const entry = { value, callback: (event) => typeof entry.value === "function" && entry.value.call(this, event) };
      this.#handlers.set(type, entry);
      this.addEventListener(type, entry.callback);
    }
  }
}

/** Gives a class its `on…` attributes, as accessors on the prototype. */
export const handlers = (Class, types) => {
  for (const type of types) {
    Object.defineProperty(Class.prototype, `on${type}`, {
      get() { return this.handler(type); },
      set(value) { this.setHandler(type, value); },
      enumerable: true,
      configurable: true,
    });
  }
};

/** Constants, on the class and on its prototype, as IDL has them. */
export const constants = (Class, values) => {
  for (const on of [Class, Class.prototype]) {
    for (const [name, value] of Object.entries(values)) Object.defineProperty(on, name, { value, enumerable: true });
  }
};
