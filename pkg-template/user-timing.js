// `everwire/user-timing`: what the `debug` option tells as marks and measures of the host's own (W3C User Timing), which the browser's
// performance panel draws.

import { fail } from "./options.js";

/** The host keeps marks and measures until somebody clears them; so when there are more, those of this connection go. */
const MOST_KEPT = 1_000;

/** Entries of these types become a mark. */
const MARKED = ["reconnecting", "transportchange", "gap", "dropped", "error", "close"];

/** As Chromium's panel draws them, one track for each connection; others ignore that. */
const COLORS = { connecting: "tertiary", open: "primary", waiting: "secondary", offline: "secondary", downtime: "error" };

/**
 * Makes a function for the `debug` option of the connection that `name` is to stand for. It measures `NAME: connecting`, `NAME: open`,
 * `NAME: waiting` and `NAME: offline` when they are over, and `NAME: downtime` when the connection is back; and marks `NAME: TYPE`. What the
 * entry says is in `detail`.
 */
export const userTiming = (name) => {
  if (!name || typeof name !== "string") fail("userTiming", name, "a name for the connection");
  const labels = new Set();
  let kept = 0;
  /** The state that lasts, and the entry that it began with. */
  let span;

  const add = (make, what, times, { time, type, ...details }) => {
    const label = `${name}: ${what}`;
    labels.add(label);
    kept += 1;
    if (kept > MOST_KEPT) {
      for (const each of labels) {
        performance.clearMarks(each);
        performance.clearMeasures(each);
      }
      kept = 1;
    }
    const devtools = {
      dataType: make === "mark" ? "marker" : "track-entry",
      track: name,
      trackGroup: "everwire",
      color: COLORS[what] ?? "error",
      properties: Object.entries(details).filter(([, value]) => value !== undefined).map(([key, value]) => [key, String(value?.message ?? value)]),
    };
    performance[make](label, { ...times, detail: { ...details, devtools } });
  };
  const begin = (what, entry) => {
    if (span) add("measure", span.what, { start: span.entry.time, end: entry.time }, span.entry);
    span = what && { what, entry };
  };

  return (entry) => {
    const { time, type, state, transport } = entry;
    // One that does not reconnect tells of no states.
    if (type === "attempt" && !span) begin("connecting", entry);
    if (type === "open" && span?.what !== "open") begin("open", entry);
    if (type === "close") begin(undefined, entry);
    if (type === "statechange" && (state !== span?.what || transport !== span.entry.transport)) begin(COLORS[state] && state, entry);
    if (type === "reconnecting" && span) span.entry = { ...span.entry, cause: entry.cause };
    if (type === "reconnected") add("measure", "downtime", { start: Math.max(time - entry.downtime, 0), end: time }, entry);
    if (MARKED.includes(type)) add("mark", type, { startTime: time }, entry);
  };
};
