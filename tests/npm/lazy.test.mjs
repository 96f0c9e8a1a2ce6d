// The entry whose module is fetched, in Chromium and in Node: a connection that is made before the module has come does not wait for it.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { eventually, pkg, setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

// The page's `lazy` is the entry. `begin()` has it wait for a module that comes when `release()` is called.
beforeEach(() => inPage(async () => {
  window.lazy = await import("/pkg/lazy.js");
  window.begin = () => {
    const module = new Promise((resolve) => { window.release = () => resolve(fetch("/pkg/wasm/machine.wasm")); });
    window.initialised = lazy.init(module);
    window.initialised.catch(() => {});
  };
}));

/** The GETs of this test that arrived: those with its channel in the path or the query. What only keeps them from the cache is left out. */
const arrived = async () => (await scene.fixture.journal("/")).filter(
  ({ method, path, query }) => method === "GET" && `${path}?${query}`.includes(scene.channel)).map(
  ({ path, query, headers }) => `${headers.upgrade ? "websocket " : ""}${path}?${query.replace(/&_=[^&]*/, "")}`);

test("importing it fetches nothing, and the first construction fetches the module once", async () => {
  const fetched = () => scene.page.evaluate(() => (
    performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".wasm")).length));
  assert.equal(await fetched(), 0);
  await inPage(async () => {
    const sockets = [0, 1].map(() => new lazy.ReconnectingWebSocket("/ws/echo"));
    await Promise.all(sockets.map((socket) => socket.opened));
    await new lazy.ReconnectingWebSocket("/ws/echo").opened;
  });
  assert.equal(await fetched(), 1);
});

test("the module may be given as a URL, a request, a response or the promise of one, bytes, or itself", async () => {
  const given = {
    text: () => "/pkg/wasm/machine.wasm",
    url: () => new URL("/pkg/wasm/machine.wasm", location),
    request: () => new Request("/pkg/wasm/machine.wasm"),
    response: () => fetch("/pkg/wasm/machine.wasm"),
    untyped: async () => new Response(await (await fetch("/pkg/wasm/machine.wasm")).arrayBuffer()),
    bytes: async () => (await fetch("/pkg/wasm/machine.wasm")).arrayBuffer(),
    module: async () => WebAssembly.compileStreaming(fetch("/pkg/wasm/machine.wasm")),
  };
  for (const [name, make] of Object.entries(given)) {
    const echo = await scene.page.evaluate(async ([name, make]) => {
      const { init, ReconnectingWebSocket } = await import(`/pkg/lazy.js?${name}`);
      await init(new Function(`return (${make})()`)());
      const socket = new ReconnectingWebSocket("/ws/echo");
      socket.send("hello");
      return (await take(socket, 1))[0];
    }, [name, String(make)]);
    assert.equal(echo, "hello", name);
  }
});

// What is opened before the module is there must be what the machine opens, or it would be opened twice. KEY is the test's channel, ID that of
// its first message.
const EVENTS = "/sse/KEY?KEY";
const firsts = {
  "a raw WebSocket": ["/ws/echo?KEY", {}, "websocket /ws/echo?KEY"],
  "a raw WebSocket after an id": ["/ws/echo?KEY", { id: true, resume: { query: "after", lastEventId: "7" } }, "websocket /ws/echo?KEY&after=7"],
  "a relay by WebSocket": ["/relay/KEY?KEY", { wire: "relay" }, "websocket /relay/KEY?KEY"],
  "a relay by long-polling": ["/relay/KEY?KEY", { wire: "relay", transports: ["long-poll"] }, "/relay/KEY?KEY"],
  "Engine.IO by WebSocket": ["/engine.io/echo?KEY", { wire: "engine.io" }, "websocket /engine.io/echo?KEY&EIO=4&transport=websocket"],
  "Engine.IO by long-polling": ["/engine.io/echo?KEY", { wire: "engine.io", transports: ["long-poll"] },
    "/engine.io/echo?KEY&EIO=4&transport=polling"],
  "Engine.IO by long-polling first": ["/engine.io/echo?KEY", { wire: "engine.io", transports: ["long-poll", "websocket"] },
    "/engine.io/echo?KEY&EIO=4&transport=polling"],
  "events by the browser's class": [EVENTS, { of: "events" }, "/sse/KEY?KEY"],
  "events with headers": [EVENTS, { of: "events", headers: { "X-Test": "1" } }, "/sse/KEY?KEY"],
  "events after an id": [EVENTS, { of: "events", resume: { lastEventId: "ID" } }, "/sse/KEY?KEY"],
  "events after an id in the query": [EVENTS, { of: "events", resume: { lastEventId: "ID", query: "last_event_id" } },
    "/sse/KEY?KEY&last_event_id=ID"],
  "events by fetch": [EVENTS, { of: "events", transports: ["fetch-stream"] }, "/sse/KEY?KEY"],
  "events by XMLHttpRequest": [EVENTS, { of: "events", transports: ["xhr-stream"] }, "/sse/KEY?KEY"],
};
for (const [name, parts] of Object.entries(firsts)) {
  test(`${name}: connected before the module has come, and not once more after`, async () => {
    const { id } = await scene.fixture.publish(scene.channel, "first");
    const [url, options, request] = JSON.parse(JSON.stringify(parts).replaceAll("KEY", scene.channel).replaceAll("ID", id));
    await inPage(([url, { of, id, ...options }]) => {
      begin();
      window.connection = of === "events" ? new lazy.ReconnectingEventSource(url, options)
        : new lazy.ReconnectingWebSocket(url, [], { ...options, ...(id && { id: (data) => data }) });
      window.types = record(connection);
    }, [url, options]);
    const isOf = (it) => it === request || decodeURIComponent(it) === request;
    await eventually(async () => (await arrived()).some(isOf), `${request} arrived`);
    assert.deepEqual(await inPage(() => types), []);
    await inPage(async () => {
      release();
      await connection.opened;
      await settle();
      connection.close();
    });
    // What it goes on with has the id of a session, or a cursor.
    assert.equal((await arrived()).filter(isOf).length, 1, String(await arrived()));
  });
}

