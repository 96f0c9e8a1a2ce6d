// ReconnectingWebSocket beyond Chromium's windows: the promises that hang on the host, in Firefox, and in dedicated workers of both browsers.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { launchBrowser, startFixture } from "./support.mjs";
import { launchFirefox } from "./webdriver.mjs";

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
});

after(async () => {
  for (const close of closing) await close();
});

beforeEach(() => fixture.reset());

let cases = 0;

/** Runs `inHost(origin, channel)` in each host, and has `check` look at what it gives. */
const inHosts = (name, inHost, check) => {
  for (const [browser, host] of [["Firefox", "window"], ["Firefox", "dedicated worker"], ["Chromium", "dedicated worker"]]) {
    test(`${browser}, ${host}: ${name}`, { timeout: 60_000 }, async () => {
      cases += 1;
      const source = `({ origin, channel }) => (${inHost})(origin, channel)`;
      const { value, error } = await browsers[browser](host, source, { origin: fixture.origin, channel: `case-${cases}` });
      assert.equal(error, undefined);
      check(value);
    });
  }
};

inHosts("what waits is sent when it is back, behind what the listeners send", async (origin, channel) => {
  const url = `${origin}/ws/echo?refuse&times=1&key=${channel}`;
  const socket = new everwire.ReconnectingWebSocket(url, [], { reconnect: quick, outbox: { maxMessages: 2 } });
  socket.binaryType = "arraybuffer";
  const bytes = new Uint8Array([1, 2]);
  const deliveries = [socket.send("waits"), socket.send(bytes), socket.send("refused")];
  bytes.fill(0);
  socket.onopen = () => { deliveries.push(socket.send("first")); };
  const [first, waits, binary] = await take(socket, 3);
  const end = next(socket, "close");
  socket.close(4001, "bye");
  const { code, reason, wasClean } = await end;
  return { deliveries, first, waits, binary: [...new Uint8Array(binary)], code, reason, wasClean, attempts: socket.stats().attempts };
}, (seen) => assert.deepEqual(seen, {
  deliveries: ["queued", "queued", "refused", "sent"], first: "first", waits: "waits", binary: [1, 2],
  code: 4001, reason: "bye", wasClean: true, attempts: 2,
}));

inHosts("a heartbeat notices a server that has fallen silent", async (origin) => {
  const socket = new everwire.ReconnectingWebSocket(`${origin}/ws/heartbeat?mute-after=1`, [], {
    reconnect: quick, heartbeat: { interval: 50, timeout: 200, message: () => "ping", isReply: (data) => data === "pong" } });
  const came = follow(socket);
  const { cause } = await next(socket, "reconnecting");
  await next(socket, "reconnected");
  socket.close();
  return [cause.kind, came];
}, (seen) => assert.deepEqual(seen, ["silence", []]));

inHosts("where no WebSocket gets through there is one clear end", async (origin) => {
  const socket = new everwire.ReconnectingWebSocket(`${origin}/ws/echo?refuse`, [], { reconnect: quick });
  const { cause } = await next(socket, "close");
  return [cause.kind, ["relay", "engine.io"].every((wire) => cause.message.includes(wire))];
}, (seen) => assert.deepEqual(seen, ["unusable", true]));

inHosts("each message of the application's own ids comes once and in order, through drops at any moment", async (origin, channel) => {
  const url = `${origin}/ws/numbers?ms=2&drop-random=20&key=${channel}`;
  const socket = new everwire.ReconnectingWebSocket(url, [], {
    reconnect: { ...quick, maxDelay: 20 }, id: (data) => JSON.parse(data).id, resume: { query: "lastEventId" } });
  const came = [];
  await next(socket, "message", ({ data }) => came.push(JSON.parse(data).n) === 200, 30_000);
  socket.close();
  return { right: came.every((n, i) => n === i + 1), often: socket.stats().attempts > 4 };
}, (seen) => assert.deepEqual(seen, { right: true, often: true }));

inHosts("a relay carries text and bytes both ways, over each of its transports", async (origin, channel) => {
  const all = {};
  for (const transport of ["websocket", "eventsource", "long-poll"]) {
    const socket = new everwire.ReconnectingWebSocket(`${origin}/relay/${channel}-${transport}`, [], {
      wire: "relay", transports: transport === "eventsource" ? ["eventsource", "long-poll"] : [transport], reconnect: quick });
    socket.binaryType = "arraybuffer";
    const came = take(socket, 4);
    for (const data of ["é", "", new Uint8Array([0, 255]), "last"]) socket.send(data);
    all[transport] = (await came).map((data) => (typeof data === "string" ? data : [...new Uint8Array(data)]));
    socket.close();
  }
  return all;
}, (seen) => {
  const all = ["é", "", [0, 255], "last"];
  assert.deepEqual(seen, { websocket: all, eventsource: all, "long-poll": all });
});

inHosts("Engine.IO moves up under traffic, and loses, doubles and reorders nothing", async (origin, channel) => {
  const socket = new everwire.ReconnectingWebSocket(`${origin}/engine.io/collect/${channel}?ms=2&count=300`, [], {
    wire: "engine.io", transports: ["long-poll", "websocket"] });
  const came = take(socket, 300);
  await next(socket, "open");
  for (let i = 1; i <= 300; i += 1) {
    socket.send(String(i));
    if (i % 3 === 0) await new Promise((resolve) => { setTimeout(resolve); });
  }
  const isRight = (numbers) => numbers.length === 300 && numbers.every((n, i) => Number(n) === i + 1);
  const received = isRight(await came);
  let all = [];
  for (let tries = 0; all.length < 300 && tries < 100; tries += 1) {
    await settle();
    all = await (await fetch(`${origin}/relay/${channel}/all`)).json();
  }
  const { transport } = socket;
  socket.close();
  return { received, arrived: isRight(all.map(({ text }) => text)), transport };
}, (seen) => assert.deepEqual(seen, { received: true, arrived: true, transport: "websocket" }));
