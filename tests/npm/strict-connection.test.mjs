// The strict EventSource in Chromium: what it asks, and what it makes of answers, losses and its end: WHATWG HTML 9.2.2 to 9.2.4. The
// browser's own class is asked the same.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, setScene, startFixture } from "./support.mjs";

const scene = setScene({ scripts: ["witness.js"] });
const { inPage, requests } = scene;

let stored = 0;
/** Stores these bytes with the fixture, and tells where. */
const at = async (bytes, query = "") => {
  stored += 1;
  const path = `/sse/bytes/${stored}`;
  await fetch(scene.fixture.origin + path, { method: "POST", body: bytes });
  return path + query;
};

/** What all three tell of this URL; they have to agree. */
const agreed = async (url, options) => {
  const { native, ...ours } = await inPage(([url, options]) => compare(url, options), [url, options]);
  for (const [name, told] of Object.entries(ours)) assert.deepEqual(told, native, name);
  return native;
};

/** Lets each of the subjects live through `life(source)` at `url(name)`; they have to agree on what that gives, which is returned. */
const lived = async (life, url, names = ["native", "ours", "xhr"]) => {
  const results = await inPage(`(async ([urls]) => {
    const results = {};
    for (const [name, url] of Object.entries(urls)) results[name] = await (${life})(subjects[name](url), name);
    return results;
  })([${JSON.stringify(Object.fromEntries(names.map((name) => [name, url(name)])))}])`);
  for (const name of names) assert.deepEqual(results[name], results[names[0]], name);
  return results[names[0]];
};

// ---- the request ----

test("it asks for text/event-stream, from no cache, with the credentials of the origin", async () => {
  const url = await at("data: 1\n\n");
  await scene.page.context().addCookies([{ name: "mine", value: "1", url: scene.fixture.origin }]);
  await agreed(url);
  const [native, ours, xhr] = (await requests(url)).filter(({ method }) => method === "GET");
  const asked = ({ headers }) => [headers.accept, headers["cache-control"], headers.pragma, headers.cookie, headers["last-event-id"]];
  assert.deepEqual(asked(ours), asked(native));
  assert.deepEqual(asked(native), ["text/event-stream", "no-cache", "no-cache", "mine=1", undefined]);
  assert.equal(xhr.headers.accept, "text/event-stream");
});

test("it asks another origin with cookies only if it was told to", async (t) => {
  // For cookies a port makes no difference, as it does for origins.
  const other = await startFixture();
  t.after(other.stop);
  await scene.page.context().addCookies([{ name: "mine", value: "1", url: other.origin }]);
  await fetch(`${other.origin}/sse/bytes/x`, { method: "POST", body: "data: 1\n\n" });
  for (const withCredentials of [true, false]) {
    const told = await agreed(`${other.origin}/sse/bytes/x?${withCredentials}`, { init: { withCredentials } });
    assert.deepEqual(told, [["open", 1], ["message", "1", "", other.origin], ["error", 0]]);
    const sent = (await other.journal("/sse/bytes/x")).filter(({ query }) => query === String(withCredentials));
    assert.deepEqual(sent.map(({ headers }) => headers.cookie), Array(3).fill(withCredentials ? "mine=1" : undefined));
  }
});

test("the fragment of the URL is no part of the request", async () => {
  const url = await at("data: 1\n\n");
  await agreed(`${url}#fragment`);
  assert.equal((await requests(url)).length, 4);
});

// ---- the answer ----

/** Each of them has to ask once, and to hear of nothing but the failure. */
const fails = async (url) => {
  const told = await agreed(url);
  assert.deepEqual(told, [["error", 2]], url);
  const [path, query] = url.split("?");
  const count = (await requests(path)).filter((entry) => entry.query === query).length;
  assert.equal(count, 3, `${url} was asked for once by each`);
};

test("any status but 200 fails the connection, with one error event and no other request (T23)", async () => {
  for (const status of [201, 202, 203, 204, 205, 206, 304, 400, 401, 403, 404, 410, 429, 500, 502, 503, 504]) {
    await fails(`/sse/${scene.channel}?status=${status}`);
  }
});

