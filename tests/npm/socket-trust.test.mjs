// What can be relied on of a ReconnectingWebSocket, in Chromium: what becomes of each message, when a connection is taken for dead, when it
// is tried again and when not, and that nothing follows its end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

/** What the test asked for: the requests with its channel in the query, oldest first. */
const asked = async (path = "/ws/") => (await scene.fixture.journal(path)).filter(({ query }) => query.includes(scene.channel));

// ---- the outbox ----

test("an outbox that is full by count refuses, and takes again when it is empty", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { outbox: { maxMessages: 2 }, reconnect: far });
    const deliveries = ["1", "2", "3"].map((data) => socket.send(data));
    const came = await take(socket, 2);
    await cut(socket, "/ws/echo");
    deliveries.push(...["4", "5", "6"].map((data) => socket.send(data)));
    socket.reconnect();
    return { deliveries, came: [...came, ...await take(socket, 2)] };
  });
  assert.deepEqual(seen, {
    deliveries: ["queued", "queued", "refused", "queued", "queued", "refused"], came: ["1", "2", "4", "5"] });
});

test("its bytes are those of UTF-8, of buffers, views and blobs, and what is larger than all of it is refused by any policy", async () => {
  const seen = await inPage(() => ["refuse", "drop-oldest", "drop-newest"].map((whenFull) => {
    const socket = new ReconnectingWebSocket("/ws/echo?silent=connect", [], { outbox: { maxBytes: 8, whenFull } });
    const dropped = givenUp(socket);
    const given = ["é€", new ArrayBuffer(1), new Uint8Array(4).subarray(1, 2), new Blob(["x"]), "123456789", new Blob(["123456789"])];
    const deliveries = given.map((data) => socket.send(data));
    const state = [socket.bufferedAmount, dropped.length];
    socket.close();
    return [...state, ...deliveries];
  }));
  const each = [8, 0, "queued", "queued", "queued", "queued", "refused", "refused"];
  assert.deepEqual(seen, [each, each, each]);
});

test("a full outbox gives up its oldest or its newest, as it was told, as many as it takes, and says so", async () => {
  const seen = await inPage(() => Promise.all(["drop-oldest", "drop-newest"].map(async (whenFull) => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { outbox: { maxMessages: 3, maxBytes: 9, whenFull } });
    const dropped = givenUp(socket);
    const deliveries = ["one", "two", "six", "4", "seven"].map((data) => socket.send(data));
    return { deliveries, dropped, came: await take(socket, 5 - dropped.length) };
  })));
  const deliveries = Array(5).fill("queued");
  assert.deepEqual(seen, [
    { deliveries, dropped: [["one", "full"], ["two", "full"]], came: ["six", "4", "seven"] },
    { deliveries, dropped: [["six", "full"], ["4", "full"], ["two", "full"]], came: ["one", "seven"] },
  ]);
});

test("stats() tells how many messages wait, and how many bytes, also before the module of everwire/lazy has come", async () => {
  const seen = await inPage(async () => {
    const { ReconnectingWebSocket: Early } = await import("/pkg/lazy.js");
    return Promise.all([ReconnectingWebSocket, Early].map(async (Class) => {
      const socket = new Class("/ws/echo");
      const waiting = () => Object.entries(socket.stats()).filter(([name]) => name.startsWith("queued")).flat();
      const seen = [waiting()];
      const came = take(socket, 2);
      socket.send("né");
      socket.send(new ArrayBuffer(5));
      seen.push(waiting());
      await came;
      seen.push(waiting());
      socket.close();
      return seen;
    }));
  });
  const each = [[0, 0], [2, 8], [0, 0]].map(([messages, bytes]) => ["queuedMessages", messages, "queuedBytes", bytes]);
  assert.deepEqual(seen, [each, each]);
});

test("a message waits for no longer than its ttl, which goes before that of the outbox", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: far, outbox: { ttl: 30 } });
    await next(socket, "open");
    await cut(socket, "/ws/echo");
    const dropped = givenUp(socket);
    const both = next(socket, "dropped", () => dropped.length === 2);
    const deliveries = [socket.send("patient", { ttl: 60_000 }), socket.send("as the outbox"), socket.send("hasty", { ttl: 1 })];
    await both;
    const { bufferedAmount } = socket;
    socket.reconnect();
    return { deliveries, dropped: dropped.sort(), bufferedAmount, came: await take(socket, 1) };
  });
  assert.deepEqual(seen, {
    deliveries: ["queued", "queued", "queued"], dropped: [["as the outbox", "expired"], ["hasty", "expired"]],
    bufferedAmount: 7, came: ["patient"],
  });
});

