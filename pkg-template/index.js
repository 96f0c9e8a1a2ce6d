// The default entry: the module is inlined, and compiled on the first construction. Importing it does nothing.

import { bytes } from "./wasm/machine.js";
import { compile } from "./compile.js";
import { instantiate } from "./engine.js";
import { socketClass } from "./websocket.js";
import { sourceClass } from "./eventsource.js";

let shared;

/** Makes a machine. */
const engine = (...connection) => (shared ??= instantiate(compile(bytes())))(...connection);

export { EventSource } from "./strict.js";
export const ReconnectingWebSocket = /* @__PURE__ */ socketClass(engine);
export const ReconnectingEventSource = /* @__PURE__ */ sourceClass(engine);
