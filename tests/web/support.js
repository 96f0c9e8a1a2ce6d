// What the tests ask the fixture server for, and a guard that sees every error that nobody caught.

// Not what a tally puts in their place.
const { setTimeout, fetch } = globalThis;

const failures = [];
const note = (event) => failures.push(String(event.error ?? event.reason ?? event.message));
addEventListener("error", note);
addEventListener("unhandledrejection", note);

/** The errors that nobody caught since the last call. */
export const uncaught = () => failures.splice(0).join("; ");

/** True if the fixture server answers. */
export const alive = async (base) => {
  try {
    return (await fetch(`${base}/health`)).ok;
  } catch {
    return false;
  }
};

export const get = async (url) => await (await fetch(url)).text();

export const post = async (url, body) => {
  const response = await fetch(url, { method: "POST", body });
  return await response.text();
};

/** A field of each of the journal's entries for a path, or a header, one a line. Preflights are left out. */
export const journal = async (base, path, field) => {
  const response = await fetch(`${base}/journal?path=${encodeURIComponent(path)}`);
  const entries = (await response.json()).filter(({ method }) => method !== "OPTIONS");
  return entries.map((entry) => entry[field] ?? entry.headers[field] ?? "-").join("\n");
};

/** What the server hears of a header that has the UTF-8 of this text as its bytes. WebKitGTK encodes those once more. */
export const heard = async (base, path, value) => {
  const bytes = String.fromCharCode(...new TextEncoder().encode(value));
  await fetch(`${base}${path}`, { headers: { Authorization: bytes } });
  return await journal(base, path, "authorization");
};

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Raises an event of the page's. */
export const dispatch = (kind, persisted) => {
  const event = kind.startsWith("page") ? new PageTransitionEvent(kind, { persisted }) : new Event(kind);
  (kind === "visibilitychange" ? document : window).dispatchEvent(event);
};

/** Sets the wall clock forward, and returns what sets it right again. */
export const skipTime = (ms) => {
  const { now } = Date;
  Date.now = () => now.call(Date) + ms;
  return () => {
    Date.now = now;
  };
};

/** Counts what is written to any storage, and refuses it on demand. */
export const spyOnWrites = (refuse) => {
  const { setItem } = Storage.prototype;
  let count = 0;
  Storage.prototype.setItem = function (...args) {
    count += 1;
    if (refuse) throw new DOMException("full", "QuotaExceededError");
    setItem.apply(this, args);
  };
  const end = () => {
    Storage.prototype.setItem = setItem;
  };
  return { count: () => count, end };
};

/** The values of a storage whose keys end like this. */
export const entries = (storage, ending) =>
  Object.entries(globalThis[storage]).flatMap(([key, value]) => (key.endsWith(ending) ? [value] : []));

export const clear = (storage) => globalThis[storage].clear();

/** Replaces a function, and returns what puts the old one back. */
const replace = (owner, name, make) => {
  const old = owner[name];
  owner[name] = make(old);
  return () => {
    owner[name] = old;
  };
};

/**
 * Is it the browser's driver that calls this? That of WebKit runs a script in the page each time that the runner looks how far the tests
 * are, which is ten times a second, and gives it a timer of the page's as its limit.
 */
const isDriver = () => new Error().stack.includes("evaluateJavaScriptFunction");

/** Counts what a page has of the browser's: listeners, timers, sockets and requests. */
export class Tally {
  #listeners = new Map();
  #timers = new Map();
  #requests = new Map();
  #undo = [];

  constructor() {
    const listeners = this.#listeners;
    const timers = this.#timers;
    const requests = this.#requests;
    const put = (owner, name, make) => this.#undo.push(replace(owner, name, make));

    put(EventTarget.prototype, "addEventListener", (add) => function (type, callback, ...rest) {
      listeners.set(callback, `a listener for ${type}`);
      return add.call(this, type, callback, ...rest);
    });
    put(EventTarget.prototype, "removeEventListener", (remove) => function (type, callback, ...rest) {
      listeners.delete(callback);
      return remove.call(this, type, callback, ...rest);
    });
    put(globalThis, "setTimeout", (set) => (callback, ms, ...rest) => {
      const timer = set((...args) => {
        timers.delete(timer);
        callback(...args);
      }, ms, ...rest);
      if (!isDriver()) timers.set(timer, `a timeout of ${ms} ms`);
      return timer;
    });
    put(globalThis, "setInterval", (set) => (callback, ms, ...rest) => {
      const timer = set(callback, ms, ...rest);
      timers.set(timer, `an interval of ${ms} ms`);
      return timer;
    });
    for (const name of ["clearTimeout", "clearInterval"]) {
      put(globalThis, name, (clear) => (timer) => {
        timers.delete(timer);
        clear(timer);
      });
    }
    for (const name of ["WebSocket", "EventSource"]) {
      const closing = globalThis[name].CLOSING ?? globalThis[name].CLOSED;
      put(globalThis, name, (Class) => class extends Class {
        constructor(...args) {
          super(...args);
          requests.set(this, () => this.readyState < closing && `a ${name}`);
        }
      });
    }
    put(XMLHttpRequest.prototype, "send", (send) => function (...args) {
      // One that was aborted is as one that was never opened.
      requests.set(this, () => [1, 2, 3].includes(this.readyState) && "an XMLHttpRequest");
      return send.apply(this, args);
    });
    put(globalThis, "fetch", (fetch) => (request, ...rest) => {
      const answer = fetch(request, ...rest);
      // What says goodbye is to outlive the connection.
      if (!request.keepalive) {
        let open = true;
        const settle = () => { open = false; };
        answer.then(settle, settle);
        requests.set(request, () => open && !request.signal.aborted && "a fetch");
      }
      return answer;
    });
  }

  left() {
    const requests = [...this.#requests.values()].map((state) => state()).filter(Boolean);
    return [...this.#listeners.values(), ...this.#timers.values(), ...requests].join(", ");
  }

  end() {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}

/** Puts a base for relative URLs into the page, and returns what takes it out again; undefined in a worker, which has no such thing. */
export const rebase = (href) => {
  const { document } = globalThis;
  if (!document) return undefined;
  const base = document.createElement("base");
  base.href = href;
  document.head.append(base);
  return () => base.remove();
};
