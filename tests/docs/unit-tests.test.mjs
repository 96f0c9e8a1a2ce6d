// The unit tests that the documentation shows, as a user would run them: each in a folder with the files that it imports.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pkg } from "../npm/support.mjs";
import { blocks, placeOf } from "./blocks.mjs";

const folder = mkdtempSync(join(tmpdir(), "everwire-unit-tests-"));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "node_modules"));
symlinkSync(pkg, join(folder, "node_modules/everwire"));
writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));

const files = blocks.filter(({ words }) => words.includes("test"));
for (const { values, text } of files) writeFileSync(join(folder, values.file[0]), text);

for (const block of files.filter(({ values }) => values.file[0].endsWith(".test.js"))) {
  test(`${placeOf(block)} passes`, () => {
    // Of the runner that this is a part of, it must not know.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout } = spawnSync(process.execPath, ["--test", block.values.file[0]], { cwd: folder, encoding: "utf8", env });
    assert.equal(status, 0, stdout);
    assert.doesNotMatch(stdout, /^# pass 0$/m);
  });
}
