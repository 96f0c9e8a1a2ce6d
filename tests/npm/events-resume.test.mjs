// How ReconnectingEventSource goes on where it was, in Chromium: last ids, where they are kept, and events that come twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, importPackage, setScene } from "./support.mjs";

const scene = setScene();
const { inPage, requests } = scene;

const publish = (data) => scene.fixture.publish(scene.channel, data);
const drop = (path = `/sse/${scene.channel}`) => scene.fixture.control(`drop?path=${path}`);

let stored = 0;
/** Stores these bytes with the fixture, and tells where they are. */
const bytes = async (text) => {
  stored += 1;
  const path = `/sse/bytes/${stored}`;
  await fetch(scene.fixture.origin + path, { method: "POST", body: text });
  return path;
};

/** The ids that the requests for `path` sent, as the server got them. */
const sentIds = async (path) => (await requests(path)).filter(({ method }) => method === "GET").map(
  ({ headers }) => headers["last-event-id"] ?? "");

// ---- the last id ----

test("it begins after the id that it is given, in the query if that has a name", async () => {
  const { id } = await publish("old");
  await publish("new");
  const seen = await inPage(async ([channel, lastEventId]) => Promise.all([undefined, "last_event_id"].map(async (query) => {
    const source = new ReconnectingEventSource(`/sse/${channel}?first=oldest`, { resume: { lastEventId, query } });
    const before = source.lastEventId === lastEventId;
    return [...await take(source, 1), source.transport, before];
  })), [scene.channel, id]);
  assert.deepEqual(seen, [["new", "fetch-stream", true], ["new", "eventsource", true]]);
});

test("with a name for the query every rung sends the id there, and not in a header", async () => {
  const { id } = await publish("0");
  await inPage(async (channel) => {
    window.all = ["eventsource", "fetch-stream", "xhr-stream", "long-poll"].map((transport) => {
      const end = transport === "long-poll" ? "&end-after=1" : "";
      const url = `/sse/${channel}?first=oldest&over=${transport}${end}`;
      return new ReconnectingEventSource(url, { transports: [transport], reconnect: quick, resume: { query: "last_event_id" } });
    });
    await Promise.all(all.map((source) => take(source, 1)));
  });
  await eventually(async () => (await drop()).cut >= 3, "there were streams to drop");
  const entries = await eventually(async () => {
    const entries = (await requests()).filter(({ query }) => query.includes("last_event_id"));
    return new Set(entries.map(({ query }) => query.match(/over=([\w-]+)/)[1])).size === 4 && entries;
  }, "all four were back");
  for (const { resume, query, headers } of entries) {
    assert.equal(resume, id);
    assert.ok(query.includes(`last_event_id=${encodeURIComponent(id)}`), query);
    assert.equal(headers["last-event-id"], undefined);
  }
});

/** What comes of a stream that is read again and again: the ids that its first events have, the id it has then, and what it sends. */
const idsOf = async (text, count, options = {}) => {
  const path = await bytes(`retry: 100\n${text}`);
  const seen = await inPage(async ([url, count, options]) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"], reconnect: quick, ...options });
    const ids = [];
    source.addEventListener("message", ({ lastEventId }) => ids.push(lastEventId));
    await next(source, "reconnecting");
    const at = source.lastEventId;
    await next(source, "reconnected");
    source.close();
    return { ids: ids.slice(0, count), at };
  }, [path, count, options]);
  return { ...seen, sent: (await sentIds(path))[1] };
};

test("an event without an id keeps the last one, and an empty id takes it back (T22)", async () => {
  assert.deepEqual(await idsOf("id: a\ndata: 1\n\ndata: 2\n\n", 2), { ids: ["a", "a"], at: "a", sent: "a" });
  assert.deepEqual(await idsOf("id: a\ndata: 1\n\nid\ndata: 2\n\n", 2), { ids: ["a", ""], at: "", sent: "" });
});

test("an empty id takes back the one of a former answer, however it is cut", async () => {
  const seen = await inPage(async () => {
    const { fetch, sent } = answering(["id: 5\ndata: one\n\n"], ["id\n", "data: two\n\n"], ["data: three\n\n"]);
    const source = new ReconnectingEventSource("/sse/x", { fetch, reconnect: quick });
    const ids = [];
    source.addEventListener("message", ({ lastEventId }) => ids.push(lastEventId));
    await take(source, 3);
    source.close();
    return { ids, sent };
  });
  assert.deepEqual(seen, { ids: ["5", "", ""], sent: [null, "5", null] });
});

test("a block without data moves the id, also behind events that came with it (T22)", async () => {
  assert.deepEqual(await idsOf("id: a\n\n", 0), { ids: [], at: "a", sent: "a" });
  assert.deepEqual(await idsOf("id: a\ndata: 1\n\nid: b\n\n", 1), { ids: ["a"], at: "b", sent: "b" });
});

