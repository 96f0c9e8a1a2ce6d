// What is published, as registries, linters and bundlers look at it: from the packed tarball.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { build } from "esbuild";
import { makeProject, run, tarball, tool } from "./consumers/project.mjs";
import { pkg } from "./support.mjs";

const manifest = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));

test("npm would publish it as it is, to everybody, and corrects nothing", async () => {
  const printed = await run("npm", ["publish", "--dry-run"], { cwd: pkg });
  assert.match(printed, /with tag latest and public access/);
  assert.doesNotMatch(printed, /auto-corrected/);
  assert.equal(manifest.publishConfig.provenance, true);
  // Provenance names the repository, and the registry compares.
  assert.match(manifest.repository.url, /^git\+https:\/\/github\.com\/[\w-]+\/[\w-]+\.git$/);
});

test("publint has nothing to say, not even a suggestion", async () => {
  assert.match(await run(tool("publint"), ["run", tarball.path, "--strict"]), /All good!/);
});

/** Of a package of modules alone: as modules import it, in Node and in bundlers. `module.wasm` is no JavaScript, so it has no types. */
test("the types are right wherever a module is resolved, finds @arethetypeswrong/cli", async () => {
  const options = ["--profile", "esm-only", "--exclude-entrypoints", "module.wasm", "--no-definitely-typed", "--format", "json"];
  const { analysis, problems } = JSON.parse(await run(tool("attw"), [tarball.path, ...options]));
  const ours = Object.values(problems).flat().filter(({ resolutionKind }) => ["node16-esm", "bundler"].includes(resolutionKind));
  assert.deepEqual(ours, []);
  const paths = Object.keys(manifest.exports).filter((path) => path !== "./module.wasm");
  assert.deepEqual(Object.keys(analysis.entrypoints).sort(), paths.sort());
});

test("every entry is found under one condition, with its types before it", () => {
  for (const [path, entry] of Object.entries(manifest.exports)) {
    if (/\.(wasm|json)$/.test(path)) assert.equal(typeof entry, "string", path);
    else assert.deepEqual(Object.keys(entry), ["types", "default"], path);
  }
});

/** What bundlers make of this line of an application. `claimed`: whether they may read in the manifest that there are no side effects. */
async function bundled(line, claimed = true) {
  const folder = makeProject();
  if (!claimed) {
    const { sideEffects, ...rest } = manifest;
    writeFileSync(join(folder, "node_modules/everwire/package.json"), JSON.stringify(rest));
  }
  writeFileSync(join(folder, "main.js"), line);
  const esbuild = await build({ entryPoints: [join(folder, "main.js")], bundle: true, format: "esm", write: false, logLevel: "error" });
  const rollup = await run(tool("rollup"), ["main.js", "--plugin", "node-resolve", "--silent"], { cwd: folder });
  // They leave comments with the names of files.
  return { esbuild: esbuild.outputFiles[0].text.replace(/^\/\/.*\n/gm, "").trim(), rollup: rollup.trim() };
}

const UNUSED = [
  'import "everwire";',
  'import { EventSource, ReconnectingEventSource, ReconnectingWebSocket } from "everwire";',
  'import { ReconnectingWebSocket } from "everwire/raw";',
  'import { init, ReconnectingEventSource } from "everwire/lazy";',
  'import { userTiming } from "everwire/user-timing";',
];

test("what nobody uses costs nothing", async () => {
  for (const line of UNUSED) assert.deepEqual(await bundled(line), { esbuild: "", rollup: "" }, line);
});

test("that is true to the facts: rollup finds it out by itself, without a word of the manifest", async () => {
  for (const line of UNUSED) assert.equal((await bundled(line, false)).rollup, "", line);
});

test("a polyfill is kept, though nothing is imported from it, and so is the inspector", async () => {
  const does = { polyfill: /EventSource/, "polyfill/force": /EventSource/, devtools: /customElements\.define/ };
  for (const [entry, what] of Object.entries(does)) {
    for (const [bundler, code] of Object.entries(await bundled(`import "everwire/${entry}";`))) assert.match(code, what, `${bundler}: ${entry}`);
  }
});
