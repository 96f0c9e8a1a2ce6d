// Where a ReconnectingWebSocket goes on, in Chromium: after ids that the application reads itself, and after those of a relay, over all of
// its transports; in the next page, after the back/forward cache, and after a sleep.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, setScene } from "./support.mjs";

// Playwright turns the cache off.
const scene = setScene({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
const { inPage } = scene;

const publish = (data, headers) => scene.fixture.publish(scene.channel, data, headers);
/** What the test asked for, oldest first: of the relay by its path, of others by the channel in the query. */
const asked = async () => (await scene.fixture.journal("/")).filter(
  ({ path, query, method }) => method === "GET" && (path === `/relay/${scene.channel}` || query.includes(scene.channel)));
/** Waits until so many messages have come into `came` of the page. */
const arrived = (count) => scene.page.waitForFunction((count) => came.length >= count, count);
const bytes = { "content-type": "application/octet-stream" };

/** Makes `socket` in the page, of a relay, and `came` what it receives. `retries` are `quick` or `far`. */
const openRelay = ({ retries = "quick", ...options } = {}, query = "") => inPage(async ([url, options, retries]) => {
  window.socket = new ReconnectingWebSocket(url, [], { wire: "relay", reconnect: globalThis[retries], ...options });
  socket.binaryType = "arraybuffer";
  window.came = [];
  socket.addEventListener("message", ({ data }) => came.push(typeof data === "string" ? data : [...new Uint8Array(data)]));
  window.told = [];
  socket.addEventListener("reconnected", ({ continuity, transport }) => told.push([continuity, transport]));
  socket.addEventListener("gap", ({ after }) => told.push(["gap", after]));
  await next(socket, "open");
}, [`/relay/${scene.channel}?${query}`, options, retries]);

/** Takes the server away until the connection has noticed. (A poll that is cut is asked for again by the browser itself.) */
const lose = async () => {
  await inPage(() => { window.lost = next(socket, "reconnecting").then(() => {}); });
  await scene.fixture.control("unavailable?ms=600000");
  await inPage(() => lost);
  await scene.fixture.reset();
};

/** Publishes the numbers from 1 on, one each so many milliseconds, by a way that no fault of the relay's touches. */
const feed = (ms) => inPage(async ([channel, ms]) => {
  const session = `/engine.io/collect/${channel}?EIO=4&transport=polling&pingInterval=600000`;
  const { sid } = JSON.parse((await (await fetch(session)).text()).slice(1));
  window.fed = 0;
  window.feeding = (async () => {
    for (window.isFed = false; !isFed; fed += 1) {
      await fetch(`${session}&sid=${sid}`, { method: "POST", body: `4${fed + 1}` });
      await new Promise((resolve) => { setTimeout(resolve, ms); });
    }
  })();
}, [scene.channel, ms]);
/** Ends that, and waits until all of it has come: once each and in order. What is no text is `others`. */
const allCame = async (others = []) => {
  const fed = await inPage(async () => {
    window.isFed = true;
    await feeding;
    return fed;
  });
  await arrived(fed + others.length);
  const came = await inPage(() => came);
  assert.deepEqual(came.filter((data) => typeof data === "string"), Array.from({ length: fed }, (_, i) => String(i + 1)));
  assert.deepEqual(came.filter((data) => typeof data !== "string"), others);
};

// ---- ids of the application's own ----

test("with id and resume.query each message comes once and in order, through drops at any moment", { timeout: 40_000 }, async () => {
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/ws/numbers?ms=1&drop-random=20&key=${channel}`, [], {
      reconnect: { ...quick, maxDelay: 20 }, id: (data) => JSON.parse(data).id, resume: { query: "lastEventId" } });
    const continuities = new Set();
    socket.onreconnected = ({ continuity }) => continuities.add(continuity);
    const came = [];
    const ids = [];
    await next(socket, "message", ({ data, lastEventId }) => {
      ids.push(Number(lastEventId));
      return came.push(JSON.parse(data).n) === 500;
    }, 30_000);
    const { attempts, duplicates, messages } = socket.stats();
    socket.close();
    const isRight = (numbers) => numbers.every((n, i) => n === i + 1);
    return {
      right: [isRight(came), isRight(ids)], last: socket.lastEventId, often: attempts > 10, duplicates, messages,
      continuities: [...continuities],
    };
  });
  assert.deepEqual(seen, {
    right: [true, true], last: "500", often: true, duplicates: 0, messages: 500, continuities: seen.continuities });
  // One that was lost before its first message goes on from nowhere.
  assert.ok(seen.continuities.includes("resumed"), seen.continuities);
});

test("a connection begins after the lastEventId that it is given", async () => {
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/ws/numbers?${channel}`, [], {
      id: (data) => JSON.parse(data).id, resume: { lastEventId: "41", query: "lastEventId" } });
    const before = socket.lastEventId;
    const { data, lastEventId } = await next(socket, "message");
    return { before, n: JSON.parse(data).n, lastEventId, url: new URL(socket.url).search };
  });
  assert.deepEqual(seen, { before: "41", n: 42, lastEventId: "42", url: `?${scene.channel}` });
  assert.deepEqual((await asked()).map(({ resume }) => resume), ["41"]);
});

