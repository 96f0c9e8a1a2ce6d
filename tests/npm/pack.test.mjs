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
  "engine.js",
  "eventsource.js",
  "face.js",
  "index.d.ts",
  "index.js",
  "names.js",
  "options.js",
  "package.json",
  "shell.js",
  "target.js",
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

test("the inlined module is the module, and the engine has all that it imports", async () => {
  const { bytes } = await import(new URL("wasm/inline.js", pkg));
  assert.deepEqual(Buffer.from(bytes()), readFileSync(new URL("wasm/module.wasm", pkg)));
  const { instantiate } = await import(new URL("engine.js", pkg));
  instantiate(new WebAssembly.Module(bytes()));
});

test("importing it in Node does nothing and throws nothing", async () => {
  const { ReconnectingEventSource, ReconnectingWebSocket } = await import(new URL("index.js", pkg));
  assert.equal(ReconnectingWebSocket.OPEN + ReconnectingEventSource.CLOSED, 3);
});
