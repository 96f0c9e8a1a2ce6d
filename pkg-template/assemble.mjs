// Builds the npm package into pkg/: the hand-written half of this folder and the compiled core. Run it by `make package`.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { decodeModule, inlineModules } from "../scripts/inline.mjs";
import { exportsOf, shrink } from "../scripts/shrink.mjs";
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
const work = join(target, "npm");

// Where this machine keeps its dependencies is in the messages of their panics, and nobody's business.
const registries = new Set(metadata.packages.filter(({ source }) => source).map((it) => dirname(dirname(it.manifest_path))));
const remap = [...registries].map((folder) => `--remap-path-prefix=${folder}/=`);

/** Compiles the crate for a page, and returns the path of the module as wasm-bindgen leaves it. */
function compile(name, flags = []) {
  // As a cdylib alone: cargo runs no LTO for a library that is also built as an rlib.
  const crate = ["--lib", "-p", "everwire", "--features", "npm", "--crate-type", "cdylib"];
  const env = { CARGO_ENCODED_RUSTFLAGS: [...remap, ...flags].join("\x1f"), CARGO_TARGET_DIR: join(target, name) };
  run("cargo", ["rustc", "--release", "--target", wasmTarget, ...crate], env);
  // For the module alone: its glue is in pkg-template.
  const output = ["--target", "web", "--no-typescript", "--out-dir", join(work, name), "--out-name", "bindings"];
  run("wasm-bindgen", [...output, join(target, name, wasmTarget, "release", "everwire.wasm")]);
  return join(work, name, "bindings_bg.wasm");
}

rmSync(pkg, { recursive: true, force: true });
mkdirSync(join(pkg, "wasm"), { recursive: true });
const published = (name) => name.endsWith(".js") || name.endsWith(".d.ts") || name === "README.md";
for (const name of readdirSync(template).filter(published)) copyFileSync(join(template, name), join(pkg, name));
for (const name of ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(root, name), join(pkg, name));

// One crate, three modules, so that a page pays for what it uses: the machine of the reconnecting classes; and the parser of event
// streams, with vectors and without.
const compiled = compile("npm");
const vectors = compile("npm-simd", ["-Ctarget-feature=+simd128"]);
const machine = exportsOf(join(root, "src/js/mod.rs"));
const parser = exportsOf(join(root, "src/js/parser.rs"));
const bytesOf = (from, name, wanted) => {
  const to = join(pkg, "wasm", name);
  shrink(from, to, wanted);
  return readFileSync(to);
};
const modules = {
  machine: { bytes: bytesOf(compiled, "machine.wasm", machine) },
  parser: { simd: bytesOf(vectors, "parser.wasm", parser), scalar: bytesOf(compiled, "parser-scalar.wasm", parser) },
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
