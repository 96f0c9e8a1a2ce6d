// What a page holds, counted: for tests of what a connection leaves behind.

/** Runs before all else in the page: `held` is what the page holds, each thing with a word on what it is. */
export const counting = () => {
  window.held = new Map();
  /** Signals of the application's, which outlive its sockets. */
  window.lasting = new Set();
  const { setTimeout, clearTimeout, setInterval, clearInterval, fetch } = window;
  window.setTimeout = (callback, delay, ...rest) => {
    const timer = setTimeout((...given) => { held.delete(timer); callback(...given); }, delay, ...rest);
    held.set(timer, `timeout of ${delay}`);
    return timer;
  };
  window.clearTimeout = (timer) => { held.delete(timer); clearTimeout(timer); };
  window.setInterval = (callback, delay, ...rest) => {
    const timer = setInterval(callback, delay, ...rest);
    held.set(timer, `interval of ${delay}`);
    return timer;
  };
  window.clearInterval = (timer) => { held.delete(timer); clearInterval(timer); };

  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    const target = this ?? window;
    if (target === window || target === document || lasting.has(target)) {
      const entry = { target, type, listener };
      held.set(entry, `${type} of ${target.constructor.name}`);
      // The package takes back its listeners by a signal, the crate one by one.
      if (options?.signal) addEventListener.call(options.signal, "abort", () => held.delete(entry));
    }
    return addEventListener.call(target, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    const target = this ?? window;
    for (const entry of held.keys()) {
      if (entry.target === target && entry.type === type && entry.listener === listener) held.delete(entry);
    }
    return removeEventListener.call(target, type, listener, options);
  };

  const until = (thing, name, ...ends) => {
    held.set(thing, name);
    for (const end of ends) addEventListener.call(thing, end, () => held.delete(thing));
  };
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (body) {
    until(this, "XMLHttpRequest", "loadend");
    return send.call(this, body);
  };
  window.fetch = (...given) => {
    const request = {};
    held.set(request, "fetch");
    return fetch(...given).finally(() => held.delete(request));
  };
  for (const name of ["WebSocket", "EventSource"]) {
    const Native = window[name];
    window[name] = class extends Native {
      constructor(...given) {
        super(...given);
        until(this, name, "close");
      }

      close(...how) {
        if (name === "EventSource") held.delete(this);
        super.close(...how);
      }
    };
  }
  const { Instance, instantiateStreaming } = WebAssembly;
  window.memories = [];
  /** Where wasm-bindgen has the page's values that the wasm holds, its closures among them. */
  window.tables = [];
  const keep = ({ exports: { memory, __wbindgen_externrefs: table } }) => {
    memories.push(memory);
    if (table) tables.push(table);
  };
  WebAssembly.Instance = function (...given) {
    const instance = new Instance(...given);
    keep(instance);
    return instance;
  };
  WebAssembly.instantiateStreaming = async (...given) => {
    const made = await instantiateStreaming(...given);
    keep(made.instance);
    return made;
  };
};
