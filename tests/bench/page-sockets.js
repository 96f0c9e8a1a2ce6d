// In the page of sockets.mjs: converses by one adapter, and tells what came of it.

const AT_ONCE = 50;

/** Makes what the conversations are: each opens no more than one connection, which stays open. */
export const serve = (adapter) => {
  let hear;
  let fail;
  let connection;
  const connect = async () => {
    connection ??= await adapter((data) => hear(data), (error) => fail?.(error));
    return connection;
  };
  /** Resolves to what `each` gives for a message, once that is something. */
  const until = (each) => new Promise((resolve, reject) => {
    fail = reject;
    hear = (data) => {
      const value = each(data);
      if (value !== undefined) resolve(value);
    };
  });
  const read = (data) => (typeof data === "string" ? data.charCodeAt(data.length - 1) : new Uint8Array(data)[data.byteLength - 1]);

  globalThis.connect = async () => void (await connect());

  /** Hears so many messages, which the server sends on this command. */
  globalThis.receive = async (command, count) => {
    const { send } = await connect();
    let messages = 0;
    let size = 0;
    let check = 0;
    const all = until((data) => {
      messages += 1;
      size += data.length ?? data.byteLength;
      check = (Math.imul(check, 31) + read(data)) | 0;
      return messages === count ? { messages, size, check } : undefined;
    });
    send(JSON.stringify(command));
    return all;
  };

  /** Sends so many messages, a few at a time, and is told when they are there. */
  globalThis.send = async (count, size, binary) => {
    const { send } = await connect();
    send(JSON.stringify({ take: { count } }));
    const done = until((data) => (data === "done" ? true : undefined));
    const bytes = new Uint8Array(size).fill(46);
    const text = ".".repeat(size);
    for (let n = 0; n < count; n += 1) {
      send(binary ? bytes : `${n}${text.slice(String(n).length)}`);
      if (n % 1000 === 999) await new Promise((resolve) => { setTimeout(resolve); });
    }
    return done;
  };

  /** The round trip in milliseconds: the median of means of `AT_ONCE`, as the clock of a page is coarser than a trip. */
  globalThis.pingPong = async (count) => {
    const { send } = await connect();
    send(JSON.stringify({ echo: true }));
    const means = [];
    for (let n = 0; n < count; n += AT_ONCE) {
      const start = performance.now();
      for (let i = n; i < n + AT_ONCE; i += 1) {
        const back = until((data) => (data === String(i) ? true : undefined));
        send(String(i));
        await back;
      }
      means.push((performance.now() - start) / AT_ONCE);
    }
    return means.sort((a, b) => a - b)[Math.floor(means.length / 2)];
  };
};
