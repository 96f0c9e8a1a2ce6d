// The versions in docs/browsers.md are what the files of the package need: their syntax as esbuild knows it, their built-ins and the
// instructions of their modules as MDN's data has them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import binaryen from "binaryen";
import { transform } from "esbuild";
import { readPage } from "../../docs/site/markdown.mjs";
import { openPage, pkg } from "../npm/support.mjs";
import { openHosts } from "./hosts.mjs";

// What the documentation is made with is installed there.
const require = createRequire(new URL("../../docs/site/", import.meta.url));
const { parse } = require("@babel/parser");
const data = require("@mdn/browser-compat-data");

const BROWSERS = { "Chrome, Edge": "chrome", Firefox: "firefox", Safari: "safari" };
/** What may be asked of the main thread at once: https://chromestatus.com has it as "module size limit for WebAssembly.Module()". */
const CHROME_COMPILES_AT_ONCE = 114;
/** Proposals, by the names that binaryen has for them, and MDN. */
const INSTRUCTIONS = {
  BulkMemoryOpt: "bulk-memory-operations",
  Multivalue: "multi-value",
  NontrappingFPToInt: "non-trapping-float-to-int-conversions",
  ReferenceTypes: "reference-types",
  SignExt: "sign-extension-operations",
  SIMD128: "fixed-width-SIMD",
};
/** Built-ins whose methods are told by their names alone. */
const OWNERS = ["Array", "Error", "Function", "Map", "Number", "Object", "Promise", "Reflect", "RegExp", "Set", "String", "TypedArray",
  "WeakMap"];

