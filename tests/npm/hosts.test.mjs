// Where the package runs: the same cases in windows and in dedicated, shared and service workers, of Chromium and of Firefox, and in Node.
// (What Chromium's windows do is in the other files, case by case.)
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { pathToFileURL } from "node:url";
import { launchBrowser, pkg, startFixture } from "./support.mjs";
import { launchFirefox } from "./webdriver.mjs";

const WORKERS = ["dedicated worker", "shared worker", "service worker"];

let fixture;
/** Each as a function that runs the function of this source in one of the browser's hosts. */
const browsers = {};
const closing = [];

before(async () => {
  fixture = await startFixture();
  closing.push(fixture.stop);
  const url = `${fixture.origin}/www/hosts.html`;

  const chromium = await launchBrowser();
  closing.unshift(() => chromium.close());
  const page = await chromium.newPage();
  await page.goto(url);
  browsers.Chromium = (...given) => page.evaluate((given) => runIn(...given), given);

  const firefox = await launchFirefox();
  closing.unshift(firefox.close);
  await firefox.goto(url);
  browsers.Firefox = (...given) => firefox.execute("return runIn(...given);", ...given);

  globalThis.everwire = await import(pathToFileURL(join(pkg, "index.js")));
  for (const name of ["helpers.js", "witness.js", "answer.js"]) await import(`./www/${name}`);
  browsers.Node = (host, ...given) => carryOut(...given);
});

after(async () => {
  for (const close of closing) await close();
});

beforeEach(() => fixture.reset());

let cases = 0;

/**
 * Runs `inHost({ origin, other, channel, … })` in each of these hosts, and has `check` look at what it gives, and at the channel. What it
 * finds there is `everwire`, and what helpers.js and witness.js have.
 */
const inHosts = (name, hosts, inHost, check) => {
  for (const [browser, kinds] of Object.entries(hosts)) {
    for (const kind of kinds) {
      test(`${browser}, ${kind}: ${name}`, { timeout: 60_000 }, async () => {
        cases += 1;
        const channel = `case-${cases}`;
        const given = { origin: fixture.origin, other: fixture.other, channel, kind };
        const { value, error } = await browsers[browser](kind, String(inHost), given);
        assert.equal(error, undefined);
        await check(value, given);
      });
    }
  }
};

const EVERYWHERE = { Chromium: WORKERS, Firefox: ["window", ...WORKERS], Node: ["process"] };
const BROWSERS = { Chromium: WORKERS, Firefox: ["window", ...WORKERS] };
/** Those with more than fetch. */
const RICH = { Chromium: WORKERS.slice(0, 2), Firefox: ["window", ...WORKERS.slice(0, 2)] };
const WINDOW = { Firefox: ["window"] };
const TWO = { ...WINDOW, Chromium: ["dedicated worker"] };

// ---- ReconnectingEventSource ----

inHosts("events come, and it goes on after the last id when it is dropped", EVERYWHERE, async ({ origin, channel }) => {
  const source = new everwire.ReconnectingEventSource(`${origin}/sse/${channel}`, { reconnect: quick });
  const post = (path, body) => fetch(origin + path, { method: "POST", body });
  await next(source, "open");
  const first = source.transport;
  const came = follow(source);
  const back = next(source, "reconnected");
  let one = next(source, "message");
  await post(`/relay/${channel}`, "1");
  await one;
  await post(`/control/drop?path=/sse/${channel}`);
  one = next(source, "message", ({ data }) => data === "2 é");
  await post(`/relay/${channel}`, "2 é");
  const event = await one;
  const { continuity, transport } = await back;
  const end = next(source, "close");
  source.close();
  const { wasClean } = await end;
  return { first, came, continuity, transport, wasClean, is: event instanceof MessageEvent, origin: event.origin === origin };
}, (seen, { kind }) => {
  assert.deepEqual(seen, {
    first: kind === "process" ? "fetch-stream" : "eventsource", came: ["1", "2 é"], continuity: "resumed", transport: "fetch-stream",
    wasClean: true, is: true, origin: true,
  });
});