test("resume.message says where to go on before anything else is said, in each connection that has somewhere to go on", async () => {
  const seen = await inPage(async () => {
    const told = [];
    const socket = new ReconnectingWebSocket("/ws/numbers?first", [], {
      reconnect: far,
      id: (data) => JSON.parse(data).id,
      resume: { message: (last) => { told.push(last); return JSON.stringify({ resume: last }); } },
    });
    const came = [];
    socket.onmessage = ({ data }) => came.push(JSON.parse(data).n);
    socket.onreconnected = () => socket.send("not the first word");
    socket.send("from the beginning");
    await next(socket, "message", () => came.length === 3);
    await cut(socket, "/ws/numbers");
    const last = came.at(-1);
    socket.send("this has to wait");
    const back = next(socket, "reconnected");
    socket.reconnect();
    const { continuity } = await back;
    await next(socket, "message", () => came.at(-1) === last + 3);
    return { right: came.every((n, i) => n === i + 1), told: told.map(Number).join() === `${last}`, continuity };
  });
  assert.deepEqual(seen, { right: true, told: true, continuity: "resumed" });
});

test("resume.message passes the outbox's gate, and of one that throws nothing is sent", async () => {
  scene.expected = ["no words"];
  const seen = await inPage(async () => {
    const open = (message) => new ReconnectingWebSocket("/ws/numbers?first", [], {
      outbox: { gate: true }, id: (data) => JSON.parse(data).id, resume: { lastEventId: "7", message } });
    const { data } = await next(open((resume) => JSON.stringify({ resume })), "message");
    const failing = open(() => { throw new Error("no words"); });
    failing.send(JSON.stringify({ resume: "3" }));
    await next(failing, "open");
    failing.release();
    const first = await next(failing, "message");
    return [JSON.parse(data).n, JSON.parse(first.data).n, failing.stats().attempts];
  });
  assert.deepEqual(seen, [8, 4, 1]);
});

test("where the last id can be told to nobody, what is new after a reconnect is unknown: it is fresh", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/numbers?ms=5", [], { reconnect: far, id: (data) => JSON.parse(data).id });
    await take(socket, 3);
    await cut(socket, "/ws/numbers");
    const back = next(socket, "reconnected");
    socket.reconnect();
    const { continuity } = await back;
    const { lastEventId } = await next(socket, "message");
    return { continuity, lastEventId };
  });
  assert.deepEqual(seen, { continuity: "fresh", lastEventId: "1" });
});