test("any content type but text/event-stream fails it (T24)", async () => {
  const path = await at("data: 1\n\n");
  for (const type of ["text/html", "text/plain", "text/event-stream-x", "application/text/event-stream", "text%20/event-stream", "x"]) {
    await fails(`${path}?content-type=${type}`);
  }
});

test("its type may have parameters and any case", async () => {
  const path = await at("data: 1\n\n");
  for (const type of ["text/event-stream;charset=utf-8", "TEXT/Event-Stream", "text/event-stream%20;%20x=y", "text/event-stream;"]) {
    const told = await agreed(`${path}?content-type=${type}`);
    assert.deepEqual(told, [["open", 1], ["message", "1", "", scene.fixture.origin], ["error", 0]], type);
  }
});

test("of several content types the last one counts", async () => {
  const path = await at("data: 1\n\n");
  for (const type of ["text/html, text/event-stream", "text/html;charset=utf-8,text/event-stream;charset=utf-8"]) {
    const told = await agreed(`${path}?content-type=${encodeURIComponent(type)}`);
    assert.deepEqual(told, [["open", 1], ["message", "1", "", scene.fixture.origin], ["error", 0]], type);
  }
  for (const type of ["text/event-stream, text/html", "text/event-stream;x=y, text/html;charset=utf-8"]) {
    await fails(`${path}?content-type=${encodeURIComponent(type)}`);
  }
});

test("it is open when the response has begun, before there is a byte of it", async () => {
  const seen = await lived(async (source) => {
    await next(source, "open");
    source.close();
    return "open";
  }, () => `/sse/${scene.channel}?quiet`, ["native", "ours"]);
  assert.equal(seen, "open");
});

test("redirects are followed, and the origin of events is the one where they lead", async () => {
  const path = await at("data: 1\n\n");
  const { origin, other } = scene.fixture;
  for (const status of [301, 302, 303, 307, 308]) {
    for (const target of [origin, other]) {
      const told = await agreed(`/sse/x?redirect=${status}&to=${encodeURIComponent(target + path)}`);
      assert.deepEqual(told, [["open", 1], ["message", "1", "", target], ["error", 0]]);
    }
  }
});

test("a redirect to what is refused fails it", async () => {
  const path = await at("data: 1\n\n");
  const url = `/sse/y?redirect=307&to=${encodeURIComponent(`${path}?status=404`)}`;
  assert.deepEqual(await agreed(url), [["error", 2]]);
});

test("the URL stays the one that was given, wherever it leads", async () => {
  const path = await at("data: 1\n\n");
  const url = `/sse/x?redirect=307&to=${encodeURIComponent(path)}`;
  assert.equal(await lived(async (source) => {
    await next(source, "open");
    source.close();
    return source.url;
  }, () => url), scene.fixture.origin + url);
});

test("what CORS refuses fails it", async () => {
  for (const [path, init] of [["/sse/x?cors=none", {}], ["/sse/x?cors=none", { withCredentials: true }]]) {
    assert.deepEqual(await agreed(scene.fixture.other + path, { init }), [["error", 2]]);
  }
});

test("a scheme that is no network, and has no event stream, fails it", async () => {
  for (const url of ["ftp://127.0.0.1/x", "mailto:x@y", "x-unknown:y", "data:text/plain,x", "about:blank", "javascript:1"]) {
    assert.deepEqual(await agreed(url), [["error", 2]], url);
  }
});

test("a URL may hold the stream itself", async () => {
  const [[type, state], message] = await agreed("data:text/event-stream,data:%201%0A%0A");
  assert.deepEqual([type, state, message.slice(0, 2)], ["open", 1, ["message", "1"]]);
});

// ---- a loss, and what follows ----

test("when the response ends, there is one error event while it is connecting, and another request (T25)", async () => {
  const path = await at("retry: 100\nid: 7\ndata: 1\n\n");
  const told = await lived(async (source) => {
    const told = [];
    for (const type of ["open", "message", "error"]) {
      source.addEventListener(type, ({ data = "", lastEventId = "" }) => told.push([type, source.readyState, data, lastEventId]));
    }
    await take(source, 2);
    source.close();
    return told;
  }, (name) => `${path}?${name}`);
  const once = [["open", 1, "", ""], ["message", 1, "1", "7"]];
  assert.deepEqual(told, [...once, ["error", 0, "", ""], ...once]);
  for (const name of ["native", "ours", "xhr"]) {
    const sent = (await requests(path)).filter(({ query }) => query === name).map(({ headers }) => headers["last-event-id"]);
    assert.deepEqual(sent, [undefined, "7"], name);
  }
});

