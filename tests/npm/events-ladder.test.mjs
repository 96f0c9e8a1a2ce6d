// The ladder of ReconnectingEventSource, in Chromium: each rung alone, when it takes the next one, and when a better one again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, setScene } from "./support.mjs";

const scene = setScene();
const { inPage, requests } = scene;

/** Each rung with what it needs of the server and of the application. */
const RUNGS = [
  { transport: "eventsource", fault: "", query: "last_event_id" },
  { transport: "fetch-stream", fault: "" },
  { transport: "xhr-stream", fault: "" },
  { transport: "long-poll", fault: "end-after=1" },
];

const publish = async (...all) => {
  let id;
  for (const data of all) ({ id } = await scene.fixture.publish(scene.channel, data));
  return id;
};
const drop = () => scene.fixture.control(`drop?path=/sse/${scene.channel}`);
/** Waits until so many events have come into `came` of the page. */
const arrived = (count) => scene.page.waitForFunction((count) => came.length >= count, count);

// ---- each rung alone ----

const TEXTS = ["naïve ☃", "line 1\nline 2", "😀".repeat(20), "", "日本語\uFEFF \u{10FFFF}"];

for (const { transport, fault, query } of RUNGS) {
  test(`events are whole, however the bytes are cut: ${transport} (T26)`, async () => {
    await publish(...TEXTS);
    const seen = await inPage(([url, transports, query]) => Promise.all(["trickle", "cut-utf8"].map(async (cut) => {
      const source = new ReconnectingEventSource(`${url}&${cut}&first=oldest`, { transports, resume: { query }, reconnect: quick });
      const over = new Set();
      source.addEventListener("message", () => over.add(source.transport));
      const came = await take(source, 5);
      source.close();
      return { came, over: [...over] };
    })), [`/sse/${scene.channel}?${fault}`, [transport], query]);
    assert.deepEqual(seen, Array(2).fill({ came: TEXTS, over: [transport] }));
  });

  test(`a stream that is dropped goes on after its last id: ${transport}`, async () => {
    await inPage(async ([url, transport, query]) => {
      window.source = new ReconnectingEventSource(url, { transports: [transport], resume: { query }, reconnect: quick });
      window.came = follow(source);
      window.again = next(source, "reconnected");
      await next(source, "open");
    }, [`/sse/${scene.channel}?${fault}`, transport, query]);
    await publish("1");
    await arrived(1);
    await eventually(async () => (await drop()).cut, "there was a stream to drop");
    const last = await publish("2", "3");
    await arrived(3);
    const seen = await inPage(async () => {
      const { continuity, transport } = await again;
      return { continuity, transport, came, at: source.lastEventId, events: source.stats().events };
    });
    assert.deepEqual(seen, { continuity: "resumed", transport, came: ["1", "2", "3"], at: last, events: 3 });
    const [first, second] = (await requests()).filter(({ sent }) => sent);
    assert.equal(first.resume, null);
    assert.match(second.resume, /:1$/);
  });
}

test("by long-polling one request is under way at a time, and none is cut off (T38)", async () => {
  await inPage(async (channel) => {
    window.source = new ReconnectingEventSource(`/sse/${channel}?end-after=1`, { transports: ["long-poll"] });
    window.came = follow(source);
    await next(source, "open");
  });
  const sent = Array.from({ length: 20 }, (_, i) => String(i));
  await publish(...sent);
  await arrived(20);
  const { came, stats } = await inPage(() => ({ came, stats: source.stats() }));
  assert.deepEqual(came, sent);
  assert.deepEqual([stats.attempts, stats.drops], [1, 0]);
  const entries = await eventually(async () => {
    const entries = await requests();
    return entries.length === 21 && entries;
  }, "the next poll was sent");
  for (const [i, entry] of entries.slice(0, -1).entries()) {
    assert.equal(entry.sent, 1);
    assert.ok(entry.endedMs <= entries[i + 1].atMs, `poll ${i} was over when the next one began`);
  }
});

