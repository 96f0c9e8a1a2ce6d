// What everwire/testing lets a test play, with the real package: cases that run in Node and in a browser alike. `cases[name]` has what
// `run(net, everwire)` must come to, in `expected`, and the `options` of its fake network.

export const cases = {};

const play = (name, run, expected, options) => { cases[name] = { run, expected, options }; };

/** Runs a case, and gives what it came to as plain data. */
export const carryOut = async (name, everwire, fakeNetwork) => {
  const { run, options } = cases[name];
  const net = fakeNetwork({ seed: 1, ...options });
  try {
    return JSON.parse(JSON.stringify(await run(net, everwire)));
  } finally {
    net.restore();
  }
};

/** What a target tells of these types from now on: each as `[time, type, …]`. */
const follow = (net, target, tell) => {
  const told = [];
  for (const [type, read] of Object.entries(tell)) {
    target.addEventListener(type, (event) => told.push([net.now, type, ...[read(event)].flat()]));
  }
  return told;
};

const FETCH = { transports: ["fetch-stream"] };
/** Retries after exactly so long: the draw is below it, and the floor of all delays is above that. */
const AT_ONCE = { firstDelay: 1, minDelay: 1, maxDelay: 1 };

// ---- the machine's deadlines ----

play("three drops, then a 401: it is over, and each try came when it was told", async (net, { ReconnectingEventSource }) => {
  const server = net.server("/feed");
  server.drop().drop().drop().refuse(401);
  const feed = new ReconnectingEventSource("/feed", FETCH);
  const delays = follow(net, feed, { reconnecting: ({ delay }) => delay });
  const { cause } = await net.until(feed.closed);
  const due = delays.map(([at, , delay]) => at + delay);
  return [cause.message, server.attempts.length, server.attempts.slice(1).every(({ at }, i) => at === due[i])];
}, ["the server refused (401)", 4, true]);

play("the first retry is within 2 s, and later ones below 1 s × 2ⁿ, at most 30 s", async (net, { ReconnectingWebSocket }) => {
  net.server("/ws").accept({ then: (connection) => connection.drop() });
  const socket = new ReconnectingWebSocket("/ws");
  const delays = follow(net, socket, { reconnecting: ({ attempt, delay }) => [attempt, delay] });
  await net.until(() => delays.length === 40, { within: 2_000_000 });
  socket.close();
  const bounds = delays.map(([, , attempt]) => (attempt === 1 ? 2_000 : Math.min(30_000, 1_000 * 2 ** (attempt - 1))));
  const within = delays.every(([, , , delay], i) => delay >= 20 && delay <= bounds[i]);
  return [within, Math.max(...delays.map(([, , , delay]) => delay)) > 20_000];
}, [true, true]);

play("the server's Retry-After is obeyed, as seconds and as a date", async (net, { ReconnectingEventSource }) => {
  const at = (ms) => new Date(Date.now() + ms).toUTCString();
  net.server("/feed").refuse(503, { headers: { "Retry-After": "5" } }).respond(
    () => ({ status: 429, headers: { "Retry-After": at(60_000) } })).accept();
  const feed = new ReconnectingEventSource("/feed", FETCH);
  const delays = follow(net, feed, { reconnecting: ({ cause, delay }) => [cause.status, cause.retryAfter, delay] });
  await net.until(feed.opened);
  const [[, , , first, asked], [, , , second]] = [delays[0], delays[1]].map(([, , status, after, delay]) => [0, 0, status, after, delay]);
  return [first, asked >= 5_000 && asked <= 7_500, second > 58_000 && second <= 60_000];
}, [5_000, true, true]);

play("a 204 ends it, and a 502 does not", async (net, { ReconnectingEventSource }) => {
  const told = [];
  for (const status of [204, 502]) {
    const server = net.server(`/feed-${status}`);
    server.refuse(status).accept();
    const feed = new ReconnectingEventSource(server.url, FETCH);
    await net.advance(5_000);
    told.push([feed.state, server.attempts.length]);
    feed.close();
  }
  return told;
}, [["closed", 1], ["open", 2]]);

play("an attempt that is never answered is ended after connectTimeout, to the millisecond", async (net, { ReconnectingWebSocket }) => {
  net.server("/ws").stall();
  const socket = new ReconnectingWebSocket("/ws", [], { connectTimeout: 7_000 });
  const told = follow(net, socket, { reconnecting: ({ cause }) => cause.kind });
  await net.advance(6_999);
  const before = told.length;
  await net.advance(1);
  return [before, told];
}, [0, [[7_000, "reconnecting", "timeout"]]]);