test("with dedupe what a server repeats is delivered once, within as many ids as it was told", async () => {
  const seen = await inPage(async () => {
    const id = (data) => JSON.parse(data).id;
    const socket = new ReconnectingWebSocket("/ws/numbers?ms=5", [], { reconnect: far, id, resume: { dedupe: 100 } });
    const came = [];
    socket.onmessage = ({ data }) => came.push(JSON.parse(data).n);
    await next(socket, "message", () => came.length === 5);
    await cut(socket, "/ws/numbers");
    const { length } = came;
    socket.reconnect();
    await next(socket, "message", () => came.length === length + 3);
    const { duplicates, messages } = socket.stats();

    const echo = new ReconnectingWebSocket("/ws/echo", [], { id: (data) => data, resume: { dedupe: 2 } });
    const echoed = take(echo, 4);
    for (const data of ["a", "b", "a", "b", "c", "a"]) echo.send(data);
    const right = came.every((n, i) => n === i + 1);
    return { right, duplicates: duplicates === length, messages: messages === length + 3, echoed: await echoed };
  });
  assert.deepEqual(seen, { right: true, duplicates: true, messages: true, echoed: ["a", "b", "c", "a"] });
});

test("id and isReply are given bytes that can be read at once, also where the messages are Blobs", async () => {
  const seen = await inPage(async () => {
    const given = [];
    const first = (data) => (given.push(data.constructor.name), new Uint8Array(data)[0]);
    const echo = new ReconnectingWebSocket("/ws/echo", [], {
      id: (data) => String(first(data)), heartbeat: { message: () => "ping", isReply: (data) => first(data) === 8 } });
    const came = [];
    echo.onmessage = ({ data, lastEventId }) => came.push([data.constructor.name, data.size, lastEventId]);
    for (const byte of [7, 8, 9]) echo.send(Uint8Array.of(byte));
    await next(echo, "message", () => came.length === 2);
    return { came, given };
  });
  assert.deepEqual(seen, { came: [["Blob", 1, "7"], ["Blob", 1, "9"]], given: Array(5).fill("ArrayBuffer") });
});

test("without ids there is nowhere to go on: a reconnect is fresh", async () => {
  const seen = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick });
    await next(socket, "open");
    const back = next(socket, "reconnected");
    await cut(socket, "/ws/echo");
    return { continuity: (await back).continuity, lastEventId: socket.lastEventId };
  });
  assert.deepEqual(seen, { continuity: "fresh", lastEventId: "" });
});

// ---- the next page ----

test("the last id is kept in a storage, under its url or its key, and the next page goes on after it", async () => {
  const first = await inPage(async (channel) => {
    const open = (url, resume) => new ReconnectingWebSocket(url, [], {
      id: (data) => JSON.parse(data).id, resume: { query: "lastEventId", store: sessionStorage, ...resume } });
    const url = `/ws/numbers?ms=5&${channel}`;
    const sockets = [open(url), open(() => url, { key: "mine" })];
    await Promise.all(sockets.map((socket) => take(socket, 5)));
    // The last message of a page is kept as well.
    for (const socket of sockets) socket.close();
    await Promise.all(sockets.map(({ closed }) => closed));
    const kept = [`everwire:${sockets[0].url}`, "everwire:mine"].map((key) => sessionStorage.getItem(key));
    return { kept, last: sockets.map(({ lastEventId }) => lastEventId) };
  });
  assert.deepEqual(first.kept, first.last);
  await scene.page.reload();
  const seen = await inPage(async (channel) => {
    const { ReconnectingWebSocket } = await import("/pkg/index.js");
    const open = (url, resume) => new ReconnectingWebSocket(url, [], {
      id: (data) => JSON.parse(data).id, resume: { query: "lastEventId", store: sessionStorage, ...resume } });
    const url = `/ws/numbers?ms=5&${channel}`;
    const sockets = [open(url), open(() => url, { key: "mine" }), open(url, { lastEventId: "1000" })];
    const came = await Promise.all(sockets.map((socket) => take(socket, 1)));
    return came.map(([data]) => JSON.parse(data).n);
  });
  assert.deepEqual(seen, [...first.last.map((id) => Number(id) + 1), 1001]);
});

test("a page that is left keeps the last id of that moment", async () => {
  await inPage(async (channel) => {
    window.socket = new ReconnectingWebSocket(`/relay/${channel}`, [], { wire: "relay", resume: { store: sessionStorage, key: "left" } });
    await next(socket, "open");
    window.came = follow(socket);
  });
  const { id } = await publish("1");
  await arrived(1);
  await scene.page.reload();
  assert.equal(await inPage(() => sessionStorage.getItem("everwire:left")), id);
});

