// What the package weighs for the page that loads it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

// As the bundler of an application does it.
async function bundled(entry, external = []) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external,
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].contents;
}

function weigh(bytes) {
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  return {
    raw: bytes.length,
    gzip: gzipSync(bytes, { level: 9 }).length,
    brotli: brotliCompressSync(bytes, quality).length,
  };
}

/** Bytes of each part of the package in `pkg`: raw (JavaScript minified), `gzip -9` and `brotli -q 11`. */
export async function sizes(pkg) {
  const file = (name) => join(pkg, name);
  return {
    JavaScript: weigh(await bundled(file("index.js"), ["./wasm/*"])),
    wasm: weigh(readFileSync(file("wasm/module.wasm"))),
    "wasm inlined": weigh(await bundled(file("wasm/inline.js"))),
    "default entry, all of it": weigh(await bundled(file("index.js"))),
  };
}

/** `sizes` as a table for people. */
export function table(sizes) {
  const row = (name, ...cells) => name.padEnd(26) + cells.map((cell) => String(cell).padStart(9)).join("");
  const rows = Object.entries(sizes).map(([name, size]) => row(name, size.raw, size.gzip, size.brotli));
  return [row("bytes", "raw", "gzip", "brotli"), ...rows].join("\n");
}
