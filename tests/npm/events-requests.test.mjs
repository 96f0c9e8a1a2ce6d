// The requests of ReconnectingEventSource, in Chromium: what is asked, and what is made of the answers.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setScene, startFixture } from "./support.mjs";

const scene = setScene();
const { inPage, requests } = scene;

const publish = (data) => scene.fixture.publish(scene.channel, data);
let urls = 0;
/** The channel's stream from its beginning, with these faults; those of the first few requests with a key of their own. */
const url = (faults = "") => {
  urls += 1;
  return `/sse/${scene.channel}?first=oldest&${faults}${faults.includes("times=") ? `&key=${urls}` : ""}`;
};

/** Opens one in the page and tells how it ended. */
const ends = (url, options) => inPage(async ([url, options]) => {
  const source = new ReconnectingEventSource(url, { reconnect: quick, ...options });
  const { code, wasClean, cause } = await next(source, "close");
  return { code, wasClean, cause, readyState: source.readyState };
}, [url, options]);

/** Opens one in the page and tells what went wrong until its first event. */
const begins = (url, options) => inPage(async ([url, options]) => {
  const source = new ReconnectingEventSource(url, { reconnect: quick, ...options });
  const causes = [];
  source.addEventListener("reconnecting", ({ cause }) => causes.push(cause));
  const { data, origin } = await Promise.race([next(source, "message"), next(source, "close")]);
  // A browser has six connections to a server, and no more.
  source.close();
  return { data, origin, causes };
}, [url, options]);

// ---- what the answers mean ----

for (const transport of ["eventsource", "fetch-stream", "xhr-stream", "long-poll"]) {
  test(`status 204 ends it for good: ${transport} (T23)`, async () => {
    const over = transport === "eventsource" ? "fetch-stream" : transport;
    const { cause, ...end } = await ends(url("status=204"), transport === "eventsource" ? {} : { transports: [transport] });
    assert.deepEqual(end, { code: 1006, wasClean: false, readyState: 2 });
    assert.deepEqual([cause.kind, cause.status, cause.transport, cause.message], ["status", 204, over, "the server refused (204)"]);
    assert.equal((await requests()).length, transport === "eventsource" ? 2 : 1);
  });
}

for (const transport of ["fetch-stream", "xhr-stream", "long-poll"]) {
  test(`another content type ends it, with an error that names what came: ${transport} (T24)`, async () => {
    await publish("0");
    const seen = await inPage(async ([url, transport]) => {
      const source = new ReconnectingEventSource(url, { transports: [transport] });
      const came = follow(source);
      const [error] = await Promise.all([next(source, "error"), next(source, "close")]);
      return { kind: error.cause.kind, message: error.message, came };
    }, [url("end-after=1&content-type=text/html;charset=utf-8"), transport]);
    assert.deepEqual(seen, { kind: "content-type", message: "expected text/event-stream, the server sent (200): text/html", came: [] });
    assert.equal((await requests()).length, 1);
  });
}

test("a content type may have parameters, and any case", async () => {
  await publish("0");
  const { data, causes } = await begins(url("content-type=Text/Event-Stream;%20charset=utf-8"), { transports: ["fetch-stream"] });
  assert.deepEqual([data, causes], ["0", []]);
});

test("a status that may pass is retried, any other ends it", async () => {
  await publish("0");
  const transports = ["fetch-stream"];
  // Not 408: Chromium itself asks again after that.
  for (const status of [425, 429, 500, 502, 503, 504]) {
    const { causes } = await begins(url(`status=${status}&times=1`), { transports });
    assert.deepEqual(causes.map(({ kind, status }) => [kind, status]), [["status", status]]);
  }
  for (const status of [201, 400, 401, 403, 404, 410]) {
    const { cause } = await ends(url(`status=${status}`), { transports });
    assert.deepEqual([cause.kind, cause.status], ["status", status]);
  }
});