test("a storage that is full or forbidden is no reason not to connect; what is no storage, or has no name, is refused", async () => {
  const seen = await inPage(async () => {
    const fails = () => { throw new Error("forbidden"); };
    const open = (url, store) => new ReconnectingWebSocket(url, [], {
      id: (data) => JSON.parse(data).id, resume: { query: "lastEventId", store } });
    const socket = open("/ws/numbers?ms=5", { getItem: fails, setItem: fails });
    await take(socket, 3);
    socket.close();
    await socket.closed;
    const refused = [["/ws/numbers", {}], [() => "/ws/numbers", sessionStorage]].map((given) => {
      try {
        open(...given);
      } catch (error) {
        return `${error.name}: ${error.message}`;
      }
    });
    return { last: socket.lastEventId >= 3, refused };
  });
  assert.deepEqual(seen, { last: true, refused: [
    "TypeError: resume.store: [object Object] was given; expected a Storage",
    "TypeError: resume.key: none was given; expected a name, as the URL is not known yet",
  ] });
});

// ---- a relay, over all of its transports ----

const RUNGS = { websocket: "resumed", eventsource: "resumed", "long-poll": "gap" };
for (const [transport, continuity] of Object.entries(RUNGS)) {
  test(`over ${transport}, what a relay has forgotten meanwhile is reported as a gap, after the last id before it`, async () => {
    for (const data of ["1", "2"]) await publish(data);
    await openRelay({ transports: [transport], retries: "far" });
    await arrived(2);
    const last = await inPage(() => socket.lastEventId);
    await lose();
    for (const data of ["3", "4", "5"]) await publish(data);
    await scene.fixture.control(`trim?channel=${scene.channel}&keep=1`);
    await inPage(() => socket.reconnect());
    await arrived(3);
    const seen = await inPage(() => ({ came, told }));
    const reconnected = [continuity, transport];
    const gap = ["gap", last];
    assert.deepEqual(seen, { came: ["1", "2", "5"], told: continuity === "gap" ? [gap, reconnected] : [reconnected, gap] });
  });

  test(`over ${transport}, a relay goes on after its last id, and nothing is missing: it is resumed`, async () => {
    await publish("1");
    await openRelay({ transports: [transport], retries: "far" });
    await arrived(1);
    await lose();
    const { id } = await publish("2");
    await inPage(() => socket.reconnect());
    await arrived(2);
    const seen = await inPage(() => ({ came, told, last: socket.lastEventId }));
    assert.deepEqual(seen, { came: ["1", "2"], told: [["resumed", transport]], last: id });
  });
}

test("a relay's messages come once and in order while it goes from one transport to the next and back", { timeout: 60_000 }, async () => {
  const { page, fixture } = scene;
  await page.clock.install();
  await openRelay();
  await feed(5);
  const onRung = (transport) => page.waitForFunction((transport) => socket.state === "open" && socket.transport === transport, transport);
  const more = async () => arrived(await inPage(() => came.length) + 20);
  await more();
  await fixture.control("refuse-websocket");
  await onRung("eventsource");
  await more();
  await fixture.control(`drop?path=/relay/${scene.channel}`);
  await more();
  // It is no text, so it takes the next rung.
  await publish(new Uint8Array([255]), bytes);
  await onRung("long-poll");
  await more();
  await fixture.reset();
  await page.clock.fastForward(16_000);
  await eventually(async () => (await asked()).some(({ kind, status, endedMs }) => kind === "websocket" && status === 101 && !endedMs),
    "a probe was open");
  await page.clock.fastForward(1_500);
  await onRung("websocket");
  await more();
  await allCame([[255]]);
  assert.deepEqual([...new Set(await inPage(() => told.map(([what]) => what)))], ["resumed"]);
});

