// How ReconnectingEventSource hands events to the application, in Chromium: listeners, iteration, promises, numbers, bounds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, setScene } from "./support.mjs";

const scene = setScene();
const { inPage, requests } = scene;

const publish = (data, type = "message") => scene.fixture.publish(scene.channel, data, { "X-EventSource-Event": type });

let stored = 0;
/** Stores these bytes with the fixture, which sends them as one chunk and keeps the stream open; tells where. */
const chunk = async (text) => {
  stored += 1;
  const path = `/sse/bytes/${stored}`;
  await fetch(scene.fixture.origin + path, { method: "POST", body: text });
  return `${path}?hold`;
};

/** A chunk of so many events with the ids 1, 2, 3 … and the same data. */
const events = (count) => Array.from({ length: count }, (_, i) => `id: ${i + 1}\ndata: ${i + 1}\n\n`).join("");

const STREAMS = ["fetch-stream", "xhr-stream", "long-poll"];
/** A long-poll reads what has ended. */
const whole = (url, transport) => (transport === "long-poll" ? url.replace("?hold", "") : url);

// ---- listeners ----

test("named events arrive on every rung, whoever listens when", async () => {
  await inPage(async (channel) => {
    window.taken = {};
    for (const transport of ["eventsource", "fetch-stream", "xhr-stream"]) {
      const source = new ReconnectingEventSource(`/sse/${channel}`, { transports: [transport] });
      const early = take(source, 1, "early");
      await next(source, "open");
      taken[transport] = Promise.all([early, take(source, 1, "late")]);
    }
  });
  await publish("1", "early");
  await publish("2", "late");
  const seen = await inPage(async () => Promise.all(Object.values(taken)));
  assert.deepEqual(seen, Array(3).fill([["1"], ["2"]]));
});

test("an event is a MessageEvent with its id and origin, and is given to onmessage as well, once (T22)", async () => {
  const { id } = await publish("x");
  const seen = await inPage(async (channel) => {
    const source = new ReconnectingEventSource(`/sse/${channel}?first=oldest`);
    const calls = [];
    source.onmessage = (event) => calls.push(event);
    await next(source, "message");
    source.onmessage = null;
    const [event] = calls;
    return {
      calls: calls.length, is: event instanceof MessageEvent, type: event.type, data: event.data, id: event.lastEventId,
      origin: event.origin, target: event.target === source && event.currentTarget === source, trusted: event.isTrusted,
      ports: event.ports.length, time: performance.now() - event.timeStamp < 10_000, at: source.lastEventId,
    };
  });
  assert.deepEqual(seen, {
    calls: 1, is: true, type: "message", data: "x", id, origin: scene.fixture.origin, target: true, trusted: false, ports: 0, time: true,
    at: id,
  });
});

test("whoever awaits one event after another misses none of a chunk, on every rung (T39)", async () => {
  const url = await chunk(events(35));
  for (const transport of STREAMS) {
    const seen = await inPage(async ([url, transport]) => {
      const source = new ReconnectingEventSource(url, { transports: [transport] });
      const one = (options) => new Promise((resolve) => source.addEventListener("message", resolve, options));
      const nested = async () => (await one({ once: true })).data;
      const read = async () => await nested();
      const came = [];
      for (let i = 0; i < 10; i += 1) came.push((await one({ once: true })).data);
      for (let i = 0; i < 10; i += 1) came.push((await next(source, "message")).data);
      // Somebody else may be there all the time.
      const all = follow(source);
      for (let i = 0; i < 10; i += 1) came.push(await read());
      // That is heard at once, although there is more to come.
      source.close();
      const { uptime } = source.stats();
      await next(source, "close");
      return [came, all, uptime];
    }, [whole(url, transport), transport]);
    const ids = Array.from({ length: 30 }, (_, i) => String(i + 1));
    assert.deepEqual(seen, [ids, ids.slice(20), 0], transport);
  }
});

test("comments and blocks without data are no events (T25)", async () => {
  const url = await chunk(": keep-alive\n\nid: 7\n\nevent: x\n\nretry: 100\n\ndata: only this\n\n");
  const seen = await inPage(async (url) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"] });
    const came = follow(source);
    const named = follow(source, "x");
    await next(source, "message");
    return [came, named, source.stats().events];
  }, url);
  assert.deepEqual(seen, [["only this"], [], 1]);
});