const throughDrops = async ({ origin, channel }) => {
  const rungs = { eventsource: "", "fetch-stream": "", "xhr-stream": "", "long-poll": "&end-after=10" };
  if (!globalThis.EventSource) delete rungs.eventsource;
  if (!globalThis.XMLHttpRequest) for (const rung of ["xhr-stream", "long-poll"]) delete rungs[rung];
  const results = await Promise.all(Object.entries(rungs).map(async ([transport, fault]) => {
    const url = `${origin}/sse/burst?count=1000&ids&hold&drop-random=50&key=${channel}-${transport}${fault}`;
    const source = new everwire.ReconnectingEventSource(url, {
      transports: [transport], reconnect: { ...quick, maxDelay: 20 }, resume: { query: "last_event_id" } });
    let expected = 1;
    const wrong = [];
    await next(source, "message", ({ data, lastEventId }) => {
      if (parseInt(data) !== expected || Number(lastEventId) !== expected) wrong.push([data, lastEventId, expected]);
      expected += 1;
      return expected > 1000;
    }, 30_000);
    const { events, drops } = source.stats();
    source.close();
    return [transport, { wrong, events, often: drops >= 8 }];
  }));
  return Object.fromEntries(results);
};

inHosts("1,000 events through random drops arrive once each and in order, on each rung", EVERYWHERE, throughDrops, (seen, { kind }) => {
  const rungs = ["eventsource", "fetch-stream", "long-poll", "xhr-stream"];
  assert.deepEqual(Object.keys(seen).sort(), { process: ["fetch-stream"], "service worker": rungs.slice(0, 2) }[kind] ?? rungs);
  for (const [rung, result] of Object.entries(seen)) assert.deepEqual(result, { wrong: [], events: 1000, often: true }, rung);
});

// Of a response from another origin that has failed, Firefox shows a worker no header, and still its status.
inHosts("a response that is cut before its head is seen is no response without a type", RICH, async ({ other, channel }) => {
  const source = new everwire.ReconnectingEventSource(`${other}/sse/burst?count=1000&ids&hold&drop-random=50&key=${channel}`, {
    transports: ["xhr-stream"], reconnect: { ...quick, maxDelay: 20 } });
  const ids = [];
  await next(source, "message", ({ lastEventId }) => ids.push(lastEventId) === 1000, 30_000);
  source.close();
  return ids.every((id, at) => Number(id) === at + 1);
}, (isWhole) => assert.ok(isWhole));

inHosts("events are whole, however the bytes are cut", EVERYWHERE, async ({ origin, channel }) => {
  const text = "日本語 😀\nline 2 \uFEFF";
  await fetch(`${origin}/relay/${channel}`, { method: "POST", body: text });
  const transports = ["fetch-stream", ...(globalThis.XMLHttpRequest ? ["xhr-stream"] : [])];
  const came = [];
  for (const transport of transports) {
    for (const fault of ["trickle", "cut-utf8"]) {
      const source = new everwire.ReconnectingEventSource(`${origin}/sse/${channel}?first=oldest&${fault}`, { transports: transport });
      came.push(...await take(source, 1));
      source.close();
    }
  }
  return came.every((data) => data === text);
}, (whole) => assert.equal(whole, true));

inHosts("a POST streams its answer", EVERYWHERE, async ({ origin }) => {
  const source = new everwire.ReconnectingEventSource(`${origin}/sse/tokens?ms=1`, { method: "POST", body: "one two" });
  const came = follow(source);
  const { code } = await next(source, "close");
  return [came, code];
}, (seen) => assert.deepEqual(seen, [['{"token":"one "}', '{"token":"two "}', "[DONE]"], 1000]));

