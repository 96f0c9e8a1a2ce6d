// Hosts that lack something, as Chromium with that taken away before the package comes: each face connects by what is left, and comes back
// after a loss; where nothing is left, the end is clear.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

/** What takes away each. Fetch without streams is what browsers had for some years. */
const TAKEN = {
  WebSocket: "delete window.WebSocket;",
  EventSource: "delete window.EventSource;",
  fetch: "delete window.fetch;",
  "fetch streams": "delete Response.prototype.body;",
  XMLHttpRequest: "delete window.XMLHttpRequest;",
};

const WEBSOCKET = { raw: "websocket", relay: "websocket", "engine.io": "websocket" };
const EVENTSOURCE = { raw: undefined, relay: "eventsource", "engine.io": "long-poll" };
const POLLS = { raw: undefined, relay: "long-poll", "engine.io": "long-poll" };

/** What is taken away, and which transports a ReconnectingEventSource and the wires of a ReconnectingWebSocket have then. */
const HOSTS = [
  [[], "eventsource", WEBSOCKET],
  [["EventSource"], "fetch-stream", WEBSOCKET],
  [["fetch"], "eventsource", WEBSOCKET],
  [["fetch streams"], "eventsource", WEBSOCKET],
  [["XMLHttpRequest"], "eventsource", WEBSOCKET],
  [["WebSocket"], "eventsource", EVENTSOURCE],
  [["EventSource", "fetch"], "xhr-stream", WEBSOCKET],
  [["EventSource", "fetch streams"], "xhr-stream", WEBSOCKET],
  [["EventSource", "XMLHttpRequest"], "fetch-stream", WEBSOCKET],
  [["WebSocket", "EventSource"], "fetch-stream", POLLS],
  [["WebSocket", "fetch"], "eventsource", EVENTSOURCE],
  [["WebSocket", "XMLHttpRequest"], "eventsource", EVENTSOURCE],
  [["WebSocket", "EventSource", "fetch"], "xhr-stream", POLLS],
  [["WebSocket", "EventSource", "fetch streams"], "xhr-stream", POLLS],
  [["WebSocket", "EventSource", "XMLHttpRequest"], "fetch-stream", POLLS],
];

/** Opens the page of such a host. */
const without = (gone) => scene.reopen(gone.map((name) => TAKEN[name]).join("\n"));
const publish = (data) => scene.fixture.publish(scene.channel, data);

/** The transport of a stream that receives, is lost, and goes on after its last id. */
const streamed = async (resume) => {
  const url = `/sse/${scene.channel}`;
  const transport = await inPage(async ([url, resume]) => {
    window.source = new ReconnectingEventSource(url, { reconnect: quick, resume });
    window.came = follow(source);
    window.lost = next(source, "reconnecting").then(() => {});
    await next(source, "open");
    return source.transport;
  }, [url, resume]);
  await publish("1");
  await scene.page.waitForFunction(() => came.length === 1);
  await scene.fixture.control(`drop?path=${url}`);
  await inPage(() => lost);
  await publish("2");
  await scene.page.waitForFunction(() => came.length === 2);
  assert.deepEqual(await inPage(() => {
    source.close();
    return came;
  }), ["1", "2"]);
  return transport;
};

/** In the page: what the strict EventSource receives. */
const strictly = async (channel) => {
  const source = new everwire.EventSource(`/sse/${channel}?first=oldest`);
  const came = await take(source, 2);
  source.close();
  return came;
};

