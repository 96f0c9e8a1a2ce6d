import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
// As in an application: the package in node_modules, and its types found by the exports.
const folder = mkdtempSync(join(tmpdir(), "everwire-types-"));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "node_modules"));
cpSync(join(root, "pkg"), join(folder, "node_modules/everwire"), { recursive: true });
for (const name of ["compiles", "worker", "classic"]) cpSync(join(root, `tests/npm/types/${name}.ts`), join(folder, `${name}.mts`));

/** Compiles this file with the library of its host, and with all that the package declares: `skipLibCheck` is off. */
const compile = (name, lib, module, resolution) => {
  const options = ["--strict", "--noEmit", "--target", "es2022", "--lib", `es2022,${lib}`, "--types", ""];
  const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"),
    [...options, "--module", module, "--moduleResolution", resolution, `${name}.mts`], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stdout);
};

for (const [module, resolution] of [["esnext", "bundler"], ["node16", "node16"], ["nodenext", "nodenext"]]) {
  test(`the types fit what users write, and nothing else, under ${resolution}`, () => compile("compiles", "dom", module, resolution));
}

test("the same in workers, with no library of windows", () => compile("worker", "webworker", "esnext", "bundler"));

test("the classic script's global has the types of all that it has, in a page's own script", () => {
  for (const [module, resolution] of [["esnext", "bundler"], ["nodenext", "nodenext"]]) compile("classic", "dom", module, resolution);
});
