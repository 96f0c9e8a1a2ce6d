// What there is no more, row by row of the last table of docs/migration.md: that it was so in the other package, and is what the row says here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { everwire, load, peer, tables } from "./migration/table.mjs";

const { ReconnectingEventSource, ReconnectingWebSocket } = everwire;
const { fakeNetwork } = await load("testing.js");
const PLACE = "https://example.com/place";
const MINUTE = 60_000;

const reconnecting = peer("reconnecting-websocket");
const { default: party } = peer("partysocket/ws");
const sockets = [reconnecting, party];
// It takes the timers and the fetch from there.
globalThis.window = globalThis;
const { fetchEventSource } = peer("@microsoft/fetch-event-source");
/** It keeps the timers and the fetch that it finds when it is loaded. */
const polyfill = () => {
  const path = peer.resolve("event-source-polyfill");
  delete peer.cache[path];
  return peer(path).EventSourcePolyfill;
};

const table = tables[4];
/** The options that the last column of this row shows, with what they name in scope. */
const optionsIn = (row, scope) => {
  const [, code] = /`(\{ \w+: .*\})`/.exec(table[row].last);
  return new Function(...Object.keys(scope), `return (${code});`)(...Object.values(scope));
};

/** What a page sees of the headers of a response, by this row's options. */
const versionBy = async (row, { net, server }) => {
  const shown = [];
  server.accept({ headers: { "X-Version": "7" } });
  const source = new ReconnectingEventSource(PLACE, optionsIn(row, { show: (what) => shown.push(what) }));
  await net.until(source.opened);
  source.close();
  return shown;
};

/** By the second column. Each is given the network and its server. */
const ROWS = {
  "`ws.readyState` while it waits for the next try": ["a socket that waits is CONNECTING, and its state says so", async ({ net, server }) => {
    server.drop();
    for (const Old of sockets) {
      const old = new Old(PLACE.replace("http", "ws"));
      await net.until(() => old.readyState === Old.CLOSED);
      old.close();
    }
    const ws = new ReconnectingWebSocket(PLACE);
    await net.until(() => ws.state === "waiting");
    assert.equal(ws.readyState, ReconnectingWebSocket.CONNECTING);
    net.offline();
    await net.advance();
    assert.deepEqual([ws.state, ws.readyState], ["offline", ReconnectingWebSocket.CONNECTING]);
    ws.close();
    await net.advance();
    assert.equal(ws.readyState, ReconnectingWebSocket.CLOSED);
  }],
  "`ws.retryCount` at other times than in `onclose`": ["statechange has the number of failed tries at each change", async ({ net, server }) => {
    server.refuse(503);
    for (const Old of sockets) {
      const old = new Old(PLACE.replace("http", "ws"));
      await net.until(() => old.retryCount === 2);
      old.close();
    }
    const ws = new ReconnectingWebSocket(PLACE);
    const attempts = [];
    ws.addEventListener("statechange", ({ state, attempt }) => attempts.push([state, attempt]));
    await net.until(() => attempts.length === 4);
    ws.close();
    assert.deepEqual(attempts.slice(0, 4), [["waiting", 1], ["connecting", 1], ["waiting", 2], ["connecting", 2]]);
    assert.equal(ws.retryCount, undefined);
  }],
  "`headers` of the `open` event": ["a fetch of the page's sees the headers", async (scene) => {
    scene.server.accept({ headers: { "X-Version": "7" } });
    const old = new (polyfill())(PLACE);
    const { headers } = await scene.net.until(new Promise((resolve) => { old.onopen = resolve; }));
    old.close();
    assert.deepEqual([headers.get("X-Version"), await versionBy(2, scene)], ["7", ["7"]]);
  }],
  "{ Transport: XHRTransport }": ["transports chooses among those that there are", async ({ net, server }) => {
    const source = new ReconnectingEventSource(PLACE, optionsIn(3, {}));
    await net.until(source.opened);
    source.close();
    assert.deepEqual(server.attempts.map(({ via }) => via), ["XMLHttpRequest"]);
    assert.throws(() => new ReconnectingEventSource(PLACE, { transports: [class {}] }), /^TypeError: transports: class/);
  }],
  "`{ onopen: (response) => … }`, for the response's headers": ["a fetch of the page's sees the response", async (scene) => {
    scene.server.accept({ headers: { "X-Version": "7" } });
    const controller = new AbortController();
    const { headers } = await scene.net.until(new Promise((resolve) => {
      fetchEventSource(PLACE, { openWhenHidden: true, signal: controller.signal, onopen: async (response) => resolve(response) });
    }));
    controller.abort();
    assert.deepEqual([headers.get("X-Version"), await versionBy(2, scene)], ["7", ["7"]]);
  }],
  "`{ mode, cache, … }` and what else `fetch` takes": ["a fetch of the page's may change what is asked", async ({ net }) => {
    const asked = [];
    const noting = (url, init) => {
      asked.push([new Request(url, init).mode, init.cache, init.referrerPolicy]);
      return fetch(url, init);
    };
    const source = new ReconnectingEventSource(PLACE, optionsIn(5, { fetch: noting }));
    await net.until(source.opened);
    source.close();
    assert.deepEqual(asked, [["cors", "no-store", "origin"]]);
  }],
  "`{ openWhenHidden: false }`, which is the default there": ["a hidden page keeps its streams", async ({ net, server }) => {
    const source = new ReconnectingEventSource(PLACE);
    await net.until(source.opened);
    net.hide();
    await net.advance(MINUTE);
    assert.equal(server.connections.length, 1);
    source.close();
  }],
};

test("every row of the table of what there is no more has a test", () => {
  assert.deepEqual(table.map(({ becomes }) => becomes), Object.keys(ROWS));
});

for (const [what, [sentence, observe]] of Object.entries(ROWS)) {
  test(`${what}: ${sentence}`, async () => {
    const net = fakeNetwork({ page: "https://example.com/" });
    const { error } = console;
    console.error = () => {};
    try {
      await observe({ net, server: net.server(PLACE) });
    } finally {
      console.error = error;
      net.restore();
    }
  });
}