test("the browser's own class does not tell a status, so fetch asks again", async () => {
  const { cause } = await ends(url("status=403"));
  assert.deepEqual([cause.status, cause.transport], [403, "fetch-stream"]);
  assert.equal((await requests()).length, 2);
});

test("Retry-After is obeyed, in seconds and as a date", async () => {
  const seen = await inPage((urls) => Promise.all(urls.map(async (url) => {
    const source = new ReconnectingEventSource(url, { reconnect: quick, transports: ["fetch-stream"] });
    const { delay, cause } = await next(source, "reconnecting");
    const began = performance.now();
    // Not even a reason to hope makes it come earlier.
    dispatchEvent(new Event("online"));
    await next(source, "open");
    return { status: cause.status, delay, waited: performance.now() - began, retryAfter: cause.retryAfter };
  })), ["1", "date:2"].map((after) => url(`status=503&retry-after=${after}&times=1`)));
  // The span runs from the answer on, of which the page hears a little later.
  for (const { status, delay, waited } of seen) assert.ok(status === 503 && delay >= 900 && waited >= delay - 100, JSON.stringify(seen));
  assert.equal(seen[0].retryAfter, 1_000);
  assert.ok(seen[1].retryAfter > 1_000 && seen[1].retryAfter <= 3_000, JSON.stringify(seen));
});

test("a Retry-After that is past, or none at all, is no reason to wait", async () => {
  await publish("0");
  for (const after of ["date:-60", "soon", "-5"]) {
    const { data, causes } = await begins(url(`status=503&retry-after=${after}&times=1`), { transports: ["fetch-stream"] });
    assert.deepEqual([data, causes.length], ["0", 1], after);
  }
});

for (const transport of ["eventsource", "fetch-stream", "xhr-stream", "long-poll"]) {
  test(`redirects are followed, and the origin of events is the one where they lead: ${transport}`, async () => {
    await publish("0");
    const { origin, other } = scene.fixture;
    for (const status of [301, 302, 303, 307, 308]) {
      for (const target of [origin, other]) {
        const to = encodeURIComponent(`${target}/sse/${scene.channel}?${transport === "long-poll" ? "end-after=1" : ""}`);
        const { causes, ...event } = await begins(url(`redirect=${status}&to=${to}`), { transports: [transport] });
        assert.deepEqual([event, causes], [{ data: "0", origin: target }, []]);
      }
    }
  });
}

// ---- when it asks again ----

test("the delays are drawn below what reconnect says, anew for each attempt (T1, T4)", async () => {
  const delays = await inPage((url) => new Promise((resolve) => {
    const source = new ReconnectingEventSource(url, {
      transports: ["fetch-stream"], reconnect: { firstDelay: 200, minDelay: 50, factor: 2, maxDelay: 300, maxRetries: 7 } });
    const delays = [];
    source.addEventListener("reconnecting", ({ attempt, delay }) => delays.push([attempt, delay]));
    source.addEventListener("close", () => resolve(delays));
  }), url("status=500"));
  const bounds = [200, 100, 200, 300, 300, 300, 300];
  assert.deepEqual(delays.map(([attempt]) => attempt), [1, 2, 3, 4, 5, 6, 7]);
  for (const [i, bound] of bounds.entries()) assert.ok(delays[i][1] >= 20 && delays[i][1] <= bound, JSON.stringify(delays));
  assert.ok(new Set(delays.map(([, delay]) => delay)).size > 3, JSON.stringify(delays));
});

