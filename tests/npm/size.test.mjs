// What a page pays for what it imports, and that README.md says so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bundledFrom, peerSizes, published, sizes } from "../../scripts/sizes.mjs";
import { pkg } from "./support.mjs";

/** Bytes after brotli of what a page pays for these imports, JavaScript and inlined wasm together; nothing else of the package costs it. */
const BUDGETS = {
  "everwire: EventSource": 8 * 1024,
  "everwire: ReconnectingEventSource": 32 * 1024,
  "everwire: ReconnectingWebSocket": 28 * 1024,
  "everwire: EventSource, ReconnectingEventSource, ReconnectingWebSocket": 35 * 1024,
  "everwire/raw: ReconnectingEventSource": 27 * 1024,
  "everwire/raw: ReconnectingWebSocket": 22.5 * 1024,
};

const measured = await sizes(pkg);

for (const [name, budget] of Object.entries(BUDGETS)) {
  test(`${name}, bundled and minified, is at most ${budget / 1024} KB in brotli`, (t) => {
    const { brotli } = measured[name];
    t.diagnostic(`${name}: ${brotli} of ${budget} bytes`);
    assert.ok(brotli <= budget, `${brotli} bytes, of ${budget} allowed; \`make package\` shows the parts`);
  });
}

test("a socket of everwire/raw brings nothing along of requests, event streams and other wires", async () => {
  const code = Buffer.from(await bundledFrom(pkg, "everwire/raw", "ReconnectingWebSocket")).toString();
  for (const [name, isIn] of Object.entries({ XMLHttpRequest: false, EventSource: false, nchan: false, WebSocket: true })) {
    assert.equal(code.includes(name), isIn, name);
  }
});

test("README.md says what each import weighs, and what the peers do, within one percent", async () => {
  const said = published();
  const all = { ...measured, ...await peerSizes() };
  assert.deepEqual(Object.keys(said), Object.keys(all));
  for (const [name, sizes] of Object.entries(all)) {
    for (const [how, bytes] of Object.entries(sizes)) {
      const off = Math.abs(said[name][how] / bytes - 1);
      assert.ok(off < 0.01, `${name}, ${how}: ${bytes} bytes, and ${said[name][how]} in README.md; \`make sizes\` writes it`);
    }
  }
});
