// everwire/testing: its clock, what is said of what was not scripted, and that nothing is left of it. In Node.
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { pkg } from "./support.mjs";

const load = (name, query = "") => import(pathToFileURL(join(pkg, name)) + query);
const { fakeNetwork } = await load("testing.js");
const { ReconnectingEventSource, ReconnectingWebSocket } = await load("index.js");

let net;
const install = (options) => (net = fakeNetwork(options));
afterEach(() => net?.restore());

// ---- the clock ----

test("timers come in the order in which they are due, and promise jobs between them", async () => {
  install();
  const told = [];
  const say = (what) => told.push([net.now, what]);
  setTimeout(say, 20, "b");
  setTimeout(() => {
    say("a");
    Promise.resolve().then(() => Promise.resolve()).then(() => say("job of a"));
    setTimeout(say, 0, "set by a");
  }, 10);
  setTimeout(say, 20, "c");
  setTimeout(say, 31, "too late");
  await net.advance(30);
  assert.deepEqual(told, [[10, "a"], [10, "job of a"], [10, "set by a"], [20, "b"], [20, "c"]]);
});

test("a timer of Node's has what Node gives it", { skip: typeof setTimeout(() => {}) === "number" }, async () => {
  install();
  const told = [];
  const timer = setTimeout(() => told.push(net.now), 100);
  await net.advance(60);
  assert.equal(timer.refresh(), timer);
  await net.advance(60);
  assert.deepEqual([told, timer.hasRef(), timer.unref().hasRef(), timer.ref().hasRef()], [[], true, false, true]);
  await net.advance(60);
  // Also when it is over; but not one that was cleared.
  timer.refresh();
  await net.advance(100);
  clearTimeout(timer);
  timer.refresh();
  const closed = setInterval(() => told.push("closed"), 10);
  const cleared = setTimeout(() => told.push("cleared"), 10);
  const disposed = setTimeout(() => told.push("disposed"), 10);
  assert.equal(closed.close(), closed);
  clearTimeout(`${cleared}`);
  if (Symbol.dispose) disposed[Symbol.dispose]();
  else disposed.close();
  const interval = setInterval(() => told.push("interval"), 100);
  await net.advance(60);
  interval.refresh();
  await net.advance(60);
  interval.refresh();
  await net.advance(200);
  clearInterval(interval);
  await net.advance(1_000);
  assert.deepEqual(told, [160, 280, "interval", "interval"]);
});