test("a server that accepts and kills is backed off from, until a connection has lasted for minUptime (T5)", async () => {
  const killing = `/sse/bytes/${scene.channel}`;
  await fetch(scene.fixture.origin + killing, { method: "POST", body: "data: x\n\n" });
  const attempts = (minUptime) => inPage(([url, minUptime]) => new Promise((resolve) => {
    const source = new ReconnectingEventSource(url, {
      transports: ["fetch-stream"], reconnect: { firstDelay: 20, minDelay: 20, maxDelay: 20, minUptime } });
    const attempts = [];
    source.addEventListener("reconnecting", ({ attempt }) => {
      if (attempts.push(attempt) < 3) return;
      source.close();
      resolve(attempts);
    });
  }), [killing, minUptime]);
  assert.deepEqual(await attempts(60_000), [1, 2, 3]);
  assert.deepEqual(await attempts(0), [1, 1, 1]);
});

// ---- what is asked ----

test("the url, the headers and the body are values, or functions that are called for each attempt", async () => {
  await publish("0");
  const seen = await inPage(async (url) => {
    const calls = [];
    const source = new ReconnectingEventSource(async () => {
      calls.push("url");
      return `${url}&n=${calls.length}`;
    }, { reconnect: quick, headers: () => {
      calls.push("headers");
      return new Headers({ "X-Attempt": String(calls.length) });
    } });
    const during = [source.url, source.state];
    const came = await take(source, 1);
    return { calls, came, during, url: source.url };
  }, url("status=503&times=2"));
  assert.deepEqual(seen.calls, Array(3).fill(["url", "headers"]).flat());
  assert.deepEqual([seen.came, seen.during], [["0"], ["", "connecting"]]);
  assert.ok(seen.url.endsWith("n=5"));
  const entries = await requests();
  assert.deepEqual(entries.map(({ query }) => query.match(/n=\d/)[0]), ["n=1", "n=3", "n=5"]);
  assert.deepEqual(entries.map(({ headers }) => headers["x-attempt"]), ["2", "4", "6"]);
});

test("a function that fails is a failed attempt, and is called again (T9)", async () => {
  await publish("0");
  const seen = await inPage(async (url) => {
    const failing = (fails, value) => () => {
      const fail = fails.shift();
      return fail ? fail() : value;
    };
    const throws = () => { throw new Error("thrown"); };
    const rejects = () => Promise.reject(new Error("rejected"));
    const found = {};
    const given = {
      url: [failing([throws, rejects], url), {}],
      headers: [url, { headers: failing([rejects, throws], { "X-Mine": "1" }) }],
      "no url": [failing([() => "http://"], url), {}],
    };
    for (const [name, [url, options]] of Object.entries(given)) {
      const source = new ReconnectingEventSource(url, { reconnect: quick, ...options });
      const causes = [];
      source.addEventListener("reconnecting", ({ cause }) => causes.push(`${cause.kind}: ${cause.reason}`));
      found[name] = [...await take(source, 1), ...causes];
      source.close();
    }
    return found;
  }, url());
  assert.deepEqual(seen, {
    url: ["0", "provider: thrown", "provider: rejected"],
    headers: ["0", "provider: rejected", "provider: thrown"],
    "no url": ["0", "provider: url: http:// was given; expected a ws, wss, http or https URL without a fragment"],
  });
});

test("a function that does not answer is given up by connectTimeout, and reconnect() does not wait for it", async () => {
  await publish("0");
  const seen = await inPage(async (url) => {
    let asked = 0;
    const source = new ReconnectingEventSource(() => {
      asked += 1;
      return asked < 3 ? new Promise(() => {}) : url;
      // It holds for the answer to the third as well, on a busy machine.
    }, { reconnect: quick, connectTimeout: 2_000, transports: ["fetch-stream"] });
    const { cause } = await next(source, "reconnecting");
    await next(source, "statechange", ({ state }) => state === "connecting");
    source.reconnect();
    return [cause.kind, ...await take(source, 1), asked];
  }, url());
  assert.deepEqual(seen, ["timeout", "0", 3]);
});

