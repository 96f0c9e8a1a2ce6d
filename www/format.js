// How numbers and causes are written on this page.

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const whole = new Intl.NumberFormat("en-US");

/** @param {number} at milliseconds since 1970 @returns {string} "14:02:11" */
export const time = (at) => clock.format(at);

/** @param {number} n @returns {string} "12,345" */
export const count = (n) => whole.format(n);

/** @param {number} ms @returns {string} "0.8 s", "14 s" */
export function seconds(ms) {
  const s = Math.max(0, ms) / 1000;
  return s < 9.95 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`;
}

/** "1 event", "3 events" */
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/**
 * A cause in two or three words, for a time line. The long form is in `cause.message`.
 * @param {{kind?: string, status?: number, code?: number, message?: string} | string | undefined} cause
 */
export function causeInShort(cause) {
  if (!cause) return "unknown cause";
  if (typeof cause === "string") return cause;
  if (cause.kind === "status" && cause.status) return `status ${cause.status}`;
  if (cause.kind === "close" && cause.code) return `close code ${cause.code}`;
  return cause.kind ?? cause.message ?? "unknown cause";
}
