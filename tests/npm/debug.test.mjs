// The `debug` option, in Chromium: what it tells, and what it never does.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

// The page's `entries` are what the connections of the test have told: `debug` puts them there.
beforeEach(() => inPage(() => {
  window.entries = [];
  window.debug = (entry) => entries.push(entry);
}));

/** What was told, without when: that has to go forward. */
const told = async () => {
  const entries = await inPage(() => entries);
  const times = entries.map(({ time }) => time);
  assert.deepEqual(times, times.toSorted((a, b) => a - b));
  assert.ok(times.every((time) => time > 0));
  return entries.map(({ time, ...entry }) => entry);
};
/** As short as they can be told apart: an entry's type, and of these fields the ones that it has. */
const inShort = (entries) => entries.map(({ type, ...entry }) => (
  [type, ...["id", "state", "transport", "attempt", "continuity", "why", "event"].map((name) => entry[name])].flat()
    .filter((value) => value !== undefined && value !== null)
    .map((value) => value.kind ?? value).join(" ")));

test("it tells of a socket that is lost and comes back all that it does, in order, with the cause", async () => {
  await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick, debug });
    await socket.opened;
    const again = next(socket, "reconnected");
    await cut(socket, "/ws/echo");
    await again;
    socket.close(3001, "enough");
    await socket.closed;
  });
  const entries = await told();
  assert.deepEqual(inShort(entries), [
    "statechange connecting websocket 0", "attempt 1 websocket",
    "statechange open websocket 0", "open", "carrier 1",
    "leave 1", "statechange waiting 1", "reconnecting 1",
    "statechange connecting websocket 1", "attempt 2 websocket",
    "statechange open websocket 1", "reconnected websocket fresh", "carrier 2",
    "leave 2", "statechange closed 1", "close",
  ]);
  const { cause, ...reconnecting } = entries.find(({ type }) => type === "reconnecting");
  assert.deepEqual([reconnecting.delay, cause.kind, cause.transport, cause.message], [20, "network", "websocket", "the network failed"]);
  assert.deepEqual(entries.at(-1), { type: "close", code: 3001, reason: "enough", wasClean: true, cause: undefined });
});

test("it tells of a fallback with why, of each poll and of each POST", async () => {
  await scene.fixture.control("refuse-websocket");
  await inPage(async (channel) => {
    const options = { wire: "relay", transports: ["websocket", "long-poll"], reconnect: quick, debug };
    const socket = new ReconnectingWebSocket(`/relay/${channel}`, [], options);
    await socket.opened;
    const echo = take(socket, 1);
    socket.send("hello");
    await echo;
    await settle();
    socket.close();
    await socket.closed;
  });
  const entries = await told();
  assert.deepEqual(inShort(entries).filter((entry) => !entry.startsWith("statechange")), [
    "attempt 1 websocket", "leave 1", "reconnecting 1",
    "attempt 2 long-poll", "open", "carrier 2", "post 2", "poll 2 long-poll", "leave 2", "close",
  ]);
  const [first, next] = entries.filter(({ type, transport }) => /attempt|poll/.test(type) && transport === "long-poll");
  assert.deepEqual([first.lastEventId, next.lastEventId !== ""], ["", true]);
});

test("it tells of an event stream what the server said, and what verdict and refresh were asked", async () => {
  await inPage(async (channel) => {
    let times = 0;
    const source = new ReconnectingEventSource(`/sse/${channel}?status=401`, {
      debug, reconnect: quick, transports: ["fetch-stream"], refresh: () => { times += 1; }, verdict: () => (times ? "stop" : undefined),
    });
    await source.closed;
  });
  const entries = await told();
  assert.deepEqual(inShort(entries).filter((entry) => !entry.startsWith("statechange")), [
    "attempt 1 fetch-stream", "leave 1", "verdict", "error", "reconnecting 1", "refresh",
    "attempt 2 fetch-stream", "leave 2", "verdict", "error", "close"]);
  assert.deepEqual(entries.filter(({ type }) => type === "verdict").map(({ cause, verdict }) => [cause.status, verdict]),
    [[401, undefined], [401, "stop"]]);
  assert.match(entries.at(-1).cause.message, /the server refused \(401\)/);
});

test("it tells of heartbeats, of what is given up, and of the page", async () => {
  await inPage(async () => {
    const heartbeat = { interval: 20, message: () => "ping", isReply: (data) => data === "ping" };
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: far, heartbeat, debug });
    await socket.opened;
    for (const end = performance.now() + 10_000; !entries.some(({ type }) => type === "ping") && performance.now() < end;) await settle();
    dispatchEvent(new Event("offline"));
    await cut(socket, "/ws/echo");
    socket.send("né");
    socket.close();
    await socket.closed;
  });
  const entries = await told();
  assert.deepEqual([...new Set(inShort(entries).filter((entry) => entry.startsWith("ping")))], ["ping 1"]);
  assert.deepEqual(inShort(entries).filter((entry) => /^(page|dropped)/.test(entry)), ["page offline", "dropped closed"]);
  assert.equal(entries.find(({ type }) => type === "dropped").size, 2);
});

