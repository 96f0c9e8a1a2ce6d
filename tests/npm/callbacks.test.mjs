// What functions of the application's and of its host do to a connection that calls them, in Node with the fake network.
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { pkg } from "./support.mjs";

const load = (name) => import(pathToFileURL(join(pkg, name)).href);
const { ReconnectingEventSource, ReconnectingWebSocket } = await load("index.js");
const { fakeNetwork } = await load("testing.js");

const SOCKET = "wss://server.test/socket";
const STREAM = "https://server.test/stream";

let net;
let server;
let heard;

beforeEach(() => {
  net = fakeNetwork();
  server = net.server(SOCKET);
  heard = [];
});
afterEach(() => net.restore());

/** A socket that is open, of which `heard` tells what it hears. */
const opened = async (options) => {
  const socket = new ReconnectingWebSocket(SOCKET, [], options);
  for (const type of ["open", "message", "close"]) socket.addEventListener(type, ({ data }) => heard.push(data ?? type));
  await net.until(socket.opened);
  return socket;
};

test("a test of a reply may close the connection", async () => {
  const isReply = () => {
    socket.close();
    return false;
  };
  const socket = await opened({ heartbeat: { message: () => "ping", isReply } });
  server.send("one");
  await net.advance(10);
  assert.deepEqual(heard, ["open", "close"]);
});

test("a test of a reply may open a new connection, which does not hear what the old one brought", async () => {
  server.accept().accept({ delay: 1_000 });
  let calls = 0;
  const isReply = () => {
    calls += 1;
    if (calls > 1) return false;
    socket.close();
    socket.reconnect();
    return false;
  };
  const socket = await opened({ heartbeat: { message: () => "ping", isReply } });
  server.send("old");
  await net.advance(10);
  assert.deepEqual([heard, socket.state], [["open"], "connecting"]);
});

test("a function for ids may close the connection, and its message is not heard then", async () => {
  const id = () => {
    socket.close();
    return "1";
  };
  const socket = await opened({ id });
  server.send("one");
  await net.advance(10);
  assert.deepEqual(heard, ["open", "close"]);
});

test("an empty id is none", async () => {
  const socket = await opened({ id: (data) => (data === "seven" ? "7" : ""), resume: { dedupe: 10 } });
  for (const message of ["seven", "one", "two"]) server.send(message);
  await net.advance(10);
  assert.deepEqual(heard, ["open", "seven", "one", "two"]);
  assert.deepEqual([socket.lastEventId, socket.stats().duplicates], ["7", 0]);
});

test("the late answer to an earlier question for credentials is none to the next one", async () => {
  const stream = net.server(STREAM);
  stream.refuse(401).accept();
  const questions = [];
  const refresh = () => new Promise((resolve, reject) => questions.push({ resolve, reject }));
  const source = new ReconnectingEventSource(STREAM, { headers: { a: "b" }, refresh });
  await net.until(() => questions.length === 2, { within: 60_000 });
  const causes = [];
  source.addEventListener("reconnecting", ({ cause }) => causes.push(cause.message));
  questions[0].reject(new Error("too late"));
  await net.advance(1);
  assert.deepEqual(causes, []);
  questions[1].resolve();
  await net.until(source.opened);
  assert.deepEqual([questions.length, causes], [2, []]);
});

test("a final loss is counted as a drop, and a reconnect that was asked for is not", async () => {
  const socket = await opened({ reconnect: { maxRetries: 0 } });
  server.accept();
  socket.reconnect();
  await net.until(() => socket.state === "open");
  assert.equal(socket.stats().drops, 0);
  server.connection.drop();
  await net.until(() => socket.state === "closed");
  assert.equal(socket.stats().drops, 1);
});

test("events may be as long as memory has room for", async () => {
  const stream = net.server(STREAM);
  const source = new ReconnectingEventSource(STREAM, { maxEventBytes: Infinity, transports: ["fetch-stream"] });
  source.addEventListener("message", ({ data }) => heard.push(data));
  await net.until(source.opened);
  stream.send("hello");
  await net.advance(10);
  assert.deepEqual([heard, source.state], [["hello"], "open"]);
});
