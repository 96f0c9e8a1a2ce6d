// The default entry: the module is inlined, and compiled on the first construction. Importing it does nothing.

import { bytes } from "./wasm/machine.js";
import { inlined } from "./engine.js";
import { socketClass } from "./websocket.js";
import { sourceClass } from "./eventsource.js";
import { allWires } from "./wires.js";

const engine = /* @__PURE__ */ inlined(bytes);

export { EventSource } from "./strict.js";
export const ReconnectingWebSocket = /* @__PURE__ */ socketClass(engine, allWires);
export const ReconnectingEventSource = /* @__PURE__ */ sourceClass(engine);