test("no entry has a message in it, nor what may be a secret in a URL", async () => {
  await inPage(async (channel) => {
    const options = { reconnect: far, debug };
    const sockets = [
      new ReconnectingWebSocket(`/relay/${channel}?token=secret`, [], { ...options, wire: "relay", transports: ["long-poll"] }),
      new ReconnectingWebSocket(() => `/ws/echo?token=secret`, [], options),
      new ReconnectingWebSocket("/ws/echo?token=secret", [], { reconnect: false, debug }),
    ];
    await Promise.all(sockets.map(async (socket) => {
      await next(socket, "open");
      const [echo, close] = [take(socket, 1), next(socket, "close")];
      socket.send("secret");
      await echo;
      socket.close();
      await close;
    }));
    const waiting = new ReconnectingWebSocket(`ws://user:secret@${location.host}/ws/echo?silent=connect&token=secret`, [], options);
    waiting.send("secret");
    waiting.close();
    await waiting.closed;
  });
  const entries = await told();
  assert.ok(new Set(entries.map(({ url }) => url)).has(`${scene.fixture.origin.replace("http", "ws")}/ws/echo`));
  assert.ok(entries.some(({ type }) => type === "dropped"));
  assert.doesNotMatch(JSON.stringify(entries), /secret|user/);
});

test("what it throws is reported as that of a listener, and the connection does not notice", async () => {
  const came = await inPage(async (channel) => {
    const broken = () => { throw new Error("debug is broken"); };
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick, debug: broken });
    const plain = new ReconnectingWebSocket("/ws/echo", [], { reconnect: false, debug: broken });
    const source = new ReconnectingEventSource(`/sse/${channel}`, { reconnect: quick, debug: broken });
    await Promise.all([socket.opened, next(plain, "open"), source.opened]);
    const again = [next(socket, "reconnected"), next(source, "reconnected")];
    await fetch("/control/drop", { method: "POST" });
    await Promise.all(again);
    const echo = take(socket, 1);
    const event = take(source, 1);
    socket.send("hello");
    await fetch(`/relay/${channel}`, { method: "POST", body: "an event" });
    const came = [await echo, await event];
    for (const connection of [socket, source]) connection.close();
    await Promise.all([socket.closed, source.closed]);
    return came;
  });
  assert.deepEqual(came, [["hello"], ["an event"]]);
  assert.ok(scene.page.errors.length > 20);
  scene.expected = Array(scene.page.errors.length).fill("debug is broken");
});

test("it may close the connection at whatever it is told, and nothing is opened after that", async () => {
  const seen = await inPage(async (channel) => {
    const seen = [];
    // By what it closes at. The constructor tells the first entries before there is a connection to close, unless the URL is waited for.
    for (const at of ["attempt", "statechange open", "open", "carrier"]) {
      const socket = new ReconnectingWebSocket(async () => `/ws/echo?${channel}`, [], {
        reconnect: quick, debug: ({ type, state }) => (type === at || `${type} ${state}` === at) && socket.close(),
      });
      const types = record(socket);
      await socket.closed;
      await settle();
      seen.push([at, types.filter((type) => type !== "statechange").join()]);
    }
    return seen;
  });
  assert.deepEqual(seen, [["attempt", "close"], ["statechange open", "close"], ["open", "open,close"], ["carrier", "open,close"]]);
  const asked = (await scene.fixture.journal("/ws/echo")).filter(({ query }) => query.includes(scene.channel));
  assert.equal(asked.length, 3, "the first one was closed before it was opened");
});

test("with reconnect: false it is still the browser's own WebSocket that it tells of", async () => {
  await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: false, debug });
    await next(socket, "open");
    socket.close(3000, "why");
    await next(socket, "close");
  });
  const url = `${scene.fixture.origin.replace("http", "ws")}/ws/echo`;
  assert.deepEqual(await told(), [
    { type: "attempt", id: 1, transport: "websocket", lastEventId: "", url },
    { type: "open" },
    { type: "close", code: 3000, reason: "why", wasClean: true },
  ]);
});

test("everwire/lazy and everwire/raw tell the same, the first also before its module has come", async () => {
  const all = [];
  for (const entry of ["index", "raw", "lazy"]) {
    await inPage(async (entry) => {
      entries.length = 0;
      const { ReconnectingWebSocket } = await import(`/pkg/${entry}.js`);
      const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick, debug });
      await socket.opened;
      const again = next(socket, "reconnected");
      await cut(socket, "/ws/echo");
      await again;
      socket.close();
      await socket.closed;
    }, entry);
    all.push(inShort(await told()));
  }
  assert.deepEqual(all[1], all[0]);
  assert.deepEqual(all[2].toSorted(), all[0].toSorted());
  assert.equal(all[2].find((entry) => entry.startsWith("attempt")), "attempt 1 websocket");
});

test("anything but a function is refused, with what was given", async () => {
  const why = await inPage(() => [
    () => new ReconnectingWebSocket("/ws/echo", [], { debug: true }),
    () => new ReconnectingWebSocket("/ws/echo", [], { reconnect: false, debug: "console" }),
    () => new ReconnectingEventSource("/sse/x", { debug: console }),
  ].map((make) => {
    try {
      return make();
    } catch ({ name, message }) {
      return `${name}: ${message}`;
    }
  }));
  const given = ["true", "console", "[object console]"];
  assert.deepEqual(why, given.map((it) => `TypeError: debug: ${it} was given; expected a function`));
});
