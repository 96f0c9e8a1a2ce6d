// The reconnecting classes in Chromium, against the fixture server: what both have in common, and ReconnectingWebSocket. What runs in the
// page finds there what www/helpers.js has, and the package's classes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

// ---- the raw WebSocket ----

test("a WebSocket sends and receives text, binary and blobs", async () => {
  const echoed = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    await next(socket, "open");
    const bytes = async (data) => [...new Uint8Array(await new Response(data).arrayBuffer())];
    const came = take(socket, 7);
    const sent = ["héllo", "", new Uint8Array([1, 2, 3]).buffer, new Uint8Array([0, 4, 5, 6, 0]).subarray(1, 4),
      new DataView(new Uint8Array([7, 8]).buffer, 1), new Blob(["ab"]), 42].map((data) => socket.send(data));
    const [text, empty, ...rest] = await came;
    const last = rest.pop();
    const blobs = rest.every((data) => data instanceof Blob);
    socket.binaryType = "arraybuffer";
    const next1 = take(socket, 1);
    socket.send(new Uint8Array([9]));
    const [buffer] = await next1;
    return { sent, text, empty, last, blobs, rest: await Promise.all(rest.map(bytes)), buffer: buffer instanceof ArrayBuffer };
  });
  assert.deepEqual(echoed, {
    sent: Array(7).fill("sent"), text: "héllo", empty: "", last: "42", blobs: true,
    rest: [[1, 2, 3], [4, 5, 6], [8], [97, 98]], buffer: true,
  });
});

test("what is sent is what the buffer held at the time", async () => {
  const echoed = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    socket.binaryType = "arraybuffer";
    const came = take(socket, 3);
    const buffer = new Uint8Array(1);
    for (const value of [1, 2, 3]) {
      buffer[0] = value;
      socket.send(buffer);
    }
    buffer[0] = 0;
    return (await came).map((data) => new Uint8Array(data)[0]);
  });
  assert.deepEqual(echoed, [1, 2, 3]);
});

test("a message is a MessageEvent with its origin, and is given to on… attributes as well", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", ["one", "two"]);
    await next(socket, "open");
    const event = await new Promise((resolve) => {
      socket.onmessage = resolve;
      socket.send("x");
    });
    return {
      is: event instanceof MessageEvent && event instanceof Event, type: event.type, data: event.data, origin: event.origin,
      target: event.target === socket && event.currentTarget === socket, ports: event.ports.length, source: event.source,
      protocol: socket.protocol, url: socket.url, readyState: socket.readyState, buffered: socket.bufferedAmount,
    };
  });
  const url = scene.fixture.origin.replace("http", "ws");
  assert.deepEqual(seen, {
    is: true, type: "message", data: "x", origin: url, target: true, ports: 0, source: null,
    protocol: "one", url: `${url}/ws/echo`, readyState: 1, buffered: 0,
  });
});

test("what is sent in the open handler goes before what was queued earlier", async () => {
  const order = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    socket.onopen = () => socket.send("from the handler");
    const came = take(socket, 3);
    const deliveries = [socket.send("queued 1"), socket.send("queued 2")];
    const buffered = socket.bufferedAmount;
    return { deliveries, buffered, came: await came };
  });
  assert.deepEqual(order, { deliveries: ["queued", "queued"], buffered: 16, came: ["from the handler", "queued 1", "queued 2"] });
});

test("messages that are sent while the connection is down wait, and go when it is back", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick });
    await next(socket, "open");
    const events = [];
    socket.addEventListener("reconnecting", ({ attempt, delay, cause }) => events.push({ attempt, delay: delay <= 20, kind: cause.kind }));
    socket.addEventListener("reconnected", ({ continuity, downtime, transport }) => {
      events.push({ continuity, downtime: downtime > 0, transport });
    });
    const lost = next(socket, "reconnecting").then(() => [socket.readyState, socket.state, socket.send("meanwhile")]);
    await fetch("/control/drop?path=/ws/echo", { method: "POST" });
    const during = await lost;
    const came = await take(socket, 1);
    const stats = socket.stats();
    return { during, came, events, stats: { ...stats, uptime: stats.uptime > 0, lastError: stats.lastError.kind } };
  });
  assert.deepEqual(seen, {
    during: [0, "waiting", "queued"], came: ["meanwhile"],
    events: [{ attempt: 1, delay: true, kind: "network" }, { continuity: "fresh", downtime: true, transport: "websocket" }],
    stats: {
      attempts: 2, messages: 1, bytes: 9, duplicates: 0, drops: 1, queuedMessages: 0, queuedBytes: 0,
      transport: "websocket", uptime: true, lastError: "network",
    },
  });
});