test("what a server calls like the connection's own events is heard, and taken for nothing else", async () => {
  const names = ["open", "error", "close", "statechange", "reconnecting", "reconnected", "transportchange"];
  const url = await chunk(`${names.map((name) => `event: ${name}\ndata: ${name}\n\n`).join("")}data: last\n\n`);
  const seen = await inPage(async ([url, names, transports]) => Promise.all(transports.map(async (transport) => {
    const source = new ReconnectingEventSource(url, { transports: [transport] });
    const came = names.map((name) => {
      const came = [];
      source.addEventListener(name, ({ data }) => data && came.push(data));
      return came;
    });
    const iterated = source.events();
    let closed = false;
    source.closed.then(() => { closed = true; });
    const { value } = await iterated.next();
    const during = [closed, source.readyState, value.data];
    source.close();
    await source.closed;
    return [...came, during];
  })), [url, names, ["eventsource", "fetch-stream"]]);
  assert.deepEqual(seen, Array(2).fill([...names.map((name) => [name]), [false, 1, "last"]]));
});

test("a listener that throws is reported, and neither the other listeners nor later events miss anything", async () => {
  scene.expected = ["1", "2", "3"];
  const url = await chunk(events(3));
  const came = await inPage(async (url) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"] });
    source.addEventListener("message", ({ data }) => { throw new Error(data); });
    return take(source, 3);
  }, url);
  assert.deepEqual(came, ["1", "2", "3"]);
});

// ---- what listeners do in the middle of a chunk ----

for (const transport of STREAMS) {
  test(`who closes in the middle of a chunk hears no more of it: ${transport}`, async () => {
    const url = whole(await chunk(events(10)), transport);
    const seen = await inPage(async ([url, transport]) => {
      const controller = new AbortController();
      const source = new ReconnectingEventSource(url, { transports: [transport], signal: controller.signal });
      const came = follow(source);
      const during = [];
      source.addEventListener("message", ({ data }) => {
        if (data !== "4") return;
        controller.abort();
        during.push(source.readyState, source.state, source.lastEventId);
      });
      const { wasClean } = await next(source, "close");
      return { came, during, wasClean, events: source.stats().events };
    }, [url, transport]);
    assert.deepEqual(seen, { came: ["1", "2", "3", "4"], during: [2, "closed", "4"], wasClean: true, events: 4 });
  });

  test(`who reconnects in the middle of a chunk gets the rest of it, and what follows, once: ${transport}`, async () => {
    const end = transport === "long-poll" ? "&end-after=5" : "";
    const seen = await inPage(async ([url, transport]) => {
      const source = new ReconnectingEventSource(url, { transports: [transport], reconnect: quick });
      const came = follow(source);
      source.addEventListener("message", () => {
        if (came.length % 4 === 2 && source.stats().attempts < 5) source.reconnect();
      });
      await next(source, "message", () => came.length === 20);
      const { attempts } = source.stats();
      source.close();
      return { came: came.map((data) => parseInt(data)), often: attempts > 3 };
    }, [`/sse/burst?count=20&ids&size=16${end}`, transport]);
    assert.deepEqual(seen, { came: Array.from({ length: 20 }, (_, i) => i + 1), often: true });
  });
}