test("of the messages with a key only the newest waits, in the place of a new one; while it is open all of them go", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    const dropped = givenUp(socket);
    socket.send("a 1", { key: "a" });
    socket.send("between");
    socket.send("b 1", { key: "b" });
    socket.send("a 2", { key: "a" });
    const { bufferedAmount } = socket;
    const waited = await take(socket, 3);
    const came = take(socket, 2);
    const deliveries = ["a 3", "a 4"].map((data) => socket.send(data, { key: "a" }));
    return { dropped, bufferedAmount, waited, deliveries, came: await came };
  });
  assert.deepEqual(seen, {
    dropped: [["a 1", "replaced"]], bufferedAmount: 13, waited: ["between", "b 1", "a 2"], deliveries: ["sent", "sent"],
    came: ["a 3", "a 4"],
  });
});

test("what is volatile is sent at once or refused, and never waits", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: far });
    const dropped = givenUp(socket);
    const now = (data) => socket.send(data, { volatile: true });
    const deliveries = [now("connecting")];
    await next(socket, "open");
    const came = take(socket, 1);
    deliveries.push(now("open"));
    await came;
    await cut(socket, "/ws/echo");
    deliveries.push(now("waiting"));
    const { bufferedAmount } = socket;
    socket.close();
    deliveries.push(now("closed"));
    return { deliveries, came: await came, bufferedAmount, dropped };
  });
  assert.deepEqual(seen, {
    deliveries: ["refused", "sent", "refused", "refused"], came: ["open"], bufferedAmount: 0, dropped: [] });
});

test("behind a gate the outbox waits until it is released, in each connection anew; what listeners send goes first (T19)", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/gate", [], { outbox: { gate: true }, reconnect: far });
    const authenticate = () => deliveries.push(socket.send(JSON.stringify({ token: "good" })));
    const deliveries = [socket.send("early 1"), socket.send("early 2")];
    const came = follow(socket);
    socket.onopen = authenticate;
    socket.onreconnected = authenticate;
    await next(socket, "message");
    deliveries.push(socket.send("behind them"), socket.send("past the gate", { volatile: true }));
    await next(socket, "message");
    const before = socket.bufferedAmount;
    let all = take(socket, 3);
    socket.release();
    await all;
    all = take(socket, 1);
    deliveries.push(socket.send("through"));
    await all;
    await cut(socket, "/ws/gate");
    deliveries.push(socket.send("meanwhile"));
    const again = next(socket, "message");
    socket.reconnect();
    await again;
    const behind = socket.bufferedAmount;
    all = take(socket, 1);
    socket.release();
    await all;
    return { deliveries, came, before, behind, after: socket.bufferedAmount };
  });
  assert.deepEqual(seen, {
    deliveries: ["queued", "queued", "sent", "queued", "sent", "sent", "queued", "sent"],
    came: ["welcome", "past the gate", "early 1", "early 2", "behind them", "through", "welcome", "meanwhile"],
    before: 25, behind: 9, after: 0,
  });
});

test("a release without a connection is no release", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { outbox: { gate: true } });
    socket.release();
    socket.send("waits");
    await next(socket, "open");
    const came = take(socket, 2);
    const waits = socket.bufferedAmount;
    socket.send("asks", { volatile: true });
    await next(socket, "message");
    socket.release();
    return { waits, came: await came };
  });
  assert.deepEqual(seen, { waits: 5, came: ["asks", "waits"] });
});

test("what is sent is what the buffer held then: in the queue, in a listener, and of a buffer that was given away", async () => {
  const came = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo");
    socket.binaryType = "arraybuffer";
    const came = take(socket, 6);
    const buffer = new Uint8Array(1);
    const sendAll = (first) => {
      for (const [i, data] of [buffer, buffer.buffer, new DataView(buffer.buffer)].entries()) {
        buffer[0] = first + i;
        socket.send(data);
      }
      buffer[0] = 0;
    };
    socket.onopen = () => {
      sendAll(4);
      structuredClone(buffer, { transfer: [buffer.buffer] });
    };
    sendAll(1);
    return (await came).map((data) => new Uint8Array(data)[0]);
  });
  assert.deepEqual(came, [4, 5, 6, 1, 2, 3]);
});

test("what a closing socket does not take goes over the next one, as the buffer held it then", async () => {
  const came = await inPage(async () => {
    let isClosing = false;
    const socket = closingWhile(() => isClosing, () => new ReconnectingWebSocket("/ws/echo", [], { reconnect: far }));
    socket.binaryType = "arraybuffer";
    const came = take(socket, 3);
    await socket.opened;
    const buffer = new Uint8Array(1);
    const deliveries = [1, 2, 3].map((number) => {
      isClosing = number === 3;
      buffer[0] = number;
      return socket.send(buffer);
    });
    isClosing = false;
    buffer[0] = 9;
    while (socket.stats().messages < 2) await next(socket, "message");
    socket.reconnect();
    return { deliveries, came: (await came).map((data) => new Uint8Array(data)[0]) };
  });
  assert.deepEqual(came, { deliveries: ["sent", "sent", "queued"], came: [1, 2, 3] });
});

