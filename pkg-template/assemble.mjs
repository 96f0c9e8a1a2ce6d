// Builds the npm package into pkg/: the hand-written half of this folder and the compiled core. Run it by `make package`.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inlineModule } from "../scripts/inline.mjs";
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
const work = join(target, "npm");

// Where this machine keeps its dependencies is in the messages of their panics, and nobody's business.
const registries = new Set(metadata.packages.filter(({ source }) => source).map((it) => dirname(dirname(it.manifest_path))));
const flags = [...registries].map((folder) => `--remap-path-prefix=${folder}/=`);

// As a cdylib alone: cargo runs no LTO for a library that is also built as an rlib.
const crate = ["--lib", "-p", "everwire", "--features", "npm", "--crate-type", "cdylib"];
run("cargo", ["rustc", "--release", "--target", wasmTarget, ...crate], { CARGO_ENCODED_RUSTFLAGS: flags.join("\x1f") });

// For the module alone: its glue is pkg-template/engine.js.
const output = ["--target", "web", "--no-typescript", "--out-dir", work, "--out-name", "bindings"];
run("wasm-bindgen", [...output, join(target, wasmTarget, "release", "everwire.wasm")]);

rmSync(pkg, { recursive: true, force: true });
mkdirSync(join(pkg, "wasm"), { recursive: true });
const published = (name) => name.endsWith(".js") || name.endsWith(".d.ts") || name === "README.md";
for (const name of readdirSync(template).filter(published)) copyFileSync(join(template, name), join(pkg, name));
for (const name of ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(root, name), join(pkg, name));
const module = join(pkg, "wasm/module.wasm");
shrink(join(work, "bindings_bg.wasm"), module);
writeFileSync(join(pkg, "wasm/inline.js"), inlineModule(readFileSync(module)));

const measured = await sizes(pkg);
writeFileSync(join(target, "pkg-sizes.json"), JSON.stringify(measured, null, 2) + "\n");
console.log(table(measured));

// Last, as make takes it for the sign that the package is whole.
const manifest = JSON.parse(readFileSync(join(template, "package.json"), "utf8"));
writeFileSync(join(pkg, "package.json"), JSON.stringify({ ...manifest, version }, null, 2) + "\n");