test("when the network fails while it is open it is the same", async () => {
  const told = await lived(async (source, name) => {
    const told = [];
    for (const type of ["open", "message", "error"]) source.addEventListener(type, () => told.push([type, source.readyState]));
    await next(source, "open");
    // Listened for before it is cut: the answer may come after both.
    const back = next(source, "error").then(() => next(source, "open"));
    await fetch("/control/drop?path=/sse/", { method: "POST" });
    await back;
    source.close();
    return told;
  }, (name) => `/sse/${scene.channel}?retry=100&${name}`);
  assert.deepEqual(told, [["open", 1], ["error", 0], ["open", 1]]);
});

test("when there is no server it goes on trying", async () => {
  const gone = await startFixture();
  await gone.stop();
  assert.deepEqual(await agreed(`${gone.origin}/sse/x`), [["error", 0]]);
});

test("a reconnection that is refused fails it", async () => {
  const told = await lived(async (source, name) => {
    const told = [];
    for (const type of ["open", "error"]) source.addEventListener(type, () => told.push([type, source.readyState]));
    await next(source, "open");
    await fetch("/control/unavailable?ms=600000", { method: "POST" });
    await next(source, "error", () => source.readyState === 2);
    await fetch("/control", { method: "DELETE" });
    return told;
  }, (name) => `/sse/${scene.channel}?retry=100&${name}`);
  assert.deepEqual(told, [["open", 1], ["error", 0], ["error", 2]]);
});

test("what was unfinished is forgotten, and the last id goes on to events that bring none", async () => {
  const path = await at("retry: 100\ndata: 1\n\nid: 7\ndata: 2\n\nevent: x\nid: 8\ndata: unfinished");
  const ids = await lived(async (source) => {
    const ids = [];
    source.addEventListener("message", ({ data, lastEventId }) => ids.push([data, lastEventId]));
    await take(source, 4);
    source.close();
    return ids;
  }, (name) => `${path}?${name}`);
  assert.deepEqual(ids, [["1", ""], ["2", "7"], ["1", "7"], ["2", "7"]]);
});

// ---- the reconnection time ----

/** The milliseconds between the first two requests of each for a stream of these bytes, from the end of one to the begin of the next. */
const pauses = async (bytes, names = ["native", "ours", "xhr"]) => {
  const path = await at(`${bytes}data: 1\n\n`);
  await inPage(([path, names]) => Promise.all(names.map(async (name) => {
    const source = subjects[name](`${path}?${name}`);
    await take(source, 2);
    source.close();
  })), [path, names]);
  const entries = await requests(path);
  return names.map((name) => {
    const [first, second] = entries.filter(({ query }) => query === name);
    return second.atMs - first.endedMs;
  });
};

/** A busy machine makes a pause longer, but never shorter. */
const isAbout = (pause, wanted) => pause >= wanted - 20 && pause < wanted + 1_500;

test("retry sets the time between the end of a stream and the next request; the last one counts, with a block or without", async () => {
  for (const pause of await pauses("retry: 100\n\nretry: 700\n")) assert.ok(isAbout(pause, 700), `${pause} ms`);
});

test("a retry that is not of digits alone is ignored", async () => {
  const bogus = ["1x", "-1", "+1", "1.5", " 1", "1 ", "0x1", "\u0661"].map((value) => `retry: ${value}\n`).join("");
  for (const pause of await pauses(`retry: 0700\n${bogus}`)) assert.ok(isAbout(pause, 700), `${pause} ms`);
});

test("without one it is some seconds", async () => {
  for (const pause of await pauses("")) assert.ok(isAbout(pause, 3_000), `${pause} ms`);
});

test("a retry of 0 does not spin (T3)", async () => {
  for (const pause of await pauses("retry: 0\n", ["ours", "xhr"])) assert.ok(isAbout(pause, 100), `${pause} ms`);
});