test("a promise of setTimeout's is settled by the fake clock", { skip: !setTimeout[promisify.custom] }, async () => {
  install();
  const sleep = promisify(setTimeout);
  assert.deepEqual([await net.until(sleep(5, "slept")), net.now], ["slept", 5]);
  const controller = new AbortController();
  const cut = sleep(1_000, undefined, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("mine")), 10);
  await assert.rejects(net.until(cut), ({ name, code, cause }) => name === "AbortError" && code === "ABORT_ERR" && cause.message === "mine");
  await assert.rejects(sleep(5, undefined, { signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(net.now, 15);
});

test("an interval goes on until it is cleared, also by itself", async () => {
  install();
  let count = 0;
  const timer = setInterval(() => {
    count += 1;
    if (count === 3) clearInterval(timer);
  }, 100);
  const other = setTimeout(() => assert.fail("it was cleared"), 50);
  clearTimeout(other);
  clearTimeout(undefined);
  timer.unref().ref();
  await net.advance(1_000);
  assert.equal(count, 3);
});

test("all that shows the time shows the same time", async () => {
  install({ date: "2030-01-01T00:00:00Z" });
  const { timeout } = AbortSignal;
  const signal = timeout(90_000);
  const start = performance.now();
  await net.advance(60_000);
  assert.deepEqual([new Date().toISOString(), Date.now() - Date.UTC(2030, 0, 1), performance.now() - start, net.now],
    ["2030-01-01T00:01:00.000Z", 60_000, 60_000, 60_000]);
  assert.ok(new Date(0) instanceof Date && Date() === String(new Date()));
  assert.equal(new Date(2020, 1).getMonth(), 1);
  await net.advance(30_000);
  assert.equal(signal.reason.name, "TimeoutError");
});

test("events show the fake clock's time as well, so that nothing depends on how long the host has been up", async () => {
  const stamp = Object.getOwnPropertyDescriptor(Event.prototype, "timeStamp");
  const left = [];
  const stamps = [];
  try {
    // The fake clock begins at a minute, and the host's may well be near that.
    for (const hostsTime of [0, 59_434, 59_901, 60_000, 60_505, 1_000_000]) {
      Object.defineProperty(Event.prototype, "timeStamp", { ...stamp, get: () => hostsTime });
      const server = install().server("wss://example.com/");
      net.server("https://example.com/api").onrequest = () => "answer";
      const socket = new ReconnectingWebSocket("wss://example.com/", [], { silenceTimeout: 10_000 });
      socket.addEventListener("reconnecting", () => left.push(net.now));
      await net.until(socket.opened);
      server.send("a");
      await net.advance(1);
      server.send("b");
      await net.until(() => socket.state === "waiting");
      const tell = ({ type, timeStamp }) => stamps.push(`${type} ${timeStamp - performance.now()}`);
      const xhr = new XMLHttpRequest();
      const source = new EventSource("https://example.com/");
      for (const type of ["loadstart", "load"]) xhr.addEventListener(type, tell);
      source.onopen = tell;
      Object.assign(new WebSocket("wss://example.com/"), { onopen: tell, onmessage: tell, onclose: tell });
      globalThis.addEventListener("offline", tell, { once: true });
      xhr.open("POST", "https://example.com/api");
      xhr.send();
      await net.advance(10);
      server.send("c");
      server.connections.forEach((connection) => connection.close());
      await net.advance(10);
      net.offline();
      net.restore();
    }
  } finally {
    Object.defineProperty(Event.prototype, "timeStamp", stamp);
  }
  assert.deepEqual(new Set(left), new Set([10_001]));
  const told = ["loadstart", "open", "open", "load", "message", "message", "close", "offline"];
  assert.deepEqual(new Set(stamps), new Set(told.map((type) => `${type} 0`)));
});

test("timers that set timers without a delay get on all the same, as in browsers", async () => {
  install();
  let turns = 0;
  const again = () => {
    turns += 1;
    setTimeout(again);
  };
  again();
  await net.advance(100);
  assert.ok(turns > 20 && turns < 40, `${turns} turns`);
});

test("what goes in circles at one moment is an error", async () => {
  install().server("wss://example.com/").close(1001);
  const open = () => { new WebSocket("wss://example.com/").onclose = open; };
  open();
  await assert.rejects(net.advance(1), /more than 100000 things happened at the same moment; expected that time gets on/);
});

test("time that is moved while it moves is an error", async () => {
  install();
  const moving = net.advance(1);
  await assert.rejects(net.advance(1), /expected an `await` before each advance\(\) and until\(\)/);
  await moving;
  await assert.rejects(net.advance(-1), /advance: -1 was given; expected a number of milliseconds/);
});

test("until() gives what it waited for, and says what happened if that does not come", async () => {
  install().server("wss://example.com/").stall();
  assert.equal(await net.until(() => net.now >= 0 && "there"), "there");
  assert.equal(await net.until(new Promise((resolve) => { setTimeout(resolve, 5, "late"); })), "late");
  await assert.rejects(net.until(Promise.reject(new Error("mine"))), /mine/);
  // A promise is always there.
  for (const condition of [async () => false, () => Promise.reject(new Error("unheard"))]) {
    await assert.rejects(net.until(condition), /until: a function that returns a promise was given; expected one that returns whether it is so/);
  }
  const socket = new ReconnectingWebSocket("wss://example.com/");
  await assert.rejects(net.until(() => socket.readyState === 1, { within: 1_000 }),
    /\(\) => socket.readyState === 1 did not come true within 1000 ms of the fake clock; what happened last:\n {2}5 ms: attempt .*"wss:\/\/example.com\//);
});

test("time stands still while something is held that the host needs tasks for", async () => {
  install();
  const told = [];
  // A blob's bytes come from another thread.
  new Blob(["é"]).text().then((text) => told.push(text, net.now));
  net.hold(new Promise((resolve) => { setImmediate(() => setImmediate(resolve)); })).then(() => told.push("held", net.now));
  setTimeout(() => told.push("timer"), 1);
  await net.advance(1);
  assert.equal(told.pop(), "timer");
  assert.deepEqual(told.sort(), [0, 0, "held", "é"]);
});

test("the same seed gives the same random numbers, and another one others", () => {
  const draw = (seed) => {
    install({ seed });
    const drawn = Array.from({ length: 1_000 }, Math.random);
    net.restore();
    return drawn;
  };
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
  const mean = draw(0).reduce((sum, number) => sum + number) / 1_000;
  assert.ok(mean > 0.45 && mean < 0.55, `a mean of ${mean}`);
});

// ---- what was not scripted ----

test("a URL without a server is an error for the code and for the test, and says what to write", async () => {
  install().server("wss://example.com/chat");
  const message = { message: "everwire/testing: a WebSocket to wss://example.com/other?x=1 was attempted, and there is no fake server; "
    + 'expected wss://example.com/chat, or net.server("wss://example.com/other") before it' };
  assert.throws(() => new WebSocket("wss://example.com/other?x=1"), message);
  await assert.rejects(net.advance(), message);
  await assert.rejects(fetch("https://example.com/x"), /GET by fetch to https:\/\/example.com\/x/);
  assert.throws(() => net.restore(), /GET by fetch/);
});

test("a request that the server has no answer for is an error", async () => {
  install().server("https://example.com/api");
  fetch("https://example.com/api", { method: "POST", body: "x" }).catch(() => {});
  await assert.rejects(net.advance(), /POST https:\/\/example.com\/api came to a fake server that has no answer for it; expected `server.onrequest/);
});

test("what goes wrong in the server's callbacks is for the test", async () => {
  const server = install().server("wss://example.com/");
  server.onconnection = () => assert.fail("on connection");
  server.onmessage = async () => assert.fail("on message");
  const socket = new WebSocket("wss://example.com/");
  await assert.rejects(net.advance(), /on connection/);
  await net.advance();
  socket.send("x");
  await assert.rejects(net.advance(), /on message/);
});

test("options that cannot be used are named", () => {
  assert.throws(() => fakeNetwork({ latency: -1 }), /latency: -1 was given; expected a number/);
  assert.throws(() => fakeNetwork({ date: "soon" }), /date: soon was given; expected a date/);
  assert.throws(() => fakeNetwork({ without: ["fax"] }), /class: fax was given; expected WebSocket or EventSource/);
  const server = install().server("https://example.com/");
  assert.throws(() => net.server("wss://example.com/?x"), /there is a fake server at this one/);
  assert.throws(() => server.refuse(42), /status: 42 was given/);
  assert.throws(() => server.stall({ times: Infinity }), /times: Infinity was given; expected a whole number/);
  assert.throws(() => fakeNetwork(), /expected restore\(\) first/);
});

test("timers that are fake already are an error", (t) => {
  const { setTimeout } = globalThis;
  // As Sinon marks them, of which Jest and Vitest are made.
  globalThis.setTimeout = Object.assign(() => {}, { clock: {} });
  t.after(() => { globalThis.setTimeout = setTimeout; });
  assert.throws(() => fakeNetwork(), /the timers are fake already/);
});

// ---- the network ----

test("everything takes as long as the latency says, and comes in order", async () => {
  const server = install({ latency: 50 }).server("wss://example.com/");
  server.onmessage = (data, connection) => connection.send(`${data}!`);
  const told = [];
  const socket = new WebSocket("wss://example.com/");
  for (const type of ["open", "message", "close"]) socket.addEventListener(type, ({ data }) => told.push([net.now, data ?? type]));
  socket.onopen = () => { for (const data of ["1", "2"]) socket.send(data); };
  await net.advance(200);
  server.connection.send("last");
  server.connection.drop();
  await net.advance(1_000);
  assert.deepEqual(told, [[100, "open"], [200, "1!"], [200, "2!"], [250, "last"], [250, "close"]]);
});

test("a server is found whatever the query and the scheme of a WebSocket, the longest place first", async () => {
  install({ page: "https://example.com/app/" });
  const all = net.server("https://example.com/*", "all");
  const api = net.server("../api/*", "api");
  const one = net.server("/api/one?ignored", "one");
  const got = [];
  for (const url of ["/x?y", "/api/two", "/api/one?a=b", "wss://example.com/api/one"]) {
    got.push(await net.until(url.startsWith("wss") ? new Promise((resolve) => { new WebSocket(url).onclose = ({ code }) => resolve(code); })
      : fetch(url).then((response) => response.text())));
  }
  assert.deepEqual([got, all.attempts.length, api.attempts.length, one.attempts.length], [["all", "api", "one", 1006], 1, 1, 2]);
});

test("steps have a delay, and may be for several attempts", async () => {
  const server = install().server("https://example.com/");
  server.refuse(500, { delay: 100, times: 2 }).respond({ status: 201, headers: { "X-A": "b" }, body: new Uint8Array([104, 105]) });
  const got = [];
  for (let i = 0; i < 4; i += 1) {
    const response = await net.until(fetch("https://example.com/"));
    got.push([net.now, response.status, response.headers.get("x-a"), await net.until(response.text())]);
  }
  assert.deepEqual(got, [[100, 500, null, ""], [200, 500, null, ""], [200, 201, "b", "hi"], [200, 201, "b", "hi"]]);
});

test("an application's request has its scripted answer, whatever its mode; only what everwire asks about a failure has none", async () => {
  const page = "https://example.com/";
  const server = install({ page }).server("https://example.com/api", "answer");
  const seen = [];
  const inits = [{ mode: "same-origin" }, { mode: "same-origin", credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(10_000) },
    { mode: "no-cors" }, { mode: "no-cors", credentials: "omit", cache: "no-store", signal: new AbortController().signal }];
  for (const init of inits) {
    const response = await net.until(fetch("https://example.com/api", init));
    seen.push([response.type, response.status, await net.until(response.text())]);
  }
  assert.deepEqual(seen, [["basic", 200, "answer"], ["basic", 200, "answer"], ["opaque", 0, ""], ["opaque", 0, ""]]);
  server.drop().respond("again");
  const again = () => fetch("https://example.com/api", { ...inits[1], signal: undefined });
  const response = await net.until(again().catch(again));
  assert.deepEqual([net.now, await net.until(response.text())], [0, "again"]);
  assert.deepEqual([server.attempts.length, net.log.filter(({ event }) => event === "look").length], [6, 0]);

  // What everwire asks, after a stream that CORS refuses, and after sockets that fail; also by an application's own fetch.
  const other = net.server("https://other.example/feed");
  other.drop().corsError();
  const own = (url, init) => fetch(url, { ...init, headers: { ...Object.fromEntries(new Headers(init.headers)), Authorization: "x" } });
  const feed = new ReconnectingEventSource("https://other.example/feed", { fetch: own });
  await net.advance(60_000);
  feed.close();
  const chat = net.server("wss://example.com/chat").refuse(403);
  await net.until(new ReconnectingWebSocket("wss://example.com/chat").closed);
  const stalling = net.server("wss://example.com/stalling").stall();
  const tries = new ReconnectingWebSocket("wss://example.com/stalling");
  await net.advance(300_000);
  tries.close();
  const looks = net.log.filter(({ event }) => event === "look").map(({ url, status }) => `${url} ${status}`);
  assert.deepEqual([...new Set(looks)], ["https://other.example/feed 200", "https://example.com/chat 403", "https://example.com/stalling undefined"]);
  assert.ok([other, chat, stalling].flatMap(({ attempts }) => attempts).every(({ via, headers }) => via === "WebSocket" || headers.get("accept")));
});

test("a request is seen by the server with its method, headers and body", async () => {
  const server = install().server("https://example.com/");
  server.onrequest = ({ method, headers, text, body }) => (
    { body: [method, headers.get("content-type"), headers.get("x-a"), text, body.length].join() });
  const send = (init) => net.until(fetch("https://example.com/", { method: "POST", ...init }).then((response) => response.text()));
  const form = new URLSearchParams({ a: "é" });
  const [text, fields] = [await send({ body: "é" }), await send({ body: form, headers: { "X-A": "b" } })];
  assert.deepEqual([text, fields, await send({ body: new Uint8Array(3), method: "put" })],
    ["POST,text/plain;charset=UTF-8,,é,2", "POST,application/x-www-form-urlencoded;charset=UTF-8,b,a=%C3%A9,8", "PUT,,,\0\0\0,3"]);
  const xhr = new XMLHttpRequest();
  xhr.open("POST", "https://example.com/");
  xhr.responseType = "json";
  xhr.send(new Blob(["x"], { type: "a/b" }));
  await net.until(new Promise((resolve) => { xhr.onloadend = resolve; }));
  assert.deepEqual([xhr.response, server.attempts.at(-1).headers.get("content-type"), server.attempts.at(-1).text], [null, "a/b", "x"]);
});

test("of a buffer behind a view a session of Engine.IO sends what the view shows, by WebSocket and by polling", async () => {
  const bytes = [];
  for (const without of [[], ["WebSocket"]]) {
    const server = install({ without }).engineIo("https://example.com/engine.io/");
    const socket = new ReconnectingWebSocket("https://example.com/engine.io/", [], { wire: "engine.io" });
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => bytes.push([...new Uint8Array(data)].join()));
    await net.until(socket.opened);
    const buffer = Uint8Array.of(9, 1, 2, 3, 9).buffer;
    for (const data of [Buffer.from([1, 2, 3]), new DataView(buffer, 1, 3), new Uint8Array(buffer, 1, 3), buffer]) server.session.send(data);
    await net.advance(1_000);
    assert.throws(() => server.session.send(42), /data: 42 was given; expected a string, an ArrayBuffer or a view/);
    net.restore();
  }
  assert.deepEqual(bytes, Array(2).fill(["1,2,3", "1,2,3", "1,2,3", "9,1,2,3,9"]).flat());
});

test("the browser waits only for a while for a dead server's farewell", async () => {
  const server = install().server("wss://example.com/");
  server.silence();
  const socket = new WebSocket("wss://example.com/");
  await net.advance();
  socket.send("lost");
  socket.close();
  const code = await net.until(new Promise((resolve) => { socket.onclose = ({ code }) => resolve(code); }));
  assert.deepEqual([code, net.now, server.messages], [1006, 2_000, []]);
});

// ---- nothing is left ----

const GLOBALS = ["WebSocket", "EventSource", "XMLHttpRequest", "fetch", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date",
  "location", "document", "navigator", "addEventListener", "removeEventListener", "dispatchEvent", "CloseEvent"];
const shape = () => [
  ...GLOBALS.map((name) => Object.getOwnPropertyDescriptor(globalThis, name)),
  Math.random, performance.now, AbortSignal.timeout, Blob.prototype.text,
];

test("restore() puts everything back, also what was not there", () => {
  const before = shape();
  install();
  assert.notDeepEqual(shape(), before);
  net.restore();
  assert.deepEqual(shape(), before);
  install({ without: ["fetch"], page: null });
  assert.deepEqual([typeof fetch, typeof location, typeof document], ["undefined", "undefined", "undefined"]);
  net.restore();
  assert.deepEqual(shape(), before);
});

test("a connection that was left open is never heard of again", async () => {
  install().server("wss://example.com/").drop().accept();
  const told = [];
  const left = new ReconnectingWebSocket("wss://example.com/");
  for (const type of ["reconnecting", "open", "close"]) left.addEventListener(type, () => told.push(type));
  await net.advance();
  net.restore();

  const server = install().server("wss://example.com/");
  net.offline();
  net.online();
  net.hide();
  net.show();
  net.pagehide();
  net.pageshow();
  await net.advance(600_000);
  assert.deepEqual([told, server.attempts.length, net.attempts.length], [["reconnecting"], 0, 0]);
});

/** Does this with a class of the host's own that notes what is opened by it. */
const withOwn = async (act) => {
  const opened = [];
  const before = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  const value = class extends EventTarget {
    constructor(url) {
      super();
      opened.push(url);
    }
  };
  Object.defineProperty(globalThis, "WebSocket", { value, configurable: true, writable: true });
  try {
    await act();
    net.restore();
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  } finally {
    net.restore();
    delete globalThis.WebSocket;
    if (before) Object.defineProperty(globalThis, "WebSocket", before);
  }
  return opened;
};

test("what a connection that was left open waits for may come later, and it opens nothing: neither by the host's classes nor by the next fakes",
  async () => {
    const told = [];
    const waitFor = async (isNext, isLost) => {
      install().server("wss://example.com/");
      let resolve;
      const url = () => new Promise((given) => { resolve = given; });
      const left = new ReconnectingWebSocket(url);
      for (const type of ["statechange", "error", "close"]) left.addEventListener(type, () => told.push(type));
      await net.advance(10);
      told.length = 0;
      net.restore();
      if (isNext) install();
      if (isLost) resolve(Promise.reject(new Error("no URL")));
      else resolve("wss://example.com/");
      if (isNext) await net.advance(60_000);
    };
    for (const [isNext, isLost] of [[false, false], [false, true], [true, false], [true, true]]) {
      assert.deepEqual(await withOwn(() => waitFor(isNext, isLost)), []);
    }
    assert.deepEqual(told, []);
  });

test("credentials that come after the network was restored lead to no request of the next one", async () => {
  install().server("https://example.com/feed").refuse(401);
  let resolve;
  const refresh = () => new Promise((given) => { resolve = given; });
  const left = new ReconnectingEventSource("https://example.com/feed", { transports: ["fetch-stream"], refresh });
  const told = [];
  await net.advance(10);
  assert.equal(typeof resolve, "function");
  left.addEventListener("statechange", ({ state }) => told.push(state));
  net.restore();

  install();
  resolve();
  await net.advance(60_000);
  left.close();
  await net.advance(60_000);
  assert.deepEqual([told, net.log], [[], []]);
});

test("a connection that was closed may be opened again under the next network, also from a listener that restored the last", async () => {
  install().server("wss://example.com/");
  const socket = new ReconnectingWebSocket("wss://example.com/");
  await net.until(socket.opened);
  socket.close();
  await net.until(socket.closed);
  net.restore();

  const server = install().server("wss://example.com/");
  socket.reconnect();
  await net.until(() => socket.readyState === 1);
  assert.equal(server.connections.length, 1);

  const left = new ReconnectingWebSocket("wss://example.com/");
  left.addEventListener("open", () => net.restore());
  await net.advance(10);
  const next = install().server("wss://example.com/");
  left.reconnect();
  socket.reconnect();
  await net.advance(60_000);
  assert.equal(next.attempts.length, 0, "those were left open");
});

test("a transport that was given up is not remembered by the next network", async () => {
  const transports = [];
  for (const isBlocked of [true, false]) {
    const relay = install({ page: "https://example.com/" }).relay("/chat");
    if (isBlocked) net.block("WebSocket");
    const chat = new ReconnectingWebSocket("/chat", [], { wire: "relay" });
    await net.until(chat.opened);
    transports.push(chat.transport, relay.attempts.length);
    net.restore();
  }
  assert.deepEqual(transports, ["eventsource", 1, "websocket", 1]);
});

test("what was imported while a network was installed has the host's own classes after it", async () => {
  class Own {
    constructor(url) {
      this.url = url;
    }
  }
  const before = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  Object.defineProperty(globalThis, "WebSocket", { value: Own, configurable: true, writable: true });
  try {
    install().server("wss://example.com/");
    const { nativeSocket } = await load("native.js", "?imported-meanwhile");
    const { WebSocket } = globalThis;
    assert.ok(nativeSocket("wss://example.com/") instanceof WebSocket);
    net.restore();
    assert.ok(nativeSocket("wss://example.com/") instanceof Own);
    assert.ok(new WebSocket("wss://example.com/") instanceof Own);
    // And the other way round: what has kept the host's own gets a fake one.
    install().server("wss://example.com/");
    const early = await load("native.js", "?imported-meanwhile");
    assert.equal(early.nativeSocket("wss://example.com/").readyState, 0);
  } finally {
    net.restore();
    delete globalThis.WebSocket;
    if (before) Object.defineProperty(globalThis, "WebSocket", before);
  }
});

test("without any class of its own the host is asked in vain, and the connection says so", async () => {
  install({ without: ["WebSocket"], page: null }).server("wss://example.com/");
  const socket = new ReconnectingWebSocket("wss://example.com/");
  const { cause } = await net.until(socket.closed);
  assert.match(cause.message, /WebSocket is not defined/);
});

test("as in Node, there need be no page, no EventSource and no XMLHttpRequest", async () => {
  install({ without: ["EventSource", "XMLHttpRequest"], page: null }).server("https://example.com/feed");
  const feed = new ReconnectingEventSource("https://example.com/feed");
  await net.until(feed.opened);
  assert.equal(feed.transport, "fetch-stream");
});

test("`using` restores it, where the host has that", { skip: !Symbol.dispose }, () => {
  install()[Symbol.dispose]();
  assert.equal(globalThis.WebSocket?.isFake, undefined);
});