test("a full outbox refuses, or drops the oldest and says so; what is left at the end is reported", async () => {
  const seen = await inPage(async () => {
    const refusing = new ReconnectingWebSocket("/ws/echo", [], { outbox: { maxBytes: 4 } });
    const dropping = new ReconnectingWebSocket("/ws/echo", [], { outbox: { maxMessages: 1, whenFull: "drop-oldest" } });
    const dropped = [];
    for (const socket of [refusing, dropping]) socket.ondropped = ({ data, why }) => dropped.push([data, why]);
    const deliveries = [refusing.send("abc"), refusing.send("de"), dropping.send("1"), dropping.send("2")];
    const ends = Promise.all([next(refusing, "close"), next(dropping, "close")]);
    refusing.close();
    dropping.close();
    await ends;
    return { deliveries, dropped, late: dropping.send("3") };
  });
  assert.deepEqual(seen, {
    deliveries: ["queued", "refused", "queued", "queued"],
    dropped: [["1", "full"], ["abc", "closed"], ["2", "closed"]],
    late: "refused",
  });
});

test("close ends it with one close event, later, and nothing after it", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    await next(socket, "open");
    const events = record(socket);
    socket.send("never heard");
    const end = next(socket, "close");
    socket.close(4001, "bye");
    const during = [socket.readyState, socket.state, socket.send("late"), ...events];
    socket.close();
    const { code, reason, wasClean, cause } = await end;
    const is = (await end) instanceof CloseEvent;
    for (const type of ["online", "pageshow", "visibilitychange"]) dispatchEvent(new Event(type));
    socket.close();
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    return { during, code, reason, wasClean, cause, is, readyState: socket.readyState, events };
  });
  assert.deepEqual(seen, {
    during: [2, "closed", "refused", "statechange"], code: 4001, reason: "bye", wasClean: true, cause: undefined, is: true,
    readyState: 3, events: ["statechange", "close"],
  });
  const [entry] = await eventually(async () => {
    const entries = await scene.fixture.journal("/ws/echo");
    return entries.at(-1)?.endedMs && [entries.at(-1)];
  }, "the server's connection ended");
  assert.ok(entry.endedMs);
});

test("a handler that closes hears nothing of what came with its message", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    const came = [];
    socket.onmessage = ({ data }) => {
      came.push(data);
      socket.close();
      came.push(socket.readyState, socket.state);
    };
    for (const data of ["a", "b", "c"]) socket.send(data);
    await next(socket, "close");
    return came;
  });
  assert.deepEqual(seen, ["a", 2, "closed"]);
});

test("reconnect after close begins anew, without the close event of before", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    await next(socket, "open");
    const events = record(socket);
    const open = next(socket, "open");
    socket.close();
    socket.reconnect();
    const state = socket.state;
    await open;
    const came = take(socket, 1);
    socket.send("again");
    await came;
    const end = next(socket, "close");
    socket.close();
    await end;
    // In the very handler that hears of the end.
    const back = next(socket, "open");
    socket.onstatechange = ({ state }) => state === "closed" && socket.reconnect();
    socket.reconnect();
    await back;
    socket.onstatechange = null;
    return { state, events: events.filter((type) => type !== "statechange") };
  });
  assert.deepEqual(seen, { state: "connecting", events: ["open", "message", "close", "open"] });
});