test("a retry that is longer than a timer can hold does not fire at once (T3)", async () => {
  const path = await at(`retry: ${"9".repeat(30)}\ndata: 1\n\n`);
  await scene.page.clock.install();
  await inPage(async (url) => {
    window.source = new everwire.EventSource(url);
    await next(source, "error");
  }, path);
  await scene.page.clock.runFor(3_600_000);
  assert.equal((await requests(path)).filter(({ method }) => method === "GET").length, 1);
});

test("from the second try that failed in a row on, it waits longer, up to a bound (T2)", async () => {
  await scene.page.clock.install();
  await inPage((url) => {
    window.asked = [];
    window.source = new everwire.EventSource(url, { fetch: () => {
      asked.push(performance.now());
      return Promise.reject(new TypeError("no network"));
    } });
  }, "/sse/x");
  await scene.page.clock.runFor(600_000);
  const asked = await inPage(() => asked);
  const spans = asked.slice(1).map((time, i) => time - asked[i]);
  assert.ok(spans.length > 15, `${spans.length} tries in ten minutes`);
  assert.ok(Math.abs(spans[0] - 3_000) < 50, `the first one is as the standard has it: ${spans[0]} ms`);
  for (const [i, span] of spans.slice(1).entries()) assert.ok(span >= spans[i] - 50 && span <= 33_100, JSON.stringify(spans));
  assert.ok(spans.at(-1) > 30_000, JSON.stringify(spans));
});

// ---- Last-Event-ID ----

test("the id goes as UTF-8, whatever is in it (T22)", async () => {
  for (const id of ["é", "日本", "😀", "a b", "ÿ\u0080", "%41"]) {
    const path = await at(`retry: 100\nid: ${id}\ndata: 1\n\n`);
    await lived((source) => take(source, 2).then(() => source.close()), (name) => `${path}?${name}`);
    for (const name of ["native", "ours", "xhr"]) {
      const [, second] = (await requests(path)).filter(({ query }) => query === name);
      assert.equal(second.headers["last-event-id"], id, name);
    }
  }
});

test("an id may be longer than a call has arguments", async () => {
  const seen = await inPage(async () => {
    const { fetch, sent } = answering([`retry: 100\nid: ${"é".repeat(100_000)}\ndata: 1\n\n`], ["data: 2\n\n"]);
    const source = new everwire.EventSource("/sse/x", { fetch });
    await take(source, 2);
    source.close();
    return sent[1] === "\u00c3\u00a9".repeat(100_000);
  });
  assert.equal(seen, true);
});

test("there is no such header before there was an id, and none once it was taken back", async () => {
  for (const ids of ["", "id: 1\ndata: 0\n\nid\n"]) {
    const path = await at(`retry: 100\n${ids}data: 1\n\n`);
    await lived((source) => next(source, "error").then(() => next(source, "open")).then(() => source.close()), (name) => `${path}?${name}`);
    for (const { headers } of await requests(path)) assert.equal("last-event-id" in headers, false);
  }
});

test("an empty id takes back the one of a former answer, however it is cut", async () => {
  const told = await inPage(async () => {
    const { fetch, sent } = answering(["retry: 100\nid: 5\ndata: one\n\n"], ["id\n", "data: two\n\n"], ["data: three\n\n"]);
    const source = new everwire.EventSource("/sse/x", { fetch });
    const ids = [];
    source.addEventListener("message", ({ lastEventId }) => ids.push(lastEventId));
    await take(source, 3);
    source.close();
    return { ids, sent };
  });
  assert.deepEqual(told, { ids: ["5", "", ""], sent: [null, "5", null] });
});

test("a server on another origin that does not allow the header is asked without it; the browser's own needs no leave", async () => {
  const path = await at("retry: 100\nid: 7\ndata: 1\n\n");
  const came = await lived(async (source) => {
    const came = await take(source, 2);
    source.close();
    return came;
  }, (name) => `${scene.fixture.other}${path}?cors=simple&${name}`);
  assert.deepEqual(came, ["1", "1"]);
  const second = async (name) => (await requests(path)).filter(({ query, status }) => query.endsWith(name) && status === 200)[1];
  assert.equal((await second("native")).headers["last-event-id"], "7");
  assert.equal((await second("ours")).headers["last-event-id"], undefined);
});