inHosts("answers mean what they should: 204, 404, another type, 503 with Retry-After, 401 with refresh", EVERYWHERE,
  async ({ origin, channel }) => {
    const told = [];
    for (const fault of ["status=204", "status=404", "content-type=text/html"]) {
      const source = new everwire.ReconnectingEventSource(`${origin}/sse/${channel}?${fault}`, { transports: "fetch-stream" });
      told.push((await next(source, "close")).cause.message);
    }
    const away = new everwire.ReconnectingEventSource(`${origin}/sse/${channel}?status=503&retry-after=1&times=1&key=${channel}`, {
      transports: "fetch-stream", reconnect: quick });
    const { cause, delay } = await next(away, "reconnecting");
    away.close();
    let token = "old";
    const renewed = new everwire.ReconnectingEventSource(`${origin}/sse/${channel}?auth=new`, {
      headers: () => ({ Authorization: `Bearer ${token}` }), refresh: async () => { token = "new"; } });
    await next(renewed, "open");
    renewed.close();
    return [...told, cause.status, delay >= 1_000 && delay <= 1_500, renewed.stats().attempts];
  }, (seen) => assert.deepEqual(seen, [
    "the server refused (204)", "the server refused (404)", "expected text/event-stream, the server sent (200): text/html", 503, true, 2]));

inHosts("for await ends with the connection", EVERYWHERE, async ({ origin }) => {
  const source = new everwire.ReconnectingEventSource(`${origin}/sse/burst?count=30&ids&size=16`, {
    transports: "fetch-stream", reconnect: quick });
  const came = [];
  for await (const { data } of source) came.push(parseInt(data));
  return came;
}, (came) => assert.deepEqual(came, Array.from({ length: 30 }, (_, i) => i + 1)));

inHosts("a WebSocket sends, receives, and comes back", BROWSERS, async ({ origin }) => {
  const socket = new everwire.ReconnectingWebSocket(`${origin}/ws/echo`, [], { reconnect: quick });
  await next(socket, "open");
  const back = next(socket, "reconnected");
  await fetch(`${origin}/control/drop?path=/ws/echo`, { method: "POST" });
  await back;
  const came = take(socket, 2);
  socket.send("1");
  socket.send("2 é");
  const all = await came;
  socket.close();
  return all;
}, (came) => assert.deepEqual(came, ["1", "2 é"]));

inHosts("a refusal by CORS is explained, and what it did is closed", BROWSERS, async ({ other, channel }) => {
  const source = new everwire.ReconnectingEventSource(`${other}/sse/${channel}?cors=none`, {
    transports: "fetch-stream", reconnect: { maxRetries: 0 } });
  return (await next(source, "close")).cause.message;
}, (message) => assert.match(message, /CORS headers may not let http:\/\/127\.0\.0\.1:\d+ read it/));

inHosts("to another origin, the browser's own class goes on by itself", RICH, async ({ origin, other, channel }) => {
  const source = new everwire.ReconnectingEventSource(`${other}/sse/${channel}?retry=50`, { reconnect: quick });
  const post = (path, body) => fetch(origin + path, { method: "POST", body });
  await next(source, "open");
  const came = follow(source);
  const back = next(source, "reconnected");
  let one = next(source, "message");
  await post(`/relay/${channel}`, "1");
  await one;
  await post(`/control/drop?path=/sse/${channel}`);
  one = next(source, "message", ({ data }) => data === "2");
  await post(`/relay/${channel}`, "2");
  await one;
  const { transport, continuity } = await back;
  source.close();
  return [came, transport, continuity];
}, async (seen, { channel }) => {
  assert.deepEqual(seen, [["1", "2"], "eventsource", "resumed"]);
  const preflights = (await fixture.journal(`/sse/${channel}`)).filter(({ method }) => method === "OPTIONS");
  assert.deepEqual(preflights, []);
});

inHosts("where not one byte comes, it goes down rung by rung", TWO, async ({ origin, channel }) => {
  const source = new everwire.ReconnectingEventSource(`${origin}/sse/${channel}?hold-body&end-after=1`, {
    firstByteTimeout: 300, connectTimeout: 800, reconnect: quick });
  const came = follow(source);
  await next(source, "open", () => source.transport === "long-poll");
  const both = next(source, "message", () => came.length === 2);
  for (const body of ["1", "2"]) await fetch(`${origin}/relay/${channel}`, { method: "POST", body });
  await both;
  source.close();
  return came;
}, (came) => assert.deepEqual(came, ["1", "2"]));