test("a server's close code decides whether it goes on", async () => {
  const seen = await inPage(async () => {
    const gone = new ReconnectingWebSocket("/ws/echo?close=4403&reason=no", [], { reconnect: quick });
    const events = record(gone);
    const { code, reason, wasClean, cause } = await next(gone, "close");
    const back = new ReconnectingWebSocket("/ws/echo?close=1000&times=1&key=back", [], { reconnect: quick });
    await next(back, "reconnected");
    return { code, reason, wasClean, cause, last: events.slice(-3), back: back.state };
  });
  assert.deepEqual(seen.cause, {
    kind: "close", transport: "websocket", status: 0, code: 4403, reason: "no", retryAfter: undefined,
    message: "the server closed the connection (4403): no",
  });
  delete seen.cause;
  assert.deepEqual(seen, { code: 4403, reason: "no", wasClean: false, last: ["statechange", "error", "close"], back: "open" });
});

test("with reconnect false the first failure is the last", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo?refuse", [], { reconnect: false });
    const events = record(socket);
    const { code, wasClean } = await next(socket, "close");
    return { code, wasClean, events, attempts: socket.stats().attempts };
  });
  assert.deepEqual(seen, { code: 1006, wasClean: false, events: ["error", "close"], attempts: 1 });
});

test("an attempt that does not open is ended by connectTimeout", async () => {
  const cause = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo?silent=connect", [], { reconnect: quick, connectTimeout: 200 });
    return (await next(socket, "reconnecting")).cause;
  });
  assert.equal(cause.kind, "timeout");
});

// ---- the relay ----

test("the relay carries text, binary, empty and large messages over WebSocket, with ids", async () => {
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/relay/${channel}`, [], { wire: "relay" });
    socket.binaryType = "arraybuffer";
    const ids = [];
    socket.addEventListener("message", ({ lastEventId }) => ids.push(lastEventId));
    const came = take(socket, 4);
    const large = "é".repeat(256 * 1024);
    for (const data of ["a\n\nb", "", new Uint8Array([0, 10, 10, 255]), large]) socket.send(data);
    const [text, empty, binary, back] = await came;
    return {
      text, empty, binary: [...new Uint8Array(binary)], large: back === large, transport: socket.transport, protocol: socket.protocol,
      ids: new Set(ids).size, last: ids.at(-1) === socket.lastEventId,
    };
  });
  assert.deepEqual(seen, {
    text: "a\n\nb", empty: "", binary: [0, 10, 10, 255], large: true, transport: "websocket", protocol: "", ids: 4, last: true });
});

test("where WebSocket is refused, the relay goes on by server-sent events, and by long-polling for what is no text", async () => {
  await scene.fixture.control("refuse-websocket");
  const seen = await inPage(async (channel) => {
    const states = [];
    const socket = new ReconnectingWebSocket(`/relay/${channel}`, [], { wire: "relay" });
    socket.binaryType = "arraybuffer";
    socket.addEventListener("statechange", ({ state, transport }) => states.push(`${state} ${transport}`));
    const dropped = [];
    socket.ondropped = ({ why }) => dropped.push(why);
    await next(socket, "open");
    const came = take(socket, 5);
    const large = "é".repeat(256 * 1024);
    for (const data of ["ä", new Uint8Array([1, 255]), "", new Blob(["blob"]), large]) socket.send(data);
    const [text, binary, empty, blob, back] = await came;
    return {
      text, binary: [...new Uint8Array(binary)], empty, blob: new TextDecoder().decode(blob), large: back === large, states, dropped,
      readyState: socket.readyState,
    };
  });
  assert.deepEqual(seen, {
    text: "ä", binary: [1, 255], empty: "", blob: "blob", large: true, readyState: 1, dropped: [],
    states: ["waiting null", "connecting eventsource", "open eventsource", "connecting long-poll", "open long-poll"],
  });
});

test("what begins by long-polling moves up to a WebSocket at once", async () => {
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/relay/${channel}`, [], { wire: "relay", transports: ["long-poll", "websocket"] });
    const up = next(socket, "transportchange");
    await next(socket, "open");
    const first = socket.transport;
    // A move is between two polls.
    const came = take(socket, 2);
    setTimeout(() => socket.send("a"), 1_200);
    const { from, to } = await up;
    socket.send("b");
    return { first, from, to, came: await came };
  });
  assert.deepEqual(seen, { first: "long-poll", from: "long-poll", to: "websocket", came: ["a", "b"] });
});