test("what a closing socket does not take is reported, also where the application closes right after", async () => {
  const told = await inPage(async () => {
    let isClosing = false;
    const socket = closingWhile(() => isClosing, () => new ReconnectingWebSocket("/ws/echo", [], { reconnect: far }));
    const dropped = givenUp(socket);
    const deliveries = [];
    socket.addEventListener("open", () => {
      isClosing = true;
      deliveries.push(socket.send("of use now", { volatile: true }), socket.send("last words"));
      socket.close();
    });
    await next(socket, "close");
    return { deliveries, dropped };
  });
  assert.deepEqual(told, { deliveries: ["refused", "queued"], dropped: [["last words", "closed"]] });
});

test("in each connection, what its first listeners send goes before what waits", async () => {
  const came = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: far });
    await next(socket, "open");
    await cut(socket, "/ws/echo");
    for (const data of ["waited 1", "waited 2"]) socket.send(data);
    socket.onreconnected = () => {
      for (const data of ["first 1", "first 2"]) socket.send(data);
    };
    const came = take(socket, 4);
    socket.reconnect();
    return came;
  });
  assert.deepEqual(came, ["first 1", "first 2", "waited 1", "waited 2"]);
});

test("bufferedAmount is what waits in the outbox and in the browser's own socket", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: far });
    const amounts = [socket.bufferedAmount];
    for (const data of ["é", new Uint8Array(3), new Blob(["four"])]) {
      socket.send(data);
      amounts.push(socket.bufferedAmount);
    }
    await take(socket, 3);
    amounts.push(socket.bufferedAmount);
    await cut(socket, "/ws/echo");
    socket.send("12345");
    amounts.push(socket.bufferedAmount);
    socket.reconnect();
    await take(socket, 1);
    socket.send("x".repeat(1_000));
    const native = socket.bufferedAmount;
    return { amounts, native };
  });
  assert.deepEqual(seen, { amounts: [0, 2, 5, 9, 0, 5], native: 1_000 });
});

// ---- the heartbeat ----

test("a server that falls silent is left after the heartbeat's timeout, and its replies are no messages", async () => {
  const seen = await inPage(async (channel) => {
    let beats = 0;
    const socket = new ReconnectingWebSocket(`/ws/heartbeat?mute-after=2&${channel}`, [], {
      reconnect: quick,
      heartbeat: { interval: 50, timeout: 200, message: () => { beats += 1; return "ping"; }, isReply: (data) => data === "pong" },
    });
    const messages = follow(socket);
    const { cause } = await next(socket, "reconnecting");
    const first = beats;
    await next(socket, "reconnected");
    await next(socket, "reconnecting");
    return { kind: cause.kind, first, second: beats, messages, counted: socket.stats().messages };
  });
  assert.deepEqual(seen, { kind: "silence", first: 3, second: 6, messages: [], counted: 0 });
});

test("a server that answers is kept for as long as it does; without isReply its answers are messages", async () => {
  const seen = await inPage(async () => {
    let beats = 0;
    const socket = new ReconnectingWebSocket("/ws/heartbeat", [], {
      reconnect: far, heartbeat: { interval: 30, message: () => `${(beats += 1) && "ping"}` } });
    const came = await take(socket, 5);
    return { came, beats, attempts: socket.stats().attempts };
  });
  assert.deepEqual(seen, { came: Array(5).fill("pong"), beats: 5, attempts: 1 });
});

test("who is asked has been silent for the interval, since the last message and not since one that came before it", async () => {
  const interval = 500;
  const silence = await inPage((interval) => new Promise((resolve) => {
    let last;
    const message = () => resolve(performance.now() - last);
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: far, heartbeat: { interval, message } });
    socket.addEventListener("message", ({ timeStamp }) => { last = timeStamp; });
    socket.addEventListener("open", () => {
      socket.send("first");
      setTimeout(() => socket.send("last"), interval / 2);
    });
  }), interval);
  // The clock of a page is coarse.
  assert.ok(silence >= interval - 2, `it was asked after ${silence} ms`);
});

