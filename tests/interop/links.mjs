// Who speaks in the interop tests of sockets: a ReconnectingWebSocket in a page, with what was said to it, what it heard and what it told.

/** Retries that do not make a test wait. */
export const QUICK = { firstDelay: 20, minDelay: 20, maxDelay: 100, minUptime: 0 };

/** Runs in the page before anything else. */
export function helpers() {
  /** A message in few words, the same for equal ones. A short text is itself. */
  window.summary = (data) => {
    if (typeof data === "string" && data.length < 200) return data;
    const items = typeof data === "string" ? data : new Uint8Array(data);
    let hash = 0;
    for (let i = 0; i < items.length; i += 1) hash = (Math.imul(hash, 31) + (items[i].charCodeAt?.(0) ?? items[i])) | 0;
    return `${typeof data === "string" ? "text" : "bytes"} ${items.length} ${hash}`;
  };

  /** A message as a test describes it: a text, a text many times over, bytes, or many bytes. */
  const make = (what) => {
    if (typeof what === "string") return what;
    const { text, bytes, times } = what;
    if (text !== undefined) return text.repeat(times);
    return Uint8Array.from(bytes ?? Array.from({ length: times }, (_, i) => (i * 31) & 255));
  };

  /** What is between the application's messages and those of the socket: nothing; or Socket.IO, as far as these tests speak it. */
  const plain = { say: (data) => [data], hear: (data) => [data] };
  const socketIo = {
    say: (data) => (typeof data === "string" ? [`2${JSON.stringify(["text", data])}`]
      : ["51-[\"bytes\",{\"_placeholder\":true,\"num\":0}]", data]),
    hear(data) {
      if (typeof data !== "string") return [data];
      // It has let us in, and the outbox may go.
      if (data.startsWith("0{")) socket.release();
      // The bytes of a `5` follow as a message of their own.
      return data.startsWith("2") ? [JSON.parse(data.slice(1))[1]] : [];
    },
  };

  window.link = async ({ url, protocols = [], options, isSocketIo }) => {
    const { ReconnectingWebSocket } = await import("/pkg/index.js");
    Object.assign(window, { said: [], heard: [], ids: [], told: [] });
    const tell = (type, more) => told.push({ type, said: said.length, heard: heard.length, last: heard.at(-1), ...more });
    const dialect = isSocketIo ? socketIo : plain;
    // Nothing may go before Socket.IO has let us in.
    window.socket = new ReconnectingWebSocket(url, protocols, { ...options, outbox: { gate: Boolean(isSocketIo), ...options.outbox } });
    socket.binaryType = "arraybuffer";
    for (const type of ["open", "reconnected"]) {
      socket.addEventListener(type, ({ continuity, transport = socket.transport }) => {
        tell(type, { continuity, transport });
        if (isSocketIo) socket.send("0");
      });
    }
    socket.addEventListener("message", ({ data, lastEventId }) => {
      for (const message of dialect.hear(data)) {
        heard.push(summary(message));
        ids.push(lastEventId);
      }
    });
    socket.addEventListener("reconnecting", ({ cause }) => tell("reconnecting", { cause: { ...cause } }));
    socket.addEventListener("transportchange", ({ from, to }) => tell("transportchange", { from, to }));
    socket.addEventListener("gap", ({ after }) => tell("gap", { after }));
    socket.addEventListener("dropped", ({ data, why }) => tell("dropped", { data: summary(data), why }));
    socket.addEventListener("error", ({ cause }) => tell("error", { cause: { ...cause } }));
    socket.addEventListener("close", ({ code, reason, wasClean }) => tell("close", { code, reason, wasClean }));
    window.say = (...messages) => {
      for (const message of messages.map(make)) {
        said.push(summary(message));
        for (const packet of dialect.say(message)) socket.send(packet);
      }
    };
  };

  /** Says `up 0` and so on, a few at a time, until `isEnough(how many there are)`. */
  window.flow = (isEnough) => new Promise((done) => {
    let next = 0;
    const timer = setInterval(() => {
      for (let i = 0; i < 2; i += 1) say(`up ${next += 1}`);
      if (!isEnough(next) && socket.readyState !== 3) return;
      clearInterval(timer);
      done(next);
    }, 1);
  });
}

/** Opens a socket to `url`, in a page of `front`'s origin. The front knows it as `client`. */
export async function link(pages, front, client, url, { protocols, isSocketIo, ...options } = {}) {
  const page = await pages.take(client, front.origin);
  const named = `${url}${url.includes("?") ? "&" : "?"}client=${client}`;
  await page.evaluate((how) => window.link(how), {
    url: named, protocols, isSocketIo, options: { reconnect: QUICK, ...options },
  });
  return page;
}

/** Waits until that is true in the page; if it does not become so, the error says what has become of the socket. */
export async function until(page, isTrue, argument) {
  await page.waitForFunction(isTrue, argument, { timeout: 60_000 }).catch(async ({ message }) => {
    const found = await page.evaluate(() => {
      const { state, transport } = socket;
      return { state, transport, said: said.length, heard: heard.length, last: heard.slice(-3), told: told.slice(-8) };
    });
    throw new Error(`${page.client}: ${message}\n${JSON.stringify(found)}`);
  });
}

/** What the page has in that variable, such as `heard` and `told`. */
export const look = (page, name) => page.evaluate((name) => window[name], name);

/** What it told, of these types. */
export const toldOf = async (page, ...types) => (await look(page, "told")).filter(({ type }) => types.includes(type));

export const say = (page, ...messages) => page.evaluate((messages) => window.say(...messages), messages);
