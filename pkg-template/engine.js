// The wasm side: one instance for all connections of a page. Only numbers cross; src/js/ of the repository is its other half.

/** Instantiates the module. What its connections want done is told to `hosts[number]`, as the name of the effect and its arguments. */
export const instantiate = (module) => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  const hosts = [];
  const others = [];

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
  /** A text's bytes, a view as it is, or a buffer's view. */
  const view = (value) => {
    if (typeof value === "string") return encoder.encode(value);
    return value.buffer ? value : new Uint8Array(value);
  };
  /** Writes to a place that has room, and tells how much. */
  const write = (at, bytes) => {
    memory(at, bytes.length).set(bytes);
    return bytes.length;
  };
  /** What comes before the first blank line; nothing if that is not in the first 256 bytes. */
  const head = (value) => {
    const start = typeof value === "string" ? value : String.fromCharCode(...new Uint8Array(value.slice(0, 256)));
    return value.slice(0, Math.max(start.indexOf("\n\n"), 0));
  };

  const host = {
    // Payloads.
    size: (at) => values[at].size ?? view(values[at]).byteLength,
    decode: (at) => { values[at] = decoder.decode(values[at]); },
    head: (at, to, room) => {
      const bytes = view(head(values[at]));
      return bytes.length > room ? 0 : write(to, bytes);
    },
    rest: (at) => {
      const { length, byteLength = length } = head(values[at]);
      return keep(values[at].slice(byteLength + 2));
    },
    retain: (at) => keep(values[at]),
    release: give,
    // What an effect has besides numbers is told before it.
    text: (at, length) => { others.push(text(at, length)); },
    value: (at) => { others.push(give(at)); },
  };
  // The effects are what else the module imports.
  for (const { name } of WebAssembly.Module.imports(module)) {
    host[name] ??= (to, ...numbers) => hosts[to](name, [...numbers, ...others.splice(0)]);
  }
  const wasm = new WebAssembly.Instance(module, { host }).exports;

  /** Writes two texts to where the next call reads them, and returns the length of the first. */
  const pass = (...texts) => {
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
      queued: () => wasm.queued(machine),
      send: (data) => wasm.send(machine, keep(data)),
      frame: (id, data) => wasm.frame(machine, performance.now(), id, keep(data)),
      piece: (id, bytes, events, retry, lastId, overflow) => {
        const at = lastId === undefined ? 0 : pass(lastId, "");
        wasm.piece(machine, performance.now(), id, bytes, events.length ? keep(events) : 0, retry, lastId !== undefined, overflow, at);
      },
      input: (kind, { id = 0, value, number = 0, more = -1, text = "", other = "" } = {}) => {
        wasm.input(machine, performance.now(), kind, id, value === undefined ? 0 : keep(value), number, more, pass(text, other));
      },
    };
  };
};
