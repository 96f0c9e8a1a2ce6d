// ReconnectingWebSocket with `{ reconnect: false }` beside the browser's own class, in Chromium: the same script on both sees the same. And
// what it has besides.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

/**
 * Runs `script(open, Class)` in the page with the browser's own class, and then with ours; `open(url, protocols)` opens one. Both have to
 * give the same, which is returned.
 */
const sideBySide = async (script) => {
  const [native, ours] = await inPage(async (source) => {
    // The text of a function of this file, which it is given as.
    const script = (0, eval)(`(${source})`);
    return [
      await script((...given) => new WebSocket(...given), WebSocket),
      await script((url, protocols = []) => new ReconnectingWebSocket(url, protocols, { reconnect: false }), ReconnectingWebSocket),
    ];
  }, String(script));
  assert.deepEqual(ours, native);
  return native;
};

/** The page's `watch(socket, react)`: resolves to all that it tells until its `close`, and calls `react` with each event. */
const watching = () => {
  window.watch = (socket, react = () => {}) => new Promise((resolve) => {
    const told = [];
    const hear = (event) => {
      const { type, data, origin, lastEventId, code, reason, wasClean, bubbles, cancelable, target, currentTarget, eventPhase } = event;
      told.push({
        type, data, origin, lastEventId, code, reason, wasClean, bubbles, cancelable, phase: eventPhase,
        is: event.constructor.name, own: target === socket && currentTarget === socket,
        readyState: socket.readyState, buffered: socket.bufferedAmount, protocol: socket.protocol, extensions: socket.extensions,
      });
      react(event, socket);
      // What follows, if anything does, is to be seen as well.
      if (type === "close") setTimeout(() => resolve({ told, url: socket.url, readyState: socket.readyState }), 50);
    };
    for (const type of ["open", "message", "error", "close"]) socket.addEventListener(type, hear);
  });
};

test("events come in the same order with the same in them, whoever ends it and however", async () => {
  await scene.reopen(watching);
  const seen = await sideBySide(async (open) => {
    const ENDS = {
      "by close() with a code": ["/ws/echo", ({ type }, socket) => (type === "open" ? socket.send("x") : socket.close(4001, "byé"))],
      "by close() without one": ["/ws/echo", ({ type }, socket) => type === "open" && socket.close()],
      "by close() with undefined": ["/ws/echo", ({ type }, socket) => type === "open" && socket.close(undefined)],
      "by close() twice": ["/ws/echo", ({ type }, socket) => { if (type === "open") { socket.close(3000); socket.close(3001); } }],
      "by the server, 1000": ["/ws/echo?close=1000"],
      "by the server, 4403 with a reason": ["/ws/echo?close=4403&reason=no"],
      "by a cut": ["/ws/echo?drop-after=0"],
      "by a cut in the middle": ["/ws/echo?drop-after=1", ({ type }, socket) => type === "open" && socket.send("x")],
      "by a refusal": ["/ws/echo?refuse"],
      "by a server that is not there": ["ws://127.0.0.1:1/"],
    };
    const told = {};
    for (const [name, [url, react]] of Object.entries(ENDS)) told[name] = await watch(open(url), react);
    const early = open("/ws/echo?silent=connect");
    early.close();
    told["before it was open"] = [early.readyState, await watch(early)];
    const late = open("/ws/echo");
    await watch(late, ({ type }) => type === "open" && late.close());
    late.close();
    late.close(4000, "again");
    told["after its end"] = late.readyState;
    return told;
  });
  assert.deepEqual(seen["by close() with a code"].told.map(({ type }) => type), ["open", "message", "close"]);
  assert.deepEqual(seen["by a refusal"].told.map(({ type, code }) => code ?? type), ["error", 1006]);
});

test("messages are the same: text, blobs and buffers as binaryType says, and subprotocols as they were chosen", async () => {
  const seen = await sideBySide(async (open) => {
    const socket = open("/ws/echo", ["one", "two"]);
    const types = [socket.binaryType, socket.protocol];
    socket.binaryType = "arraybuffer";
    socket.binaryType = "nonsense";
    types.push(socket.binaryType);
    await next(socket, "open");
    const given = [
      "text", "", 42, null, undefined, { toString: () => "object" }, new Uint8Array([1, 2, 3]).subarray(1), new Blob(["b"]), "\ud800"];
    const came = take(socket, given.length * 2);
    const returned = given.map((data) => socket.send(data));
    await take(socket, given.length);
    socket.binaryType = "blob";
    for (const data of given) socket.send(data);
    const bytes = async (data) => [...new Uint8Array(await new Response(data).arrayBuffer())];
    const all = await Promise.all((await came).map(async (data) => (
      typeof data === "string" ? data : [data.constructor.name, data.type, ...await bytes(data)])));
    types.push(socket.binaryType, socket.protocol, socket.extensions, new URL(socket.url).pathname);
    socket.close();
    return { types, returned, all };
  });
  assert.ok(seen.returned.every((value) => value === undefined));
});

