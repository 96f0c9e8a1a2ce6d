// Options and moments that few meet, over a played network, in Node.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { pkg } from "./support.mjs";

const load = (name, query = "") => import(pathToFileURL(join(pkg, name)) + query);
const { EventSource, ReconnectingEventSource, ReconnectingWebSocket } = await load("index.js");
const { fakeNetwork } = await load("testing.js");

const SOCKET = "wss://example.test/socket";
const STREAM = "https://example.test/stream";
/** Moments after which all that was under way has come, in milliseconds. */
const SOON = 10;

/** A test with a network of its own, played. */
const played = (name, tell) => test(name, async () => {
  const net = fakeNetwork();
  try {
    await tell(net);
  } finally {
    net.restore();
  }
});

/** What the machine has to say of the attempts that came to a server. */
const vias = ({ attempts }) => attempts.map(({ via }) => via);

/** The types of these events, as they come. */
const record = (connection, ...types) => {
  const came = [];
  for (const type of types) connection.addEventListener(type, () => came.push(type));
  return came;
};

/** A buffer whose bytes are somebody else's now. */
const handedOn = () => {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
};

// ---- what is sent ----

played("a buffer that was handed on is sent as the nothing that is left of it, and disturbs no other connection", async (net) => {
  const server = net.server(SOCKET);
  const other = new ReconnectingWebSocket(SOCKET);
  await net.until(() => other.state === "open");
  const socket = new ReconnectingWebSocket(SOCKET);
  const buffer = new ArrayBuffer(8);
  const views = [new Uint8Array(buffer), new DataView(buffer)];
  structuredClone(buffer, { transfer: [buffer] });
  assert.deepEqual([handedOn(), ...views].map((data) => socket.send(data)), ["queued", "queued", "queued"]);
  assert.deepEqual([socket.stats().queuedMessages, socket.stats().queuedBytes], [3, 0]);
  await net.until(() => socket.state === "open");
  other.send("still there");
  await net.advance(SOON);
  // Those of each connection in turn.
  assert.deepEqual(server.messages.map((data) => data.byteLength ?? data), ["still there", 0, 0, 0]);
});

played("what throws in the middle of a send is the end of that connection alone", async (net) => {
  net.server(SOCKET);
  const other = new ReconnectingWebSocket(SOCKET);
  const socket = new ReconnectingWebSocket(SOCKET);
  // As a stack that is full would, anywhere.
  const data = Object.defineProperty(new Uint8Array(1), "size", { get() { throw new RangeError("the stack is full"); } });
  assert.throws(() => socket.send(data), RangeError);
  await net.until(() => other.state === "open");
  assert.equal(other.send("still there"), "sent");
});

played("a key may be a number", async (net) => {
  const server = net.server(SOCKET);
  const socket = new ReconnectingWebSocket(SOCKET);
  for (const [data, key] of [["1", 0], ["2", 0], ["3", 200_000_000], ["4", 200_000_000]]) socket.send(data, { key });
  await net.until(() => socket.state === "open");
  await net.advance(SOON);
  assert.deepEqual(server.messages, ["2", "4"]);
});

played("a code is a number, however it is given", async (net) => {
  const server = net.server(SOCKET);
  const socket = new ReconnectingWebSocket(SOCKET);
  await net.until(() => socket.state === "open");
  socket.close("3001", "by word");
  await net.advance(SOON);
  assert.equal((await socket.closed).code, 3001);
  assert.equal(server.connections.length, 0);
});

played("a first message that throws, or is none, is not sent, and what throws is reported", async (net) => {
  const server = net.server(SOCKET);
  const reported = [];
  const report = (error) => reported.push(error.message);
  process.prependOnceListener("uncaughtException", report);
  process.setUncaughtExceptionCaptureCallback(report);
  try {
    for (const message of [() => { throw new Error("no words"); }, () => undefined, (id) => `after ${id}`]) {
      const socket = new ReconnectingWebSocket(SOCKET, [], { id: (data) => data, resume: { lastEventId: "7", message } });
      await net.until(() => socket.state === "open");
      await net.advance(SOON);
      socket.close();
    }
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
    process.removeListener("uncaughtException", report);
  }
  assert.deepEqual([server.messages, reported], [["after 7"], ["no words"]]);
});

test("what waits for the module of everwire/lazy goes in order, and gets no older than its ttl", async () => {
  const { ReconnectingWebSocket, init } = await load("lazy.js");
  const net = fakeNetwork();
  try {
    let come;
    const initialised = init(new Promise((resolve) => { come = resolve; }));
    const server = net.server(SOCKET);
    const socket = new ReconnectingWebSocket(SOCKET, [], { outbox: { ttl: 5_000 } });
    const dropped = [];
    socket.addEventListener("dropped", ({ data, why }) => dropped.push([data, why]));
    socket.send("short", { ttl: 300 });
    socket.send("as all");
    socket.send("long", { ttl: 60_000 });
    await net.advance(6_000);
    socket.send("fresh");
    come(readFileSync(join(pkg, "wasm/machine.wasm")));
    await initialised;
    await net.until(() => socket.state === "open");
    await net.advance(SOON);
    assert.deepEqual(server.messages, ["long", "fresh"]);
    assert.deepEqual(dropped, [["short", "expired"], ["as all", "expired"]]);
  } finally {
    net.restore();
  }
});

