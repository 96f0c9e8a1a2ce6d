// When a ReconnectingWebSocket is open, where it stands and how it moves: against servers that are played, in virtual time.
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { pkg } from "./support.mjs";

const { ReconnectingWebSocket } = await import(pathToFileURL(join(pkg, "index.js")));
const { fakeNetwork } = await import(pathToFileURL(join(pkg, "testing.js")));

let net;
beforeEach(() => { net = fakeNetwork({ page: "https://example.com/" }); });
afterEach(() => net.restore());

const later = (ms, value) => new Promise((resolve) => { setTimeout(resolve, ms, value); });

/** What is told of a socket from now on: the types of its events, and what is worth to know of some. */
const follow = (socket) => {
  const told = [];
  const words = {
    open: () => "", message: ({ data }) => data, reconnecting: ({ cause }) => cause.kind, reconnected: ({ continuity }) => continuity,
    transportchange: ({ to }) => to, dropped: ({ data, why }) => `${data} ${why}`, close: ({ cause }) => `${cause?.kind} ${cause?.status}`,
  };
  for (const type in words) socket.addEventListener(type, (event) => told.push(`${type} ${words[type](event)}`.trim()));
  return told;
};

for (const option of ["headers", "url"]) {
  test(`a poll whose ${option} the application takes long to provide is not open before it is made`, async () => {
    const relay = net.relay("/chat");
    const url = option === "url" ? () => later(3_000, "/chat") : "/chat";
    const headers = option === "headers" ? () => later(3_000, { "X-Token": "1" }) : {};
    const socket = new ReconnectingWebSocket(url, [], { wire: "relay", transports: "long-poll", headers });
    const told = follow(socket);
    assert.equal(socket.send("waits"), "queued");
    await net.advance(3_400);
    assert.deepEqual([told, relay.attempts.length], [[], 1]);
    await net.until(socket.opened);
    assert.ok(net.now >= 3_500 && net.now < 3_600, `half a second after it was made, not at ${net.now}`);
    await net.advance(1_000);
    assert.deepEqual([told, relay.messages], [["open", "message waits"], ["waits"]]);
  });
}

test("who never provides it is given up after connectTimeout, over and over", async () => {
  const relay = net.relay("/chat");
  const headers = () => new Promise(() => {});
  const options = { wire: "relay", transports: "long-poll", headers, connectTimeout: 2_000, reconnect: { maxRetries: 2 } };
  const socket = new ReconnectingWebSocket("/chat", [], options);
  const told = follow(socket);
  await net.advance(60_000);
  assert.deepEqual(told, ["reconnecting timeout", "reconnecting timeout", "close timeout 0"]);
  assert.equal(relay.attempts.length, 0);
});

test("a server that refuses everything is one clear end, also where its answer takes long", async () => {
  for (const delay of [0, 900]) {
    const relay = net.relay("/chat");
    net.block("WebSocket");
    relay.refuse(404, { delay, times: 9 });
    const socket = new ReconnectingWebSocket("/chat", [], { wire: "relay" });
    const told = follow(socket);
    socket.send("lost");
    await net.advance(3_600_000);
    assert.equal(told.at(-1), "close status 404", `${delay} ms: ${told.slice(0, 9)}`);
    assert.ok(relay.attempts.length < 5, `${relay.attempts.length} requests`);
    net.restore();
    net = fakeNetwork({ page: "https://example.com/" });
  }
});

test("on a relay where nothing has come yet, what is sent while the connection moves up is not lost", async () => {
  for (let at = 14_000; at < 19_000; at += 37) {
    const relay = net.relay("/chat");
    net.block("WebSocket");
    const socket = new ReconnectingWebSocket("/chat", [], { wire: "relay" });
    await net.until(socket.opened);
    const told = follow(socket);
    net.unblock("WebSocket");
    await net.advance(at);
    relay.publish("one");
    await net.advance(30_000);
    relay.publish("two");
    await net.advance(10);
    assert.deepEqual(told, at < 16_000
      ? ["message one", "transportchange websocket", "message two"]
      : ["transportchange websocket", "message one", "message two"], `${at} ms`);
    net.restore();
    net = fakeNetwork({ page: "https://example.com/" });
  }
});

test("with reconnect: false each transport is tried once, on the way to one that works", async () => {
  const relay = net.relay("/chat");
  net.block("WebSocket");
  const socket = new ReconnectingWebSocket("/chat", [], { wire: "relay", reconnect: false });
  await net.until(socket.opened);
  assert.equal(socket.transport, "eventsource");
  relay.connection.drop();
  await net.until(() => socket.readyState === 3);

  net.block("EventSource");
  net.block("XMLHttpRequest");
  const none = new ReconnectingWebSocket("/chat", [], { wire: "relay", reconnect: false });
  const told = follow(none);
  await net.until(() => none.readyState === 3);
  assert.deepEqual(told.map((words) => words.split(" ")[0]), ["reconnecting", "reconnecting", "close"]);
});

test("with ids of the application's, reconnect() in a listener goes on after all that has been delivered", async () => {
  const server = net.engineIo("/engine.io/");
  const lastIds = [];
  server.onconnection = (session) => {
    lastIds.push(new URL(server.attempts.at(-1).url).searchParams.get("after"));
    // One poll brings them all.
    if (lastIds.length === 1) for (const id of ["1", "2", "3"]) session.send(id);
  };
  const socket = new ReconnectingWebSocket("/engine.io/", [], {
    wire: "engine.io", transports: "long-poll", id: (data) => data, resume: { query: "after" } });
  const told = follow(socket);
  socket.addEventListener("message", ({ data }) => { if (data === "1") socket.reconnect(); });
  await net.advance(5_000);
  assert.deepEqual(told, ["open", "message 1", "message 2", "message 3", "reconnected resumed"]);
  assert.deepEqual(lastIds, [null, "3"]);
});

test("an Engine.IO session is not waited for after a sleep in which the server gave it up", async () => {
  const server = net.engineIo("/engine.io/");
  const socket = new ReconnectingWebSocket("/engine.io/", [], { wire: "engine.io" });
  const told = follow(socket);
  await net.until(socket.opened);
  server.connection.silence();
  net.sleep(60_000);
  await net.advance(31_000 + 5_000);
  assert.deepEqual(told.slice(0, 2), ["open", "reconnecting silence"]);
  await net.until(() => told.includes("reconnected fresh"));
});