test("what cannot be throws the same", async () => {
  const seen = await sideBySide(async (open, Class) => {
    const said = async (attempt) => {
      try {
        const value = await attempt();
        return `nothing: ${typeof value}`;
      } catch (error) {
        return `${error.constructor.name} ${error.name} ${error.code ?? ""}`;
      }
    };
    const opened = open("/ws/echo");
    await next(opened, "open");
    const ended = open("/ws/echo?refuse");
    await next(ended, "close");
    const early = open("/ws/echo?silent=connect");
    const tries = {
      "no argument": () => new Class(),
      "without new": () => Class("/ws/echo"),
      "a URL that is none": () => open("http://"),
      "another scheme": () => open("ftp://x/"),
      "a fragment": () => open("/ws/echo#x"),
      "a symbol": () => open(Symbol("x")),
      "a protocol with a space": () => open("/ws/echo", "a b"),
      "an empty protocol": () => open("/ws/echo", ""),
      "a protocol twice": () => open("/ws/echo", ["a", "a"]),
      "to send before it is open": () => early.send("x"),
      "to send nothing": () => opened.send(),
      "to send a symbol": () => opened.send(Symbol("x")),
      "to send after the end": () => ended.send("x"),
      "code 1001": () => opened.close(1001),
      "code 2999": () => opened.close(2999),
      "code 5000": () => opened.close(5000),
      "a code that is none": () => opened.close("x"),
      "a reason without a code": () => opened.close(undefined, "why"),
      "a long reason": () => opened.close(1000, "é".repeat(62)),
      "a reason that just fits": () => opened.close(1000, `${"é".repeat(61)}e`),
      "a code after the end": () => ended.close(1001),
      "send of something else": () => Class.prototype.send.call({}, "x"),
      "readyState of something else": () => Object.getOwnPropertyDescriptor(Class.prototype, "readyState").get.call({}),
      "a listener that is none": () => opened.addEventListener("open", "x"),
      "an event that is none": () => opened.dispatchEvent({ type: "open" }),
    };
    const all = {};
    for (const [name, attempt] of Object.entries(tries)) all[name] = await said(attempt);
    // Chromium opens one after the other.
    early.close();
    return all;
  });
  assert.equal(seen["a protocol twice"], "DOMException SyntaxError 12");
  assert.equal(seen["to send before it is open"], "DOMException InvalidStateError 11");
});

test("bufferedAmount grows with what is sent, after the end as well, and is not reset by it", async () => {
  const seen = await sideBySide(async (open) => {
    const socket = open("/ws/echo");
    const amounts = [socket.bufferedAmount];
    await next(socket, "open");
    for (const data of ["é", new Uint8Array(3), new Blob(["four"])]) {
      socket.send(data);
      amounts.push(socket.bufferedAmount);
    }
    await take(socket, 3);
    amounts.push(socket.bufferedAmount);
    const end = next(socket, "close");
    socket.close();
    for (const data of ["lost", new ArrayBuffer(2)]) {
      socket.send(data);
      amounts.push(socket.bufferedAmount);
    }
    await end;
    socket.send("more");
    return [...amounts, socket.bufferedAmount];
  });
  assert.deepEqual(seen.slice(0, 5), [0, 2, 5, 9, 0]);
});

test("its members are where the browser's class has them, with the same properties", async () => {
  const seen = await sideBySide(async (open, Class) => {
    const shape = (descriptor) => descriptor && Object.fromEntries(Object.entries(descriptor).map(([key, value]) => (
      [key, typeof value === "function" ? [value.name, value.length, "prototype" in value] : value])));
    const own = (native, ours) => Object.fromEntries(Reflect.ownKeys(native).filter((key) => (
      !["name", "prototype", "constructor", Symbol.toStringTag].includes(key))).map((key) => [
      String(key), shape(Object.getOwnPropertyDescriptor(ours, key))]));
    const socket = open("/ws/echo?silent=connect");
    const seen = {
      prototype: own(WebSocket.prototype, Class.prototype), statics: own(WebSocket, Class), length: Class.length,
      constants: ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].map((name) => [Class[name], Class.prototype[name], socket[name]]),
      parents: [Object.getPrototypeOf(Class) === EventTarget, Object.getPrototypeOf(Class.prototype) === EventTarget.prototype],
      is: socket instanceof EventTarget, own: Reflect.ownKeys(socket).map(String), constructor: socket.constructor === Class,
    };
    socket.close();
    return seen;
  });
  assert.deepEqual(seen.constants, [[0, 0, 0], [1, 1, 1], [2, 2, 2], [3, 3, 3]]);
});

