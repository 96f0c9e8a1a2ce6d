// Reads what an application gives, and says what is wrong with it.

import { TRANSPORTS } from "./names.js";

/** Throws a `TypeError`, or a `DOMException` of this name. */
export const fail = (name, given, expected, exception) => {
  const message = `${name}: ${given} was given; expected ${expected}`;
  throw exception ? new DOMException(message, exception) : new TypeError(message);
};

/** The place of `given` among `names`. */
export const oneOf = (name, given, names) => {
  const at = names.indexOf(given);
  return at < 0 ? fail(name, given, names.join(" or ")) : at;
};

/** Each with its default and the least that is allowed; in milliseconds, but for the factor and what is counted. */
export const NUMBERS = [
  ["reconnect.firstDelay", 2_000, 0],
  ["reconnect.minDelay", 1_000, 1],
  ["reconnect.maxDelay", 30_000, 1],
  ["reconnect.factor", 2, 1],
  ["reconnect.maxRetries", Infinity, 0],
  ["reconnect.minUptime", 5_000, 0],
  ["connectTimeout", 10_000, 1],
  ["silenceTimeout", 0, 0],
  ["firstByteTimeout", 20_000, 0],
  ["outbox.maxMessages", 1_000, 1],
  ["outbox.ttl", Infinity, 0],
  ["heartbeat.interval", 0, 0],
  ["heartbeat.timeout", 10_000, 1],
];

export const isFunction = (given) => typeof given === "function";
export const isSignal = (given) => !given || isFunction(given.addEventListener);

/**
 * What a function of the application's returns; where it throws nothing, and the browser reports that as it does for listeners. What it is given comes
 * after it: closures cost something, also where they are not made.
 */
export const attempt = (make, ...given) => {
  try {
    return make(...given);
  } catch (error) {
    queueMicrotask(() => { throw error; });
  }
};

/** A number with a bit for each of these, the first one lowest: those of `create` in src/js/machine.rs. */
export const flags = (...all) => all.reduce((bits, flag, at) => bits | (Boolean(flag) << at), 0);

/** What a machine is made with: the ladder as a number, and the other numbers in the order of `create` in src/js/machine.rs. */
export const numbers = ({ transports, ...options }, offered, bytes) => {
  const ladder = transports === undefined ? offered : [transports].flat();
  if (!ladder.length) fail("transports", "nothing", offered.join(" or "));
  for (const transport of ladder) oneOf("transports", transport, offered);
  for (const name of ["verdict", "refresh", "fetch", "debug"]) {
    if (options[name] !== undefined && !isFunction(options[name])) fail(name, options[name], "a function");
  }
  if (!isSignal(options.signal)) fail("signal", options.signal, "an AbortSignal");
  if (options.reconnect === false) options.reconnect = { maxRetries: 0 };
  return {
    // Three bits for each transport, the first one lowest.
    ladder: ladder.reduceRight((bits, transport) => bits * 8 + TRANSPORTS.indexOf(transport) + 1, 0),
    numbers: [...NUMBERS, bytes].map(([name, fallback, least]) => {
      const value = name.split(".").reduce((object, key) => object?.[key], options) ?? fallback;
      return value >= least ? value : fail(name, value, `a number of at least ${least}`);
    }),
  };
};

/** How to go on where an earlier connection was: `{ lastEventId, dedupe, store, key }`. */
export const resuming = (url, { lastEventId, dedupe = 0, store, key = url } = {}) => {
  if (!(dedupe >= 0)) fail("resume.dedupe", dedupe, "a number of ids");
  if (store && !(isFunction(store.getItem) && isFunction(store.setItem))) fail("resume.store", store, "a Storage");
  if (store && !key) fail("resume.key", "none", "a name, as the URL is not known yet");
  if (/[\0\r\n]/.test(lastEventId)) fail("resume.lastEventId", lastEventId, "no line break and no U+0000");
  const place = `everwire:${key}`;
  let kept;
  try {
    kept = store?.getItem(place);
  } catch {} // Forbidden: that is no reason not to connect.
  return { lastEventId: String(lastEventId ?? kept ?? ""), dedupe, store, key: place };
};

/** `given` resolved against the page or worker, with the scheme made `scheme` or its secure form. A WebSocket takes no fragment, all else ignores it. */
export const resolve = (given, scheme) => {
  let parts;
  try {
    parts = /^(?:ws|http)(s?:[^#]*)(#.*)?$/.exec(new URL(given, globalThis.document?.baseURI ?? globalThis.location?.href));
  } catch {}
  if (!parts || (parts[2] && scheme === "ws")) fail("url", given, "a ws, wss, http or https URL without a fragment", "SyntaxError");
  return scheme + parts[1];
};
