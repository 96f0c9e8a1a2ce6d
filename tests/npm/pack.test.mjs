import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const pkg = new URL("pkg/", root);
const manifest = JSON.parse(readFileSync(new URL("package.json", pkg), "utf8"));

const FILES = [
  "CHANGELOG.md",
  "LICENSE-APACHE",
  "LICENSE-MIT",
  "README.md",
  "connection.js",
  "eventsource.js",
  "index.d.ts",
  "index.js",
  "package.json",
  "payload.js",
  "target.js",
  "wasm/bindings.js",
  "wasm/inline.js",
  "wasm/module.wasm",
  "websocket.js",
];

test("the tarball holds what it should, and nothing else", () => {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json"], { cwd: pkg, encoding: "utf8", stdio: "pipe" });
  const [{ files }] = JSON.parse(output);
  assert.deepEqual(files.map(({ path }) => path).sort(), FILES);
});

test("the version is that of the crate", () => {
  const cargo = readFileSync(new URL("Cargo.toml", root), "utf8");
  assert.equal(manifest.version, /\[package\][^[]*?\nversion = "(.*)"/.exec(cargo)[1]);
});

test("every path of the exports exists", () => {
  for (const target of Object.values(manifest.exports)) {
    for (const path of typeof target === "string" ? [target] : Object.values(target)) {
      assert.ok(existsSync(new URL(path, pkg)), path);
    }
  }
});

test("the inlined module is the module, and its glue has all that it imports", async () => {
  const { bytes } = await import(new URL("wasm/inline.js", pkg));
  assert.deepEqual(Buffer.from(bytes()), readFileSync(new URL("wasm/module.wasm", pkg)));
  const { initSync } = await import(new URL("wasm/bindings.js", pkg));
  assert.ok(initSync({ module: bytes() }));
});

test("importing compiles nothing and touches no browser API, so it is safe on a server", async (t) => {
  const compile = t.mock.method(WebAssembly, "Module");
  const exported = Object.keys(await import(new URL("index.js", pkg)));
  assert.ok(exported.includes("ReconnectingWebSocket") && exported.includes("ReconnectingEventSource"), exported.join());
  assert.equal(compile.mock.callCount(), 0);
});
