import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sizes } from "../../scripts/sizes.mjs";

const BUDGET = 16 * 1024;

test("the default entry, bundled and minified, is at most 16 KB in brotli", async (t) => {
  const pkg = fileURLToPath(new URL("../../pkg", import.meta.url));
  const { brotli } = (await sizes(pkg))["default entry, all of it"];
  t.diagnostic(`default entry: ${brotli} of ${BUDGET} bytes`);
  assert.ok(brotli <= BUDGET, `${brotli} bytes, of ${BUDGET} allowed; \`make package\` shows the parts`);
});
