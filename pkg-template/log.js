// The `debug` option: what a connection does, told to a function of the application's as debug.d.ts describes it.

import { attempt } from "./options.js";

/** What tells it, where there is somebody to tell: `log?.(type, details)`. */
export const logger = (debug) => debug && ((type, details) => attempt(debug, { time: performance.now(), type, ...details }));

/** In bytes; of a text, in characters. */
export const sizeOf = (data) => data.size ?? data.byteLength ?? data.length;

/** A URL without what may be a secret: its query, and a user's name and password. */
export const bare = (url) => {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
};