test("what the application sends goes with the request: headers in any form, and an Accept of its own", async () => {
  await publish("0");
  await inPage(async (url) => {
    for (const headers of [{ "X-Mine": "1" }, [["X-Mine", "1"]], new Headers({ "X-Mine": "1" })]) {
      for (const transport of ["fetch-stream", "xhr-stream", "long-poll"]) {
        const end = transport === "long-poll" ? "&end-after=1" : "";
        const source = new ReconnectingEventSource(url + end, { headers, transports: [transport] });
        await take(source, 1);
        source.close();
      }
    }
    const source = new ReconnectingEventSource(url, { headers: { accept: "text/event-stream;q=1" } });
    await take(source, 1);
    source.close();
  }, url());
  const entries = await requests();
  const own = entries.filter(({ headers }) => !headers["x-mine"]);
  assert.ok(entries.length - own.length >= 9);
  for (const { method, headers } of entries.slice(0, -own.length)) {
    assert.deepEqual([method, headers["x-mine"], headers.accept], ["GET", "1", "text/event-stream"]);
  }
  // However often it asked.
  for (const { headers } of own) assert.equal(headers.accept, "text/event-stream;q=1");
  assert.ok(own.length);
});

test("headers may be null, or a function that gives it, which is none", async () => {
  await publish("0");
  const seen = await inPage(async (url) => {
    const came = [];
    for (const headers of [null, () => null]) {
      const source = new ReconnectingEventSource(url, { headers });
      came.push(...await take(source, 1));
      source.close();
    }
    return came;
  }, url("first=oldest"));
  assert.deepEqual(seen, ["0", "0"]);
});

test("no request is answered from a cache", async () => {
  await publish("0");
  await inPage(async (url) => {
    for (const transport of ["eventsource", "fetch-stream", "xhr-stream"]) {
      const source = new ReconnectingEventSource(url, { transports: [transport] });
      await take(source, 1);
      source.close();
    }
  }, url());
  const [native, fetched, xhr] = await requests();
  assert.deepEqual([native, fetched].map(({ headers }) => headers["cache-control"]), Array(2).fill("no-cache"));
  assert.match(xhr.query, /_=0\.\d+/, "XHR has no cache mode, but a URL that no other request has");
});

test("withCredentials sends cookies to another origin, and not without it", async (t) => {
  // For cookies a port makes no difference, as it does for origins.
  const second = await startFixture();
  t.after(second.stop);
  await second.publish("cookies", "0");
  await scene.page.context().addCookies([{ name: "token", value: "secret", url: second.origin }]);
  const address = `${second.origin}/sse/cookies?first=oldest&auth=secret`;
  for (const transports of [["eventsource", "fetch-stream"], ["fetch-stream"], ["xhr-stream"]]) {
    const { cause } = await ends(address, { transports });
    assert.equal(cause?.status, 401, transports[0]);
    const { data } = await begins(address, { transports, withCredentials: true });
    assert.equal(data, "0", transports[0]);
  }
  assert.deepEqual(await inPage((url) => [true, undefined].map((withCredentials) => {
    const source = new ReconnectingEventSource(url, { withCredentials });
    source.close();
    return source.withCredentials;
  }), address), [true, false]);
});

test("fetch may be the application's own", async () => {
  await publish("0");
  const seen = await inPage(async (url) => {
    const asked = [];
    const mine = (url, init) => {
      asked.push([new URL(url).pathname, init.method, init.cache, init.signal instanceof AbortSignal]);
      return fetch(url, init);
    };
    const source = new ReconnectingEventSource(url, { fetch: mine });
    await take(source, 1);
    return asked;
  }, url());
  assert.deepEqual(seen, [[`/sse/${scene.channel}`, "GET", "no-store", true]]);
});

test("to close it ends the stream of a fetch that does not know the signal", async () => {
  const ended = await inPage(async () => {
    const { fetch, ended } = endless();
    const source = new ReconnectingEventSource("/sse/x", { fetch });
    await next(source, "open");
    source.close();
    return Promise.race([ended, settle()]);
  });
  assert.equal(ended, true);
});

// ---- requests that may act on something ----