test("what comes and what is sent before the module is there is delivered, once and in order", async () => {
  const { id } = await scene.fixture.publish(scene.channel, "first");
  await inPage(async ([channel, lastEventId]) => {
    begin();
    window.socket = new lazy.ReconnectingWebSocket(`/relay/${channel}?first=oldest`, [], { wire: "relay" });
    window.came = follow(socket);
    window.sent = ["a", "b", "c"].map((data) => socket.send(data));
  }, [scene.channel, id]);
  await eventually(async () => (await arrived()).length > 0, "the socket arrived");
  await scene.fixture.publish(scene.channel, "second");
  const seen = await inPage(async () => {
    const before = [...came];
    const waiting = socket.bufferedAmount;
    release();
    await next(socket, "message", () => came.length === 5);
    return { before, waiting, sent, came };
  });
  assert.deepEqual(seen, {
    before: [], waiting: 3, sent: ["queued", "queued", "queued"], came: ["first", "second", "a", "b", "c"] });
});

test("an event stream that begins before the module loses nothing", async () => {
  await inPage((channel) => {
    begin();
    window.source = new lazy.ReconnectingEventSource(`/sse/numbers?interval=5&${channel}`, { transports: ["fetch-stream"] });
    window.came = follow(source);
  });
  await eventually(async () => (await arrived()).length > 0, "the request arrived");
  const came = await inPage(async () => {
    await settle();
    release();
    await next(source, "message", () => came.length >= 20);
    source.close();
    return came.slice(0, 20);
  });
  assert.deepEqual(came.map(Number), Array.from({ length: 20 }, (_, i) => Number(came[0]) + i));
  assert.equal((await arrived()).length, 1);
});

test("before it is there the outbox has its bounds, and takes nothing volatile", async () => {
  const seen = await inPage(async () => {
    begin();
    const socket = new lazy.ReconnectingWebSocket("/ws/echo", [], { outbox: { maxMessages: 2, maxBytes: 6 } });
    const deliveries = [["é", {}], ["now", { volatile: true }], ["12345", {}], ["2", {}], ["3", {}]].map((each) => socket.send(...each));
    const buffer = new Uint8Array([1, 2]);
    release();
    const came = await take(socket, 2);
    return { deliveries, came };
  });
  assert.deepEqual(seen, { deliveries: ["queued", "refused", "refused", "queued", "refused"], came: ["é", "2"] });
});

test("what is sent before it is there is a copy", async () => {
  const came = await inPage(async () => {
    begin();
    const socket = new lazy.ReconnectingWebSocket("/ws/echo");
    socket.binaryType = "arraybuffer";
    const bytes = new Uint8Array([1, 2]);
    socket.send(bytes);
    bytes.fill(9);
    release();
    return [...new Uint8Array((await take(socket, 1))[0])];
  });
  assert.deepEqual(came, [1, 2]);
});

