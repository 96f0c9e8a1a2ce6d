// Types of everwire/raw: those of everwire. Its sockets have the wire `raw` alone.

export * from "./index.js";