const PROMPT = "the quick brown fox jumps";
const TOKENS = ["the ", "quick ", "brown ", "fox ", "jumps "].map((token) => JSON.stringify({ token }));

/** Asks for tokens in the page, and tells what came and how it ended. */
const tokens = (faults, options = {}) => inPage(async ([url, options]) => {
  const source = new ReconnectingEventSource(url, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ prompt: "the quick brown fox jumps" }),
    reconnect: quick, ...options });
  const came = follow(source);
  const types = record(source);
  const transports = new Set();
  source.addEventListener("open", () => transports.add(source.transport));
  const { code, wasClean, cause } = await next(source, "close");
  const told = types.filter((type) => !/message|statechange/.test(type));
  return { came, code, wasClean, kind: cause?.kind, types: told, over: [...transports] };
}, [`/sse/tokens?ms=1&${faults}`, options]);

for (const transport of ["fetch-stream", "xhr-stream", "long-poll"]) {
  test(`a POST streams, and its end is the end, without an error: ${transport}`, async () => {
    const seen = await tokens("", { transports: [transport] });
    assert.deepEqual(seen, {
      came: [...TOKENS, "[DONE]"], code: 1000, wasClean: true, kind: undefined, types: ["open", "close"], over: [transport] });
    const entries = (await requests("/sse/tokens")).slice(-1);
    assert.deepEqual(entries.map(({ method, body, headers }) => [method, JSON.parse(body), headers["content-type"], headers.accept]),
      [["POST", { prompt: PROMPT }, "application/json", "text/event-stream"]]);
  });
}

/** What the server saw of the requests with this fault. */
const asked = async (faults) => (await requests("/sse/tokens")).filter(({ query }) => query.includes(faults));

test("a POST that failed is not repeated, for the server may have acted on it", async () => {
  for (const [faults, expected] of [["drop-after=2", "network"], ["status=500", "status"], ["silent", "timeout"]]) {
    const { kind, wasClean, types } = await tokens(faults, { connectTimeout: 500 });
    assert.deepEqual([kind, wasClean, types.slice(-2)], [expected, false, ["error", "close"]], faults);
    assert.equal((await asked(faults)).length, 1, faults);
  }
});

test("a POST that the server did not act on is repeated", async () => {
  for (const status of [429, 503]) {
    const faults = `status=${status}&times=1&key=post-${status}`;
    const { came, code, types } = await tokens(faults);
    assert.deepEqual([came.at(-1), code], ["[DONE]", 1000]);
    assert.deepEqual(types, ["error", "reconnecting", "open", "close"]);
    assert.equal((await asked(faults)).length, 2);
  }
});

test("a POST is repeated if the application says that it may be, and goes on after the last id", async () => {
  const faults = "drop-after=3&times=1&key=repeatable";
  const seen = await inPage(async (url) => {
    const body = async () => "the quick brown fox jumps";
    const source = new ReconnectingEventSource(url, { method: "POST", body, repeatable: true, reconnect: quick });
    const came = follow(source);
    const { continuity } = await next(source, "reconnected");
    await next(source, "message", ({ data }) => data === "[DONE]");
    // Its end is a loss like any other, and so it is asked for once more.
    const { cause } = await next(source, "reconnecting");
    source.close();
    return { came, continuity, kind: cause.kind };
  }, `/sse/tokens?ms=20&${faults}`);
  const [first, second] = await asked(faults);
  for (const { method, body } of [first, second]) assert.deepEqual([method, body], ["POST", PROMPT]);
  // What the page had not read when the connection was cut, Chromium has thrown away; on a busy machine that may be all of it.
  const last = second.headers["last-event-id"];
  assert.match(last ?? "1", /^[123]$/);
  assert.deepEqual(seen, { came: [...TOKENS, "[DONE]"], continuity: last ? "resumed" : "fresh", kind: "close" });
});

