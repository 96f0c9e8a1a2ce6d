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

/** Milliseconds until a module that does not come is given up. */
const LOADING = 60_000;

/** Fetched, or read where `fetch` has no files: in Node. */
const get = async (url) => {
  const { protocol, href } = new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  const files = protocol === "file:" && globalThis.process?.getBuiltinModule?.("fs");
  return files ? files.readFileSync(new URL(href)) : fetch(href, { signal: AbortSignal.timeout?.(LOADING) });
};

/** The module that these are the bytes of, or where it is. */
const moduleOf = async (input) => {
  let given = await input;
  if (given instanceof WebAssembly.Module) return given;
  if (typeof given === "string" || given instanceof URL || given instanceof Request) given = await (given.url ? fetch(given) : get(given));
  if (!(given instanceof Response)) return WebAssembly.compile(given);
  if (!given.ok) throw new Error(`${given.url} was answered with ${given.status}`);
  // Compiled while it comes, if the server says what it is.
  const type = given.headers.get("content-type") ?? "";
  // As a server has it for all that it does not know, and a builder that has moved this file.
  if (/^text\/html/i.test(type)) throw new Error(`${given.url} is a page; expected the file everwire/module.wasm, where init() may be told it is`);
  const isTyped = /^application\/wasm/i.test(type);
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

/** What makes machines, of a module that is one of ours. */
const made = (module) => {
  if (!WebAssembly.Module.exports(module).some(({ name }) => name === "create")) throw new TypeError("it is not everwire's");
  return instantiate(module);
};

const load = (input) => (loading = moduleOf(input).then(made).then(
  (engine) => (ready = engine),
  (error) => {
    // So that it may be tried once more.
    loading = undefined;
    const { message } = whyNot() ?? error;
    throw new Error(`everwire/lazy could not load its module: ${message}`, { cause: error });
  },
));

/** A host may have this file in a place where there is nothing beside it. */
const besideThis = async () => new URL("./wasm/machine.wasm", import.meta.url);

/**
 * Loads the module: from a URL, a `Request`, a `Response` or the promise of one, its bytes, or as a `WebAssembly.Module`; by default from beside
 * this file. The first call decides, and later ones wait for it. The first construction calls it, if nothing else has by the end of the task.
 */
export const init = async (input) => {
  await (ready ?? loading ?? load(input ?? besideThis()));
};

/** What connections that are made early wait for. */
const soon = async () => {
  // For an `init` that comes in the same task, and knows better.
  await undefined;
  return ready ?? loading ?? load(besideThis());
};

const engine = (...connection) => (ready ?? earlyEngine(soon()))(...connection);

export { EventSource } from "./strict.js";
export const ReconnectingWebSocket = /* @__PURE__ */ socketClass(engine, allWires);
export const ReconnectingEventSource = /* @__PURE__ */ sourceClass(engine);
