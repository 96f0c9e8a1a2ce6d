// `import "everwire/polyfill/force"`: the strict EventSource in place of whatever the host has.

import { EventSource } from "./strict.js";
import { install } from "./idl.js";

install(EventSource);