test("an XHR stream is left for a new one before it is large, and nothing is lost or repeated (T28)", async () => {
  await scene.reopen(() => {
    window.longest = 0;
    const { get, ...rest } = Object.getOwnPropertyDescriptor(XMLHttpRequest.prototype, "responseText");
    Object.defineProperty(XMLHttpRequest.prototype, "responseText", { ...rest, get() {
      const text = get.call(this);
      window.longest = Math.max(longest, text.length);
      return text;
    } });
  });
  await inPage(async (channel) => {
    window.source = new ReconnectingEventSource(`/sse/${channel}`, { transports: ["xhr-stream"] });
    window.came = [];
    source.onmessage = ({ data }) => came.push(data.slice(0, 2));
    window.types = record(source);
    await next(source, "open");
  });
  const filling = "x".repeat(200_000);
  for (let i = 10; i < 30; i += 1) {
    await publish(`${i}${filling}`);
    // So that what has come has been read.
    await arrived(i - 9);
  }
  const { came, longest, types, stats } = await inPage(() => ({ came, longest, types, stats: source.stats() }));
  assert.deepEqual(came, Array.from({ length: 20 }, (_, i) => String(i + 10)));
  assert.ok(longest < 1.3 * 1024 * 1024, `the longest text had ${longest} characters`);
  assert.deepEqual([stats.attempts, stats.drops], [1, 0], "to go on is no loss");
  assert.deepEqual(types.filter((type) => type !== "message" && type !== "statechange"), ["open"]);
  const entries = await requests();
  assert.ok(entries.length >= 3 && entries.length <= 5, `${entries.length} requests for 4 MB`);
});

// ---- where it begins ----

test("it begins on the browser's own class, and on fetch if that class cannot do what was asked", async () => {
  const id = await publish("0");
  await publish("1");
  const transports = await inPage(async ([channel, lastEventId]) => {
    const asked = {
      plain: {},
      "an id by a query": { resume: { lastEventId, query: "last_event_id" } },
      "an id without one": { resume: { lastEventId } },
      headers: { headers: { Accept: "text/event-stream" } },
      method: { method: "QUERY" },
      fetch: { fetch: (...what) => fetch(...what) },
      "comments as life": { silenceTimeout: 10_000 },
    };
    const found = {};
    for (const [name, options] of Object.entries(asked)) {
      const source = new ReconnectingEventSource(`/sse/${channel}`, options);
      found[name] = source.transport;
      source.close();
    }
    return found;
  }, [scene.channel, id]);
  assert.deepEqual(transports, {
    plain: "eventsource", "an id by a query": "eventsource", "an id without one": "fetch-stream", headers: "fetch-stream",
    method: "fetch-stream", fetch: "fetch-stream", "comments as life": "fetch-stream",
  });
});

test("a host that lacks a rung stands on the next one at once", async () => {
  await publish("1");
  const seen = await inPage(async (channel) => {
    const over = async () => {
      const source = new ReconnectingEventSource(`/sse/${channel}?first=oldest`);
      const { transport } = source;
      await take(source, 1);
      source.close();
      return [transport, source.stats().drops];
    };
    const all = [await over()];
    delete window.EventSource;
    all.push(await over());
    delete Response.prototype.body;
    all.push(await over());
    delete window.fetch;
    all.push(await over());
    return all;
  });
  assert.deepEqual(seen, [["eventsource", 0], ["fetch-stream", 0], ["xhr-stream", 0], ["xhr-stream", 0]]);
});

// ---- taking over ----

test("when the browser's own stream is lost, fetch goes on after its last id, and it is told as one loss (T14)", async () => {
  await inPage(async (channel) => {
    window.source = new ReconnectingEventSource(`/sse/${channel}`, { reconnect: quick });
    window.came = follow(source);
    window.events = record(source);
    await next(source, "open");
  });
  await publish("1");
  await arrived(1);
  await drop();
  const id = await publish("2");
  await arrived(2);
  const seen = await inPage(() => ({ came, last: source.lastEventId, events: events.filter((type) => type !== "statechange") }));
  assert.deepEqual(seen, {
    came: ["1", "2"], last: id,
    events: ["open", "message", "error", "reconnecting", "open", "reconnected", "transportchange", "message"],
  });
  const [first, second, ...more] = await requests();
  assert.deepEqual([first.resume, more], [null, []]);
  assert.match(second.resume, /:1$/);
  assert.equal(second.headers["last-event-id"], second.resume);
});