test("a connection that was lost falls back to server-sent events, and climbs back when WebSocket works again", async () => {
  await scene.page.clock.install();
  const change = (to) => inPage((to) => next(socket, "transportchange", (event) => event.to === to).then(
    ({ from, to, why }) => ({ from, to, why: why?.kind })), to);
  await inPage(async (channel) => {
    window.socket = new ReconnectingWebSocket(`/relay/${channel}`, [], { wire: "relay", reconnect: quick });
    window.came = [];
    socket.onmessage = ({ data }) => came.push(data);
    await next(socket, "open");
  });
  await scene.fixture.publish(scene.channel, "1");
  const down = change("eventsource");
  await scene.fixture.control("refuse-websocket");
  assert.deepEqual(await down, { from: "websocket", to: "eventsource", why: "network" });
  await scene.fixture.publish(scene.channel, "2");
  await scene.page.waitForFunction(() => came.length === 2);
  await scene.fixture.reset();
  const up = change("websocket");
  await scene.page.clock.fastForward(16_000);
  // It moves once the probe has held for a second.
  await eventually(async () => (await scene.fixture.journal(`/relay/${scene.channel}`)).some(({ kind, status, endedMs }) => (
    kind === "websocket" && status === 101 && !endedMs)), "a probe was open");
  await scene.page.clock.fastForward(1_500);
  await scene.fixture.publish(scene.channel, "3");
  await scene.page.clock.fastForward(1_500);
  assert.deepEqual(await up, { from: "eventsource", to: "websocket", why: undefined });
  await scene.fixture.publish(scene.channel, "4");
  await scene.page.waitForFunction(() => came.length === 4);
  assert.deepEqual(await inPage(() => came), ["1", "2", "3", "4"]);
});

test("a thousand relay messages arrive once each and in order, through fifty drops", { timeout: 40_000 }, async () => {
  const path = `/relay/${scene.channel}`;
  await inPage(async (channel) => {
    window.socket = new ReconnectingWebSocket(`/relay/${channel}`, [], {
      // A poll or a stream that is cut Chromium asks for again by itself, and nobody would know of that drop.
      wire: "relay", transports: ["websocket"], reconnect: { ...quick, maxDelay: 20 } });
    window.came = take(socket, 1000);
    await next(socket, "open");
  });
  const drops = new Set();
  // None after the last message: that one need not be waited for.
  while (drops.size < 50) drops.add(Math.floor(Math.random() * 999));
  for (let i = 0; i < 1000; i += 1) {
    await scene.fixture.publish(scene.channel, String(i));
    const drop = async () => (await scene.fixture.control(`drop?path=${path}`)).cut;
    if (drops.has(i)) await eventually(drop, "there was a connection to drop");
  }
  const { came, stats } = await inPage(async () => ({ came: await window.came, stats: socket.stats() }));
  assert.deepEqual(came, Array.from({ length: 1000 }, (_, i) => String(i)));
  assert.equal(stats.messages, 1000);
  // A connection that is cut before the page has heard of it is a failed attempt, and no drop.
  assert.ok(stats.attempts > 50, `${stats.attempts} attempts`);
});

