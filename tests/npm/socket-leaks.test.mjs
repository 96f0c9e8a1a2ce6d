// What a ReconnectingWebSocket leaves behind, in Chromium: nothing. Whatever it can have a page hold is counted: listeners, timers,
// requests, sockets; and what is left of the memory.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { counting } from "../counting.mjs";
import { eventually, setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

beforeEach(() => scene.reopen(counting));

const WIRES = {
  raw: { path: "/ws/echo", options: { heartbeat: { interval: 1_000 } } },
  "the relay's WebSocket": { path: "/relay/", options: { wire: "relay", transports: ["websocket"] } },
  "the relay's stream": { path: "/relay/", options: { wire: "relay", transports: ["eventsource"] } },
  "the relay's polls": { path: "/relay/", options: { wire: "relay", transports: ["long-poll"] } },
  "the relay's ladder": { path: "/relay/", options: { wire: "relay" } },
  "Engine.IO by WebSocket": { path: "/engine.io/echo", options: { wire: "engine.io", transports: ["websocket"] } },
  "Engine.IO by polling": { path: "/engine.io/echo", options: { wire: "engine.io", transports: ["long-poll"] } },
  "Engine.IO on its way up": { path: "/engine.io/echo", options: { wire: "engine.io", transports: ["long-poll", "websocket"] } },
};

/** The page's `opener(wire, …)`: makes a function that opens one with this query and these options. */
const opening = ([{ path, options }, channel]) => {
  const { heartbeat, ...rest } = options;
  window.openOne = (query = "", more = {}) => new ReconnectingWebSocket(
    path === "/relay/" ? `/relay/${channel}?${query}` : `${path}?${query}&${channel}`, [], {
      reconnect: quick, ...rest, ...(heartbeat && { heartbeat: { ...heartbeat, message: () => "ping" } }), ...more });
};

/** Waits until the page holds nothing any more; says what it holds if that never comes. */
const nothingIsHeld = async (what) => {
  const left = () => inPage(() => [...held.values()]);
  await eventually(async () => !(await left()).length, "nothing was held").catch(async () => {
    assert.deepEqual(await left(), [], what);
  });
};

for (const [name, wire] of Object.entries(WIRES)) {
  test(`${name}: whenever it is closed, no listener, timer, request or socket is left`, { timeout: 60_000 }, async () => {
    await inPage(opening, [wire, scene.channel]);
    const during = await inPage(async () => {
      const controller = new AbortController();
      const { signal } = controller;
      lasting.add(signal);
      const never = () => new Promise(() => {});
      const ask = { verdict: () => "refresh", refresh: never };
      const STATES = {
        "at once": () => openOne("", { signal }),
        "while it asks for its url": () => new ReconnectingWebSocket(never, [], { signal }),
        "while it connects": () => openOne("silent=connect", { signal }),
        "while it is open": async () => {
          const socket = openOne("", { signal });
          await next(socket, "open");
          return socket;
        },
        "with something under way": async () => {
          const socket = openOne("", { signal });
          await next(socket, "open");
          for (const data of ["a", new Uint8Array([1]), new Blob(["b"]), "c"]) socket.send(data);
          return socket;
        },
        "while it waits": async () => {
          const socket = openOne("status=503", { signal, reconnect: far, outbox: { ttl: 60_000 } });
          socket.send("waits");
          await next(socket, "reconnecting");
          return socket;
        },
        "while it waits for credentials": async () => {
          const socket = openOne("status=503", { signal, ...ask });
          await next(socket, "reconnecting");
          return socket;
        },
        "after it was lost, and is back": async () => {
          const socket = openOne("", { signal });
          await next(socket, "open");
          const back = next(socket, "reconnected");
          socket.reconnect();
          await back;
          return socket;
        },
        "by its verdict": async () => openOne("status=503", { signal, verdict: () => "stop" }),
      };
      const most = {};
      for (const [state, open] of Object.entries(STATES)) {
        const socket = await open();
        most[state] = held.size;
        const { closed } = socket;
        socket.close();
        await closed;
      }
      return most;
    });
    for (const [state, size] of Object.entries(during)) assert.ok(size >= 1, `it was counted ${state}`);
    await nothingIsHeld(name);
    const ended = async () => (await scene.fixture.journal(wire.path)).every(({ endedMs }) => endedMs);
    await eventually(ended, "the server saw all of them end");
  });
}

test("a socket that does not reconnect leaves nothing either, and lets go of its signal", async () => {
  await inPage(async () => {
    const controller = new AbortController();
    const { signal } = controller;
    lasting.add(signal);
    for (const url of ["/ws/echo", "/ws/echo?refuse", "/ws/echo?close=1000"]) {
      const socket = new ReconnectingWebSocket(url, [], { reconnect: false, signal });
      const { closed } = socket;
      if (url === "/ws/echo") {
        await socket.opened;
        socket.close();
      }
      await closed;
    }
  });
  await nothingIsHeld();
});

for (const name of ["raw", "the relay's WebSocket", "the relay's stream", "the relay's polls", "Engine.IO by polling"]) {
  test(`${name}: two hundred rounds of opening and closing do not grow, and no closed one is kept`, { timeout: 90_000 }, async () => {
    await inPage(opening, [WIRES[name], scene.channel]);
    const client = await scene.page.context().newCDPSession(scene.page);
    await client.send("HeapProfiler.enable");
    await inPage(() => { window.refs = []; });
    const rounds = async (count) => {
      await inPage(async (count) => {
        for (let i = 0; i < count; i += 1) {
          const socket = openOne();
          await socket.opened;
          socket.send(`message ${i}`);
          socket.close();
          await socket.closed;
          refs.push(new WeakRef(socket));
        }
      }, count);
      await nothingIsHeld(name);
      for (let i = 0; i < 3; i += 1) await client.send("HeapProfiler.collectGarbage");
      const { usedSize } = await client.send("Runtime.getHeapUsage");
      const { kept, wasm } = await inPage(() => ({
        kept: refs.filter((ref) => ref.deref()).length, wasm: memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0) }));
      return { usedSize, kept, wasm };
    };
    const before = await rounds(20);
    const after = await rounds(200);
    assert.equal(after.wasm, before.wasm, "memory of the module");
    assert.ok(after.kept <= 2, `${after.kept} of 220 are kept`);
    // What 200 weak references, and the browser's own entries on requests, are.
    assert.ok(after.usedSize - before.usedSize < 200_000, `${after.usedSize - before.usedSize} bytes more`);
  });
}
