// Types of `everwire/user-timing`, written by hand.

import type { DebugEntry } from "./index.js";

/**
 * Makes a function for the `debug` option of one connection, which writes marks and measures (W3C User Timing) for the browser's performance panel:
 * `NAME: connecting`, `NAME: open`, `NAME: waiting` and `NAME: offline` when they are over, `NAME: downtime` when the connection is back, and
 * marks `NAME: reconnecting`, `transportchange`, `gap`, `dropped`, `error` and `close`. What the entry says is in their `detail`. At most a
 * thousand are kept.
 */
export function userTiming(name: string): (entry: DebugEntry) => void;