test("any byte is a sign of life: who speaks is not asked, and who is asked may say anything", async () => {
  const seen = await inPage(async (channel) => {
    const { ReconnectingWebSocket: Early } = await import("/pkg/lazy.js");
    // A page that has been open for longer than an interval.
    const age = performance.now.bind(performance);
    performance.now = () => age() + 60_000;
    const beating = (url, interval, Class = ReconnectingWebSocket) => {
      let beats = 0;
      const socket = new Class(url, [], {
        reconnect: far, heartbeat: { interval, message: () => { beats += 1; return "ping"; }, isReply: () => false } });
      return { socket, beats: () => beats };
    };
    const lively = beating("/ws/numbers?ms=50", 10_000);
    const early = beating("/ws/numbers?ms=50", 10_000, Early);
    // Recorded and not answered; but it has something else to say.
    const terse = beating(`/ws/collect/${channel}?ms=300`, 50);
    await Promise.all([take(lively.socket, 30), take(early.socket, 30), take(terse.socket, 5)]);
    const drops = [lively, early, terse].map(({ socket }) => socket.stats().drops);
    return { drops, lively: lively.beats(), early: early.beats(), terse: terse.beats() > 0 };
  });
  assert.deepEqual(seen, { drops: [0, 0, 0], lively: 0, early: 0, terse: true });
});

test("a binary heartbeat is recognised by its bytes, as messages come as binaryType says", async () => {
  const seen = await inPage(async () => {
    const kinds = [];
    const socket = new ReconnectingWebSocket("/ws/echo", [], {
      heartbeat: {
        interval: 30, message: () => new Uint8Array([9]),
        isReply: (data) => {
          kinds.push(data.constructor.name);
          return data instanceof ArrayBuffer && new Uint8Array(data)[0] === 9;
        },
      },
    });
    socket.binaryType = "arraybuffer";
    const came = follow(socket);
    await next(socket, "open");
    while (kinds.length < 3) await settle();
    return { kinds: [...new Set(kinds)], came, attempts: socket.stats().attempts };
  });
  assert.deepEqual(seen, { kinds: ["ArrayBuffer"], came: [], attempts: 1 });
});

test("a heartbeat's message that throws is reported, and no reason to leave a connection", async () => {
  scene.expected = Array(5).fill("no beat");
  const seen = await inPage(() => new Promise((resolve, reject) => {
    let beats = 0;
    const socket = new ReconnectingWebSocket("/ws/heartbeat", [], { reconnect: far, heartbeat: { interval: 50, timeout: 100, message } });
    socket.onreconnecting = ({ cause }) => reject(new Error(`it was left: ${cause.kind}`));
    // Nothing is ever sent, so no server has to answer in time; and five intervals are longer than the time to answer.
    function message() {
      beats += 1;
      if (beats <= 5) throw new Error("no beat");
      resolve({ state: socket.state, attempts: socket.stats().attempts });
      socket.close();
    }
  }));
  assert.deepEqual(seen, { state: "open", attempts: 1 });
});

test("an isReply or an id that throws is reported, and the message is delivered", async () => {
  scene.expected = ["no reply", "no id"];
  const seen = await inPage(async () => {
    const fails = (text) => () => { throw new Error(text); };
    const socket = new ReconnectingWebSocket("/ws/echo", [], {
      heartbeat: { message: () => "ping", isReply: fails("no reply") }, id: fails("no id") });
    socket.send("x");
    const came = await take(socket, 1);
    await settle();
    return { came, attempts: socket.stats().attempts };
  });
  assert.deepEqual(seen, { came: ["x"], attempts: 1 });
});

// ---- reconnect() ----

test("reconnect connects now: in backoff (T10), in place of a connection that is open, and after the end", async () => {
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/ws/echo?refuse&times=1&key=${channel}`, [], { reconnect: far });
    const states = [];
    socket.addEventListener("statechange", ({ state }) => states.push(state));
    const events = record(socket);
    await next(socket, "reconnecting");
    let open = next(socket, "open");
    socket.reconnect();
    await open;
    open = next(socket, "reconnected");
    socket.reconnect();
    const between = [socket.state, socket.readyState, socket.send("between")];
    const { continuity } = await open;
    await take(socket, 1);
    const end = next(socket, "close");
    socket.close();
    await end;
    open = next(socket, "open");
    socket.reconnect();
    await open;
    return { states, between, continuity, events: events.filter((type) => type !== "statechange"), attempts: socket.stats().attempts };
  });
  assert.deepEqual(seen, {
    states: ["waiting", "connecting", "open", "connecting", "open", "closed", "connecting", "open"],
    between: ["connecting", 0, "queued"], continuity: "fresh",
    events: ["reconnecting", "open", "reconnected", "message", "close", "open"], attempts: 4,
  });
  const live = async () => (await asked()).filter(({ endedMs }) => !endedMs).length === 1;
  await eventually(live, "one of its connections was left");
});

test("reconnect begins anew after a verdict of stop, with the outbox empty and the backoff at its start", async () => {
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/ws/echo?close=4403&times=1&key=${channel}`, [], { reconnect: quick });
    const dropped = givenUp(socket);
    socket.onopen = null;
    await next(socket, "close");
    const late = socket.send("refused");
    socket.reconnect();
    const early = socket.send("early");
    const came = await take(socket, 1);
    return { late, early, came, dropped, state: socket.state };
  });
  assert.deepEqual(seen, { late: "refused", early: "queued", came: ["early"], dropped: [], state: "open" });
});

