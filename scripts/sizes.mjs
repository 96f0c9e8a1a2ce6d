// What the package weighs for the page that loads it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

// As the bundler of an application does it, which imports these names and nothing else.
async function bundled(folder, names, entry = "./index.js") {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from "${entry}";`, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
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

/** Bytes of what a page pays for each import of the package in `pkg`: raw (minified), `gzip -9` and `brotli -q 11`. */
export async function sizes(pkg) {
  const modules = Object.fromEntries(["machine", "parser"].map((name) => (
    [`${name}.wasm`, weigh(readFileSync(join(pkg, "wasm", `${name}.wasm`)))]
  )));
  const measured = {};
  for (const name of ["EventSource", "ReconnectingEventSource", "ReconnectingWebSocket"]) {
    measured[name] = weigh(await bundled(pkg, name));
  }
  const all = (await bundled(pkg, "EventSource, ReconnectingEventSource, ReconnectingWebSocket"));
  return { ...modules, ...measured, "all of it": weigh(all) };
}

/** `sizes` as a table for people. */
export function table(sizes) {
  const row = (name, ...cells) => name.padEnd(26) + cells.map((cell) => String(cell).padStart(9)).join("");
  const rows = Object.entries(sizes).map(([name, size]) => row(name, size.raw, size.gzip, size.brotli));
  return [row("bytes", "raw", "gzip", "brotli"), ...rows].join("\n");
}