test("to another origin the browser's own class goes on by itself, without a preflight (T29), and fetch when it gives up", async () => {
  await inPage(async (url) => {
    window.source = new ReconnectingEventSource(url, { reconnect: quick });
    window.came = follow(source);
    window.told = [];
    source.addEventListener("reconnecting", ({ cause }) => told.push(cause.kind));
    source.addEventListener("transportchange", ({ from, to }) => told.push([from, to]));
    source.addEventListener("reconnected", ({ continuity, transport }) => told.push([continuity, transport]));
    await next(source, "open");
  }, `${scene.fixture.other}/sse/${scene.channel}?retry=50`);
  await publish("1");
  await arrived(1);
  await drop();
  await scene.page.waitForFunction(() => told.length === 2);
  await publish("2");
  await arrived(2);
  assert.deepEqual(await inPage(() => [told, source.transport]), [["network", ["resumed", "eventsource"]], "eventsource"]);
  const all = await scene.fixture.journal(`/sse/${scene.channel}`);
  assert.deepEqual(all.map(({ method, headers }) => [method, /:1$/.test(headers["last-event-id"])]), [["GET", false], ["GET", true]]);

  // The server is away, as in a deploy. The browser's own class ends at the first answer that is no stream.
  await scene.fixture.control("unavailable?ms=1000");
  await scene.page.waitForFunction(() => source.state === "open" && source.transport === "fetch-stream", undefined, { timeout: 20_000 });
  await publish("3");
  await arrived(3);
  const { came, told, drops } = await inPage(() => ({ came, told, drops: source.stats().drops }));
  assert.deepEqual(came, ["1", "2", "3"]);
  assert.deepEqual(told.slice(-2), [["resumed", "fetch-stream"], ["eventsource", "fetch-stream"]]);
  assert.equal(drops, 2);
  assert.match((await requests()).at(-1).headers["last-event-id"], /:2$/);
});

test("where a server lets no script send the id, the browser's own class goes on without it after it gave up", async () => {
  await inPage(async (url) => {
    window.source = new ReconnectingEventSource(url, { reconnect: { ...quick, cap: 200 } });
    window.came = follow(source);
    window.told = [];
    source.addEventListener("reconnecting", ({ cause }) => told.push([cause.transport, /CORS/.test(cause.reason)]));
    source.addEventListener("reconnected", ({ continuity, transport }) => told.push([continuity, transport]));
    await next(source, "open");
  }, `${scene.fixture.other}/sse/${scene.channel}?retry=50&cors=simple`);
  await publish("1");
  await arrived(1);
  await scene.fixture.control("unavailable?ms=1000");
  await scene.page.waitForFunction(() => source.state === "open" && told.length > 1, undefined, { timeout: 20_000 });
  await publish("2");
  await scene.page.waitForFunction(() => came.includes("2"));
  const told = await inPage(() => told);
  assert.deepEqual(told.slice(-4), [["fetch-stream", true], ["fetch-stream", true], ["fetch-stream", true], ["fresh", "eventsource"]]);
});

test("a stream that was useful is never left for a lower rung because it is dropped (T33)", async () => {
  await inPage(async (channel) => {
    window.source = new ReconnectingEventSource(`/sse/${channel}`, {
      transports: ["fetch-stream", "xhr-stream", "long-poll"], reconnect: quick });
    window.came = follow(source);
    window.over = new Set();
    source.addEventListener("statechange", ({ transport }) => over.add(transport));
    await next(source, "open");
  });
  for (let i = 1; i <= 8; i += 1) {
    await publish(String(i));
    await arrived(i);
    await eventually(async () => (await drop()).cut, "there was a stream to drop");
  }
  await publish("9");
  await arrived(9);
  assert.deepEqual(await inPage(() => [...over]), ["fetch-stream", null]);
});

// ---- a path that holds bytes back ----

