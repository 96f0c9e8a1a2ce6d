import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const pkg = new URL("pkg/", root);
const manifest = JSON.parse(readFileSync(new URL("package.json", pkg), "utf8"));

const FILES = [
  "CHANGELOG.md",
  "LICENSE",
  "LICENSE-APACHE",
  "LICENSE-MIT",
  "README.md",
  "classic.d.ts",
  "compile.js",
  "connection.js",
  "debug.d.ts",
  "devtools.d.ts",
  "devtools.js",
  "dist/everwire.iife.js",
  "early.js",
  "engine.js",
  "eventsource.js",
  "face.js",
  "headers.js",
  "idl.js",
  "index.d.ts",
  "index.js",
  "inspector-card.js",
  "inspector-dom.js",
  "inspector-history.js",
  "inspector-lane.js",
  "inspector-style.js",
  "inspector-words.js",
  "inspector.js",
  "iterate.js",
  "lazy.d.ts",
  "lazy.js",
  "log.js",
  "names.js",
  "native.js",
  "options.js",
  "package.json",
  "parser.js",
  "payload.js",
  "plain.js",
  "polyfill-force.js",
  "polyfill.d.ts",
  "polyfill.js",
  "raw.d.ts",
  "raw.js",
  "requests.js",
  "shell.js",
  "source.js",
  "streams.js",
  "strict.js",
  "target.js",
  "testing-clock.js",
  "testing-host.js",
  "testing-page.js",
  "testing-requests.js",
  "testing-server.js",
  "testing-socket.js",
  "testing-wires.js",
  "testing.d.ts",
  "testing.js",
  "turns.js",
  "user-timing.d.ts",
  "user-timing.js",
  "wasm/decode.js",
  "wasm/machine.js",
  "wasm/machine.wasm",
  "wasm/parser-scalar.wasm",
  "wasm/parser.js",
  "wasm/parser.wasm",
  "wasm/raw.js",
  "wasm/raw.wasm",
  "websocket.js",
  "wires.js",
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

/** T41: what asks for more than npm's users have is replaced by an older version, silently. */
test("it asks for no newer Node than the oldest that is kept up, and is made of modules", () => {
  assert.deepEqual([manifest.engines, manifest.type, manifest.main], [{ node: ">=20" }, "module", undefined]);
});

test("every path of the exports exists", () => {
  for (const target of Object.values(manifest.exports)) {
    for (const path of typeof target === "string" ? [target] : Object.values(target)) {
      assert.ok(existsSync(new URL(path, pkg)), path);
    }
  }
});

test("the inlined modules are the modules, and the engine has all that the machine imports", async () => {
  const { bytes } = await import(new URL("wasm/machine.js", pkg));
  const { scalar, simd } = await import(new URL("wasm/parser.js", pkg));
  for (const [inlined, name] of [[bytes, "machine"], [simd, "parser"], [scalar, "parser-scalar"]]) {
    assert.deepEqual(Buffer.from(inlined()), readFileSync(new URL(`wasm/${name}.wasm`, pkg)));
  }
  const { instantiate } = await import(new URL("engine.js", pkg));
  instantiate(new WebAssembly.Module(bytes()));
});

test("only the parser for hosts with vectors has instructions on them, and neither imports anything", async () => {
  const { scalar, simd } = await import(new URL("wasm/parser.js", pkg));
  for (const bytes of [simd(), scalar()]) assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(bytes)), []);
  // i8x16.eq and i8x16.bitmask, as 0xfd with their numbers.
  const vectors = (bytes) => ["fd23", "fd64"].every((code) => Buffer.from(bytes).toString("hex").includes(code));
  assert.deepEqual([vectors(simd()), vectors(scalar())], [true, false]);
});

test("a polyfill and the devtools do something when they are imported, which bundlers are told", () => {
  for (const name of ["polyfill.js", "polyfill-force.js", "devtools.js"]) assert.ok(manifest.sideEffects.includes(`./${name}`));
});

test("importing it in Node does nothing and throws nothing", async () => {
  const { EventSource, ReconnectingEventSource, ReconnectingWebSocket } = await import(new URL("index.js", pkg));
  assert.equal(ReconnectingWebSocket.OPEN + ReconnectingEventSource.CLOSED + EventSource.CONNECTING, 3);
  assert.equal(typeof (await import(new URL("devtools.js", pkg))).EverwireInspector, "function");
});
