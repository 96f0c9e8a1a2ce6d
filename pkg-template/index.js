// The default entry: the module is inlined, and compiled on the first construction. Importing it does nothing.

import { bytes } from "./wasm/inline.js";
import { instantiate } from "./engine.js";
import { socketClass } from "./websocket.js";
import { sourceClass } from "./eventsource.js";

let shared;

/** Makes a machine. */
const engine = (...connection) => (shared ??= instantiate(new WebAssembly.Module(bytes())))(...connection);

export const ReconnectingWebSocket = /* @__PURE__ */ socketClass(engine);
export const ReconnectingEventSource = /* @__PURE__ */ sourceClass(engine);
