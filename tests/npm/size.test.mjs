import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sizes } from "../../scripts/sizes.mjs";

/** Bytes after brotli of what a page pays for these imports, JavaScript and inlined wasm together; nothing else of the package costs it. */
const BUDGETS = {
  EventSource: 8 * 1024,
  ReconnectingEventSource: 32 * 1024,
  ReconnectingWebSocket: 28 * 1024,
  "all of it": 35 * 1024,
};

const measured = await sizes(fileURLToPath(new URL("../../pkg", import.meta.url)));

for (const [name, budget] of Object.entries(BUDGETS)) {
  test(`${name}, bundled and minified, is at most ${budget / 1024} KB in brotli`, (t) => {
    const { brotli } = measured[name];
    t.diagnostic(`${name}: ${brotli} of ${budget} bytes`);
    assert.ok(brotli <= budget, `${brotli} bytes, of ${budget} allowed; \`make package\` shows the parts`);
  });
}
