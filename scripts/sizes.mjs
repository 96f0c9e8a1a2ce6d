// What the package weighs for the page that loads it, and what others weigh, measured the same way. `make sizes` writes it into README.md.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What a page imports: the entry of the package, and the names. */
const IMPORTS = [
  ["everwire", "EventSource"],
  ["everwire", "ReconnectingEventSource"],
  ["everwire", "ReconnectingWebSocket"],
  ["everwire", "EventSource, ReconnectingEventSource, ReconnectingWebSocket"],
  ["everwire/raw", "ReconnectingEventSource"],
  ["everwire/raw", "ReconnectingWebSocket"],
  ["everwire/raw", "ReconnectingEventSource, ReconnectingWebSocket"],
  ["everwire/lazy", "init, ReconnectingEventSource"],
  ["everwire/lazy", "init, ReconnectingWebSocket"],
  ["everwire/polyfill"],
  ["everwire/polyfill/force"],
  ["everwire/testing", "fakeNetwork"],
  ["everwire/user-timing", "userTiming"],
  ["everwire/devtools"],
];
/** Peers, by what a page imports of them. */
const PEERS = [
  ["reconnecting-websocket", "default as it"],
  ["partysocket/ws", "default as it"],
  ["eventsource", "EventSource"],
  ["socket.io-client", "io"],
  ["sockjs-client", "default as it"],
  ["centrifuge", "Centrifuge"],
];

/** As the bundler of an application does it, which imports these names and nothing else; without them, the module for what it does. */
const bundled = async (folder, entry, names) => {
  const { outputFiles } = await build({
    stdin: { contents: names ? `export { ${names} } from "${entry}";` : `import "${entry}";`, resolveDir: folder },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    // The module of everwire/lazy is fetched beside it; and sockjs-client has `global` in it.
    define: { global: "globalThis" },
    write: false,
    logLevel: "error",
  });
  return outputFiles[0].contents;
};

const weigh = (bytes) => ({
  raw: bytes.length,
  gzip: gzipSync(bytes, { level: 9 }).length,
  brotli: brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length,
});

/** The file of an entry of the package in `pkg`. */
const fileOf = (pkg, entry) => {
  const { exports } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
  return exports[entry.replace("everwire", ".")].default;
};

/** What an application that imports these names of the package in `pkg` has of it. */
export const bundledFrom = (pkg, entry, names) => bundled(pkg, fileOf(pkg, entry), names);

/** Bytes of what a page pays for each import of the package in `pkg`: raw (minified), `gzip -9` and `brotli -q 11`; by entry and names. */
export async function sizes(pkg) {
  const measured = {};
  for (const [entry, names = ""] of IMPORTS) {
    measured[`${entry}: ${names}`] = weigh(await bundledFrom(pkg, entry, names));
  }
  for (const file of ["dist/everwire.iife.js", "wasm/machine.wasm", "wasm/raw.wasm", "wasm/parser.wasm"]) {
    measured[file] = weigh(readFileSync(join(pkg, file)));
  }
  return measured;
}

/** The same of the peers, by their versions. */
export async function peerSizes() {
  const folder = join(root, "tests/npm/peers");
  if (!existsSync(join(folder, "node_modules"))) throw new Error("the peers are not installed: scripts/tools.sh peers");
  const { devDependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const measured = {};
  for (const [entry, names] of PEERS) {
    measured[`${entry} ${devDependencies[entry.split("/")[0]]}`] = weigh(await bundled(folder, entry, names));
  }
  return measured;
}

/** Both as a table for people. */
export function table(sizes) {
  const row = (name, ...cells) => name.padEnd(76) + cells.map((cell) => String(cell).padStart(9)).join("");
  const rows = Object.entries(sizes).map(([name, size]) => row(name, size.raw, size.gzip, size.brotli));
  return [row("bytes", "raw", "gzip", "brotli"), ...rows].join("\n");
}

const MARKS = [/(<!-- sizes[^>]*-->\n)[^]*?(<!-- \/sizes -->)/, /^\| `?([^|`]+?)`? \| ([\d,]+) \| ([\d,]+) \| ([\d,]+) \|$/gm];

/** What README.md says: names to sizes. */
export function published() {
  const [, table] = /<!-- sizes[^>]*-->\n([^]*?)<!-- \/sizes -->/.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [, ""];
  const number = (text) => Number(text.replaceAll(",", ""));
  return Object.fromEntries([...table.matchAll(MARKS[1])].map(
    ([, name, raw, gzip, brotli]) => [name, { raw: number(raw), gzip: number(gzip), brotli: number(brotli) }]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = { ...await sizes(join(root, "pkg")), ...await peerSizes() };
  const format = (number) => number.toLocaleString("en");
  const rows = Object.entries(all).map(([name, { raw, gzip, brotli }]) => `| \`${name}\` | ${[raw, gzip, brotli].map(format).join(" | ")} |`);
  const markdown = ["| bytes | minified | gzip | brotli |", "| --- | --: | --: | --: |", ...rows, ""].join("\n");
  const readme = join(root, "README.md");
  writeFileSync(readme, readFileSync(readme, "utf8").replace(MARKS[0], (_, begin, end) => `${begin}${markdown}${end}`));
  console.log(table(all));
}
