// The entry for sockets that speak plain WebSocket alone: as the default one, with a smaller module, as those who need no other wire do not pay for
// one.

import { bytes } from "./wasm/raw.js";
import { inlined } from "./engine.js";
import { socketClass } from "./websocket.js";
import { sourceClass } from "./eventsource.js";
import { rawWires } from "./wires.js";

const engine = /* @__PURE__ */ inlined(bytes);

export { EventSource } from "./strict.js";
export const ReconnectingWebSocket = /* @__PURE__ */ socketClass(engine, rawWires);
export const ReconnectingEventSource = /* @__PURE__ */ sourceClass(engine);
