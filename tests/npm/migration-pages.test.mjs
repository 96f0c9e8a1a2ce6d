// Pages of the packages that docs/migration.md is about, in Chromium against the fixture: as they were, and moved by nothing but the import
// and rows of the tables. They are cut once, and have to show the same.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { build } from "esbuild";
import { tables } from "./migration/table.mjs";
import { pkg, setScene } from "./support.mjs";

const scene = setScene();
const rows = tables.flat();

/** A page with one of these rows' code in it moved. */
const moved = (page, imports, codes) => codes.reduce((moving, code) => {
  assert.ok(moving.includes(code), `the page has ${code}`);
  return moving.replace(code, rows.find(({ was }) => was === code).becomes);
}, page.replace(/^import .*$/m, imports));

const bundled = async (contents) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("peers", import.meta.url)) },
    alias: { everwire: join(pkg, "index.js") },
    bundle: true, format: "esm", write: false, logLevel: "error",
  });
  return outputFiles[0].text;
};

/** What a page shows, `before` it is cut and `after` that. */
const shows = async (page, { before, after }, cut) => {
  // Before an event, @microsoft/fetch-event-source tells a comment as a message without data.
  await scene.reopen("window.shown = []; window.show = (what) => what && shown.push(what);");
  const has = (count) => scene.page.waitForFunction((count) => shown.length >= count, count);
  await scene.page.addScriptTag({ type: "module", content: await bundled(page) });
  await has(before);
  await cut();
  await has(before + after);
  return scene.page.evaluate(() => shown);
};

const SOCKET = `
const url = location.origin.replace("http", "ws") + "/ws/echo";
const ws = new ReconnectingWebSocket(
  url, null, { minReconnectionDelay: 500, maxReconnectionDelay: 4_000, reconnectionDelayGrowFactor: 2 });
const hello = () => ws.send("hello");
const lost = () => show("lost");
ws.onopen = hello;
ws.onclose = lost;
ws.onmessage = ({ data }) => show(data);
`;
for (const name of ["reconnecting-websocket", "partysocket/ws"]) {
  test(`a page of ${name} goes on as before`, async () => {
    const page = `import ReconnectingWebSocket from "${name}";${SOCKET}`;
    const now = moved(page, 'import { ReconnectingWebSocket } from "everwire";', [
      "{ minReconnectionDelay: 500, maxReconnectionDelay: 4_000, reconnectionDelayGrowFactor: 2 }",
      "ws.onopen = hello;",
      "ws.onclose = lost;",
    ]);
    const cut = () => scene.fixture.control("drop?path=/ws/echo");
    for (const one of [page, now]) assert.deepEqual(await shows(one, { before: 1, after: 2 }, cut), ["hello", "lost", "hello"], one);
  });
}

let streams = 0;
/** The same of a stream, of which one event comes before it is cut, and one meanwhile. */
const follows = async (page, count) => {
  streams += 1;
  const channel = `${scene.channel}-${streams}`;
  await scene.fixture.publish(channel, "1");
  return shows(page.replace("CHANNEL", channel), count, async () => {
    await scene.fixture.control(`drop?path=/sse/${channel}`);
    await scene.fixture.publish(channel, "2");
  });
};

test("a page of event-source-polyfill goes on as before", async () => {
  const page = `import { EventSourcePolyfill } from "event-source-polyfill";
const url = "/sse/CHANNEL?first=oldest";
const es = new EventSourcePolyfill(url, { headers: { "X-Token": "x" } });
es.onopen = () => show("open"); es.onerror = () => show("lost");
es.onmessage = ({ data }) => show(data);
`;
  const now = moved(page, 'import { ReconnectingEventSource as EventSourcePolyfill } from "everwire";', [
    'new EventSourcePolyfill(url, { headers: { "X-Token": "x" } })', 'es.onopen = () => show("open"); es.onerror = () => show("lost");',
  ]);
  for (const one of [page, now]) {
    assert.deepEqual(await follows(one, { before: 2, after: 3 }), ["open", "1", "lost", "open", "2"], one);
  }
});

test("a page of @microsoft/fetch-event-source goes on as before", async () => {
  const page = `import { fetchEventSource } from "@microsoft/fetch-event-source";
const url = "/sse/CHANNEL?first=oldest";
fetchEventSource(url, { onmessage: ({ data }) => show(data) });
`;
  const now = moved(page, 'import { ReconnectingEventSource } from "everwire";', [
    "fetchEventSource(url, { onmessage: ({ data }) => show(data) })",
  ]);
  for (const one of [page, now]) assert.deepEqual(await follows(one, { before: 1, after: 1 }), ["1", "2"], one);
});