play("a socket that dies without a word is found out by its heartbeat, and replaced", async (net, { ReconnectingWebSocket }) => {
  const server = net.server("/ws");
  server.onmessage = (data, connection) => connection.send(data === "ping" ? "pong" : data);
  const socket = new ReconnectingWebSocket("/ws", [], {
    reconnect: AT_ONCE, heartbeat: { interval: 25_000, timeout: 10_000, message: () => "ping", isReply: (data) => data === "pong" } });
  const told = follow(net, socket, { reconnecting: ({ cause }) => cause.kind, reconnected: ({ downtime }) => downtime, message: () => [] });
  await net.advance(60_000);
  server.connection.silence();
  await net.advance(40_000);
  return [server.messages, told];
}, [["ping", "ping"], [[85_000, "reconnecting", "silence"], [85_020, "reconnected", 20]]]);

play("reconnect() tries at once, also in the middle of a long wait", async (net, { ReconnectingWebSocket }) => {
  const server = net.server("/ws");
  server.drop().accept();
  const socket = new ReconnectingWebSocket("/ws", [], { reconnect: { firstDelay: 1e9, maxDelay: 1e9 } });
  await net.advance(5_000);
  const { state } = socket;
  socket.reconnect();
  await net.advance();
  return [state, socket.state, server.attempts.map(({ at }) => at)];
}, ["waiting", "open", [0, 5_000]]);

play("credentials are asked for after a 401, and the next try has them", async (net, { ReconnectingEventSource }) => {
  const server = net.server("/feed");
  server.respond(({ headers }) => ({ status: headers.get("authorization") === "new" ? 204 : 401 }));
  net.server("/token", "new");
  let token = "old";
  const feed = new ReconnectingEventSource("/feed", {
    headers: () => ({ Authorization: token }), refresh: async () => { token = await (await fetch("/token")).text(); } });
  const { cause } = await net.until(feed.closed);
  return [cause.status, server.attempts.map(({ headers }) => headers.get("authorization"))];
}, [204, ["old", "new"]]);

// ---- what is sent, and where it goes on ----

play("what is sent while it waits goes out once and in order, behind the gate not before it is released", async (net, { ReconnectingWebSocket }) => {
  const server = net.server("/ws");
  server.drop().accept();
  const socket = new ReconnectingWebSocket("/ws", [], { outbox: { gate: true, maxMessages: 3 } });
  const said = ["1", "2", "3", "4"].map((data) => socket.send(data));
  socket.addEventListener("open", () => socket.send("hello", { volatile: true }));
  await net.until(socket.opened);
  await net.advance(1_000);
  const before = [...server.messages];
  socket.release();
  await net.advance();
  return [said, before, server.messages];
}, [["queued", "queued", "queued", "refused"], ["hello"], ["hello", "1", "2", "3"]]);

play("a stream goes on after the last id, by the header or in the query", async (net, { ReconnectingEventSource }) => {
  const given = [];
  for (const resume of [undefined, { query: "after" }]) {
    const server = net.server(`/feed-${resume?.query}`);
    server.accept((connection) => connection.send("one", { id: "7", event: "price" }));
    const feed = new ReconnectingEventSource(server.url, { ...FETCH, reconnect: AT_ONCE, resume });
    const told = follow(net, feed, { price: ({ data, lastEventId }) => [data, lastEventId], reconnected: ({ continuity }) => continuity });
    await net.until(() => told.length === 1);
    server.connection.drop();
    await net.until(() => told.length === 3);
    const { lastEventId, url } = server.attempts[1];
    given.push(lastEventId, new URL(url).search, told.map(([, ...rest]) => rest));
    feed.close();
  }
  return given;
}, ["7", "", [["price", "one", "7"], ["reconnected", "resumed"], ["price", "one", "7"]],
  "", "?after=7", [["price", "one", "7"], ["reconnected", "resumed"], ["price", "one", "7"]]]);

play("the browser's own EventSource comes first, and fetch where that has given up", async (net, { ReconnectingEventSource }) => {
  const server = net.server("/feed");
  server.refuse(502).accept();
  const feed = new ReconnectingEventSource("/feed");
  await net.until(feed.opened);
  return [feed.transport, server.attempts.map(({ via }) => via)];
}, ["fetch-stream", ["EventSource", "fetch"]]);

play("without fetch and EventSource a stream comes by XMLHttpRequest", async (net, { ReconnectingEventSource }) => {
  const server = net.server("/feed");
  server.accept((connection) => connection.send("é"));
  const feed = new ReconnectingEventSource("/feed");
  const told = follow(net, feed, { message: ({ data }) => data });
  await net.until(() => told.length);
  return [feed.transport, told];
}, ["xhr-stream", [[0, "message", "é"]]], { without: ["fetch", "EventSource"] });

