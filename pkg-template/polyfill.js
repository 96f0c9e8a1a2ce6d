// `import "everwire/polyfill"`: gives a host without an EventSource the strict one.

import { EventSource } from "./strict.js";
import { install } from "./idl.js";

if (!globalThis.EventSource) install(EventSource);