const WAYS = { websocket: "", eventsource: "", "long-poll": "", "long-poll by multipart": "multipart" };
for (const [name, query] of Object.entries(WAYS)) {
  test(`by ${name}, a relay's messages come once and in order through twenty losses`, { timeout: 60_000 }, async () => {
    await openRelay({ transports: [name.split(" ")[0]], retries: "far" }, query);
    let published = 0;
    const publishSome = async () => {
      for (let i = 0; i < 5; i += 1) await publish(String(published += 1));
    };
    for (let losses = 0; losses < 20; losses += 1) {
      await publishSome();
      await lose();
      await publishSome();
      await inPage(() => socket.reconnect());
    }
    await arrived(published);
    const { came, told } = await inPage(() => ({ came, told: told.map(([what]) => what) }));
    assert.deepEqual(came, Array.from({ length: published }, (_, i) => String(i + 1)));
    // Before the first message there is nothing to go on after.
    assert.deepEqual([...new Set(told)].filter((what) => what !== "fresh"), ["resumed"]);
  });
}

test("a multipart answer brings all that waited, text and bytes, and one position", async () => {
  const given = ["a", "", "two\r\n\r\nlines", "--everwire", "é\u2028"];
  for (const data of given) await publish(data);
  await publish(new Uint8Array([0, 13, 10, 255]), bytes);
  const { id } = await publish("last");
  await openRelay({ transports: ["long-poll"] }, "multipart");
  await arrived(7);
  const seen = await inPage(() => ({ came, told, last: socket.lastEventId }));
  assert.deepEqual(seen, { came: [...given, [0, 13, 10, 255], "last"], told: [], last: id });
  await eventually(async () => (await asked()).length === 2, "the second poll was on its way");
  assert.deepEqual((await asked()).map(({ resume, sent }) => [resume, sent]), [[null, 7], [id, 0]]);
});