play("a proxy that holds a stream back is left for the next transport", async (net, { ReconnectingEventSource }) => {
  const server = net.server("/feed");
  // What is not whole does not come through.
  server.onconnection = (connection) => { if (connection.via !== "XMLHttpRequest") connection.silence(); };
  const feed = new ReconnectingEventSource("/feed", { firstByteTimeout: 3_000 });
  await net.until(() => feed.transport === "xhr-stream" && feed.state === "open");
  return [net.now, server.attempts.map(({ via }) => via)];
}, [6_000, ["EventSource", "fetch", "XMLHttpRequest"]]);

// ---- the wires ----

play("on a relay, what is blocked as a WebSocket goes on by events and POST, at the same message", async (net, { ReconnectingWebSocket }) => {
  const relay = net.relay("/chat");
  net.block("WebSocket");
  const chat = new ReconnectingWebSocket("/chat", [], { wire: "relay", reconnect: AT_ONCE });
  const told = follow(net, chat, { message: ({ data }) => data, reconnected: ({ continuity }) => continuity });
  await net.until(chat.opened);
  const first = chat.transport;
  chat.send("one");
  await net.advance();
  relay.connection.drop();
  relay.publish("meanwhile");
  net.unblock("WebSocket");
  await net.advance(60_000);
  chat.send("two");
  await net.advance();
  return [first, chat.transport, told.map(([, ...rest]) => rest), relay.messages];
}, ["eventsource", "websocket", [["message", "one"], ["reconnected", "resumed"], ["message", "meanwhile"], ["message", "two"]], ["one", "two"]]);

play("a relay holds a poll, answers it with the next message, and has ids that tell a gap", async (net, { ReconnectingWebSocket }) => {
  const relay = net.relay("/chat");
  const chat = new ReconnectingWebSocket("/chat", [], { wire: "relay", transports: "long-poll", reconnect: AT_ONCE });
  const told = follow(net, chat, { message: ({ data }) => data, gap: () => [], reconnected: ({ continuity }) => continuity });
  await net.until(chat.opened);
  relay.publish("1");
  await net.advance();
  relay.attempts.at(-1).drop();
  relay.publish("2");
  relay.forget();
  relay.publish("3");
  await net.advance(30_000);
  relay.publish("4");
  await net.advance();
  return told.map(([, ...rest]) => rest);
}, [["message", "1"], ["gap"], ["reconnected", "gap"], ["message", "3"], ["message", "4"]]);

play("Engine.IO begins by polling, moves up in place, and keeps its session by the server's heartbeat", async (net, { ReconnectingWebSocket }) => {
  const server = net.engineIo("/engine.io/");
  server.onmessage = (data, session) => session.send(data);
  const socket = new ReconnectingWebSocket("/engine.io/", [], { wire: "engine.io", transports: ["long-poll", "websocket"] });
  socket.binaryType = "arraybuffer";
  const told = follow(net, socket, { message: ({ data }) => (data.byteLength ? [...new Uint8Array(data)] : data) });
  await net.until(socket.opened);
  socket.send("é");
  socket.send(new Uint8Array([1, 2]));
  await net.until(() => socket.transport === "websocket");
  await net.advance(120_000);
  socket.send("up");
  await net.advance();
  return [told.map(([, ...rest]) => rest), server.sessions.length, socket.stats().drops];
}, [[["message", "é"], ["message", 1, 2], ["message", "up"]], 1, 0]);

play("a session of Engine.IO that the server has lost is a fresh one", async (net, { ReconnectingWebSocket }) => {
  const server = net.engineIo("/engine.io/", { pingInterval: 1_000, pingTimeout: 500 });
  const socket = new ReconnectingWebSocket("/engine.io/", [], { wire: "engine.io", reconnect: AT_ONCE });
  const told = follow(net, socket, { reconnecting: ({ cause }) => cause.kind, reconnected: ({ continuity }) => continuity });
  await net.until(socket.opened);
  server.connection.silence();
  await net.advance(2_000);
  return [told, server.sessions.map(({ state }) => state)];
}, [[[1_500, "reconnecting", "silence"], [1_520, "reconnected", "fresh"]], ["closed", "open"]]);

// ---- the page, and its network ----

