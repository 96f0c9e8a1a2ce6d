// The default entry: the module is inlined, and compiled on the first construction. Importing it does nothing.

import { bytes } from "./wasm/inline.js";
import { instantiate } from "./engine.js";
import { sourceClass } from "./eventsource.js";
import { socketClass } from "./websocket.js";

let shared;

const engine = () => {
  try {
    return (shared ??= instantiate(new WebAssembly.Module(bytes())));
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    throw new Error("everwire could not compile its WebAssembly module. If this page has a content security policy, "
      + "its script-src needs 'wasm-unsafe-eval'.", { cause: error });
  }
};

export const ReconnectingWebSocket = /* @__PURE__ */ socketClass(engine);
export const ReconnectingEventSource = /* @__PURE__ */ sourceClass(engine);
