// What the page tells a ReconnectingEventSource, in Chromium: the network, visibility, freezing, the back/forward cache, the clock.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, setScene } from "./support.mjs";

// Playwright turns the cache off.
const scene = setScene({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
const { inPage, requests } = scene;

const publish = (data) => scene.fixture.publish(scene.channel, data);
/** Waits until so many events have come into `came` of the page. */
const arrived = (count) => scene.page.waitForFunction((count) => came.length >= count, count);

/** Opens `source` in the page, over fetch alone; `came` has its events, `states` its states. */
const open = (faults = "", options = {}) => inPage(async ([url, options]) => {
  window.source = new ReconnectingEventSource(url, { transports: ["fetch-stream"], reconnect: quick, ...options });
  window.came = follow(source);
  window.states = [];
  source.addEventListener("statechange", ({ state }) => states.push(state));
  await next(source, options.until ?? "open");
}, [`/sse/${scene.channel}?${faults}`, options]);

/** So that a next attempt comes by itself long after the test, however it is drawn. */
const far = { firstDelay: 2e9, minDelay: 2e9, maxDelay: 2e9 };
/** Opens one whose first attempt fails, and that waits for long. */
const wait = (options = {}) => open(`status=500&times=1&key=${scene.channel}`, { reconnect: far, until: "reconnecting", ...options });

const hide = (hidden) => inPage((hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
  document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
}, hidden);

const stillOpen = async () => {
  await publish("still there");
  await arrived(1);
  assert.deepEqual(await inPage(() => [came, states, source.stats().drops]), [["still there"], ["open"], 0]);
  assert.equal((await requests()).length, 1);
};

// ---- the network ----

test("without a network it is offline, and connects when there is one again", async () => {
  const context = scene.page.context();
  await context.setOffline(true);
  await open("", { reconnect: far, until: "reconnecting" });
  assert.equal(await inPage(() => source.state), "offline");
  await context.setOffline(false);
  await scene.page.waitForFunction(() => source.state === "open");
  assert.deepEqual(await inPage(() => states.slice(-2)), ["connecting", "open"]);
});

test("a network that goes while it waits makes it offline, and one that comes back connects at once", async () => {
  await wait();
  const context = scene.page.context();
  await context.setOffline(true);
  await scene.page.waitForFunction(() => source.state === "offline");
  await context.setOffline(false);
  await scene.page.waitForFunction(() => source.state === "open");
  assert.equal((await requests()).length, 2);
});

test("offline is a hint, and no reason to leave a stream (T37)", async () => {
  await open();
  await inPage(() => dispatchEvent(new Event("offline")));
  await stillOpen();
});

test("after a change of network, a stream that does not speak soon is taken for dead, and gone on from", async () => {
  await scene.page.clock.install();
  await publish("1");
  await inPage(async (channel) => {
    const open = (faults) => new ReconnectingEventSource(`/sse/${channel}?first=oldest&${faults}`, {
      transports: ["fetch-stream"], reconnect: quick });
    [window.silent, window.lively] = ["quiet", "comments=50"].map(open);
    window.came = follow(silent);
    await Promise.all([next(silent, "message"), next(lively, "message")]);
    window.causes = [];
    silent.addEventListener("reconnecting", ({ cause }) => causes.push(cause.kind));
    dispatchEvent(new Event("offline"));
    dispatchEvent(new Event("online"));
    window.before = lively.stats().bytes;
  });
  await scene.page.waitForFunction(() => lively.stats().bytes > before);
  await scene.page.clock.fastForward(5_100);
  await scene.page.waitForFunction(() => causes.length);
  await scene.page.clock.fastForward(1_000);
  await publish("2");
  await arrived(2);
  const seen = await inPage(() => [came, causes, silent.stats().attempts, lively.stats().attempts]);
  assert.deepEqual(seen, [["1", "2"], ["silence"], 2, 1]);
});

test("reasons to hope do not make it hammer a server that is down", async () => {
  await open("status=500", { reconnect: far, until: "reconnecting" });
  await inPage(async () => {
    for (let i = 0; i < 50; i += 1) {
      for (const type of ["online", "offline", "pageshow", "resume"]) dispatchEvent(new Event(type));
      await new Promise((resolve) => { setTimeout(resolve, 10); });
    }
  });
  const entries = await requests();
  assert.ok(entries.length <= 3, `${entries.length} requests`);
  for (const [i, { atMs }] of entries.slice(1).entries()) assert.ok(atMs - entries[i].atMs >= 950, "a second is between two");
});

// ---- what the user sees ----

test("a hidden page keeps its stream, and to hide and show it often makes no other (T16, T31)", async () => {
  await open();
  for (let i = 0; i < 5; i += 1) {
    await hide(true);
    await hide(false);
  }
  await hide(true);
  await stillOpen();
});

test("a page that is shown while it waits connects at once, and not when it is hidden", async () => {
  await scene.page.clock.install();
  await wait();
  await scene.page.clock.fastForward(2_000);
  await hide(true);
  assert.equal(await inPage(() => source.state), "waiting");
  await hide(false);
  await scene.page.waitForFunction(() => source.state === "open");
});

test("a page that was frozen keeps its stream, and connects at once if it waited", async () => {
  const thaw = () => inPage(() => { for (const type of ["freeze", "resume"]) document.dispatchEvent(new Event(type)); });
  await scene.page.clock.install();
  await open();
  await thaw();
  await stillOpen();
  await inPage(() => source.close());
  await wait();
  await scene.page.clock.fastForward(2_000);
  await thaw();
  await scene.page.waitForFunction(() => source.state === "open");
});

// ---- the back/forward cache ----

test("in the back/forward cache there is no connection, and a page that comes back goes on after its last id", async () => {
  await open();
  const { id } = await publish("1");
  await arrived(1);
  await scene.page.goto(`${scene.fixture.origin}/www/blank.html?elsewhere`);
  await eventually(async () => (await requests())[0].endedMs, "the request ended");
  await publish("2");
  await scene.page.goBack({ waitUntil: "commit" });
  await scene.page.waitForFunction(() => window.came?.length === 2);
  const seen = await inPage(() => ({ came, states, drops: source.stats().drops }));
  assert.deepEqual(seen, { came: ["1", "2"], states: ["open", "waiting", "connecting", "open"], drops: 0 });
  assert.deepEqual((await requests()).map(({ resume }) => resume), [null, id]);
});

test("who has closed stays closed when the page comes back", async () => {
  await open();
  await inPage(() => source.close());
  await scene.page.goto(`${scene.fixture.origin}/www/blank.html?elsewhere`);
  await scene.page.goBack({ waitUntil: "commit" });
  assert.equal(await scene.page.evaluate(() => source.state), "closed");
  assert.equal((await requests()).length, 1);
});

test("a page that is left for good, and one that is shown for the first time, change nothing", async () => {
  await open();
  await inPage(() => {
    dispatchEvent(new PageTransitionEvent("pagehide", { persisted: false }));
    dispatchEvent(new PageTransitionEvent("pageshow", { persisted: false }));
  });
  await stillOpen();
});

// ---- the clock ----

test("after a jump of the wall clock, who waits connects, and a stream that does not speak soon is gone on from", async () => {
  const { clock } = scene.page;
  await clock.install();
  await publish("1");
  await open("first=oldest&quiet");
  await arrived(1);
  await inPage(async (channel) => {
    window.waiting = new ReconnectingEventSource(`/sse/${channel}?status=500&times=1&key=${channel}`, {
      transports: ["fetch-stream"], reconnect: { firstDelay: 2e9, maxDelay: 2e9 } });
    await next(waiting, "reconnecting");
  });
  await clock.fastForward(31_000);
  assert.deepEqual(await inPage(() => [source.state, waiting.state]), ["open", "waiting"], "time alone is no jump");
  await clock.setSystemTime(Date.now() + 3_600_000);
  await clock.fastForward(30_000);
  await scene.page.waitForFunction(() => waiting.state === "open");
  await clock.fastForward(5_100);
  await scene.page.waitForFunction(() => source.stats().drops === 1);
  await clock.fastForward(1_000);
  await publish("2");
  await arrived(2);
  assert.deepEqual(await inPage(() => [came, source.stats().lastError.kind]), [["1", "2"], "silence"]);
});