test("where not one byte comes by firstByteTimeout, it goes down rung by rung, and the next connection begins there (T20, T34)", async () => {
  // The heads get through at once, the bodies when the response ends. Chromium does not tell XHR of a head before there is a body.
  const url = `/sse/${scene.channel}?hold-body&end-after=1`;
  await inPage(async (url) => {
    window.open = (url) => new ReconnectingEventSource(url, { firstByteTimeout: 400, connectTimeout: 1_000, reconnect: quick });
    window.source = open(url);
    window.came = follow(source);
    window.changes = [];
    source.addEventListener("transportchange", ({ from, to, why }) => changes.push([from, to, why.kind]));
    await next(source, "transportchange", ({ to }) => to === "long-poll");
  }, url);
  await publish("1", "2", "3");
  await arrived(3);
  assert.deepEqual(await inPage(() => ({ came, changes })), {
    came: ["1", "2", "3"], changes: [["eventsource", "fetch-stream", "silence"], ["fetch-stream", "long-poll", "timeout"]],
  });

  const later = await inPage(async (url) => {
    source.close();
    // What is remembered is remembered of the path: a token in the query makes no other place of it (T20).
    const second = open(`${url}&first=oldest&another=query`);
    const over = second.transport;
    const came = await take(second, 3);
    second.close();
    // Half an hour later it is worth another try.
    const { now } = Date;
    Date.now = () => now() + 30 * 60_000;
    const third = open(url);
    const anew = third.transport;
    third.close();
    return { over, came, anew, drops: second.stats().drops };
  }, url);
  assert.deepEqual(later, { over: "long-poll", came: ["1", "2", "3"], anew: "eventsource", drops: 0 });
});

test("a comment is a byte, so a stream of comments alone is not left (T30)", async () => {
  const seen = await inPage(async (channel) => {
    const source = new ReconnectingEventSource(`/sse/${channel}?comments=100`, {
      transports: ["fetch-stream", "xhr-stream"], firstByteTimeout: 300 });
    await next(source, "open");
    await new Promise((resolve) => { setTimeout(resolve, 700); });
    return [source.transport, source.state, source.stats().drops];
  });
  assert.deepEqual(seen, ["fetch-stream", "open", 0]);
});

test("with firstByteTimeout 0 a silent stream is not left", async () => {
  const { page } = scene;
  await page.clock.install();
  await inPage(async (channel) => {
    window.source = new ReconnectingEventSource(`/sse/${channel}?quiet`, {
      transports: ["fetch-stream", "xhr-stream"], firstByteTimeout: 0 });
    window.came = follow(source);
    await next(source, "open");
  });
  await page.clock.runFor(600_000);
  await publish("1");
  await arrived(1);
  assert.deepEqual(await inPage(() => [source.transport, source.stats().drops]), ["fetch-stream", 0]);
});

test("when no rung brings a byte it is the server that is quiet: the best rung is taken again, and kept", async () => {
  await inPage(async (channel) => {
    window.source = new ReconnectingEventSource(`/sse/${channel}?quiet`, {
      transports: ["fetch-stream", "long-poll"], firstByteTimeout: 300, connectTimeout: 600, reconnect: quick });
    window.came = follow(source);
    window.over = [];
    source.addEventListener("open", () => over.push(source.transport));
    await next(source, "open", () => over.length === 3);
    await new Promise((resolve) => { setTimeout(resolve, 700); });
  });
  await publish("1");
  await arrived(1);
  assert.deepEqual(await inPage(() => [over, came]), [["fetch-stream", "long-poll", "fetch-stream"], ["1"]]);
});

test("an attempt that is not answered is ended by connectTimeout (T12), and after two of them the next rung is tried", async () => {
  await publish("1");
  const seen = await inPage(async (channel) => {
    const source = new ReconnectingEventSource(`/sse/${channel}?silent&times=2&key=${channel}`, {
      transports: ["fetch-stream", "xhr-stream"], connectTimeout: 400, reconnect: quick });
    const causes = [];
    source.addEventListener("reconnecting", ({ cause }) => causes.push(`${cause.transport}: ${cause.message}`));
    await take(source, 1);
    return { causes, transport: source.transport };
  });
  assert.deepEqual(seen, { causes: Array(2).fill("fetch-stream: no answer within connectTimeout"), transport: "xhr-stream" });
  const entries = await requests();
  assert.deepEqual(entries.map(({ endedMs }) => Boolean(endedMs)), [true, true, false]);
});

// ---- up again ----