// ---- close codes, verdicts, credentials ----

test("a server that restarts or is busy is tried again (1012, 1013), and one that says goodbye (1000, 1001, 1011, 4000)", async () => {
  const seen = await inPage((channel) => Promise.all([1012, 1013, 1000, 1001, 1011, 4000].map(async (code) => {
    const socket = new ReconnectingWebSocket(`/ws/echo?close=${code}&times=1&key=${channel}-${code}`, [], { reconnect: quick });
    const { cause } = await next(socket, "reconnecting");
    await next(socket, "reconnected");
    return [cause.code, cause.kind, socket.state];
  })));
  assert.deepEqual(seen, [1012, 1013, 1000, 1001, 1011, 4000].map((code) => [code, "close", "open"]));
});

test("codes that a new try would not change are the end, with the server's words: 1002, 1003, 1007, 1009, 1010, 4403", async () => {
  const codes = [1002, 1003, 1007, 1009, 1010, 4403];
  const seen = await inPage(([codes, channel]) => Promise.all(codes.map(async (code) => {
    const socket = new ReconnectingWebSocket(`/ws/echo?close=${code}&reason=why&${channel}`, [], { reconnect: quick });
    const events = record(socket);
    const end = await next(socket, "close");
    return [end.code, end.reason, end.wasClean, end.cause.code, events.filter((type) => type === "reconnecting").length];
  })), [codes, scene.channel]);
  assert.deepEqual(seen, codes.map((code) => [code, "why", false, code, 0]));
  assert.equal((await asked()).length, codes.length);
});

test("4401 and 1008 ask for new credentials, which the url's function gives to the next attempt; or they are the end", async () => {
  const seen = await inPage((channel) => Promise.all([4401, 1008].map(async (code) => {
    const told = [];
    let token = "old";
    const refresh = async () => {
      told.push("refresh");
      await settle();
      token = "new";
    };
    const url = async () => {
      told.push(`url ${token}`);
      return `/ws/echo?close=${code}&times=1&key=${channel}-${code}&token=${token}`;
    };
    const socket = new ReconnectingWebSocket(url, [], { reconnect: far, refresh });
    await next(socket, "reconnected");
    const helpless = new ReconnectingWebSocket(`/ws/echo?close=${code}`, [], { reconnect: quick });
    const end = await next(helpless, "close");
    return [...told, new URL(socket.url).searchParams.get("token"), end.code];
  })));
  assert.deepEqual(seen, [4401, 1008].map((code) => ["url old", "refresh", "url new", "new", code]));
});

test("credentials that cannot be had are asked for again after the backoff, and no connection is tried without them", async () => {
  const seen = await inPage(async (channel) => {
    let asked = 0;
    const refresh = async () => {
      asked += 1;
      if (asked < 3) throw new Error("not yet");
    };
    const socket = new ReconnectingWebSocket(`/ws/echo?close=4401&times=1&key=${channel}`, [], { reconnect: quick, refresh });
    const causes = [];
    socket.addEventListener("reconnecting", ({ cause: { kind, reason } }) => causes.push([kind, reason]));
    await next(socket, "reconnected");
    return { asked, causes };
  });
  assert.deepEqual(seen, { asked: 3, causes: [["close", ""], ["provider", "not yet"], ["provider", "not yet"]] });
  assert.equal((await asked()).length, 2);
});

test("a host's socket that throws keeps nothing else from being sent", async () => {
  scene.expected = ["bad"];
  const sent = await inPage(async () => {
    const { send } = WebSocket.prototype;
    const sent = [];
    WebSocket.prototype.send = function (data) {
      if (data === "bad") throw new TypeError("bad");
      sent.push(data);
      return send.call(this, data);
    };
    const socket = new ReconnectingWebSocket("/ws/echo");
    for (const data of ["bad", "good"]) socket.send(data);
    await next(socket, "message");
    WebSocket.prototype.send = send;
    return sent;
  });
  assert.deepEqual(sent, ["good"]);
});

