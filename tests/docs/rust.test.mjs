// The Rust of the documentation compiles for wasm: all blocks together are one crate, with the dependencies that the documentation names.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { root } from "../../docs/site/markdown.mjs";
import { blocksIn, placeOf } from "./blocks.mjs";

const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");
const folder = join(target, "docs-rust");

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

test("every block of Rust compiles, with the dependencies that are named", { timeout: 300_000 }, () => {
  const [manifest, ...more] = blocksIn("toml");
  assert.ok(manifest && !more.length, "one block says what a Cargo.toml has to have");
  const blocks = blocksIn("rust");
  assert.ok(blocks.length > 0);

  mkdirSync(join(folder, "src"), { recursive: true });
  copyFileSync(join(root, "tests/docs/application.rs"), join(folder, "src/application.rs"));
  // The versions are the repository's, so nothing is looked up.
  copyFileSync(join(root, "Cargo.lock"), join(folder, "Cargo.lock"));
  writeFileSync(join(folder, "Cargo.toml"), `[package]
name = "everwire-docs"
version = "0.0.0"
edition = "2024"

${manifest.text}
[patch.crates-io]
everwire = { path = ${JSON.stringify(root)} }

[workspace]
`);
  writeFileSync(join(folder, "src/lib.rs"), `#![deny(warnings)]\n#![allow(dead_code, unused_variables)]\nmod application;\n${blocks.map(moduleOf).join("")}`);

  const { status, stderr } = spawnSync("cargo", [
    "check", "--offline", "--target", "wasm32-unknown-unknown", "--target-dir", target,
  ], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
});
