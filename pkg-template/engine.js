// The wasm side: one instance for all connections of a page. Only numbers cross; src/js/ of the repository is its other half.

/** Instantiates the module. Its connections tell what is to be done to `hosts[number].queue`, as [method, ...arguments]. */
export const instantiate = (module) => {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const encoder = new TextEncoder();
  const hosts = [];

  // Values that the wasm side knows by number. It says when it needs one no longer.
  const values = [];
  const uses = [];
  const free = [];
  const keep = (value) => {
    const at = free.pop() ?? values.length;
    values[at] = value;
    uses[at] = 1;
    return at;
  };
  const release = (at) => {
    if (--uses[at]) return;
    values[at] = undefined;
    free.push(at);
  };
  const give = (at) => {
    const value = values[at];
    release(at);
    return value;
  };

  const memory = (at, length) => new Uint8Array(wasm.memory.buffer, at, length);
  const text = (at, length) => (length ? decoder.decode(memory(at, length)) : "");
  const blankLine = (value) => {
    if (typeof value === "string") return value.indexOf("\n\n");
    return new Uint8Array(value, 0, Math.min(value.byteLength, 256)).findIndex((byte, at, all) => byte === 10 && all[at + 1] === 10);
  };
  const tell = (method) => (host, ...what) => { hosts[host].queue.push([method, ...what]); };

  const host = {
    // Payloads.
    size: (at) => {
      const value = values[at].data ?? values[at];
      return typeof value === "string" ? encoder.encode(value).length : value.byteLength ?? value.size;
    },
    read: (at, to) => memory(to, values[at].byteLength).set(new Uint8Array(values[at].buffer ?? values[at],
      values[at].byteOffset ?? 0, values[at].byteLength)),
    event: (kind, kindLength, data, dataLength) => keep({ type: text(kind, kindLength) || "message", data: text(data, dataLength) }),
    decode: (at) => { values[at] = decoder.decode(values[at]); },
    head: (at, to, room) => {
      const end = blankLine(values[at]);
      if (end < 1) return 0;
      const head = typeof values[at] === "string" ? encoder.encode(values[at].slice(0, end)) : new Uint8Array(values[at], 0, end);
      if (head.length > room) return 0;
      memory(to, head.length).set(head);
      return head.length;
    },
    rest: (at) => keep(values[at].slice(blankLine(values[at]) + 2)),
    retain: (at) => { uses[at] += 1; return at; },
    release,
    // Effects. What they name is read now; what they ask for is done when the call that caused them has returned.
    open: (to, id, transport, at, length) => tell("open")(to, id, transport, text(at, length)),
    send: (to, id, data) => tell("transmit")(to, id, give(data)),
    drop: (to, id, code, at, length) => tell("drop")(to, id, code, text(at, length)),
    wake: tell("wake"),
    flush: tell("flush"),
    status: tell("status"),
    opened: tell("opened"),
    message: (to, data, moved, at, length) => tell("message")(to, give(data), moved ? text(at, length) : undefined),
    cause: (to, kind, transport, status, code, retryAfter, at, length) => tell("cause")(
      to, kind, transport, status, code, retryAfter, text(at, length)),
    reconnecting: tell("reconnecting"),
    reconnected: tell("reconnected"),
    moved: tell("moved"),
    dropped: (to, data, why) => tell("dropped")(to, give(data), why),
    closed: (to, code, at, length) => tell("closed")(to, code, text(at, length)),
  };
  const wasm = new WebAssembly.Instance(module, { host }).exports;

  /** Writes texts to where the next call reads them, and returns their lengths. */
  const write = (...texts) => {
    const all = texts.map((one) => encoder.encode(one));
    let at = wasm.buffer(all.reduce((sum, { length }) => sum + length, 0));
    for (const one of all) {
      memory(at, one.length).set(one);
      at += one.length;
    }
    return all.map(({ length }) => length);
  };

  return {
    create: (host, wire, flag, query, lastId, ...numbers) => {
      const number = wasm.create(wire, flag, ...write(query, lastId), ...numbers);
      hosts[number] = host;
      return number;
    },
    destroy: (number) => {
      wasm.destroy(number);
      hosts[number] = undefined;
    },
    queued: wasm.queued,
    send: (number, data) => wasm.send(number, keep(data)),
    frame: (number, id, data) => wasm.frame(number, performance.now(), id, keep(data)),
    input: (number, kind, { id = 0, value, number: of = 0, more = -1, text = "", other = "" } = {}) => {
      const lengths = write(text, other);
      wasm.input(number, performance.now(), kind, id, value === undefined ? 0 : keep(value), of, more, ...lengths);
    },
  };
};