test("a verdict of the application's goes before the default, which holds where it has none", async () => {
  scene.expected = ["verdict: maybe was given; expected retry or refresh or stop, { retryAfter } in milliseconds, or undefined", "thrown"];
  const seen = await inPage(async (channel) => {
    const judged = (code, verdict) => {
      const url = `/ws/echo?close=${code}&reason=r&times=1&key=${channel}-${code}`;
      return new ReconnectingWebSocket(url, [], { reconnect: quick, verdict });
    };
    const causes = [];
    const stopped = judged(4000, (cause) => {
      causes.push([cause.kind, cause.transport, cause.code, cause.reason]);
      return "stop";
    });
    const end = await next(stopped, "close");
    const retried = judged(4403, () => "retry");
    await next(retried, "reconnected");
    const late = judged(4001, () => ({ retryAfter: 300 }));
    const { delay, cause: { retryAfter } } = await next(late, "reconnecting");
    await next(late, "reconnected");
    const undecided = judged(4002, () => undefined);
    await next(undecided, "reconnected");
    const strange = judged(4003, () => "maybe");
    await next(strange, "reconnected");
    const failing = judged(4404, () => { throw new Error("thrown"); });
    await next(failing, "reconnected");
    return { causes, end: [end.code, end.cause.code], enough: delay >= 300, retryAfter };
  });
  assert.deepEqual(seen, {
    causes: [["close", "websocket", 4000, "r"]], end: [4000, 4000], enough: true, retryAfter: 300 });
});

test("Retry-After is obeyed on the rungs that can read it, and hope does not shorten it", async () => {
  const seen = await inPage((channel) => Promise.all(["relay", "engine.io"].map(async (wire) => {
    const path = wire === "relay" ? `/relay/${channel}` : "/engine.io/echo";
    const socket = new ReconnectingWebSocket(`${path}?status=503&retry-after=2&times=1&key=${channel}-${wire}`, [], {
      wire, transports: ["long-poll"], reconnect: quick });
    const begun = performance.now();
    const { delay, cause } = await next(socket, "reconnecting");
    for (const type of ["online", "resume"]) dispatchEvent(new Event(type));
    await next(socket, "open");
    const { kind, status, retryAfter, transport } = cause;
    return { enough: delay >= 2_000 && performance.now() - begun >= 2_000, kind, status, retryAfter, transport };
  })));
  const each = { enough: true, kind: "status", status: 503, retryAfter: 2_000, transport: "long-poll" };
  assert.deepEqual(seen, [each, each]);
});

// ---- functions that provide ----

test("the url and the subprotocols may be functions, which are called for each attempt, and may take their time", async () => {
  const seen = await inPage(async (channel) => {
    let attempt = 0;
    let running = 0;
    let most = 0;
    const url = async () => {
      attempt += 1;
      running += 1;
      most = Math.max(most, running);
      await settle();
      running -= 1;
      return new URL(`/ws/echo?attempt=${attempt}&refuse&times=2&key=${channel}`, location);
    };
    const socket = new ReconnectingWebSocket(url, () => [`p${attempt}`, "other"], { reconnect: quick });
    const before = [socket.url, socket.readyState, socket.send("waits")];
    const came = next(socket, "message");
    const { data } = await came;
    return { before, data, url: socket.url, protocol: socket.protocol, most };
  });
  const url = `${scene.fixture.origin.replace("http", "ws")}/ws/echo?attempt=3&refuse&times=2&key=${scene.channel}`;
  assert.deepEqual(seen, { before: ["", 0, "queued"], data: "waits", url, protocol: "p3", most: 1 });
});

test("a function that fails is a failed attempt, and the next one comes after the backoff (T9)", async () => {
  const seen = await inPage(async () => {
    const failing = async (fails) => {
      let calls = 0;
      const url = () => {
        calls += 1;
        return calls < 3 ? fails() : "/ws/echo";
      };
      const socket = new ReconnectingWebSocket(url, [], { reconnect: quick });
      const causes = [];
      socket.addEventListener("reconnecting", ({ cause }) => causes.push(`${cause.kind}: ${cause.reason}`));
      await next(socket, "open");
      return { calls, causes };
    };
    return {
      rejects: await failing(() => Promise.reject(new Error("rejected"))),
      throws: await failing(() => { throw new Error("thrown"); }),
      "gives no URL": await failing(() => "http://"),
    };
  });
  const twice = (why) => ({ calls: 3, causes: [why, why] });
  assert.deepEqual(seen, {
    rejects: twice("provider: rejected"), throws: twice("provider: thrown"),
    "gives no URL": twice("provider: url: http:// was given; expected a ws, wss, http or https URL without a fragment"),
  });
});

