// Builds the npm package into pkg/: the hand-written half of this folder and the compiled core. Run it by `make package`.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { decodeModule, inlineModules } from "../scripts/inline.mjs";
import { shrink } from "../scripts/shrink.mjs";
import { sizes, table } from "../scripts/sizes.mjs";

const template = dirname(fileURLToPath(import.meta.url));
const root = dirname(template);
const pkg = join(root, "pkg");

const wasmTarget = "wasm32-unknown-unknown";

function run(command, args, env = {}) {
  const options = { cwd: root, env: { ...process.env, ...env }, encoding: "utf8", maxBuffer: Infinity };
  const { error, status, stdout } = spawnSync(command, args, { ...options, stdio: ["ignore", "pipe", "inherit"] });
  if (error) throw error;
  if (status !== 0) process.exit(1); // it has said why
  return stdout;
}

const metadata = JSON.parse(run("cargo", ["metadata", "--format-version=1", "--filter-platform", wasmTarget]));
const { version } = metadata.packages.find(({ name }) => name === "everwire");
const target = metadata.target_directory;

// Where this machine keeps its dependencies is in the messages of their panics, and nobody's business.
const registries = new Set(metadata.packages.filter(({ source }) => source).map((it) => dirname(dirname(it.manifest_path))));
const remap = [...registries].map((folder) => `--remap-path-prefix=${folder}/=`);

/**
 * What makes a small module 2 % smaller yet, after brotli: to inline a little more than LLVM does for `z`, and to leave branches, loops and what is
 * loaded twice as they are. They were measured one by one, beside thirty others. A compiler that knows one no longer does without.
 */
const SMALLEST = [
  "inline-threshold=10", "simplifycfg-sink-common=false", "switch-to-lookup=false", "enable-pre=false", "disable-licm-promotion", "disable-lsr",
].map((option) => `-Cllvm-args=--${option}`).filter((flag) => {
  const { status } = spawnSync("rustc", ["-", "--crate-name=_", "--print=file-names", flag], { input: "" });
  return status === 0;
});

/** Compiles what the crate has for a page under this feature into `wasm/name.wasm`, and returns its bytes. */
function compile(feature, name, optLevel, flags) {
  // As a cdylib alone: cargo runs no LTO for a library that is also built as an rlib.
  const crate = ["--lib", "-p", "everwire", "--features", feature, "--crate-type", "cdylib"];
  // One for all with the same flags, which share what they are made of.
  const folder = join(target, `npm-${optLevel}${flags.length}`);
  const env = {
    CARGO_ENCODED_RUSTFLAGS: [...remap, ...flags].join("\x1f"), CARGO_TARGET_DIR: folder, CARGO_PROFILE_RELEASE_OPT_LEVEL: optLevel,
  };
  run("cargo", ["rustc", "--release", "--target", wasmTarget, ...crate], env);
  // For the module alone: its glue is in pkg-template.
  run("wasm-bindgen", [
    "--target", "web", "--no-typescript", "--out-dir", folder, "--out-name", name, join(folder, wasmTarget, "release", "everwire.wasm"),
  ]);
  const module = join(pkg, "wasm", `${name}.wasm`);
  shrink(join(folder, `${name}_bg.wasm`), module, optLevel === "z");
  return readFileSync(module);
}

rmSync(pkg, { recursive: true, force: true });
mkdirSync(join(pkg, "wasm"), { recursive: true });
const published = (name) => name.endsWith(".js") || name.endsWith(".d.ts") || name === "README.md";
for (const name of readdirSync(template).filter(published)) copyFileSync(join(template, name), join(pkg, name));
for (const name of ["CHANGELOG.md", "LICENSE", "LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(root, name), join(pkg, name));

// One crate, four modules, so that a page pays for what it uses: the machine of the reconnecting classes, with all wires and with the raw one
// alone; and the parser of event streams, with vectors and without.
const modules = {
  machine: { bytes: compile("npm-wires", "machine", "z", SMALLEST) },
  raw: { bytes: compile("npm", "raw", "z", SMALLEST) },
  // For the parser, `s` is twice as fast as `z`, and as fast as `3`.
  parser: {
    simd: compile("npm-parser", "parser", "s", ["-Ctarget-feature=+simd128"]),
    scalar: compile("npm-parser", "parser-scalar", "s", []),
  },
};
writeFileSync(join(pkg, "wasm/decode.js"), decodeModule);
for (const [name, binaries] of Object.entries(modules)) writeFileSync(join(pkg, `wasm/${name}.js`), inlineModules(binaries));

// For pages without modules: all public classes on one global.
await build({
  entryPoints: [join(pkg, "index.js")], outfile: join(pkg, "dist/everwire.iife.js"),
  bundle: true, minify: true, format: "iife", globalName: "everwire", target: "es2022", logLevel: "error",
});

// Make takes it for the sign that the package is whole; and bundlers read in it that unused modules may go.
const manifest = JSON.parse(readFileSync(join(template, "package.json"), "utf8"));
writeFileSync(join(pkg, "package.json"), JSON.stringify({ ...manifest, version }, null, 2) + "\n");

const measured = await sizes(pkg);
writeFileSync(join(target, "pkg-sizes.json"), JSON.stringify(measured, null, 2) + "\n");
console.log(table(measured));