test("a message that the relay refuses for good is reported, and what follows goes on", async () => {
  await scene.fixture.control("refuse-websocket");
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/relay/${channel}`, [], { wire: "relay" });
    await next(socket, "open");
    const dropped = next(socket, "dropped");
    const came = take(socket, 1);
    socket.send("x".repeat(1024 * 1024 + 1));
    socket.send("small");
    const { data, why } = await dropped;
    return { length: data.length, why, came: await came };
  });
  assert.deepEqual(seen, { length: 1024 * 1024 + 1, why: "refused", came: ["small"] });
});

// ---- ending ----

test("an AbortSignal closes; one that is aborted already lets nothing begin", async () => {
  const seen = await inPage(async (channel) => {
    const controller = new AbortController();
    const source = new ReconnectingEventSource(`/sse/${channel}`, { signal: controller.signal });
    await next(source, "open");
    const end = next(source, "close");
    controller.abort();
    const never = new ReconnectingEventSource(`/sse/${channel}-never`, { signal: controller.signal });
    const state = never.state;
    await Promise.all([end, next(never, "close")]);
    return [state, source.readyState, never.stats().attempts];
  });
  assert.deepEqual(seen, ["closed", 2, 0]);
  assert.deepEqual(await scene.fixture.journal(`/sse/${scene.channel}-never`), []);
});

test("after close nothing is left: no request, no timer, no listener", async () => {
  const counting = () => {
    const held = new Set();
    window.held = held;
    const { setTimeout, clearTimeout, setInterval, clearInterval } = window;
    window.setInterval = (...what) => {
      const timer = setInterval(...what);
      held.add(timer);
      return timer;
    };
    window.clearInterval = (timer) => { held.delete(timer); clearInterval(timer); };
    window.setTimeout = (callback, delay, ...rest) => {
      const timer = setTimeout((...what) => { held.delete(timer); callback(...what); }, delay, ...rest);
      held.add(timer);
      return timer;
    };
    window.clearTimeout = (timer) => { held.delete(timer); clearTimeout(timer); };
    const { addEventListener } = window;
    window.addEventListener = (type, listener, options) => {
      held.add(type);
      options.signal.addEventListener("abort", () => held.delete(type));
      return addEventListener.call(window, type, listener, options);
    };
  };
  await scene.reopen(counting);
  const left = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/relay/${channel}`, [], { wire: "relay", transports: ["long-poll"] });
    const sources = ["eventsource", "fetch-stream", "long-poll"].map(
      (transport) => new ReconnectingEventSource(`/sse/${channel}`, { transports: [transport] }));
    const waiting = new ReconnectingEventSource(`/sse/${channel}?status=503`, { transports: ["fetch-stream"] });
    const all = [socket, waiting, ...sources];
    await Promise.all([next(socket, "open"), next(sources[0], "open"), next(sources[1], "open"), next(waiting, "reconnecting")]);
    const ends = all.map((one) => next(one, "close"));
    const during = held.size;
    for (const one of all) one.close();
    await Promise.all(ends);
    return { during: during > 6, left: [...held] };
  });
  assert.deepEqual(left, { during: true, left: [] });
  for (const kind of ["sse", "relay"]) {
    const ended = async () => (await scene.requests(`/${kind}/${scene.channel}`)).every(({ endedMs }) => endedMs);
    await eventually(ended, "the server saw all of them end");
  }
});

// ---- the classes ----

test("what cannot be is said at once, with what was given and what was expected", async () => {
  const said = await inPage(() => {
    const tries = {
      url: () => new ReconnectingWebSocket("http://"),
      scheme: () => new ReconnectingEventSource("ftp://x/"),
      fragment: () => new ReconnectingWebSocket("/ws#x"),
      protocol: () => new ReconnectingWebSocket("/ws", "a b"),
      twice: () => new ReconnectingWebSocket("/ws", ["a", "a"]),
      wire: () => new ReconnectingWebSocket("/ws", [], { wire: "rely" }),
      whenFull: () => new ReconnectingWebSocket("/ws", [], { outbox: { whenFull: "drop" } }),
      transports: () => new ReconnectingWebSocket("/ws", [], { transports: ["long-poll"] }),
      heartbeat: () => new ReconnectingWebSocket("/ws", [], { wire: "relay", heartbeat: { message: () => "ping" } }),
      none: () => new ReconnectingEventSource("/sse", { transports: [] }),
      delay: () => new ReconnectingEventSource("/sse", { reconnect: { maxDelay: "long" } }),
      timeout: () => new ReconnectingEventSource("/sse", { connectTimeout: NaN }),
      send: () => new ReconnectingWebSocket("/ws/echo").send(),
      code: () => new ReconnectingWebSocket("/ws/echo").close(1001),
      reason: () => new ReconnectingWebSocket("/ws/echo").close(1000, "é".repeat(62)),
      listener: () => new ReconnectingWebSocket("/ws/echo").addEventListener("open", "x"),
    };
    return Object.fromEntries(Object.entries(tries).map(([name, attempt]) => {
      try {
        attempt();
        return [name, "nothing"];
      } catch (error) {
        return [name, `${error.name}: ${error.message}`];
      }
    }));
  });
  const scheme = "a ws, wss, http or https URL without a fragment";
  assert.deepEqual(said, {
    url: `SyntaxError: url: http:// was given; expected ${scheme}`,
    scheme: `SyntaxError: url: ftp://x/ was given; expected ${scheme}`,
    fragment: `SyntaxError: url: /ws#x was given; expected ${scheme}`,
    protocol: "SyntaxError: protocols: a b was given; expected different HTTP tokens",
    twice: "SyntaxError: protocols: a,a was given; expected different HTTP tokens",
    wire: "TypeError: wire: rely was given; expected raw or relay or engine.io",
    whenFull: "TypeError: outbox.whenFull: drop was given; expected refuse or drop-oldest or drop-newest",
    transports: "TypeError: transports: long-poll was given; expected websocket",
    heartbeat: "TypeError: heartbeat: one was given; expected none with the wire relay: a relay would publish it, Engine.IO has its own",
    none: "TypeError: transports: nothing was given; expected eventsource or fetch-stream or xhr-stream or long-poll",
    delay: "TypeError: reconnect.maxDelay: long was given; expected a number of at least 1",
    timeout: "TypeError: connectTimeout: NaN was given; expected a number of at least 1",
    send: "TypeError: send: nothing was given; expected a string, ArrayBuffer, view or Blob",
    code: "InvalidAccessError: code: 1001 was given; expected 1000 or 3000 to 4999",
    reason: `SyntaxError: reason: ${"é".repeat(62)} was given; expected at most 123 bytes of UTF-8`,
    listener: "TypeError: listener: x was given; expected a function or an object",
  });
});

