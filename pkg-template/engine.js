// The wasm side: one instance for all connections of a page. Only numbers cross; src/js/ of the repository is its other half.

import { compile } from "./compile.js";
import { bytesOf } from "./payload.js";

const QUEUED = 1;

/** An engine whose module is `bytes()`, compiled when it is first needed. */
export const inlined = (bytes) => {
  let shared;
  return (...connection) => (shared ??= instantiate(compile(bytes())))(...connection);
};

/** Instantiates the module. What its connections want done is told to `hosts[number]`, as the name of the effect and its arguments. */
export const instantiate = (module) => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  const hosts = [];
  /** Never changed, as pushing onto an empty array makes room for many. */
  let others = [];
  const NONE = others;

  // Values that the wasm side knows by number; 0 is none. It says when it needs one no longer.
  const values = [undefined];
  const free = [];
  const keep = (value) => {
    const at = free.pop() ?? values.length;
    values[at] = value;
    return at;
  };
  const give = (at) => {
    const value = values[at];
    values[at] = undefined;
    free.push(at);
    return value;
  };

  const memory = (at, length) => new Uint8Array(wasm.memory.buffer, at, length);
  const text = (at, length) => decoder.decode(memory(at, length));
  // The host's functions never throw: the machine that called would be lost.
  const view = (value) => (typeof value === "string" ? encoder.encode(value) : bytesOf(value));
  /** Writes to a place that has room, and tells how much. */
  const write = (at, bytes) => {
    memory(at, bytes.length).set(bytes);
    return bytes.length;
  };
  /** The place of an ASCII text in bytes. */
  const findBytes = (bytes, mark) => {
    const wanted = encoder.encode(mark);
    const has = (at) => wanted.every((byte, i) => bytes[at + i] === byte);
    let at = bytes.indexOf(wanted[0]);
    while (at >= 0 && !has(at)) at = bytes.indexOf(wanted[0], at + 1);
    return at;
  };
  const parts = [];

  const host = {
    // Payloads.
    // A body of packets is a list of them.
    size: (at) => (values[at].flat ? new Blob(values[at]) : values[at]).size ?? view(values[at]).byteLength,
    // Most texts are short enough for it, however many bytes a character takes.
    fits: (at, most) => (!host.is_bytes(at) && values[at].length * 3 <= most) || host.size(at) <= most,
    decode: (at) => { if (host.is_bytes(at)) values[at] = decoder.decode(values[at]); },
    is_bytes: (at) => typeof values[at] !== "string",
    make: (at, length) => keep(text(at, length)),
    begins: (at, to, room) => write(to, view(values[at].slice(0, room)).subarray(0, room)),
    find: (at, ...mark) => {
      const value = values[at];
      return typeof value === "string" ? value.indexOf(text(...mark)) : findBytes(view(value), text(...mark));
    },
    slice: (at, from, to) => keep(values[at].slice(from, to)),
    first: (at) => values[at].length ? values[at].charCodeAt() : -1,
    prefix: (at, code) => keep(String.fromCharCode(code) + values[at]),
    bytes: (at) => {
      try {
        return keep(Uint8Array.from(atob(values[at]), (character) => character.charCodeAt()).buffer);
      } catch {
        return 0;
      }
    },
    part: (at) => { parts.push(give(at)); },
    // Put together when it is sent, for what is in a blob comes only after a promise.
    join: () => keep(parts.splice(0)),
    retain: (at) => keep(values[at]),
    release: give,
    // What an effect has besides numbers is told before it.
    text: (at, length) => { others = [...others, text(at, length)]; },
    value: (at) => { others = others === NONE ? [give(at)] : [...others, give(at)]; },
  };
  // The effects are what else the module imports.
  for (const { name } of WebAssembly.Module.imports(module)) {
    host[name] ??= (to, ...numbers) => {
      const all = numbers.length ? [...numbers, ...others] : others;
      others = NONE;
      hosts[to](name, all);
    };
  }
  const wasm = new WebAssembly.Instance(module, { host }).exports;

  /** Writes two texts to where the next call reads them, and returns the length of the first. */
  const pass = (...texts) => {
    if (!texts.some(Boolean)) return 0;
    const [one, other] = texts.map(view);
    const at = wasm.buffer(one.length + other.length);
    write(at + one.length, other);
    return write(at, one);
  };

  return (tell, { number, flags, query, settings: { ladder, numbers } }, lastId, beginWith) => {
    const seed = Math.random() * 2 ** 53;
    const machine = wasm.create(number, flags, pass(query, lastId), ladder, beginWith, seed, ...numbers);
    hosts[machine] = tell;
    return {
      destroy: () => {
        wasm.destroy(machine);
        hosts[machine] = undefined;
      },
      queued: (messages) => wasm.queued(machine, messages),
      /** `later` makes of a value what may be sent later. */
      send: (data, { volatile = false, ttl = -1, key = "" } = {}, later) => {
        const at = keep(data);
        const delivery = wasm.send(machine, performance.now(), at, volatile, ttl, pass(String(key), ""));
        if (delivery === QUEUED) values[at] = later(data);
        return delivery;
      },
      frame: (id, data, now = performance.now()) => wasm.frame(machine, now, id, keep(data)),
      piece: (id, bytes, events, retry, lastId, overflow) => {
        const at = lastId === undefined ? 0 : pass(lastId, "");
        wasm.piece(machine, performance.now(), id, bytes, events.length ? keep(events) : 0, retry, lastId !== undefined, overflow, at);
      },
      input: (kind, { id = 0, value, number = 0, more = -1, text = "", other = "", now = performance.now() } = {}) => {
        wasm.input(machine, now, kind, id, value === undefined ? 0 : keep(value), number, more, pass(text, other));
      },
    };
  };
};