inHosts("an XHR stream is left for a new one before it is large", RICH, async ({ origin, channel }) => {
  const source = new everwire.ReconnectingEventSource(`${origin}/sse/${channel}`, { transports: "xhr-stream" });
  const came = [];
  source.onmessage = ({ data }) => came.push(data.slice(0, 1));
  await next(source, "open");
  for (let i = 0; i < 9; i += 1) {
    const one = next(source, "message");
    await fetch(`${origin}/relay/${channel}`, { method: "POST", body: `${i}${"x".repeat(300_000)}` });
    await one;
  }
  source.close();
  const { attempts, drops } = source.stats();
  return [came.join(""), attempts, drops];
}, async (seen, { channel }) => {
  assert.deepEqual(seen, ["012345678", 1, 0]);
  const { length } = (await fixture.journal(`/sse/${channel}`)).filter(({ method }) => method === "GET");
  assert.ok(length >= 2 && length <= 4, `${length} requests for 2.7 MB`);
});

inHosts("what a page tells is heeded: the cache, and a network that is back", WINDOW, async ({ origin, channel }) => {
  const source = new everwire.ReconnectingEventSource(`${origin}/sse/${channel}`, { transports: "fetch-stream" });
  const states = [];
  source.addEventListener("statechange", ({ state }) => states.push(state));
  await next(source, "open");
  dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
  dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
  await next(source, "statechange", ({ state }) => state === "open");
  source.close();
  const waiting = new everwire.ReconnectingEventSource(`${origin}/sse/${channel}?status=500&times=1&key=${channel}`, {
    transports: "fetch-stream", reconnect: { firstDelay: 2e9, maxDelay: 2e9 } });
  await next(waiting, "reconnecting");
  dispatchEvent(new Event("online"));
  await next(waiting, "open");
  waiting.close();
  return states;
}, (states) => assert.deepEqual(states, ["open", "waiting", "connecting", "open", "closed"]));

// ---- the strict EventSource ----

inHosts("the strict EventSource is told what the browser's own is told", EVERYWHERE, async ({ origin, channel }) => {
  const url = `${origin}/sse/bytes/${channel}`;
  const blocks = ["id: é1\r\nevent: x\r\ndata: 日本\r\ndata: 😀\r\n", "retry: 100\rdata\r", "id\rdata:b\r\n", "event: x\n"];
  const body = `\uFEFF: hi\r\n${blocks.join("\r\n")}\ndata: last`;
  await fetch(url, { method: "POST", body });
  const all = {};
  const type = "?content-type=text/";
  for (const fault of ["", "?trickle", "?cut-utf8", "?status=204", "?status=500", `${type}plain`, `${type}event-stream;x`]) {
    all[fault] = await compare(url + fault, { types: ["message", "x"] });
  }
  const redirect = `${origin}/sse/x?redirect=307&to=${encodeURIComponent(url)}`;
  all.redirect = await compare(redirect, { types: ["message", "x"] });
  return all;
}, (all) => {
  const { origin } = fixture;
  const messages = [["x", "日本\n😀", "é1", origin], ["message", "", "é1", origin], ["message", "b", "", origin]];
  const stream = [["open", 1], ...messages, ["error", 0]];
  for (const [fault, told] of Object.entries(all)) {
    const refused = /status|plain/.test(fault);
    for (const [name, entries] of Object.entries(told)) assert.deepEqual(entries, refused ? [["error", 2]] : stream, `${name}, ${fault}`);
  }
});

inHosts("the strict EventSource reconnects with the last id as UTF-8, and after retry", EVERYWHERE, async ({ origin, channel }) => {
  const url = `${origin}/sse/bytes/${channel}`;
  await fetch(url, { method: "POST", body: "retry: 100\nid: é日\ndata: 1\n\ndata: 2\n\n" });
  const all = {};
  for (const [name, open] of Object.entries(subjects)) {
    const source = open(`${url}?${name}`);
    const told = [];
    for (const type of ["open", "message", "error"]) {
      source.addEventListener(type, ({ lastEventId }) => told.push([type, source.readyState, lastEventId]));
    }
    await take(source, 3);
    source.close();
    all[name] = told;
  }
  return all;
}, async (all, { channel }) => {
  const first = [["open", 1, null], ["message", 1, "é日"], ["message", 1, "é日"], ["error", 0, null]];
  for (const [name, told] of Object.entries(all)) {
    const plain = told.map(([type, state, id]) => [type, state, id ?? null]);
    assert.deepEqual(plain, [...first, ...first.slice(0, 2)], name);
    const sent = (await fixture.journal(`/sse/bytes/${channel}`)).filter(({ query }) => query === name);
    assert.equal(sent[1].headers["last-event-id"], "é日", name);
    assert.ok(sent[1].atMs - sent[0].endedMs >= 80, name);
  }
});

