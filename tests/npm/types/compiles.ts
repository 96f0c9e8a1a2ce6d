// What users write; tests/npm/types.test.mjs compiles it. Each @ts-expect-error is a line that must not compile.

import { EventSource, ReconnectingEventSource, ReconnectingWebSocket } from "everwire";
import { EverwireInspector } from "everwire/devtools";
import { ReconnectingEventSource as LazyEventSource } from "everwire/lazy";
import "everwire/polyfill";
import "everwire/polyfill/force";
import { fakeNetwork } from "everwire/testing";
import { userTiming } from "everwire/user-timing";
import type { Cause, DebugEntry, Delivery, EventSourceOptions, State, WebSocketOptions } from "everwire";
import type { Connection, FakeNetworkOptions } from "everwire/testing";

const options: WebSocketOptions = {
  wire: "relay",
  transports: ["websocket", "long-poll"],
  reconnect: { firstDelay: 100, maxRetries: 3 },
  outbox: { maxMessages: 10, whenFull: "drop-oldest" },
  signal: new AbortController().signal,
};
const socket = new ReconnectingWebSocket<string>("/chat", ["v1"], options);
const delivery: Delivery = socket.send(new Uint8Array(3));
socket.addEventListener("message", ({ data }) => data.toUpperCase());
socket.addEventListener("reconnecting", ({ attempt, delay, cause }) => `${attempt + delay} ${cause.message}`);
socket.addEventListener("dropped", ({ why }) => why === "unknown");
socket.onclose = ({ code, cause }) => `${code} ${cause?.kind}`;
const standard: EventTarget = socket;
const careful = new ReconnectingWebSocket<string>(async () => "/ws", () => ["v1"], {
  wire: "raw",
  outbox: { ttl: 5_000, whenFull: "drop-newest", gate: true, resend: true },
  heartbeat: { interval: 10_000, message: () => "ping", isReply: (data) => data === "pong" },
  id: (data) => JSON.parse(data).id,
  resume: { query: "after", message: (lastEventId) => JSON.stringify({ lastEventId }), store: sessionStorage, key: "ws", dedupe: 100 },
  headers: () => [["Authorization", "Bearer x"]],
  verdict: ({ code }) => (code === 4000 ? "stop" : undefined),
  refresh: async () => {},
});
careful.send("x", { volatile: true, key: "position", ttl: 100 });
careful.ongap = ({ after }) => after.length;
careful.release();
new ReconnectingWebSocket("/ws", null);
new ReconnectingWebSocket("/engine.io/", [], { wire: "engine.io", transports: ["long-poll", "websocket"] });
// Their handlers' events are others than those of the browser's own classes.
const native: [WebSocket, typeof WebSocket] = [socket as WebSocket, ReconnectingWebSocket as typeof WebSocket];
// @ts-expect-error
const uncast: WebSocket = socket;
const causes: Cause[] = [];
socket.addEventListener("transportchange", ({ why }) => why && causes.push(why));

const streaming: EventSourceOptions = { silenceTimeout: 20_000, resume: { lastEventId: "7", query: "after" } };
const events = new ReconnectingEventSource(new URL("https://example.com/feed"), streaming);
events.addEventListener("price", ({ data, lastEventId }) => data.length + lastEventId.length);
events.addEventListener("reconnected", ({ continuity, downtime }) => continuity === "gap" && downtime > 0);
const init: RequestInit = { method: "GET", body: null };
new ReconnectingEventSource("/feed", { method: init.method, body: init.body });
new EventSource("/feed", { body: null });
const rest: number = events.stats().uptime + events.readyState + ReconnectingEventSource.CLOSED;