/** In the page: what became of a socket of each wire that sends, connects anew, and sends again; or that ended. */
const converse = async (channel) => {
  const urls = { raw: "/ws/echo", relay: `/relay/${channel}-socket`, "engine.io": "/engine.io/echo" };
  const seen = {};
  for (const [wire, url] of Object.entries(urls)) {
    const socket = new ReconnectingWebSocket(url, [], { wire, reconnect: quick });
    socket.binaryType = "arraybuffer";
    const ended = next(socket, "close").then(({ cause }) => cause?.kind);
    const isOpen = await Promise.race([next(socket, "open"), ended.then(() => false)]);
    if (!isOpen) {
      seen[wire] = await ended;
      continue;
    }
    const { transport } = socket;
    const all = take(socket, 3);
    socket.send("1 é");
    socket.send(new Uint8Array([0, 255]));
    await next(socket, "message", ({ data }) => typeof data !== "string");
    socket.reconnect();
    await next(socket, "reconnected");
    socket.send("2");
    const came = (await all).map((data) => (typeof data === "string" ? data : [...new Uint8Array(data)]));
    socket.close();
    await ended;
    seen[wire] = { transport, came };
  }
  return seen;
};

for (const [gone, stream, sockets] of HOSTS) {
  const host = gone.length ? `without ${gone.join(" and ")}` : "with everything";
  const { raw = "none", ...rest } = sockets;
  test(`${host}: streams by ${stream}, sockets by ${[raw, ...Object.values(rest)].join(", ")}`, async () => {
    await without(gone);
    assert.equal(await streamed(), stream);
    assert.deepEqual(await inPage(strictly), ["1", "2"]);
    const seen = await inPage(converse);
    for (const [wire, transport] of Object.entries(sockets)) {
      assert.deepEqual(seen[wire], transport ? { transport, came: ["1 é", [0, 255], "2"] } : "unusable", wire);
    }
  });
}

// It takes no header, so the id has to be in the query.
test("with the browser's own EventSource alone a stream goes on after its last id, if the server takes that in the query", async () => {
  await without(["WebSocket", "fetch", "XMLHttpRequest"]);
  assert.equal(await streamed({ query: "last_event_id" }), "eventsource");
});

test("without AbortSignal.timeout, a WebSocket that something in between refuses is told from a server that is away", async () => {
  await scene.reopen("delete AbortSignal.timeout;");
  const kind = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo?refuse", [], { reconnect: quick });
    const { cause } = await next(socket, "close");
    return cause.kind;
  });
  assert.equal(kind, "unusable");
});

test("where nothing is left, each face ends once, and says what is missing", async () => {
  await without(Object.keys(TAKEN));
  const seen = await inPage(async (channel) => {
    const all = { stream: new ReconnectingEventSource(`/sse/${channel}`) };
    for (const wire of ["raw", "relay", "engine.io"]) all[wire] = new ReconnectingWebSocket(`/relay/${channel}`, [], { wire });
    const told = {};
    await Promise.all(Object.entries(all).map(async ([name, one]) => {
      const types = record(one);
      const { cause } = await next(one, "close");
      await settle();
      told[name] = [cause.kind, cause.message, types.filter((type) => type === "close").length];
    }));
    try {
      told.strict = new everwire.EventSource(`/sse/${channel}`).readyState;
    } catch ({ message }) {
      told.strict = message;
    }
    return told;
  });
  const end = (name) => ["unusable", `no transport could be used: ReferenceError: ${name} is not defined`, 1];
  assert.deepEqual(seen, {
    stream: end("XMLHttpRequest"), raw: end("WebSocket"), relay: end("fetch"), "engine.io": end("fetch"),
    strict: "XMLHttpRequest is not defined",
  });
});

test("where what an event has are accessors that are not enumerable, as in happy-dom, messages come as anywhere", async () => {
  await scene.reopen(() => {
    for (const [{ prototype }, name] of [[Event, "type"], [MessageEvent, "data"], [MessageEvent, "lastEventId"]]) {
      Object.defineProperty(prototype, name, { enumerable: false });
    }
  });
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    const message = next(socket, "message");
    socket.send("hello");
    const { type, data, lastEventId, target } = await message;
    return [type, data, lastEventId, target === socket];
  });
  assert.deepEqual(seen, ["message", "hello", "", true]);
});
