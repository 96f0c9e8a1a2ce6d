// The entry with a module of its own, which is fetched: for pages that want it compiled while it comes, and kept in the cache. A connection may be
// made before that, and connects at once.

import { compile } from "./compile.js";
import { instantiate } from "./engine.js";
import { earlyEngine } from "./early.js";
import { socketClass } from "./websocket.js";
import { sourceClass } from "./eventsource.js";
import { allWires } from "./wires.js";

/** What makes machines, or the promise of it. */
let ready;
let loading;

/** Fetched, or read where `fetch` has no files: in Node. */
const get = async (url) => {
  const { protocol, href } = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  const files = protocol === "file:" && globalThis.process?.getBuiltinModule?.("fs");
  return files ? files.readFileSync(new URL(href)) : fetch(href);
};

/** The module that these are the bytes of, or where it is. */
const moduleOf = async (input) => {
  let given = await input;
  if (given instanceof WebAssembly.Module) return given;
  if (typeof given === "string" || given instanceof URL || given instanceof Request) given = await (given.url ? fetch(given) : get(given));
  if (!(given instanceof Response)) return WebAssembly.compile(given);
  if (!given.ok) throw new Error(`${given.url} was answered with ${given.status}`);
  // Compiled while it comes, if the server says what it is.
  const isTyped = /^application\/wasm/i.test(given.headers.get("content-type") ?? "");
  return isTyped && WebAssembly.compileStreaming ? WebAssembly.compileStreaming(given) : WebAssembly.compile(await given.arrayBuffer());
};

/** Why this host compiles nothing, if so. */
const whyNot = () => {
  try {
    compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  } catch (error) {
    return error;
  }
};

const load = (input) => (loading ??= moduleOf(input ?? new URL("./wasm/machine.wasm", import.meta.url)).then(
  (module) => (ready = instantiate(module)),
  (error) => {
    // So that it may be tried once more.
    loading = undefined;
    const { message } = whyNot() ?? error;
    throw new Error(`everwire/lazy could not load its module: ${message}`, { cause: error });
  },
));

/**
 * Loads the module: from a URL, a `Request`, a `Response` or the promise of one, its bytes, or as a `WebAssembly.Module`; by default from beside
 * this file. The first call decides, and later ones wait for it. The first construction calls it, if nothing else has.
 */
export const init = async (input) => {
  await load(input);
};

const engine = (...connection) => (ready ?? earlyEngine(load()))(...connection);

export { EventSource } from "./strict.js";
export const ReconnectingWebSocket = /* @__PURE__ */ socketClass(engine, allWires);
export const ReconnectingEventSource = /* @__PURE__ */ sourceClass(engine);