// ---- the module of everwire/lazy, for event streams ----

const MODULE = "https://example.test/machine.wasm";
const READY = readFileSync(join(pkg, "wasm/machine.wasm"));
let loaded = 0;
/** A stream of the entry, which was told where its module is, and what it tells of itself. */
const openEarly = async (net) => {
  const lazy = await load("lazy.js", `?${loaded += 1}`);
  const initialised = lazy.init(MODULE).catch(({ message }) => message);
  const stream = new lazy.ReconnectingEventSource(STREAM);
  const came = record(stream, "open", "message", "reconnecting", "error", "close");
  await net.advance(SOON);
  return { ...lazy, initialised, stream, came };
};

played("a module that cannot be loaded is the end of an event stream, with a reason, and it may be tried again", async (net) => {
  const server = net.server(STREAM);
  const module = net.server(MODULE, () => ({ status: 404 }));
  const { init, initialised, stream, came } = await openEarly(net);
  const why = `everwire/lazy could not load its module: ${MODULE} was answered with 404`;
  assert.equal(await initialised, why);
  await net.advance(SOON);
  const { kind, reason } = (await stream.closed).cause;
  assert.deepEqual([came, kind, reason, stream.readyState], [["error", "close"], "unusable", why, 2]);
  assert.deepEqual([server.connections.length, server.attempts.length, module.attempts.length], [0, 1, 1]);

  await init(READY);
  stream.reconnect();
  await net.until(() => stream.state === "open");
  server.send("on");
  await net.advance(SOON);
  assert.deepEqual(came.slice(2), ["open", "message"]);
  stream.close();
});

played("a module that does not come is given up after a minute, and with it the stream that was opened meanwhile", async (net) => {
  const server = net.server(STREAM);
  const module = net.server(MODULE).stall();
  const { init, initialised, stream, came } = await openEarly(net);
  await net.advance(59_000 - net.now);
  assert.deepEqual([came, stream.state, server.connections.length, module.connections.length], [[], "connecting", 1, 0]);
  await net.advance(2_000);
  assert.match(await initialised, /could not load its module: The operation timed out/);
  assert.deepEqual([came, stream.state, server.connections.length], [["error", "close"], "closed", 0]);

  stream.reconnect();
  await init(READY);
  await net.until(() => stream.state === "open");
  stream.close();
});

// ---- what it says of itself ----

played("opened is kept as it was the first time, whenever it is asked for", async (net) => {
  const server = net.server(SOCKET);
  for (const reconnect of [undefined, false]) {
    const [waiting, closed] = [1, 2].map(() => new ReconnectingWebSocket(SOCKET, [], { reconnect }));
    await net.until(() => closed.state === "open" && waiting.state === "open");
    await net.advance(SOON);
    closed.close();
    await net.advance(SOON);
    await closed.opened;
    server.connection.drop();
    await net.until(() => waiting.state !== "open");
    await waiting.opened;
    waiting.close();
    await net.advance(SOON);
  }
});

played("uptime begins with the state, and statechange says what was told before", async (net) => {
  net.server(SOCKET);
  await net.advance(5_000);
  const socket = new ReconnectingWebSocket(SOCKET);
  const told = [];
  socket.addEventListener("statechange", ({ previous, state }) => told.push([previous, state, socket.stats().uptime]));
  await net.until(() => socket.state === "open");
  await net.advance(1_000);
  socket.close();
  await net.advance(SOON);
  socket.reconnect();
  await net.advance(SOON);
  assert.deepEqual(told, [
    ["connecting", "open", 0], ["open", "closed", 0], ["closed", "connecting", 0], ["connecting", "open", 0]]);
});

played("where there is no CloseEvent, as in Node.js before 23, a socket that does not reconnect tells its end all the same", async (net) => {
  const { CloseEvent } = globalThis;
  delete globalThis.CloseEvent;
  try {
    net.server(SOCKET);
    const socket = new ReconnectingWebSocket(SOCKET, [], { reconnect: false });
    const came = record(socket, "open", "close");
    await net.until(() => socket.state === "open");
    socket.close(3000, "done");
    await net.advance(SOON);
    const { code, reason, wasClean } = await socket.closed;
    assert.deepEqual([came, code, reason, wasClean], [["open", "close"], 3000, "done", true]);
  } finally {
    if (CloseEvent) globalThis.CloseEvent = CloseEvent;
  }
});