test("listeners and handlers are called as the browser calls them", async () => {
  const seen = await sideBySide(async (open) => {
    const calls = [];
    const socket = open("/ws/echo");
    const opened = next(socket, "open");
    const handler = function (event) { calls.push(["handler", this === socket, event.type]); };
    const values = [socket.onopen];
    for (const value of [() => {}, 1, "x", {}, null, undefined, handler]) {
      socket.onopen = value;
      values.push(typeof socket.onopen);
    }
    socket.addEventListener("open", { handleEvent: (event) => calls.push(["object", event.type]) });
    socket.addEventListener("open", () => calls.push(["once"]), { once: true });
    const twice = () => calls.push(["same one twice"]);
    for (let i = 0; i < 2; i += 1) socket.addEventListener("open", twice);
    socket.addEventListener("open", (event) => { calls.push(["last"]); event.stopImmediatePropagation(); });
    socket.addEventListener("open", () => calls.push(["never"]));
    await opened;
    // A browser runs microtasks between two listeners; an event that a script dispatches leaves no room for that.
    await settle();
    socket.onopen = handler;
    socket.dispatchEvent(new Event("open"));
    const prevented = new Event("custom", { cancelable: true });
    socket.addEventListener("custom", (event) => event.preventDefault());
    const end = new Promise((resolve) => { socket.onclose = (event) => resolve(event.code); });
    calls.push(["dispatched", socket.dispatchEvent(prevented)]);
    socket.close(3000);
    return { calls, values, code: await end };
  });
  assert.equal(seen.code, 3000);
});

// ---- what it has besides ----

test("opened, closed and the iterator tell what happens; stats count it, and dispose closes", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: false });
    const states = [socket.state, socket.transport];
    await socket.opened;
    states.push(socket.state, socket.transport);
    for (const data of ["a", "b", "c"]) socket.send(data);
    const came = [];
    for await (const { data } of socket) if (came.push(data) === 3) break;
    const { attempts, messages, bytes, drops, transport, uptime } = socket.stats();
    socket[Symbol.dispose]();
    states.push(socket.state, socket.readyState);
    const { code, wasClean } = await socket.closed;
    states.push(socket.state, socket.transport, socket.readyState);
    const late = [];
    for await (const event of socket) late.push(event);
    return { states, came, stats: { attempts, messages, bytes, drops, transport, up: uptime > 0 }, code, wasClean, late: late.length };
  });
  assert.deepEqual(seen, {
    states: ["connecting", "websocket", "open", "websocket", "closed", 2, "closed", null, 3], came: ["a", "b", "c"],
    stats: { attempts: 1, messages: 3, bytes: 3, drops: 0, transport: "websocket", up: true }, code: 1005, wasClean: true, late: 0,
  });
});

test("opened rejects where it never opens, closed resolves all the same, and nobody has to catch it", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo?refuse", [], { reconnect: false });
    const said = await socket.opened.catch(({ name, message }) => `${name}: ${message}`);
    const { code } = await socket.closed;
    const uncaught = new ReconnectingWebSocket("/ws/echo?refuse", [], { reconnect: false });
    uncaught.opened;
    await uncaught.closed;
    return { said, code, after: await socket.opened.catch(({ name }) => name) };
  });
  assert.deepEqual(seen, { said: "Error: it was closed before it was open", code: 1006, after: "Error" });
});

test("reconnect opens it anew, in place of the one that is there or after the end, and nothing is heard of the one before", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: false });
    socket.binaryType = "arraybuffer";
    await next(socket, "open");
    const events = [];
    for (const type of ["open", "close", "error", "message"]) socket.addEventListener(type, () => events.push(type));
    socket.send("for the one before");
    socket.reconnect();
    await next(socket, "open");
    await settle();
    socket.close();
    await next(socket, "close");
    socket.reconnect();
    const again = socket.readyState;
    await next(socket, "open");
    socket.send(new Uint8Array([1]));
    const { data } = await next(socket, "message");
    return { events, again, binary: data instanceof ArrayBuffer, attempts: socket.stats().attempts };
  });
  assert.deepEqual(seen, { events: ["open", "close", "open", "message"], again: 0, binary: true, attempts: 3 });
});

test("a signal closes it, and one that is aborted already does so at once", async () => {
  const seen = await inPage(async () => {
    const controller = new AbortController();
    const open = () => new ReconnectingWebSocket("/ws/echo", [], { reconnect: false, signal: controller.signal });
    const socket = open();
    await next(socket, "open");
    const end = next(socket, "close");
    controller.abort();
    const { code, wasClean } = await end;
    const never = open();
    const state = never.readyState;
    return { code, wasClean, state, end: (await next(never, "close")).code };
  });
  assert.deepEqual(seen, { code: 1005, wasClean: true, state: 2, end: 1006 });
});