test("who closes in the middle of a chunk and begins anew goes on after what was heard", async () => {
  const seen = await inPage(async (channel) => {
    const source = new ReconnectingEventSource(`/sse/burst?count=10&ids&size=16&for=${channel}`, { transports: ["fetch-stream"] });
    const came = follow(source);
    source.addEventListener("message", () => {
      if (came.length !== 4) return;
      source.close();
      source.reconnect();
    });
    await next(source, "message", () => came.length === 10);
    source.close();
    return came.map((data) => parseInt(data));
  });
  assert.deepEqual(seen, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const mine = (await requests("/sse/burst")).filter(({ query }) => query.endsWith(`for=${scene.channel}`));
  assert.deepEqual(mine.map(({ resume }) => resume), [null, "4"]);
});

test("who opens and fills other connections in the middle of a chunk loses nothing of it", async () => {
  const url = await chunk(events(1000));
  const seen = await inPage(async ([url, STREAMS]) => {
    const came = [];
    const others = [];
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"] });
    source.addEventListener("message", ({ data, lastEventId }) => {
      came.push(data === lastEventId ? Number(data) : data);
      // Each has memory of its own in the same wasm instances, which grow.
      if (others.length >= 300) return;
      others.push(new ReconnectingWebSocket("/ws/echo", [], { outbox: { maxBytes: 1 << 20 } }));
      others.push(new everwire.EventSource("/sse/bytes/none"));
      others.push(new ReconnectingEventSource("/sse/bytes/none", { resume: { lastEventId: "x".repeat(1000) }, transports: STREAMS[0] }));
    });
    await next(source, "message", () => came.length === 1000);
    const right = came.every((data, i) => data === i + 1);
    for (const other of [source, ...others]) other.close();
    return [right, others.length];
  }, [url, STREAMS]);
  assert.deepEqual(seen, [true, 300]);
});

// ---- iteration ----

test("for await gives the events in order, until it is closed for good", async () => {
  const seen = await inPage(async () => {
    const source = new ReconnectingEventSource("/sse/burst?count=50&ids&size=16&end-after=20", {
      transports: ["fetch-stream"], reconnect: quick });
    const came = [];
    for await (const { data, lastEventId } of source) came.push(parseInt(data) - lastEventId ? data : parseInt(data));
    const after = await source.events().next();
    return { came, after, state: source.state };
  });
  assert.deepEqual(seen, {
    came: Array.from({ length: 50 }, (_, i) => i + 1), after: { done: true, value: undefined }, state: "closed" });
});

test("to break out of an iteration ends it, and not the connection", async () => {
  const url = await chunk(events(10));
  const seen = await inPage(async (url) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"] });
    const came = [];
    const iterated = source.events();
    for await (const { data } of iterated) if (came.push(data) === 3) break;
    return [came, await iterated.next(), source.state];
  }, url);
  assert.deepEqual(seen, [["1", "2", "3"], { done: true, value: undefined }, "open"]);
});

test("an iterator of a connection that is closed has ended, and hears nothing", async () => {
  const seen = await inPage(async () => {
    const source = new ReconnectingEventSource("/sse/x");
    source.close();
    const iterator = source.events();
    const first = await iterator.next();
    source.dispatchEvent(new MessageEvent("message", { data: "x" }));
    return [first, await iterator.next()];
  });
  assert.deepEqual(seen, Array(2).fill({ done: true, value: undefined }));
});

test("several types, and several iterators, get all of theirs", async () => {
  const url = await chunk("event: a\ndata: 1\n\ndata: 2\n\nevent: b\ndata: 3\n\nevent: a\ndata: 4\n\n");
  const seen = await inPage(async (url) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"] });
    const [both, one] = [source.events(["a", "b"]), source.events("a")];
    const taken = async (iterator, count) => {
      const all = [];
      while (all.length < count) all.push((await iterator.next()).value.data);
      return all;
    };
    return Promise.all([taken(both, 3), taken(one, 2)]);
  }, url);
  assert.deepEqual(seen, [["1", "3", "4"], ["1", "4"]]);
});

test("several calls of next before anything has come are answered in order", async () => {
  const url = await chunk(events(2));
  const seen = await inPage(async (url) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"] });
    const iterator = source.events();
    const asked = [iterator.next(), iterator.next(), iterator.next()];
    const [one, two] = await Promise.all(asked.slice(0, 2));
    source.close();
    return [one.value.data, two.value.data, await asked[2]];
  }, url);
  assert.deepEqual(seen, ["1", "2", { done: true, value: undefined }]);
});

test("what nobody takes waits up to the limit, and what happens then is as was asked for", async () => {
  const url = await chunk(events(5000));
  const seen = await inPage(async (url) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"] });
    const all = {
      default: source.events(),
      oldest: source.events("message", { limit: 3 }),
      newest: source.events("message", { limit: 3, whenFull: "drop-newest" }),
      throw: source.events("message", { limit: 3, whenFull: "throw" }),
    };
    await next(source, "message", ({ data }) => data === "5000");
    source.close();
    await source.closed;
    const found = {};
    for (const [name, iterator] of Object.entries(all)) {
      const came = [];
      try {
        for await (const { data } of iterator) came.push(data);
      } catch (error) {
        came.push(`${error.name}: ${error.message}`, (await iterator.next()).done);
      }
      found[name] = [name === "default" ? came.length : came, iterator.missed];
    }
    return found;
  }, url);
  assert.deepEqual(seen, {
    default: [5000, 0],
    oldest: [["4998", "4999", "5000"], 4997],
    newest: [["1", "2", "3"], 4997],
    throw: [["1", "2", "3", "RangeError: more than 3 events waited to be taken; expected a faster reader, or a greater limit", true], 1],
  });
});