const asking = new ReconnectingEventSource<string>(async () => "/tokens", {
  method: "POST",
  headers: async () => ({ Authorization: "Bearer x" }),
  body: () => JSON.stringify({ prompt: "hello" }),
  repeatable: false,
  refresh: async () => {},
  verdict: ({ status }) => (status === 402 ? { retryAfter: 60_000 } : status === 418 ? "stop" : undefined),
  resume: { store: sessionStorage, key: "tokens", dedupe: 100 },
  firstByteTimeout: 0,
});
export const all = async (): Promise<string> => {
  await asking.opened;
  let text = "";
  for await (const { data } of asking) text += data;
  const iterator = asking.events(["price", "message"], { limit: 10, whenFull: "throw" });
  const { code } = await asking.closed;
  return text + iterator.missed + code + asking.stats().events + socket.stats().messages;
};
const seen: string[] = [];
const debug = (entry: DebugEntry) => {
  if (entry.type === "reconnecting") seen.push(`${entry.attempt} in ${entry.delay}: ${entry.cause.message}`);
  if (entry.type === "attempt") seen.push(`${entry.id} to ${entry.url} by ${entry.transport}`);
  if (entry.type === "close" && entry.cause) seen.push(entry.cause.kind);
};
new ReconnectingWebSocket("/ws", [], { reconnect: false, debug }).stats().queuedMessages.toFixed();
new ReconnectingEventSource("/feed", { debug: console.debug });
new ReconnectingEventSource("/feed", { debug: userTiming("feed") });
const inspector: EverwireInspector = document.createElement("everwire-inspector");
const unwatch: () => void = inspector.watch(socket, "chat");
inspector.watch(new LazyEventSource("/feed"));
inspector.note("deployed");
const strict: globalThis.EventSource = new EventSource("/feed", { withCredentials: true, headers: { "X-A": "b" } });
strict.onmessage = ({ data }) => data;
export const states: number = EventSource.OPEN + strict.CLOSED;

export const tested = async (options: FakeNetworkOptions): Promise<number> => {
  using net = fakeNetwork({ latency: 50, without: ["EventSource"], ...options });
  const server = net.server("/feed");
  server.drop({ times: 3 }).accept({ then: (connection) => connection.send("one", { id: 1 }) }).refuse(503, { headers: { "Retry-After": "5" } });
  server.onconnection = ({ url, headers }: Connection) => url + headers.get("authorization");
  net.server("/token", ({ method }) => ({ status: method === "POST" ? 200 : 405, body: "new" }));
  const session = net.engineIo("/engine.io/", { pingInterval: 1_000 }).session?.id ?? net.relay(new URL("wss://example.com/chat")).publish("hello");
  const { code }: CloseEvent = await net.until(asking.closed);
  const found: Connection = await net.until(() => server.connection, { within: 5_000 });
  await net.advance(1_000);
  return net.now + code + found.at + session.length + net.log.length + server.attempts.length;
};
export const once = async (): Promise<string> => {
  using feed = new ReconnectingEventSource("/feed");
  using chat = new ReconnectingWebSocket<string>("/chat");
  const state: State | undefined = (await chat.events("statechange").next()).value?.state;
  const when: number | undefined = (await feed.events(["reconnecting", "message"]).next()).value?.timeStamp;
  if (state === "open" && when) return "";
  return (await feed.events().next()).value?.data + (await chat.events().next()).value?.data;
};

// @ts-expect-error: there is no such verdict
new ReconnectingEventSource("/feed", { verdict: () => "give up" });
// @ts-expect-error: there is no such policy
asking.events("message", { whenFull: "block" });
// @ts-expect-error: a heartbeat needs a message
new ReconnectingWebSocket("/ws", [], { heartbeat: { interval: 10_000 } });
// @ts-expect-error: a socket does not stream by fetch
new ReconnectingWebSocket("/ws", [], { transports: ["fetch-stream"] });
// @ts-expect-error: an attempt has no cause; what ended it has
new ReconnectingEventSource("/feed", { debug: (entry) => entry.type === "attempt" && entry.cause });
// @ts-expect-error: the browser's own class cannot be watched
inspector.watch(new WebSocket("/ws"));
// @ts-expect-error: a connection needs a name on the time line
new ReconnectingEventSource("/feed", { debug: userTiming() });
// @ts-expect-error: there is no such entry
new ReconnectingEventSource("/feed", { debug: ({ type }) => type === "message" });
// @ts-expect-error: a socket has no events to count
socket.stats().events;
// @ts-expect-error: there is no such wire
new ReconnectingWebSocket("/chat", [], { wire: "socket.io" });
// @ts-expect-error: an EventSource has no outbox
new ReconnectingEventSource("/feed", { outbox: {} });
// @ts-expect-error: an EventSource does not send
events.send("x");
// @ts-expect-error: the URL cannot be changed
socket.url = "/other";
// @ts-expect-error: `reconnecting` has no continuity
socket.addEventListener("reconnecting", ({ continuity }) => continuity);
// @ts-expect-error: a network has no such class
fakeNetwork({ without: ["Worker"] });
// @ts-expect-error: a status is a number
fakeNetwork().server("/feed").refuse("401");

export { delivery, rest, standard, unwatch };