test("an id counts when its block ends, and one with NUL never (T22)", async () => {
  assert.deepEqual(await idsOf("id: a\ndata: 1\n\nid: b\ndata: 2\n", 1), { ids: ["a"], at: "a", sent: "a" });
  assert.deepEqual(await idsOf("id: a\ndata: 1\n\nid: b\0\ndata: 2\n\n", 2), { ids: ["a", "a"], at: "a", sent: "a" });
});

test("an id goes to the server as UTF-8 (T22)", async () => {
  const { at, sent } = await idsOf("id: é日\ndata: 1\n\n", 1);
  assert.equal(at, "é日");
  assert.equal(sent, "é日");
});

test("an id may be longer than a call has arguments", async () => {
  const seen = await inPage(async () => {
    const { fetch, sent } = answering([`id: ${"é".repeat(100_000)}\ndata: 1\n\n`], ["data: 2\n\n"]);
    const source = new ReconnectingEventSource("/sse/x", { fetch, reconnect: quick });
    await take(source, 2);
    source.close();
    return sent[1] === "\u00c3\u00a9".repeat(100_000);
  });
  assert.equal(seen, true);
});

test("a last id among the application's own headers is where it begins, and the next one takes its place", async () => {
  const seen = await inPage(async () => {
    const all = [];
    for (const Source of [ReconnectingEventSource, everwire.EventSource]) {
      const { fetch, sent } = answering(["retry: 100\nid: 5\ndata: 1\n\n"], ["data: 2\n\n"]);
      const source = new Source("/sse/x", { fetch, headers: { "last-event-ID": "3" }, reconnect: quick });
      await take(source, 2);
      source.close();
      all.push(sent.slice(0, 2));
    }
    return all;
  });
  assert.deepEqual(seen, [["3", "5"], ["3", "5"]]);
});

// ---- what a reconnect meant ----

test("a reconnect is told with whether the last id was sent, and how long there was nothing", async () => {
  const seen = await inPage(async (channel) => {
    const found = {};
    for (const [name, id] of [["resumed", ""], ["fresh", "&id=none"]]) {
      const source = new ReconnectingEventSource(`/sse/${channel}?first=oldest${id}`, { transports: ["fetch-stream"], reconnect: quick });
      const came = next(source, "message");
      await fetch(`/relay/${channel}`, { method: "POST", body: "0" });
      await came;
      const lost = next(source, "reconnecting").then(({ timeStamp }) => timeStamp);
      const back = next(source, "reconnected");
      await fetch(`/control/drop?path=/sse/${channel}`, { method: "POST" });
      const { continuity, downtime, transport, timeStamp } = await back;
      found[name] = [continuity, transport, Math.abs(timeStamp - await lost - downtime) < 50];
      source.close();
    }
    return found;
  });
  assert.deepEqual(seen, { resumed: ["resumed", "fetch-stream", true], fresh: ["fresh", "fetch-stream", true] });
});

test("a stream that has come to its end is ended by the server's 204", async () => {
  const seen = await inPage(async () => {
    const source = new ReconnectingEventSource("/sse/burst?count=5&ids", { transports: ["fetch-stream"], reconnect: quick });
    const came = follow(source);
    const { cause } = await next(source, "close");
    return { came: came.map((data) => parseInt(data)), status: cause.status, at: source.lastEventId };
  });
  assert.deepEqual(seen, { came: [1, 2, 3, 4, 5], status: 204, at: "5" });
});

// ---- ids that are kept ----

test("with a storage it goes on after a reload, by the URL or by a key", async () => {
  const open = (channel) => {
    const url = `/sse/${channel}?first=oldest`;
    window.byUrl = new ReconnectingEventSource(url, { resume: { store: sessionStorage } });
    window.byKey = new ReconnectingEventSource(async () => url, { resume: { store: sessionStorage, key: channel } });
    window.came = [follow(byUrl), follow(byKey)];
    return [byUrl.lastEventId, byKey.lastEventId];
  };
  const arrived = (data) => scene.page.waitForFunction((data) => came.every((all) => all.includes(data)), data);
  assert.deepEqual(await inPage(open), ["", ""]);
  await publish("1");
  const { id } = await publish("2");
  await arrived("2");
  await scene.page.reload();
  await publish("3");
  await importPackage(scene.page);
  assert.deepEqual(await inPage(open), [id, id]);
  await arrived("3");
  assert.deepEqual(await inPage(() => came), [["3"], ["3"]]);
  const kept = await inPage(() => Object.keys(sessionStorage).sort());
  assert.deepEqual(kept, [`everwire:${scene.fixture.origin}/sse/${scene.channel}?first=oldest`, `everwire:${scene.channel}`]);
});

test("an id that is given goes before one that was kept", async () => {
  const at = await inPage(() => {
    localStorage.setItem("everwire:mine", "kept");
    const ids = [undefined, "given", ""].map((lastEventId) => {
      const source = new ReconnectingEventSource("/sse/x", { resume: { store: localStorage, key: "mine", lastEventId } });
      source.close();
      return source.lastEventId;
    });
    localStorage.clear();
    return ids;
  });
  assert.deepEqual(at, ["kept", "given", ""]);
});