inHosts("the strict EventSource resolves URLs against the page or the worker, and refuses what is none", BROWSERS, () => {
  const urls = ["x", "/y?q#f", "../z", "", "//localhost:1/w"];
  const resolved = Object.values(subjects).slice(0, 2).map((open) => urls.map((url) => {
    const source = open(url);
    source.close();
    return source.url;
  }));
  const refused = ["http://", "http://a b/"].map((url) => {
    try {
      return subjects.ours(url).url;
    } catch (error) {
      return [error instanceof DOMException, error.name];
    }
  });
  return { native: resolved[0], ours: resolved[1], refused };
}, ({ native, ours, refused }) => {
  assert.deepEqual(ours, native);
  assert.equal(ours[0], `${fixture.origin}/www/x`);
  assert.deepEqual(refused, Array(2).fill([true, "SyntaxError"]));
});

inHosts("the strict EventSource has the shape of the browser's own", BROWSERS, () => {
  const shapes = [EventSource, everwire.EventSource].map((Class) => {
    const shape = (object) => Reflect.ownKeys(object).map(String).filter((key) => key !== "prototype").sort();
    const one = new Class("/sse/none?status=204");
    one.close();
    return [shape(Class), shape(Class.prototype), String(one), Class.length, Class.name, one instanceof EventTarget];
  });
  return shapes;
}, ([native, ours]) => assert.deepEqual(ours, native));

// ---- Node ----

/** Runs a module in a Node of its own, with the package as `everwire`, and tells what it prints and how it ends. */
async function runNode(body, ...args) {
  const source = `import * as everwire from ${JSON.stringify(pathToFileURL(join(pkg, "index.js")))};\n${body}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", source, "--", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { printed += chunk; });
  const [code] = await once(child, "close");
  return { code, printed };
}

test("Node: to import it does nothing, and keeps nothing awake", { timeout: 20_000 }, async () => {
  const seen = await runNode(`
    console.log(Object.keys(everwire).sort().join(), typeof globalThis.EventSource);`);
  assert.deepEqual(seen, { code: 0, printed: "EventSource,ReconnectingEventSource,ReconnectingWebSocket undefined\n" });
});

test("Node: a process ends by itself once all is closed, and not before", { timeout: 20_000 }, async () => {
  const seen = await runNode(`
    const [url] = process.argv.slice(1);
    const sources = [new everwire.ReconnectingEventSource(url), new everwire.EventSource(url)];
    const waiting = new everwire.ReconnectingEventSource(url + "?status=503&retry-after=600");
    await new Promise((resolve) => waiting.addEventListener("reconnecting", resolve));
    const came = await Promise.all(sources.map((source) => new Promise((resolve) => { source.onmessage = resolve; })));
    for (const source of [...sources, waiting]) source.close();
    console.log(came.map(({ data }) => Number(data) > 0).join());`, `${fixture.origin}/sse/numbers`);
  assert.deepEqual(seen, { code: 0, printed: "true,true\n" });
});

test("Node: a relative URL has no base, which is said; and the polyfill makes a global class", { timeout: 20_000 }, async () => {
  const seen = await runNode(`
    for (const Class of [everwire.ReconnectingEventSource, everwire.EventSource]) {
      try {
        new Class("/sse");
      } catch ({ name, message }) {
        console.log(name, message);
      }
    }
    await import(${JSON.stringify(pathToFileURL(join(pkg, "polyfill.js")))});
    console.log(globalThis.EventSource === everwire.EventSource);`);
  assert.deepEqual(seen, { code: 0, printed: `${[
    "SyntaxError url: /sse was given; expected a ws, wss, http or https URL without a fragment",
    "SyntaxError Failed to construct 'EventSource': /sse was given; expected a URL", "true"].join("\n")}\n` });
});