test("a limit or a policy that is none is refused at once", async () => {
  const said = await inPage(() => {
    const source = new ReconnectingEventSource("/sse/numbers");
    return [{ limit: 0 }, { limit: "many" }, { whenFull: "wait" }].map((options) => {
      try {
        return source.events("message", options) && "nothing";
      } catch (error) {
        return `${error.name}: ${error.message}`;
      }
    });
  });
  assert.deepEqual(said, [
    "TypeError: limit: 0 was given; expected a number of at least 1",
    "TypeError: limit: many was given; expected a number of at least 1",
    "TypeError: whenFull: wait was given; expected drop-oldest or drop-newest or throw",
  ]);
});

// ---- promises, and the end ----

test("opened resolves when it is open, and rejects if it never was; closed tells how it ended", async () => {
  const seen = await inPage(async (channel) => {
    const source = new ReconnectingEventSource(`/sse/${channel}`);
    const before = source.opened;
    await before;
    const same = source.opened === before;
    const { closed } = source;
    source.close();
    const { code, wasClean, cause } = await closed;
    const refused = new ReconnectingEventSource(`/sse/${channel}?status=404`);
    const error = await refused.opened.catch((error) => error);
    const never = new ReconnectingEventSource(`/sse/${channel}`);
    never.close();
    const late = await never.opened.catch(({ message }) => message);
    return {
      same, end: [code, wasClean, cause], error: [error.message, error.cause.status], late,
      closed: (await refused.closed).cause.status, again: (await source.closed).code,
      both: await Promise.all([refused.opened.catch(({ cause }) => cause.status), new Promise((resolve) => {
        const gone = new ReconnectingEventSource(`/sse/${channel}?status=410`);
        gone.onclose = () => resolve(gone.opened.catch(({ cause }) => cause.status));
      })]),
    };
  });
  assert.deepEqual(seen, {
    same: true, end: [1000, true, undefined], error: ["the server refused (404)", 404], late: "it was closed before it was open",
    closed: 404, again: 1000, both: [404, 410],
  });
});

test("a page that waits for neither has no unhandled rejection", async () => {
  await inPage(async (channel) => {
    const source = new ReconnectingEventSource(`/sse/${channel}?status=404`);
    source.opened;
    await next(source, "close");
  });
});

test("it is disposable where there is such a thing", async () => {
  const seen = await inPage(async (channel) => {
    if (!Symbol.dispose) return "closed";
    const source = new ReconnectingEventSource(`/sse/${channel}`);
    source[Symbol.dispose]();
    return source.state;
  });
  assert.equal(seen, "closed");
});

test("reconnect: false makes the first failure the last, and a number bounds the tries (T6)", async () => {
  const seen = await inPage(async (channel) => Promise.all([false, { maxRetries: 2 }].map(async (reconnect, i) => {
    const source = new ReconnectingEventSource(`/sse/${channel}?status=500&n=${i}`, {
      transports: ["fetch-stream"], reconnect: reconnect && { ...quick, ...reconnect } });
    const types = record(source);
    const { cause } = await next(source, "close");
    return [cause.status, source.stats().attempts, types.filter((type) => type !== "statechange")];
  })));
  assert.deepEqual(seen, [
    [500, 1, ["error", "close"]],
    [500, 3, ["error", "reconnecting", "error", "reconnecting", "error", "close"]],
  ]);
});

test("close() while it waits cancels the next try (T6), and reconnect() makes it now (T10)", async () => {
  const seen = await inPage(async (channel) => {
    const far = { firstDelay: 2e9, minDelay: 2e9, maxDelay: 2e9 };
    const open = (n) => new ReconnectingEventSource(`/sse/${channel}?status=500&n=${n}`, { transports: ["fetch-stream"], reconnect: far });
    const [closing, again] = [open(1), open(2)];
    await Promise.all([closing, again].map((source) => next(source, "reconnecting")));
    const end = next(closing, "close");
    closing.close();
    again.reconnect();
    const { state } = again;
    await Promise.all([end, next(again, "reconnecting")]);
    again.close();
    return [state, again.stats().attempts, closing.stats().attempts, (await end).wasClean];
  });
  assert.deepEqual(seen, ["connecting", 2, 1, true]);
});