test("the classes have the shape of the browser's own", async () => {
  const seen = await inPage(() => {
    const lacking = (Ours, Native, given) => {
      const one = new Ours("/ws/echo?silent", ...given);
      one.close();
      const names = [];
      for (let at = Native.prototype; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
        names.push(...Object.getOwnPropertyNames(at));
      }
      return [
        ...names.filter((name) => name !== "when" && !(name in one)),
        ...Object.keys(Native).filter((name) => Ours[name] !== Native[name] || Ours.prototype[name] !== Native[name]),
        ...(one instanceof EventTarget ? [] : ["EventTarget"]), ...Object.keys(one),
      ];
    };
    return [lacking(ReconnectingWebSocket, WebSocket, []), lacking(ReconnectingEventSource, EventSource, []),
      ReconnectingWebSocket.name, ReconnectingWebSocket.length, ReconnectingEventSource.name, ReconnectingEventSource.length];
  });
  assert.deepEqual(seen, [[], [], "ReconnectingWebSocket", 1, "ReconnectingEventSource", 1]);
});

test("listeners are called as the DOM calls them", async () => {
  scene.expected = ["thrown by a listener"];
  const calls = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    await next(socket, "open");
    const calls = [];
    const controller = new AbortController();
    const twice = () => calls.push("same one twice");
    const gone = () => calls.push("removed while it was walked");
    socket.addEventListener("message", () => { throw new Error("thrown by a listener"); }, { once: true });
    socket.onmessage = () => calls.push("replaced");
    socket.addEventListener("message", twice);
    socket.addEventListener("message", twice);
    socket.addEventListener("message", twice, true);
    socket.addEventListener("message", { handleEvent(event) { calls.push(`handleEvent ${event.data}`); } });
    socket.addEventListener("message", () => calls.push("once"), { once: true });
    socket.addEventListener("message", () => socket.removeEventListener("message", gone), { once: true });
    socket.addEventListener("message", gone);
    socket.addEventListener("message", () => calls.push("until the signal"), { signal: controller.signal });
    socket.addEventListener("message", null);
    socket.onmessage = function () { calls.push(`on… ${this === socket}`); };
    let end = take(socket, 1);
    socket.send("1");
    await end;
    controller.abort();
    socket.removeEventListener("message", twice);
    socket.removeEventListener("message", twice, { capture: true });
    socket.onmessage = null;
    const second = take(socket, 1);
    socket.addEventListener("message", (event) => event.stopImmediatePropagation());
    socket.addEventListener("message", () => calls.push("never"));
    end = next(socket, "close");
    socket.send("2");
    await second;
    socket.dispatchEvent(new Event("other"));
    socket.close();
    await end;
    return [...calls, socket.onmessage];
  });
  assert.deepEqual(calls, [
    "on… true", "same one twice", "same one twice", "handleEvent 1", "once", "until the signal", "handleEvent 2", null]);
});