test("what a function gives for an attempt that was left is not used", async () => {
  const seen = await inPage(async (channel) => {
    const waiting = [];
    const url = () => new Promise((resolve) => { waiting.push(resolve); });
    const socket = new ReconnectingWebSocket(url, [], { reconnect: far });
    for (let i = 0; i < 3; i += 1) socket.reconnect();
    const calls = waiting.length;
    for (const [i, resolve] of waiting.entries()) resolve(`/ws/echo?${channel}-${i}`);
    await next(socket, "open");
    await settle();
    return { calls, url: new URL(socket.url).search };
  });
  assert.deepEqual(seen, { calls: 4, url: `?${scene.channel}-3` });
  assert.equal((await asked()).length, 1);
});

// ---- attempts that do not get through ----

test("what is sent while the application thinks about the headers of a poll goes out first, once it has them", async () => {
  const came = await inPage(async (channel) => {
    const headers = async () => {
      await new Promise((resolve) => { setTimeout(resolve, 800); });
      return {};
    };
    const socket = new ReconnectingWebSocket(`/relay/${channel}`, [], { wire: "relay", transports: ["long-poll"], headers });
    socket.send("early");
    const came = take(socket, 2);
    await new Promise((resolve) => { setTimeout(resolve, 700); });
    socket.send("later");
    return came;
  }, scene.channel);
  assert.deepEqual(came, ["early", "later"]);
});