// ---- numbers ----

for (const transport of STREAMS) {
  test(`stats() has what the server sent: ${transport}`, async () => {
    const text = `: é\n\n${events(100)}data: 日本\n\n`;
    const url = whole(await chunk(text), transport);
    const stats = await inPage(async ([url, transport]) => {
      const source = new ReconnectingEventSource(url, { transports: [transport] });
      await next(source, "message", ({ data }) => data === "日本");
      const { uptime, ...stats } = source.stats();
      source.close();
      return { ...stats, up: uptime > 0 && uptime < performance.now(), after: source.stats().uptime };
    }, [url, transport]);
    assert.deepEqual(stats, {
      attempts: 1, drops: 0, events: 101, bytes: Buffer.byteLength(text), duplicates: 0, transport, up: true, after: 0 });
  });
}

test("stats() counts attempts and drops, and has the last error", async () => {
  const stats = await inPage(async (channel) => {
    const source = new ReconnectingEventSource(`/sse/${channel}`, { transports: ["fetch-stream"], reconnect: quick });
    await next(source, "open");
    for (const state of ["reconnected", "reconnected"]) {
      const back = next(source, state);
      await fetch(`/control/drop?path=/sse/${channel}`, { method: "POST" });
      await back;
    }
    const { uptime, bytes, lastError, ...rest } = source.stats();
    return { ...rest, lastError: [lastError.kind, lastError.transport] };
  });
  assert.deepEqual(stats, {
    attempts: 3, drops: 2, events: 0, duplicates: 0, transport: "fetch-stream", lastError: ["network", "fetch-stream"] });
  const entries = await requests();
  assert.equal(entries.length, 3);
});

// ---- bounds ----

for (const transport of STREAMS) {
  test(`an event, a line or a comment that is longer than maxEventBytes ends it: ${transport} (T27)`, async () => {
    const long = "x".repeat(2000);
    const given = [
      `data: before\n\ndata: ${long}\n\ndata: after\n\n`,
      `data: before\n\n${`data: ${"x".repeat(90)}\n`.repeat(20)}\ndata: after\n\n`,
      `data: before\n\n: ${long}\n\ndata: after\n\n`,
      `data: before\n\nid: ${long}`,
    ];
    const urls = [];
    for (const text of given) urls.push(whole(await chunk(text), transport));
    const seen = await inPage(([urls, transport]) => Promise.all(urls.map(async (url) => {
      const source = new ReconnectingEventSource(url, { transports: [transport], maxEventBytes: 1000, reconnect: quick });
      const came = follow(source);
      const { cause, wasClean } = await next(source, "close");
      return [cause.kind, cause.message, wasClean, ...came];
    })), [urls, transport]);
    assert.deepEqual(seen, Array(4).fill(["overflow", "an event is longer than maxEventBytes", false, "before"]));
  });
}

test("what is just as long as allowed is not too long", async () => {
  const url = await chunk(`data: ${"x".repeat(994)}\n\n`);
  const [data] = await inPage(async (url) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"], maxEventBytes: 1000 });
    return take(source, 1);
  }, url);
  assert.equal(data.length, 994);
});

test("a stream that falls silent is given up after silenceTimeout; comments are life (T30)", async () => {
  await inPage(async (channel) => {
    const options = { silenceTimeout: 1_000, reconnect: quick, transports: ["fetch-stream"] };
    window.lively = new ReconnectingEventSource(`/sse/${channel}?comments=100`, options);
    window.silent = new ReconnectingEventSource(`/sse/${channel}?quiet`, options);
    window.causes = [];
    silent.addEventListener("reconnecting", ({ cause }) => causes.push([cause.kind, cause.message]));
    await next(silent, "reconnected");
    await next(silent, "reconnected");
  });
  const [causes, drops] = await inPage(() => [causes.slice(0, 2), lively.stats().drops]);
  assert.deepEqual(causes, Array(2).fill(["silence", "nothing came within silenceTimeout, firstByteTimeout or heartbeat.timeout"]));
  assert.equal(drops, 0);
  // T13: what was given up is closed, and not waited for.
  await eventually(async () => (await requests()).filter(({ endedMs }) => !endedMs).length === 2, "one request of each was left");
});
