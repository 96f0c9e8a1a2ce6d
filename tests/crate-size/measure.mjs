// What the crate adds to an empty Yew application: release builds of this folder's application with more and more of it, through wasm-bindgen
// and wasm-opt, compressed as a server would. `make crate-size` prints the table.
import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const root = fileURLToPath(new URL("../..", import.meta.url));
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "apps");
const out = join(target, "crate-size");

const VARIANTS = {
  "an empty Yew application": "",
  "with a `Socket`": "socket",
  "with one over `Wire::EngineIo`": "engine-io",
  "with one over `Wire::Relay`": "relay",
  "with a `Socket` and `Events`": "events",
  "with a `Socket` and typed messages, `serde-json`": "serde-json",
  "with a `Socket` and typed messages, `json`": "json",
};

const run = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
const brotli = (file) => brotliCompressSync(readFileSync(file), { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

const sizes = Object.entries(VARIANTS).map(([name, features]) => {
  run("cargo", "build", "--quiet", "--release", "--locked", "--manifest-path", "tests/crate-size/Cargo.toml", "--target-dir", target,
    "--target", "wasm32-unknown-unknown", "--features", features);
  const built = join(target, "wasm32-unknown-unknown/release/everwire-crate-size.wasm");
  run("wasm-bindgen", "--target", "web", "--no-typescript", "--out-dir", out, "--out-name", "app", built);
  const wasm = join(out, "app_bg.wasm");
  // By name: --all-features turns on proposals that no browser has.
  const proposals = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];
  run(join(root, "node_modules/.bin/wasm-opt"), "-Oz", ...proposals.map((feature) => `--enable-${feature}`), wasm, "-o", wasm);
  const glue = join(out, "app.js");
  if (features === "socket") {
    // Nobody pays for the fallbacks of wires that are not named.
    assert.doesNotMatch(readFileSync(glue, "utf8"), /XMLHttpRequest|EventSource|getReader/);
  }
  return { name, wasm: brotli(wasm), glue: brotli(glue) };
});

const [empty] = sizes;
const more = (size, without) => (size === without ? "" : ` (+${(size - without).toLocaleString("en")})`);
console.log("| bytes after wasm-opt and brotli | wasm | JavaScript of wasm-bindgen |\n| --- | --: | --: |");
for (const { name, wasm, glue } of sizes) {
  console.log(`| ${name} | ${wasm.toLocaleString("en")}${more(wasm, empty.wasm)} | ${glue.toLocaleString("en")}${more(glue, empty.glue)} |`);
}
