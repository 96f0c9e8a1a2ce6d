// The Rust of the documentation compiles for wasm: all blocks together are one crate, with the dependencies that the documentation names.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { root } from "../../docs/site/markdown.mjs";
import { blocksIn, placeOf } from "./blocks.mjs";

const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");

/** The folder of a crate with this manifest and these files, the copies of others. */
function crate(name, manifest, files) {
  const folder = join(target, name);
  mkdirSync(join(folder, "src"), { recursive: true });
  // The versions are the repository's, so nothing is looked up.
  for (const [file, original] of Object.entries({ "Cargo.lock": "Cargo.lock", ...files })) copyFileSync(join(root, original), join(folder, file));
  const head = `[package]\nname = "everwire-${name}"\nversion = "0.0.0"\nedition = "2024"\n\n`;
  writeFileSync(join(folder, "Cargo.toml"), `${head}${manifest}\n[workspace]\n`);
  return folder;
}

function compile(folder, ...flags) {
  const { status, stderr } = spawnSync("cargo", ["check", "--offline", "--target-dir", target, ...flags], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

/** The one block of TOML with this word after it. */
function manifestOf(word) {
  const [manifest, ...more] = blocksIn("toml").filter(({ words }) => words.includes(word));
  assert.ok(manifest && !more.length, `one block is \`toml ${word}\``);
  return manifest.text;
}

/** As a module: what its block says is done by a function that may fail, as `?` wants it, and wait. */
const moduleOf = (block) => `
// ${placeOf(block)}
mod ${block.path.replace(/\W/g, "_").toLowerCase()}_${block.line} {
    pub async fn example() -> Result<(), Box<dyn std::error::Error>> {
        #[allow(unused_imports)]
        use crate::application::*;
${block.text}
        Ok(())
    }
}
`;

test("every block of TOML says what is compiled with it", () => {
  assert.deepEqual(blocksIn("toml").filter(({ words }) => words.length !== 1).map(placeOf), []);
});

test("every block of Rust compiles, with the dependencies that are named", { timeout: 300_000 }, () => {
  const blocks = blocksIn("rust");
  assert.ok(blocks.length > 0);
  const here = `[patch.crates-io]\neverwire = { path = ${JSON.stringify(root)} }\n`;
  const folder = crate("docs-rust", manifestOf("manifest") + here, { "src/application.rs": "tests/docs/application.rs" });
  writeFileSync(join(folder, "src/lib.rs"), `#![deny(warnings)]\n#![allow(dead_code, unused_variables)]\nmod application;\n${blocks.map(moduleOf).join("")}`);
  compile(folder, "--target", "wasm32-unknown-unknown");
});

test("the runner of browser tests compiles, with the dependencies that are named", { timeout: 300_000 }, () => {
  const [, repository] = /^repository = "(.*)"$/m.exec(readFileSync(join(root, "Cargo.toml"), "utf8"));
  const [remote, local] = [`git = "${repository}"`, `path = ${JSON.stringify(join(root, "server-fixture"))}`];
  const manifest = manifestOf("runner");
  assert.ok(manifest.includes(remote), `the fixture is that of ${repository}`);
  compile(crate("docs-runner", manifest.replace(remote, local), { "src/main.rs": "server-fixture/examples/browser_tests.rs" }));
});