test("an event of the application's own goes past the same listeners as the DOM sends it", async () => {
  scene.expected = Array(4).fill("thrown by a listener");
  const [native, ours] = await inPage(() => [new EventTarget(), new ReconnectingWebSocket("/ws/echo")].map((target) => {
    const seen = [];
    const late = () => seen.push("added while it was walked");
    const gone = () => seen.push("removed while it was walked");
    target.addEventListener("own", () => { throw new Error("thrown by a listener"); });
    target.addEventListener("own", function (event) {
      seen.push(event.target === target, event.currentTarget === target, this === target, event.eventPhase, event.composedPath().length);
      target.addEventListener("own", late);
      target.removeEventListener("own", gone);
      event.preventDefault();
    }, { once: true });
    target.addEventListener("own", gone);
    target.addEventListener("own", { handleEvent: ({ detail }) => seen.push(`object ${detail}`) });
    target.addEventListener("own", () => seen.push("captured"), true);
    target.addEventListener("own", (event) => event.stopImmediatePropagation());
    target.addEventListener("own", () => seen.push("never"));
    const event = new CustomEvent("own", { detail: 1, cancelable: true });
    seen.push(target.dispatchEvent(event), event.currentTarget, event.eventPhase);
    seen.push(target.dispatchEvent(new CustomEvent("own", { detail: 2 })));
    seen.push(target.dispatchEvent(new MessageEvent("nobody hears this")));
    for (const none of [{ type: "own" }, null, undefined]) {
      try {
        target.dispatchEvent(none);
      } catch (error) {
        seen.push(error.name);
      }
    }
    return seen;
  }));
  assert.deepEqual(ours, native);
  assert.ok(native.includes("captured") && !native.includes("never"));
});

test("a handler that throws or calls back does not disturb what follows", async () => {
  scene.expected = ["1", "2", "3"];
  const came = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    const came = [];
    socket.onmessage = ({ data }) => {
      came.push(data);
      if (came.length < 3) socket.send(String(came.length + 1));
      throw new Error(data);
    };
    socket.send("1");
    await take(socket, 3);
    return came;
  });
  assert.deepEqual(came, ["1", "2", "3"]);
});

test("whatever an application adds to a class of its own is not in the way", async () => {
  const came = await inPage(async () => {
    class Mine extends ReconnectingWebSocket {
      emit = "mine"; queue = "mine"; open = "mine"; status = "mine"; listen = "mine"; deliver = "mine"; end = "mine"; socket = "mine";
    }
    const socket = new Mine("/ws/echo");
    socket.send("x");
    return take(socket, 1);
  });
  assert.deepEqual(came, ["x"]);
});

test("a WebSocket of the page's own is used if it was there before the package, and not one that came later", async () => {
  await scene.reopen(() => {
    window.used = [];
    window.named = (name, Native) => class extends Native {
      constructor(...given) {
        super(...given);
        used.push(name);
      }
    };
    globalThis.WebSocket = named("before", WebSocket);
  });
  const used = await inPage(async () => {
    globalThis.WebSocket = named("after", WebSocket);
    await next(new ReconnectingWebSocket("/ws/echo"), "open");
    return used;
  });
  assert.deepEqual(used, ["before"]);
});

test("put in the place of the native classes, they still connect by those", async () => {
  const seen = await inPage(async () => {
    globalThis.WebSocket = ReconnectingWebSocket;
    globalThis.EventSource = ReconnectingEventSource;
    const socket = new WebSocket("/ws/echo");
    const source = new EventSource("/sse/numbers");
    const number = next(source, "message");
    await next(socket, "open");
    const came = take(socket, 1);
    socket.send("hello");
    return { came: await came, number: Number((await number).data) > 0, transport: source.transport };
  });
  assert.deepEqual(seen, { came: ["hello"], number: true, transport: "eventsource" });
});