test("where no WebSocket gets through there is one clear end, which names the wires that have another way", async () => {
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/ws/echo?refuse&${channel}`, [], { reconnect: quick });
    const events = record(socket);
    const errors = [];
    socket.onerror = ({ cause, message }) => errors.push(message === cause.message);
    const { code, wasClean, cause } = await next(socket, "close");
    const { attempts } = socket.stats();
    await settle();
    const count = (type) => events.filter((one) => one === type).length;
    return {
      code, wasClean, kind: cause.kind, names: ["relay", "engine.io"].every((wire) => cause.message.includes(wire)), errors,
      counts: ["error", "close", "open"].map(count), attempts, after: socket.stats().attempts,
    };
  });
  const { attempts, after, ...rest } = seen;
  assert.deepEqual(rest, { code: 1006, wasClean: false, kind: "unusable", names: true, errors: [true], counts: [1, 1, 0] });
  // The third failure asks the server, and another try may begin before it has answered.
  assert.ok(attempts >= 3 && attempts <= 6 && after === attempts, `${attempts} attempts, ${after} after the end`);
  assert.ok((await asked()).filter(({ kind }) => kind === "websocket").length <= attempts);
});

test("a server that is down is not taken for a path that lets no WebSocket through", async () => {
  await scene.fixture.control("unavailable?ms=600000");
  await inPage(async () => {
    // Nothing listens there.
    window.sockets = ["/ws/echo", "ws://127.0.0.1:1/"].map((url) => new ReconnectingWebSocket(url, [], { reconnect: quick }));
    await Promise.all(sockets.map((socket) => next(socket, "reconnecting", ({ attempt }) => attempt === 8, 30_000)));
  });
  await scene.fixture.reset();
  const states = await inPage(async () => {
    const [away, nowhere] = sockets;
    if (away.state !== "open") await next(away, "open");
    const { state } = nowhere;
    nowhere.close();
    return [away.state, ["waiting", "connecting"].includes(state)];
  });
  assert.deepEqual(states, ["open", true]);
});

test("connectTimeout ends an attempt, which the server sees, and the next one follows (T12)", async () => {
  const seen = await inPage(async (channel) => {
    const begun = performance.now();
    const socket = new ReconnectingWebSocket(`/ws/echo?silent=connect&times=1&key=${channel}`, [], {
      reconnect: quick, connectTimeout: 300 });
    const { cause } = await next(socket, "reconnecting");
    const took = performance.now() - begun;
    await next(socket, "open");
    return { kind: cause.kind, waited: took >= 299 };
  });
  assert.deepEqual(seen, { kind: "timeout", waited: true });
  await eventually(async () => (await asked())[0].endedMs, "the server saw the first one end");
});

test("a function that never answers is an attempt that takes too long", async () => {
  const seen = await inPage(async () => {
    let calls = 0;
    const url = () => {
      calls += 1;
      return calls === 1 ? new Promise(() => {}) : "/ws/echo";
    };
    const socket = new ReconnectingWebSocket(url, [], { reconnect: quick, connectTimeout: 1_500 });
    const { cause } = await next(socket, "reconnecting");
    await next(socket, "open");
    return { kind: cause.kind, calls };
  });
  assert.deepEqual(seen, { kind: "timeout", calls: 2 });
});

test("a server that accepts and kills is backed off from like one that refuses (T5)", async () => {
  const seen = await inPage((channel) => Promise.all(["close=1011", "drop-after=0"].map(async (fault) => {
    const socket = new ReconnectingWebSocket(`/ws/echo?${fault}`, [], {
      reconnect: { firstDelay: 1, minDelay: 1, factor: 2, maxDelay: 30, maxRetries: 5 } });
    const attempts = [];
    let opened = 0;
    socket.addEventListener("reconnecting", ({ attempt }) => attempts.push(attempt));
    for (const type of ["open", "reconnected"]) socket.addEventListener(type, () => { opened += 1; });
    const { cause } = await next(socket, "close");
    return { attempts, opened: opened > 0, kind: cause.kind, tried: socket.stats().attempts };
  })));
  const each = { attempts: [1, 2, 3, 4, 5], opened: true, tried: 6 };
  assert.deepEqual(seen, [{ ...each, kind: "close" }, { ...each, kind: "network" }]);
});

test("a connection that has lasted for minUptime begins the backoff anew", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: { ...quick, minUptime: 60 } });
    const attempts = [];
    socket.addEventListener("reconnecting", ({ attempt }) => attempts.push(attempt));
    await next(socket, "open");
    for (let i = 0; i < 3; i += 1) {
      while (socket.stats().uptime < 80) await settle();
      const back = next(socket, "reconnected");
      await cut(socket, "/ws/echo");
      await back;
    }
    return attempts;
  });
  assert.deepEqual(seen, [1, 1, 1]);
});

// ---- the end ----

test("whatever it was doing, close and an aborted signal are the end of it: one close event, and no request after it", async () => {
  const seen = await inPage(async (channel) => {
    const never = () => new Promise(() => {});
    const STATES = {
      "waiting for its url": { url: never },
      "connecting": { url: "/ws/echo?silent=connect", ready: (socket) => socket.state === "connecting" && settle() },
      "open": { until: "open" },
      "waiting": { url: "/ws/echo?status=503", until: "reconnecting", reconnect: far },
      "waiting for credentials": { url: "/ws/echo?close=4401", refresh: never, until: "reconnecting" },
      "judging": {
        url: "/ws/echo?close=4001", ready: (socket, end) => new Promise((resolve) => { socket.judge = () => { end(); resolve(); }; }) },
      "hearing that it is open": { ready: (socket, end) => next(socket, "open", () => { end(); return true; }) },
      "hearing a message": {
        ready: (socket, end) => { socket.send("x"); return next(socket, "message", () => { end(); return true; }); } },
      "hearing that it was lost": {
        url: "/ws/echo?close=1012", ready: (socket, end) => next(socket, "reconnecting", () => { end(); return true; }) },
      "long-polling": { url: `/relay/${channel}`, wire: "relay", transports: ["long-poll"], until: "open" },
      "streaming": { url: `/relay/${channel}`, wire: "relay", transports: ["eventsource"], until: "open" },
      "in a session": { url: "/engine.io/echo", wire: "engine.io", transports: ["long-poll"], until: "open" },
    };
    const endOf = async ([name, { url = "/ws/echo", until, ready, ...options }], how) => {
      const controller = new AbortController();
      const { signal } = controller;
      const socket = new ReconnectingWebSocket(url, [], { reconnect: quick, verdict: () => socket.judge?.(), ...options, signal });
      const closed = next(socket, "close");
      const end = () => (how === "close" ? socket.close(4000, "enough") : controller.abort());
      if (until) await next(socket, until);
      await ready?.(socket, end);
      const events = record(socket);
      end();
      const { code, reason, wasClean, cause } = await closed;
      const { attempts } = socket.stats();
      for (const type of ["online", "resume", "pageshow"]) dispatchEvent(new Event(type));
      end();
      await settle();
      const expected = how === "close" ? [4000, "enough"] : [1000, ""];
      const isRight = code === expected[0] && reason === expected[1] && wasClean && !cause && attempts === socket.stats().attempts;
      const after = events.filter((type) => type !== "statechange").join();
      return isRight && after === "close" && socket.readyState === 3 ? [] : [{ name, how, code, reason, wasClean, cause, after, events }];
    };
    const all = Object.entries(STATES).flatMap((state) => ["close", "abort"].map((how) => endOf(state, how)));
    return (await Promise.all(all)).flat();
  });
  assert.deepEqual(seen, []);
  for (const path of ["/ws/echo", "/relay/", "/engine.io/"]) {
    await eventually(async () => (await scene.fixture.journal(path)).every(({ endedMs }) => endedMs), "the server saw all of them end");
  }
});

test("close does not wait for the farewell of a server that has fallen silent", async () => {
  await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo?silent");
    await next(socket, "open");
    socket.send("lost");
    const end = next(socket, "close", undefined, 1_000);
    socket.close();
    await end;
  });
});