test("a GET that the application does not want repeated is not; a QUERY is, with its body", async () => {
  await publish("0");
  const once = await inPage(async (url) => {
    const source = new ReconnectingEventSource(url, { repeatable: false, transports: ["fetch-stream"] });
    const came = follow(source);
    const { code, cause } = await next(source, "close");
    return { came, code, cause };
  }, url("end-after=1"));
  assert.deepEqual(once, { came: ["0"], code: 1000, cause: undefined });
  const query = await inPage(async (url) => {
    const sent = [];
    const mine = async (url, { method, body, ...init }) => {
      sent.push([method, body]);
      return fetch(url, { ...init, duplex: undefined });
    };
    const source = new ReconnectingEventSource(url, { method: "QUERY", body: "all", fetch: mine, reconnect: quick });
    await take(source, 1);
    return sent;
  }, url("status=500&times=1"));
  assert.deepEqual(query, Array(2).fill(["QUERY", "all"]));
});

test("after the end, reconnect() makes opened and closed anew", async () => {
  const seen = await inPage(async ([url]) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"] });
    const words = await source.opened.catch(({ message }) => message);
    const first = await source.closed;
    source.reconnect();
    await source.opened;
    const { closed } = source;
    const isOver = await Promise.race([closed.then(() => true), settle().then(() => false)]);
    source.close();
    const { code } = await closed;
    source.reconnect();
    const state = source.opened.then(() => source.state);
    return [words, first.cause.status, isOver, code, await state];
  }, [url("status=403&times=1")]);
  assert.deepEqual(seen, ["the server refused (403)", 403, false, 1000, "open"]);
});

test("what may not be repeated is not asked of another origin once more, to find out why it has failed", async () => {
  const asked = await inPage(async (url) => {
    const modes = [];
    const fetch = async (_, { mode = "cors" }) => {
      modes.push(mode);
      throw new TypeError("down");
    };
    const source = new ReconnectingEventSource(url, { fetch, repeatable: false });
    await next(source, "close");
    return modes;
  }, `${scene.fixture.other}/sse/${scene.channel}`);
  assert.deepEqual(asked, ["cors"]);
});

test("a body that the method cannot have is refused at once", async () => {
  const said = await inPage(() => ["GET", "head"].map((method) => {
    try {
      return new ReconnectingEventSource("/sse/tokens", { method, body: "x" }) && "nothing";
    } catch (error) {
      return `${error.name}: ${error.message}`;
    }
  }));
  assert.deepEqual(said, ["GET", "head"].map((method) => `TypeError: body: one was given; expected none with the method ${method}`));
});

// ---- credentials ----

test("after a 401 new credentials are asked for, and the next attempt is at once", async () => {
  await publish("0");
  const seen = await inPage(async (url) => {
    const asked = [];
    let token = "old";
    const source = new ReconnectingEventSource(url, {
      // So long that it would not come within the test.
      reconnect: { firstDelay: 2e9, minDelay: 2e9, maxDelay: 2e9 },
      headers: () => ({ Authorization: `Bearer ${token}` }),
      refresh: async () => {
        asked.push(source.state);
        await new Promise((resolve) => { setTimeout(resolve, 20); });
        token = "new";
      },
    });
    return [...await take(source, 1), ...asked];
  }, url("auth=new"));
  assert.deepEqual(seen, ["0", "connecting"]);
  const sent = (await requests()).map(({ status, headers }) => [status, headers.authorization]);
  assert.deepEqual(sent, [[401, "Bearer old"], [200, "Bearer new"]]);
});

test("that new credentials cannot be got is a failed attempt, and they are asked for again before the next request", async () => {
  await publish("0");
  const seen = await inPage(async (url) => {
    const answers = [() => { throw new Error("thrown"); }, () => Promise.reject(new Error("rejected")), () => undefined];
    const source = new ReconnectingEventSource(url, { reconnect: quick, transports: ["fetch-stream"], refresh: () => answers.shift()() });
    const causes = [];
    source.addEventListener("reconnecting", ({ cause }) => causes.push([cause.kind, cause.status, cause.reason]));
    return [...await take(source, 1), ...causes];
  }, url("status=401&times=1"));
  assert.deepEqual(seen, ["0", ["status", 401, ""], ["provider", 0, "thrown"], ["provider", 0, "rejected"]]);
  assert.deepEqual((await requests()).map(({ status }) => status), [401, 200]);
});