test("a storage is written to once a second at most, when it is closed, and when the page goes", async () => {
  await scene.page.clock.install();
  const writes = () => inPage(() => writes.splice(0));
  await inPage(async (channel) => {
    window.writes = [];
    const store = { getItem: () => null, setItem: (key, id) => writes.push(id.replace(/.*:/, "")) };
    window.source = new ReconnectingEventSource(`/sse/${channel}`, { resume: { store } });
    window.came = follow(source);
    await next(source, "open");
  });
  const push = async (...all) => {
    const before = await inPage(() => came.length);
    for (const data of all) await publish(data);
    await scene.page.waitForFunction((count) => came.length === count, before + all.length);
  };
  await scene.page.clock.pauseAt(Date.now() + 3_600_000);
  await push("1", "2", "3");
  assert.deepEqual(await writes(), []);
  await scene.page.clock.runFor(1_000);
  assert.deepEqual(await writes(), ["3"]);
  await push("4");
  await inPage(() => dispatchEvent(new PageTransitionEvent("pagehide")));
  assert.deepEqual(await writes(), ["4"]);
  await scene.page.clock.runFor(1_000);
  assert.deepEqual(await writes(), []);
  await push("5");
  await inPage(() => source.close());
  assert.deepEqual(await writes(), ["5"]);
  await scene.page.clock.runFor(10_000);
  assert.deepEqual(await writes(), []);
});

test("a storage that throws is no reason to lose anything", async () => {
  await publish("0");
  const seen = await inPage(async (channel) => {
    const fails = () => { throw new DOMException("full", "QuotaExceededError"); };
    const store = { getItem: fails, setItem: fails };
    const source = new ReconnectingEventSource(`/sse/${channel}?first=oldest`, { resume: { store } });
    const came = await take(source, 1);
    dispatchEvent(new PageTransitionEvent("pagehide"));
    const end = next(source, "close");
    source.close();
    return [...came, (await end).wasClean];
  });
  assert.deepEqual(seen, ["0", true]);
});

test("what cannot be a storage, or has no name there, and what can be no id, is refused at once", async () => {
  const said = await inPage(() => [
    ["/sse/x", { store: {} }],
    [() => "/sse/x", { store: sessionStorage }],
    ["/sse/x", { dedupe: -1 }],
    ["/sse/x", { lastEventId: "a\nb" }],
  ].map(([url, resume]) => {
    try {
      return new ReconnectingEventSource(url, { resume }) && "nothing";
    } catch (error) {
      return `${error.name}: ${error.message}`;
    }
  }));
  assert.deepEqual(said, [
    "TypeError: resume.store: [object Object] was given; expected a Storage",
    "TypeError: resume.key: none was given; expected a name, as the URL is not known yet",
    "TypeError: resume.dedupe: -1 was given; expected a number of ids",
    "TypeError: resume.lastEventId: a\nb was given; expected no line break and no U+0000",
  ]);
});

// ---- events that come twice ----

for (const transport of ["eventsource", "fetch-stream", "xhr-stream", "long-poll"]) {
  test(`with dedupe, events whose id was among the last so many are left out: ${transport}`, async () => {
    // The server ignores where the client was.
    const path = await bytes("id: 1\ndata: one\n\nid: 2\ndata: two\n\nid: 3\ndata: three\n\ndata: no id\n\n");
    const seen = await inPage(async ([url, transport]) => {
      const found = {};
      for (const dedupe of [0, 2, 10]) {
        const source = new ReconnectingEventSource(url, {
          transports: [transport], reconnect: quick, resume: { query: "last_event_id", dedupe } });
        const came = follow(source);
        await next(source, "message", () => came.filter((data) => data === "no id").length === 3);
        source.close();
        found[dedupe] = [came, source.stats().duplicates];
      }
      return found;
    }, [path, transport]);
    const all = ["one", "two", "three", "no id"];
    const thrice = [[...all, ...all, ...all], 0];
    // The two that are remembered are never the ones that are next. What has no id of its own is no duplicate.
    assert.deepEqual(seen, { 0: thrice, 2: thrice, 10: [[...all, "no id", "no id"], 6] });
  });
}

test("with dedupe, an event without an id is no duplicate behind a block that has only one, however that is cut", async () => {
  const seen = await inPage(async () => {
    const found = [];
    for (const answer of [["id: 6\ndata: a\n\nid: 6\n\ndata: b\n\n"], ["id: 6\ndata: a\n\n", "id: 6\n\nda", "ta: b\n\n"]]) {
      const { fetch } = answering(answer, answer, ["data: c\n\n"]);
      const source = new ReconnectingEventSource("/sse/x", { fetch, reconnect: quick, resume: { dedupe: 10 } });
      const came = follow(source);
      await next(source, "message", ({ data }) => data === "c");
      source.close();
      found.push([came, source.stats().duplicates]);
    }
    return found;
  });
  assert.deepEqual(seen, Array(2).fill([["a", "b", "b", "c"], 1]));
});