play("offline, nothing is tried and nothing is lost; online, it goes on at once", async (net, { ReconnectingWebSocket }) => {
  const server = net.server("/ws");
  const socket = new ReconnectingWebSocket("/ws", [], { reconnect: { firstDelay: 1e6, maxDelay: 1e6 } });
  const told = follow(net, socket, { statechange: ({ state }) => state, message: ({ data }) => data });
  await net.until(socket.opened);
  net.offline();
  server.send("held up");
  await net.advance(1_000);
  const heard = told.length;
  server.connection.drop();
  await net.advance(10_000);
  const tried = server.attempts.length;
  net.online();
  await net.advance();
  return [heard, tried, navigator.onLine, told, server.attempts.map(({ at }) => at)];
}, [1, 1, true, [[0, "statechange", "open"], [1_000, "statechange", "offline"], [11_000, "statechange", "waiting"],
  [11_000, "statechange", "connecting"], [11_000, "statechange", "open"]], [0, 11_000]]);

play("a page that is shown again tries at once", async (net, { ReconnectingWebSocket }) => {
  const server = net.server("/ws");
  server.drop().accept();
  const socket = new ReconnectingWebSocket("/ws", [], { reconnect: { firstDelay: 1e6, maxDelay: 1e6 } });
  net.hide();
  await net.advance(60_000);
  const hidden = [document.hidden, document.visibilityState, socket.state];
  net.show();
  await net.advance();
  return [hidden, document.hidden, socket.state, server.attempts.map(({ at }) => at)];
}, [[true, "hidden", "waiting"], false, "open", [0, 60_000]]);

play("what came while the page was frozen is heard before anything is taken for dead", async (net, { ReconnectingWebSocket }) => {
  const server = net.server("/ws");
  server.onmessage = (data, connection) => connection.send("pong");
  const socket = new ReconnectingWebSocket("/ws", [], { heartbeat: { interval: 25_000, timeout: 10_000, message: () => "ping" } });
  const told = follow(net, socket, { message: ({ data }) => data, reconnecting: ({ cause }) => cause.kind });
  const late = [];
  await net.until(socket.opened);
  setTimeout(() => late.push(net.now), 1_000);
  await net.freeze(3_600_000);
  server.send("news");
  await net.advance(20_000);
  return [told, late, server.attempts.length];
}, [[[3_600_000, "message", "news"], [3_600_000, "message", "pong"]], [3_600_000], 1]);

play("one message is proof enough of life, also in the middle of a burst", async (net, { ReconnectingWebSocket }) => {
  const server = net.server("/ws");
  const socket = new ReconnectingWebSocket("/ws", [], { heartbeat: { interval: 25_000, timeout: 10_000, message: () => "ping" } });
  const told = follow(net, socket, { message: ({ data }) => data, reconnecting: ({ cause }) => cause.kind });
  await net.until(socket.opened);
  server.send("1");
  server.send("2");
  await net.advance(1);
  // It may be another network now, so the socket is asked; nobody answers that, but what comes next says enough.
  net.offline();
  net.online();
  server.send("3");
  await net.advance(10_000);
  return [told, server.messages, server.attempts.length];
}, [[[0, "message", "1"], [0, "message", "2"], [1, "message", "3"]], ["ping"], 1]);

play("a machine that slept asks at once whether the socket still lives", async (net, { ReconnectingWebSocket }) => {
  const server = net.server("/ws");
  const socket = new ReconnectingWebSocket("/ws", [], {
    reconnect: AT_ONCE, heartbeat: { interval: 3_600_000, timeout: 10_000, message: () => "ping" } });
  const told = follow(net, socket, { reconnecting: ({ cause }) => cause.kind });
  await net.advance(30_000);
  server.connection.silence();
  net.sleep(3_600_000);
  await net.advance(40_000);
  return [told, new Date().toISOString()];
}, [[[65_000, "reconnecting", "silence"]], "2026-01-01T01:01:10.000Z"]);

play("in the back/forward cache a connection is closed, and back from there it goes on after the last id", async (net, { ReconnectingEventSource }) => {
  const server = net.server("/feed");
  server.accept((connection) => connection.send("one", { id: "7" })).accept();
  const feed = new ReconnectingEventSource("/feed", FETCH);
  await net.until(feed.opened);
  await net.advance();
  net.pagehide();
  await net.advance(60_000);
  const before = server.attempts.length;
  net.pageshow();
  await net.advance();
  return [before, feed.state, server.attempts.map(({ at, lastEventId }) => [at, lastEventId])];
}, [1, "open", [[0, ""], [60_000, "7"]]]);

play("an answer that CORS hides is told as such", async (net, { ReconnectingEventSource }) => {
  net.server("https://other.example/feed").corsError();
  const feed = new ReconnectingEventSource("https://other.example/feed", { ...FETCH, reconnect: { maxRetries: 0 } });
  const { cause } = await net.until(feed.closed);
  return /CORS headers may not let/.test(cause.message);
}, true);