test("a refresh that never answers is given up by connectTimeout; close() does not wait for it", async () => {
  const seen = await inPage(async (url) => {
    const asked = [];
    const source = new ReconnectingEventSource(url, {
      reconnect: quick, connectTimeout: 2_000, transports: ["fetch-stream"], refresh: () => new Promise(() => { asked.shift()?.(); }) });
    const { cause } = await next(source, "reconnecting", ({ cause }) => cause.kind === "provider");
    await new Promise((resolve) => { asked.push(resolve); });
    const { state } = source;
    const end = next(source, "close");
    source.close();
    return [cause.reason, state, (await end).wasClean];
  }, url("status=401"));
  assert.deepEqual(seen, ["no answer within the connect timeout", "connecting", true]);
  assert.equal((await requests()).length, 1, "the credentials that were refused are not sent again");
});

test("a 401 without refresh ends it", async () => {
  const { cause } = await ends(url("status=401"), { transports: ["fetch-stream"] });
  assert.deepEqual([cause.kind, cause.status], ["status", 401]);
  assert.equal((await requests()).length, 1);
});

// ---- the application's verdict ----

/** Opens one whose `verdict` gives these answers, one after the other; tells what it was asked and how it went. */
const judged = (url, answers) => inPage(async ([url, answers]) => {
  const asked = [];
  const refreshed = [];
  const source = new ReconnectingEventSource(url, {
    reconnect: quick, transports: ["fetch-stream"], refresh: () => { refreshed.push(asked.length); },
    verdict: ({ kind, status, transport }) => {
      asked.push([kind, status, transport]);
      const answer = answers.shift();
      if (answer === "throw") throw new Error("thrown by the verdict");
      return answer ?? undefined;
    },
  });
  const delays = [];
  source.addEventListener("reconnecting", ({ delay }) => delays.push(delay));
  const end = await Promise.race([take(source, 1), next(source, "close").then(({ cause }) => cause.status)]);
  source.close();
  return { asked, refreshed, delays, end };
}, [url, answers]);

test("a verdict decides what a failure means: retry, refresh, stop, or when to retry", async () => {
  await publish("0");
  const asked = (status, count = 1) => Array(count).fill(["status", status, "fetch-stream"]);
  const retry = await judged(url("status=404&times=2"), ["retry", "retry"]);
  assert.deepEqual([retry.asked, retry.end, retry.refreshed], [asked(404, 2), ["0"], []]);
  const refresh = await judged(url("status=403&times=1"), ["refresh"]);
  assert.deepEqual([refresh.asked, refresh.end, refresh.refreshed], [asked(403), ["0"], [1]]);
  const stop = await judged(url("status=503"), ["stop"]);
  assert.deepEqual([stop.asked, stop.end, stop.delays], [asked(503), 503, []]);
  const later = await judged(url("status=404&times=1"), [{ retryAfter: 400 }]);
  assert.ok(later.delays[0] >= 400 && later.delays[0] < 700, JSON.stringify(later));
  assert.deepEqual([later.asked, later.end], [asked(404), ["0"]]);
  const none = await judged(url("status=404"), [undefined]);
  assert.deepEqual([none.asked, none.end], [asked(404), 404]);
});

