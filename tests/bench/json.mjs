// What typed messages of the crate cost by either of its features: the time from a string of JavaScript's to a value in Rust and back, in
// Node.js, whose engine is Chromium's; and what each adds to the bytes of a module that does nothing else.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const root = fileURLToPath(new URL("../..", import.meta.url));
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "bench-json");
const SIZES = [64, 1024, 64 * 1024];
const FEATURES = ["json", "serde-json"];
const ROUNDS = 9;
/** Bytes in a round. */
const AMOUNT = 4 << 20;

const run = (command, ...args) => execFileSync(command, args, { cwd: root, stdio: ["ignore", "ignore", "inherit"] });

/** Builds the module with this feature or with none; for Node.js, and what it and its glue weigh where they are optimised for size. */
async function build(feature) {
  const name = feature || "none";
  const made = (level, kind) => {
    const env = { ...process.env, CARGO_PROFILE_RELEASE_OPT_LEVEL: level, CARGO_TARGET_DIR: join(target, level) };
    execFileSync("cargo", ["build", "--quiet", "--release", "--locked", "--manifest-path", "tests/bench/json/Cargo.toml",
      "--target", "wasm32-unknown-unknown", "--features", feature], { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
    const out = join(target, `${name}-${kind}`);
    const wasm = join(target, level, "wasm32-unknown-unknown/release/everwire_bench_json.wasm");
    run("wasm-bindgen", "--target", kind, "--no-typescript", "--out-dir", out, "--out-name", "codec", wasm);
    return out;
  };
  const small = made("z", "web");
  const wasm = join(small, "codec_bg.wasm");
  const proposals = ["bulk-memory", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];
  run(join(root, "node_modules/.bin/wasm-opt"), "-Oz", ...proposals.map((it) => `--enable-${it}`), wasm, "-o", wasm);
  const bytes = [wasm, join(small, "codec.js")].reduce((sum, file) => sum + brotliCompressSync(readFileSync(file)).length, 0);
  return { bytes, codec: feature && await import(join(made("3", "experimental-nodejs-module"), "codec.js")) };
}

/** A message of about this many bytes. */
function message(size) {
  const line = (at) => ({ from: "ann", text: "x".repeat(Math.min(120, size - 56)), at: 1764115200.25 + at, seen: at % 2 === 0 });
  const lines = [line(0)];
  while (JSON.stringify({ lines }).length < size - 100) lines.push(line(lines.length));
  return JSON.stringify({ lines });
}

/** Microseconds for each, in this round. */
function time(work, text) {
  const times = Math.ceil(AMOUNT / text.length / 8);
  const began = process.hrtime.bigint();
  work(text, times);
  return Number(process.hrtime.bigint() - began) / 1000 / times;
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const none = await build("");
const built = {};
for (const feature of FEATURES) built[feature] = await build(feature);
console.log("| feature | bytes, brotli | | " + SIZES.map((size) => `${size} B`).join(" | ") + " |");
console.log("| --- | --: | --- | " + SIZES.map(() => "--:").join(" | ") + " |");
for (const direction of ["decode", "encode"]) {
  const results = Object.fromEntries(FEATURES.map((feature) => [feature, SIZES.map(() => [])]));
  for (let round = 0; round < ROUNDS; round += 1) {
    SIZES.forEach((size, at) => FEATURES.forEach((feature) => (
      results[feature][at].push(time(built[feature].codec[direction], message(size))))));
  }
  for (const feature of FEATURES) {
    const cells = results[feature].map((values) => `${median(values).toFixed(2)} µs`);
    const more = (built[feature].bytes - none.bytes).toLocaleString("en");
    console.log(`| \`${feature}\` | ${more} | ${direction} | ${cells.join(" | ")} |`);
  }
}