/** What developers use, in browsers of today. */
const FOR_DEVELOPERS = ["./testing", "./devtools"];
/** The files of the entries that users get, by name. */
const scripts = new Map();
function collect(name) {
  if (scripts.has(name) || name.startsWith("wasm/")) return;
  const source = readFileSync(join(pkg, name), "utf8");
  scripts.set(name, source);
  for (const [, other] of source.matchAll(/^(?:import|export)\b[^"]*"\.\/([^"]+)";$/gm)) collect(other);
}
const { exports } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
for (const [entry, { default: path }] of Object.entries(exports)) if (path && !FOR_DEVELOPERS.includes(entry)) collect(path.slice("./".length));

/** The version that first has it in full. */
function since({ support }, browser) {
  const [{ version_added: version }] = [support[browser]].flat();
  return Number(String(version).replace("≤", ""));
}

/** From which version on no script has syntax that would have to be lowered. */
async function syntaxSince(browser) {
  const releases = Object.keys(data.browsers[browser].releases).map(Number).sort((one, other) => one - other);
  // What it cannot lower at all is an error.
  const lower = (source, target) => transform(source, { target, logLevel: "silent" }).then(({ code }) => code, () => "");
  const lowered = (target) => Promise.all([...scripts.values()].map((source) => lower(source, target)));
  const asItIs = (await lowered("esnext")).join();
  let [low, high] = [0, releases.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((await lowered(`${browser}${releases[middle]}`)).join() === asItIs) high = middle;
    else low = middle + 1;
  }
  return releases[low];
}

/** The proposals beyond the first version of WebAssembly that a module needs. */
function instructionsIn(name) {
  const module = binaryen.readBinary(readFileSync(join(pkg, "wasm", name)));
  const isValid = (features) => {
    module.setFeatures(features.reduce((all, feature) => all | binaryen.Features[feature], binaryen.Features.MutableGlobals));
    return module.validate();
  };
  const all = Object.keys(INSTRUCTIONS);
  assert.ok(isValid(all), `${name} needs what is not in the list`);
  return all.filter((feature) => !isValid(all.filter((other) => other !== feature)));
}

/** The methods that a script calls, as `{ owner, method }`; the owner is known where it is named. Not those that it looks for before. */
function callsIn(source) {
  const calls = [];
  const walk = (node) => {
    const { object, property } = node.callee ?? {};
    if (property && !node.optional) calls.push({ owner: object.name, method: property.name });
    for (const value of Object.values(node)) for (const child of [value].flat()) if (typeof child?.type === "string") walk(child);
  };
  walk(parse(source, { sourceType: "module" }).program);
  return calls;
}

/** What MDN has of all methods that such a call can mean: of every built-in that has one of its name, and of the interface that is named. */
const meaningsOf = ({ owner, method }) => [
  ...OWNERS.flatMap((name) => [method, `${method}_static`].map((key) => [`${name}.${method}`, data.javascript.builtins[name][key]])),
  [`${owner}.${method}`, data.api[owner]?.[`${method}_static`]],
].filter(([, entry]) => entry?.__compat);

const page = readPage("docs/browsers.md");
/** The rows of the first table as numbers, by browser. */
const rows = page.tokens.find(({ type }) => type === "table").rows
  .map(([, ...cells]) => Object.fromEntries(Object.values(BROWSERS).map((browser, at) => [browser, Number(cells[at].text)])));
const [window, worker, policy] = rows;
/** What `of` gives for each browser. */
const byBrowser = async (of) => Object.fromEntries(await Promise.all(
  Object.values(BROWSERS).map(async (browser) => [browser, await of(browser)])));

test("the versions are those that have the package's syntax and its modules' instructions", async (t) => {
  // Where binaryen says what is not valid.
  t.mock.method(process.stderr, "write", () => true);
  const instructions = ["machine.wasm", "raw.wasm", "parser-scalar.wasm"].flatMap(instructionsIn);
  const needed = await byBrowser(async (browser) => Math.max(
    await syntaxSince(browser),
    ...instructions.map((name) => since(data.webassembly[INSTRUCTIONS[name]].__compat, browser)),
  ));
  assert.deepEqual(worker, needed);
  assert.deepEqual(window, { ...needed, chrome: Math.max(needed.chrome, CHROME_COMPILES_AT_ONCE) });
});

test("no method that is called is newer than they are", () => {
  const isNewer = ({ __compat }) => Object.values(BROWSERS).filter((browser) => !(since(__compat, browser) <= worker[browser]));
  const newer = [...scripts].flatMap(([name, source]) => callsIn(source).flatMap(meaningsOf)
    .filter(([, entry]) => isNewer(entry).length).map(([method, entry]) => `${name}: ${method} is not in the first ${isNewer(entry)}`));
  assert.deepEqual(newer, []);
});

test("the keyword of the policy is known from the versions on that are named", async () => {
  const { __compat } = data.http.headers["Content-Security-Policy"]["script-src"]["wasm-unsafe-eval"];
  assert.deepEqual(policy, await byBrowser((browser) => since(__compat, browser)));
});

test("vectors are from the versions that are named", () => {
  const [, ...named] = /SIMD is used where it is \(Chrome ([\d.]+), Firefox ([\d.]+), Safari ([\d.]+)\)/.exec(page.source);
  const vectors = data.webassembly[INSTRUCTIONS.SIMD128].__compat;
  assert.deepEqual(named.map(Number), Object.values(BROWSERS).map((browser) => since(vectors, browser)));
});

const hosts = openHosts();

/** As Chrome had it before 114. */
function compileLittle() {
  WebAssembly.Module = new Proxy(WebAssembly.Module, {
    construct(Module, [bytes]) {
      if (bytes.byteLength > 4096) throw new RangeError("it is disallowed on the main thread, if the buffer size is larger than 4KB");
      return new Module(bytes);
    },
  });
}

test("a main thread that compiles only 4 KB: constructors throw; everwire/lazy has sockets and the browser's own EventSource", async () => {
  const page = await openPage(hosts.browser, hosts.fixture, { before: compileLittle });
  try {
    const seen = await page.evaluate(async () => {
      const thrown = [];
      for (const make of [() => new ReconnectingWebSocket("/ws/echo"), () => new ReconnectingEventSource("/sse/numbers")]) {
        try {
          make().close();
        } catch ({ cause }) {
          thrown.push(cause.name);
        }
      }
      const lazy = await import("/pkg/lazy.js");
      const socket = new lazy.ReconnectingWebSocket("/ws/echo");
      socket.send("hello");
      const numbers = new lazy.ReconnectingEventSource("/sse/numbers");
      const [heard] = await Promise.all([next(socket, "message"), next(numbers, "message")]);
      return { thrown, heard: heard.data, transport: numbers.transport };
    });
    assert.deepEqual(seen, { thrown: ["RangeError", "RangeError"], heard: "hello", transport: "eventsource" });
  } finally {
    await page.close();
  }
});