test("whoever awaits one message after another misses none of a poll, nor of what comes with it (T39)", async () => {
  for (let i = 1; i <= 6; i += 1) await publish(String(i));
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/relay/${channel}?multipart`, [], { wire: "relay", transports: ["long-poll"] });
    const came = [];
    for (let i = 0; i < 6; i += 1) {
      came.push((await next(socket, "message")).data);
      // What an application does in between must not bring the rest early.
      socket.send("heard");
    }
    socket.close();
    return came;
  }, scene.channel);
  assert.deepEqual(seen, ["1", "2", "3", "4", "5", "6"]);
});

test("what a relay says to keep its connection alive is no message, and polls that it answers by 408 are a second apart", async () => {
  // nchan has events without an id as well.
  await openRelay({ transports: ["eventsource"] }, "id=none&comments=20");
  await publish("no message of its own");
  await inPage((channel) => {
    window.polls = [];
    const debug = ({ type, time }) => (type === "attempt" || type === "poll") && polls.push(time);
    window.polling = new ReconnectingWebSocket(`/relay/${channel}?hold=20&first=newest`, [], { wire: "relay", transports: ["long-poll"], debug });
    window.polled = follow(polling);
  });
  await eventually(() => inPage(() => polls.length > 3), "it asked four times");
  const seen = await inPage(() => ({ came, polled, states: [socket.state, polling.state], attempts: polling.stats().attempts }));
  assert.deepEqual(seen, { came: [], polled: [], states: ["open", "open"], attempts: 1 });
  // By the page's clock: a server may see one late, and the next one not.
  const polls = await inPage(() => polls);
  for (const [i, time] of polls.slice(1).entries()) assert.ok(time - polls[i] >= 990, `${time - polls[i]} ms lay between two`);
});

// ---- the back/forward cache ----

test("in the back/forward cache there is no WebSocket, and a page that comes back goes on after its last id", async () => {
  await openRelay();
  await inPage(() => {
    window.states = [];
    socket.addEventListener("statechange", ({ state }) => states.push(state));
  });
  const { id } = await publish("1");
  await arrived(1);
  await scene.page.goto(`${scene.fixture.origin}/www/blank.html?elsewhere`);
  await eventually(async () => (await asked())[0].endedMs, "the server saw the end of the connection");
  await publish("2");
  await scene.page.goBack({ waitUntil: "commit" });
  await scene.page.waitForFunction(() => window.came?.length === 2);
  const seen = await inPage(() => ({ came, states, told, drops: socket.stats().drops }));
  assert.deepEqual(seen, {
    came: ["1", "2"], states: ["waiting", "connecting", "open"], told: [["resumed", "websocket"]], drops: 0 });
  assert.deepEqual((await asked()).map(({ resume }) => resume), [null, id]);
});

test("what is sent while a page is in the cache waits, and a session that was left there is a fresh one", async () => {
  await inPage(async () => {
    window.socket = new ReconnectingWebSocket("/engine.io/echo", [], { wire: "engine.io", transports: ["long-poll"] });
    window.came = follow(socket);
    window.told = [];
    socket.onreconnected = ({ continuity }) => told.push(continuity);
    addEventListener("pagehide", () => told.push(socket.state, socket.send("sent as it was left")));
    await next(socket, "open");
  });
  await scene.page.goto(`${scene.fixture.origin}/www/blank.html?elsewhere`);
  await scene.page.goBack({ waitUntil: "commit" });
  await scene.page.waitForFunction(() => window.came?.length === 1);
  assert.deepEqual(await inPage(() => ({ came, told })), { came: ["sent as it was left"], told: ["waiting", "queued", "fresh"] });
});

// ---- a sleep, and another network ----

/** The wall clock goes on for an hour in which nothing else does. */
const sleep = async () => {
  await scene.page.clock.setSystemTime(Date.now() + 3_600_000);
  await scene.page.clock.fastForward(30_000);
};

test("after a sleep a connection with a heartbeat is asked at once: who answers is kept, and who does not is left soon", async () => {
  const { clock } = scene.page;
  await clock.install();
  await inPage(async () => {
    const open = (url) => new ReconnectingWebSocket(url, [], {
      reconnect: quick,
      heartbeat: {
        interval: 1e6, timeout: 60_000, message: () => "ping", isReply: (data) => Boolean(window.answered = data === "pong") } });
    window.sockets = ["/ws/heartbeat", "/ws/heartbeat?mute-after=0"].map(open);
    await Promise.all(sockets.map((socket) => next(socket, "open")));
    window.causes = [];
    for (const [i, socket] of sockets.entries()) {
      socket.addEventListener("reconnecting", ({ cause }) => causes.push([i, cause.kind]));
    }
  });
  await clock.fastForward(30_000);
  assert.deepEqual(await inPage(() => causes), [], "time alone is no jump");
  await sleep();
  await scene.page.waitForFunction(() => window.answered);
  await clock.fastForward(5_100);
  await scene.page.waitForFunction(() => causes.length);
  assert.deepEqual(await inPage(() => [causes, sockets[0].stats().attempts]), [[[1, "silence"]], 1]);
});

test("after a sleep or on another network, who can go on after an id does so at once, and who cannot is left alone", async () => {
  const { clock } = scene.page;
  await clock.install();
  const open = (url, options) => inPage(async ([url, options]) => {
    const socket = new ReconnectingWebSocket(url, [], { reconnect: quick, ...options });
    window.sockets = [...window.sockets ?? [], socket];
    await next(socket, "open");
  }, [url, options]);
  await open(`/relay/${scene.channel}`, { wire: "relay" });
  await open("/ws/echo");
  await publish("1");
  await scene.page.waitForFunction(() => sockets[0].lastEventId);
  const attempts = () => inPage(() => sockets.map((socket) => socket.stats().attempts));
  await sleep();
  await scene.page.waitForFunction(() => sockets[0].stats().attempts === 2 && sockets[0].state === "open");
  await inPage(() => { for (const type of ["offline", "online"]) dispatchEvent(new Event(type)); });
  await scene.page.waitForFunction(() => sockets[0].stats().attempts === 3 && sockets[0].state === "open");
  assert.deepEqual(await attempts(), [3, 1]);
  const [, ...later] = await asked();
  assert.equal(new Set(later.map(({ resume }) => resume)).size, 1);
});