test("closing before it is there is the end: what was queued is reported, and the server sees the close", async () => {
  const seen = await inPage(async () => {
    begin();
    const socket = new lazy.ReconnectingWebSocket("/ws/echo");
    const types = record(socket);
    const dropped = givenUp(socket);
    socket.send("1");
    socket.close(4000, "enough");
    const { code, reason, cause } = await next(socket, "close");
    release();
    await initialised;
    await settle();
    return { code, reason, cause, dropped, types, state: socket.readyState, buffered: socket.bufferedAmount };
  });
  assert.deepEqual(seen, { code: 4000, reason: "enough", cause: undefined, dropped: [["1", "closed"]],
    types: ["statechange", "dropped", "close"], state: 3, buffered: 0 });
});

test("a module that cannot be loaded is an error with a reason, and the end; and it may be tried again", async () => {
  await scene.page.route("**/machine.wasm", (route) => route.fulfill({ status: 404 }));
  const seen = await inPage(async () => {
    window.socket = new lazy.ReconnectingWebSocket("/ws/echo");
    const dropped = givenUp(socket);
    socket.send("1");
    const [error, close] = await Promise.all([next(socket, "error"), next(socket, "close")]);
    const opened = await socket.opened.catch(({ message }) => message);
    const init = await lazy.init().catch(({ message }) => message);
    return { error: error.message, kind: close.cause.kind, dropped, opened, init, state: socket.readyState };
  });
  const why = /everwire\/lazy could not load its module: http.*machine\.wasm was answered with 404/;
  for (const said of [seen.error, seen.opened, seen.init]) assert.match(said, why);
  assert.deepEqual([seen.kind, seen.dropped, seen.state], ["unusable", [["1", "closed"]], 3]);

  await scene.page.unroute("**/machine.wasm");
  const came = await inPage(async () => {
    socket.reconnect();
    socket.send("2");
    return take(socket, 1);
  });
  assert.deepEqual(came, ["2"]);
});

test("an `init` in the task of the first construction decides where the module is", async () => {
  const echo = await inPage(async () => {
    const { init, ReconnectingWebSocket } = await import("/pkg/lazy.js?decides");
    const socket = new ReconnectingWebSocket("/ws/echo");
    socket.send("hello");
    await init("/pkg/wasm/machine.wasm?told");
    return (await take(socket, 1))[0];
  });
  assert.equal(echo, "hello");
  const fetched = await scene.page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name).filter((name) => name.includes(".wasm")));
  assert.deepEqual(fetched.map((name) => name.split("/").pop()), ["machine.wasm?told"]);
});

test("a page in place of the module, or another module, is refused with a reason, and the next one is taken", async () => {
  const said = await inPage(async () => {
    const { init } = await import("/pkg/lazy.js?others");
    const empty = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
    const said = [];
    for (const input of [new Response("<!doctype html>", { headers: { "content-type": "text/html" } }), empty]) {
      said.push(await init(input).catch(({ message }) => message));
    }
    await init("/pkg/wasm/machine.wasm");
    return said;
  });
  assert.match(said[0], /is a page; expected the file everwire\/module\.wasm/);
  assert.match(said[1], /not everwire's/);
});

test("what is no module is refused with a reason", async () => {
  const why = await inPage(() => lazy.init(new Uint8Array([1, 2, 3])).catch(({ message, cause }) => [message, cause.name]));
  assert.match(why[0], /could not load its module: WebAssembly/);
  assert.equal(why[1], "CompileError");
});

test("a host without a network connects when it has one, also if that is before the module", async () => {
  await scene.page.context().setOffline(true);
  await inPage((channel) => {
    begin();
    window.socket = new lazy.ReconnectingWebSocket(`/ws/echo?${channel}`);
  });
  await scene.page.context().setOffline(false);
  assert.deepEqual(await arrived(), []);
  await inPage(async () => {
    release();
    await socket.opened;
  });
});

test("with `reconnect: false` it needs no module", async () => {
  const state = await inPage(async () => {
    begin();
    const socket = new lazy.ReconnectingWebSocket("/ws/echo", [], { reconnect: false });
    await next(socket, "open");
    return socket.readyState;
  });
  assert.equal(state, 1);
});

test("in Node the module is read from its file", async () => {
  const script = `
    import { init, ReconnectingEventSource } from ${JSON.stringify(String(pathToFileURL(join(pkg, "lazy.js"))))};
    await init();
    const source = new ReconnectingEventSource("${scene.fixture.origin}/sse/numbers?interval=5");
    source.addEventListener("message", ({ data }) => { console.log(data); source.close(); }, { once: true });
  `;
  assert.match(execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }), /^\d+\n/);
  assert.ok(readFileSync(join(pkg, "wasm/machine.wasm")).length > 0);
});