const MENDED = [
  { from: "long-poll", transports: ["fetch-stream", "long-poll"] },
  { from: "xhr-stream", transports: ["fetch-stream", "xhr-stream"] },
];

for (const { from, transports } of MENDED) {
  test(`when fetch works again, it moves there from ${from} without loss or repetition`, async () => {
    await scene.page.clock.install();
    await inPage(async ([channel, transports]) => {
      let asked = 0;
      window.mended = false;
      const faults = () => {
        asked += 1;
        if (mended) return "";
        return asked === 1 || transports[1] === "long-poll" ? "?hold-body&end-after=1" : "?end-after=1000";
      };
      window.source = new ReconnectingEventSource(async () => `/sse/${channel}${faults()}`, {
        transports, firstByteTimeout: 400, reconnect: quick });
      window.came = follow(source);
      await next(source, "open", () => source.transport === transports[1]);
    }, [scene.channel, transports]);
    await publish("1", "2");
    await arrived(2);
    await inPage(() => {
      mended = true;
      window.change = next(source, "transportchange").then(({ from, to, why }) => ({ from, to, why }));
      window.before = source.stats().bytes;
    });
    await scene.page.clock.fastForward(16_000);
    // The probe has brought a byte; polls are left between one and the next.
    await scene.page.waitForFunction(() => source.stats().bytes > before);
    await publish("3");
    assert.deepEqual(await inPage(() => change), { from, to: "fetch-stream", why: undefined });
    await publish("4");
    await arrived(4);
    const { came, stats } = await inPage(() => ({ came, stats: source.stats() }));
    assert.deepEqual(came, ["1", "2", "3", "4"]);
    assert.deepEqual([stats.transport, stats.events, stats.duplicates], ["fetch-stream", 4, 0]);
    await eventually(async () => (await requests()).filter(({ endedMs }) => !endedMs).length === 1, "one request was left");
  });
}

test("an attempt stays where it began, wherever a probe is sent", async () => {
  await scene.page.clock.install();
  await inPage(async (channel) => {
    const urls = [`/sse/${channel}?hold-body&end-after=1`, `/sse/${channel}?end-after=1`];
    window.source = new ReconnectingEventSource(() => urls.shift() ?? `/sse/elsewhere-${channel}?quiet`, {
      transports: ["fetch-stream", "long-poll"], firstByteTimeout: 400, reconnect: quick });
    window.came = follow(source);
    await next(source, "open", () => source.transport === "long-poll");
  });
  await publish("1");
  await arrived(1);
  await scene.page.clock.fastForward(16_000);
  await eventually(async () => (await requests(`/sse/elsewhere-${scene.channel}`)).some(({ status }) => status), "the probe was answered");
  await publish("2", "3");
  await arrived(3);
  const { came, url } = await inPage(() => ({ came, url: source.url }));
  assert.deepEqual([came, url], [["1", "2", "3"], `${scene.fixture.origin}/sse/${scene.channel}?end-after=1`]);
});

test("what a probe brings moves nothing, for it comes again over the connection", async () => {
  await scene.page.clock.install();
  await fetch(`${scene.fixture.origin}/sse/bytes/${scene.channel}`, { method: "POST", body: "id: 99\n\n" });
  await inPage(async (channel) => {
    const urls = [`/sse/${channel}?hold-body&end-after=1`, `/sse/${channel}?end-after=1`, `/sse/bytes/${channel}?hold`];
    window.source = new ReconnectingEventSource(() => urls.shift() ?? `/sse/${channel}`, {
      transports: ["fetch-stream", "long-poll"], firstByteTimeout: 400, reconnect: quick });
    window.came = follow(source);
    await next(source, "open", () => source.transport === "long-poll");
  }, scene.channel);
  const id = await publish("1");
  await arrived(1);
  await scene.page.clock.fastForward(16_000);
  await eventually(async () => (await requests(`/sse/bytes/${scene.channel}`)).some(({ sent }) => sent), "the probe was answered");
  // What the probe was told has been read when a later request is answered.
  assert.equal(await inPage(() => fetch("/health").then(() => source.lastEventId)), id);
  await publish("2", "3");
  await arrived(3);
  assert.deepEqual(await inPage(() => [came, source.transport]), [["1", "2", "3"], "fetch-stream"]);
});