played("a signal that was aborted is the end also of what is opened anew", async (net) => {
  net.server(SOCKET);
  const controller = new AbortController();
  const socket = new ReconnectingWebSocket(SOCKET, [], { reconnect: false, signal: controller.signal });
  await net.advance(SOON);
  controller.abort();
  await net.advance(SOON);
  socket.reconnect();
  await net.advance(SOON);
  assert.equal(socket.state, "closed");
});

// ---- options ----

played("what is no AbortSignal is refused before anything is opened", async (net) => {
  const [socket, stream] = [net.server(SOCKET), net.server(STREAM)];
  const refused = { name: "TypeError", message: "signal: [object Object] was given; expected an AbortSignal" };
  for (const more of [{}, { reconnect: false }]) {
    assert.throws(() => new ReconnectingWebSocket(SOCKET, [], { signal: {}, ...more }), refused);
    assert.throws(() => new ReconnectingEventSource(STREAM, { signal: {}, ...more }), refused);
  }
  await net.advance(SOON);
  assert.deepEqual([socket.attempts, stream.attempts], [[], []]);
  new ReconnectingWebSocket(SOCKET, [], { signal: null }).close();
});

played("an option that is undefined is one that is not given", async (net) => {
  const server = net.server(SOCKET);
  const socket = new ReconnectingWebSocket(SOCKET, [], { heartbeat: { interval: undefined, timeout: undefined, message: () => "ping" } });
  await net.advance(30_000);
  assert.deepEqual(server.messages, ["ping"]);
  const plain = new ReconnectingWebSocket(SOCKET, [], { reconnect: false, heartbeat: undefined });
  await net.until(() => plain.state === "open");
  assert.equal(plain.send("as the native one"), undefined);
  socket.close();
});

played("silenceTimeout is kept from the browser's own EventSource, over a relay as well, for that hides what is no event", async (net) => {
  const server = net.relay(STREAM);
  net.block("WebSocket");
  const socket = new ReconnectingWebSocket(STREAM, [], { wire: "relay", silenceTimeout: 20_000 });
  await net.advance(10_000);
  assert.deepEqual([socket.transport, vias(server).includes("EventSource")], ["long-poll", false]);
  socket.close();
});

played("what asks an Engine.IO server for its end has the headers of the others", async (net) => {
  const url = "https://example.test/engine.io/";
  const server = net.engineIo(url);
  const socket = new ReconnectingWebSocket(url, [], { wire: "engine.io", transports: ["long-poll"], headers: { Authorization: "of mine" } });
  await net.until(() => socket.state === "open");
  await net.advance(SOON);
  socket.close();
  await net.advance(SOON);
  const { method, headers } = server.attempts.at(-1);
  assert.deepEqual([method, headers.get("authorization")], ["POST", "of mine"]);
});

played("an application's fetch is the only one that makes requests", async (net) => {
  const server = net.server(STREAM).stall({ times: 2 }).accept();
  const fetch = (url, options) => globalThis.fetch(url, { ...options, headers: [...options.headers, ["Authorization", "of mine"]] });
  const stream = new ReconnectingEventSource(STREAM, { fetch });
  await net.advance(60_000);
  assert.deepEqual(server.attempts.filter(({ headers }) => headers.get("authorization") !== "of mine"), []);
  stream.close();
  assert.throws(() => new ReconnectingEventSource(STREAM, { fetch, transports: ["fetch-stream", "xhr-stream"] }),
    { message: "transports: xhr-stream was given; expected fetch-stream" });
});

played("a fetch of the application's that throws is one that fails: it is tried again", async (net) => {
  net.server("/stream");
  for (const fail of [() => { throw new Error("no token"); }, async () => { throw new Error("no token"); }]) {
    let asked = 0;
    const stream = new ReconnectingEventSource("/stream", { fetch: (...request) => ((asked += 1) > 1 ? fetch(...request) : fail()) });
    const came = record(stream, "reconnecting", "close");
    await net.until(() => stream.state === "open" || stream.state === "closed");
    const { lastError } = stream.stats();
    assert.deepEqual([stream.state, came, lastError.kind, lastError.reason], ["open", ["reconnecting"], "network", "no token"]);
    stream.close();
    await net.advance(SOON);
  }
});

played("a fetch of the application's that throws is tried again by the strict class too, and by nothing else", async (net) => {
  const server = net.server("/stream");
  let asked = 0;
  const fail = () => { throw new Error("no token"); };
  const source = new EventSource("/stream", { fetch: (...request) => ((asked += 1) > 1 ? fetch(...request) : fail()) });
  await net.until(() => source.readyState === EventSource.OPEN);
  assert.deepEqual([asked, vias(server)], [2, ["fetch"]]);
  source.close();
});

