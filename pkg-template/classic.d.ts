// Types of the classic script, dist/everwire.iife.js: by `/// <reference types="everwire/classic" />`, for the page whose HTML loads it.
export {};

declare global {
  /** All that the entry `everwire` exports. */
  var everwire: typeof import("./index.js");
}