// ---- close ----

test("who closes in a handler hears nothing more", async () => {
  const path = await at("data: 1\n\ndata: 2\n\ndata: 3\n\n");
  const all = ["open", "message", "message", "message", "error"];
  for (const [when, heard] of [["open", all.slice(0, 1)], ["message", all.slice(0, 2)], ["error", all]]) {
    const told = await lived(`async (source) => {
      const told = [];
      for (const type of ["open", "message", "error"]) source.addEventListener(type, () => told.push(type));
      await new Promise((resolve) => { source.addEventListener("${when}", () => { source.close(); resolve(); }); });
      await new Promise((resolve) => { setTimeout(resolve, 150); });
      return [told, source.readyState];
    }`, (name) => `${path}?${name}`);
    assert.deepEqual(told, [heard, 2]);
  }
});

test("who closes before it is open hears nothing at all, and the request is ended", async () => {
  const told = await lived(async (source) => {
    const told = [];
    for (const type of ["open", "message", "error"]) source.addEventListener(type, () => told.push(type));
    // The request has reached the server before a later one is answered.
    await fetch("/health");
    source.close();
    source.close();
    await fetch("/health");
    return [told, source.readyState];
  }, (name) => `/sse/${scene.channel}?silent&${name}`);
  assert.deepEqual(told, [[], 2]);
  await eventually(async () => (await requests()).every(({ endedMs }) => endedMs), "the server saw them end");
});

test("to close it ends the request, and what comes after the close is lost", async () => {
  await lived(async (source) => {
    await next(source, "open");
    source.close();
    return source.readyState;
  }, (name) => `/sse/${scene.channel}?${name}`);
  await eventually(async () => (await requests()).every(({ endedMs }) => endedMs), "the server saw them end");
  await scene.fixture.publish(scene.channel, "late");
  assert.equal((await requests()).length, 3);
});

test("to close it ends the stream of a fetch that does not know the signal", async () => {
  const ended = await inPage(async () => {
    const { fetch, ended } = endless();
    const source = new everwire.EventSource("/sse/x", { fetch });
    await next(source, "open");
    source.close();
    return Promise.race([ended, settle()]);
  });
  assert.equal(ended, true);
});

test("to close it while it waits ends the waiting (T6)", async () => {
  const path = await at("retry: 100\ndata: 1\n\n");
  await lived(async (source) => {
    await next(source, "error");
    source.close();
    await new Promise((resolve) => { setTimeout(resolve, 300); });
    return source.readyState;
  }, (name) => `${path}?${name}`);
  assert.equal((await requests(path)).filter(({ method }) => method === "GET").length, 3);
});

// ---- listeners, memory ----

test("a listener that throws is reported, and nothing else suffers", async () => {
  scene.expected = Array(3).fill(["1", "2"]).flat();
  const path = await at("data: 1\n\ndata: 2\n\n");
  const came = await lived(async (source) => {
    source.addEventListener("message", ({ data }) => { throw new Error(data); });
    const came = await take(source, 2);
    source.close();
    return came;
  }, () => path);
  assert.deepEqual(came, ["1", "2"]);
});

test("one that nobody holds but its listeners goes on", async () => {
  await inPage(async (channel) => {
    window.came = [];
    const open = () => {
      const source = new everwire.EventSource(`/sse/${channel}`);
      source.onmessage = ({ data }) => came.push(data);
      return next(source, "open").then(() => {});
    };
    await open();
  });
  const session = await scene.page.context().newCDPSession(scene.page);
  await session.send("HeapProfiler.collectGarbage");
  await scene.fixture.publish(scene.channel, "still there");
  await scene.page.waitForFunction(() => came.length === 1);
});

test("a line that never ends fails it, before it takes all memory (T27)", async () => {
  const told = await inPage(() => witness(new everwire.EventSource("/sse/x", { fetch: async () => (
    new Response(new Blob(["data: 1\n\n", "x".repeat(17 << 20)]).stream(), { headers: { "Content-Type": "text/event-stream" } })) })));
  assert.deepEqual(told.map(([type, detail]) => [type, detail]), [["open", 1], ["message", "1"], ["error", 2]]);
});