played("a body that is null is none, as in RequestInit", async (net) => {
  const server = net.server(STREAM);
  for (const options of [{ body: null }, { body: null, headers: { "X-Test": "1" } }, { method: "POST", body: () => null }]) {
    const stream = new ReconnectingEventSource(STREAM, options);
    await net.until(() => stream.state === "open");
    stream.close();
    await net.advance(SOON);
  }
  assert.deepEqual(server.attempts.map(({ method, text }) => [method, text]), [["GET", ""], ["GET", ""], ["POST", ""]]);
});

// ---- the last id in the query ----

/** The query of the newest connection to a server, once `connection` is open and was lost after an id. */
const goesOn = async (net, server, connection) => {
  await net.until(() => connection.state === "open");
  server.send("7", { id: "7" });
  await net.advance(SOON);
  server.connection.drop();
  await net.until(() => connection.state === "open" && server.connection);
  const { search } = new URL(server.connection.url);
  connection.close();
  await net.advance(SOON);
  return search;
};

for (const transport of ["eventsource", "fetch-stream"]) {
  played(`the last id takes the place of one that the URL of an event stream has, over ${transport}`, async (net) => {
    const server = net.server(STREAM);
    const resume = { query: "since" };
    for (const [given, asked] of [
      ["?since=3", "?since=7"], ["?since=3&since=4", "?since=7"], ["?s%69nce=3&room=1", "?room=1&since=7"], ["?since", "?since=7"],
      // What the server may have signed is left as it was written.
      ["?a=%7e+b&since=3&%zz&sinces=1?", "?a=%7e+b&%zz&sinces=1?&since=7"], ["?&", "?since=7"],
    ]) {
      const stream = new ReconnectingEventSource(STREAM + given, { resume, transports: [transport] });
      assert.equal(await goesOn(net, server, stream), asked, given);
    }
  });
}

played("the last id takes the place of one that the URL of a socket has", async (net) => {
  const server = net.server(SOCKET);
  const socket = new ReconnectingWebSocket(`${SOCKET}?since=3&room=1`, [], { id: (data) => data, resume: { query: "since" } });
  assert.equal(await goesOn(net, server, socket), "?room=1&since=7");
});

for (const transport of ["websocket", "eventsource", "long-poll"]) {
  played(`the last id takes the place of one that the URL of a relay has, over ${transport}`, async (net) => {
    const server = net.relay(STREAM);
    const socket = new ReconnectingWebSocket(`${STREAM}?last_event_id=1:0`, [], { wire: "relay", transports: [transport] });
    await net.until(() => socket.state === "open");
    server.publish("new");
    await net.until(() => socket.lastEventId);
    socket.reconnect();
    await net.until(() => socket.state === "open");
    await net.advance(1_000);
    const ids = new URL(server.attempts.at(-1).url).searchParams.getAll("last_event_id");
    assert.deepEqual(ids, [socket.lastEventId]);
    socket.close();
    await net.advance(SOON);
  });
}

// ---- event streams of another origin, which the browser's own EventSource reconnects to by itself ----

/** What becomes of a stream that is lost, or that `ends`, after an event. */
const lost = async (net, options, lose) => {
  const server = net.server(STREAM);
  const stream = new ReconnectingEventSource(STREAM, options);
  const came = record(stream, "reconnecting", "error", "close");
  await net.until(() => stream.state === "open");
  server.send("a", { id: 1 });
  await net.advance(6_000);
  lose(server.connection);
  await net.advance(60_000);
  const seen = { came, vias: vias(server), state: stream.state, cause: stream.stats().lastError?.kind };
  stream.close();
  await net.advance(SOON);
  return seen;
};

for (const [what, options] of Object.entries({
  "with reconnect false": { reconnect: false },
  "with no retries": { reconnect: { maxRetries: 0 } },
  "where the verdict is stop": { verdict: () => "stop" },
})) {
  played(`a stream of another origin is not connected again ${what}`, async (net) => {
    const seen = await lost(net, options, (connection) => connection.drop());
    assert.deepEqual(seen, { came: ["error", "close"], vias: ["EventSource"], state: "closed", cause: "network" });
  });
}

played("with repeatable false the end of a response is the end, without an error, by whichever transport", async (net) => {
  const seen = await lost(net, { repeatable: false }, (connection) => connection.close());
  assert.deepEqual(seen, { came: ["close"], vias: ["fetch"], state: "closed", cause: undefined });
});

played("a fragment is no part of what is asked for, as with the browser's own EventSource", async (net) => {
  const server = net.server(STREAM);
  const stream = new ReconnectingEventSource(`${STREAM}#part`);
  await net.until(() => stream.state === "open");
  assert.deepEqual([stream.url, server.attempts.length], [STREAM, 1]);
  stream.close();
  await net.advance(SOON);
});