test("a verdict that throws, or is none, is reported, and the default holds", async () => {
  await publish("0");
  const expected = "retry or refresh or stop, { retryAfter } in milliseconds, or undefined";
  const said = (given) => `verdict: ${given} was given; expected ${expected}`;
  scene.expected = ["thrown by the verdict", said("later"), said("[object Object]")];
  const { asked, end } = await judged(url("status=503&times=3"), ["throw", "later", { retryAfter: -1 }]);
  assert.deepEqual([asked.length, end], [3, ["0"]]);
  scene.expected.push("thrown by the verdict");
  assert.equal((await judged(url("status=404"), ["throw"])).end, 404);
});

test("a verdict may close the connection, or begin it anew", async () => {
  await publish("0");
  const seen = await inPage(async (url) => {
    const end = (source) => next(source, "close").then(({ wasClean, cause }) => [wasClean, cause?.status]);
    const closing = new ReconnectingEventSource(url, { transports: ["fetch-stream"], verdict: () => {
      closing.close();
      return "retry";
    } });
    const closed = await end(closing);
    const again = new ReconnectingEventSource(url, { transports: ["fetch-stream"], verdict: () => { again.reconnect(); } });
    return [closed, await take(again, 1), again.stats().attempts];
  }, url("status=404&times=2"));
  assert.deepEqual(seen, [[true, undefined], ["0"], 2]);
});

test("the end of a stream and a lost network are judged as well", async () => {
  await publish("0");
  const kinds = await inPage(async (url) => {
    const kinds = [];
    for (const fault of ["end-after=1", "drop-after=1"]) {
      const source = new ReconnectingEventSource(`${url}&${fault}`, { transports: ["fetch-stream"], verdict: ({ kind }) => {
        kinds.push(kind);
        return "stop";
      } });
      await next(source, "close");
    }
    return kinds;
  }, url());
  assert.deepEqual(kinds, ["close", "network"]);
});

// ---- CORS ----

const OTHER = /^the network failed: the server answers now, and its CORS headers may not let http:\/\/127\.0\.0\.1:\d+ read it/;

for (const transport of ["fetch-stream", "xhr-stream", "long-poll"]) {
  test(`a refusal by CORS is told from a lost network: ${transport}`, async () => {
    const { cause } = await ends(`${scene.fixture.other}${url("cors=none")}`, { transports: [transport], reconnect: { maxRetries: 0 } });
    assert.equal(cause.kind, "network");
    assert.match(cause.message, OTHER);
    assert.equal((await requests()).length, 2, "it was asked once more to find out");
    const gone = await ends("http://localhost:1/", { transports: [transport], reconnect: { maxRetries: 0 } });
    assert.doesNotMatch(gone.cause.message, /CORS/);
  });
}

test("a preflight that is refused is explained as well: for the id that a reconnect sends, and for headers", async () => {
  const { id } = await publish("0");
  const address = `${scene.fixture.other}${url("cors=simple")}`;
  const options = { transports: ["fetch-stream"], reconnect: { maxRetries: 0 } };
  for (const more of [{ resume: { lastEventId: id } }, { headers: { "X-Mine": "1" } }]) {
    const { cause } = await ends(address, { ...options, ...more });
    assert.match(cause.message, OTHER);
    assert.match(cause.message, /Access-Control-Allow-Headers/);
  }
  const { data } = await begins(address, options);
  assert.equal(data, "0", "the first request needs no preflight");
  const { causes } = await begins(`${address}&`, { ...options, resume: { query: "last_event_id" } });
  assert.deepEqual(causes, [], "and by a query the id needs none either (T29)");
});

test("a CORS refusal is explained where the application hears of it: error, reconnecting, stats", async () => {
  const seen = await inPage(async (url) => {
    const source = new ReconnectingEventSource(url, { transports: ["fetch-stream"], reconnect: quick });
    const all = await Promise.all([next(source, "error"), next(source, "reconnecting")]);
    const told = [...all.map(({ cause }) => cause.reason), source.stats().lastError.reason];
    source.close();
    return told;
  }, `${scene.fixture.other}${url("cors=none")}`);
  for (const reason of seen) assert.match(reason, /CORS/);
});
