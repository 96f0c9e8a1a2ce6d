// How <everwire-inspector> writes times, sizes and causes.

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const whole = new Intl.NumberFormat("en-US");

/** "14:02:11", of milliseconds since 1970. */
export const time = (at) => clock.format(at);

/** "12,345" */
export const count = (n) => whole.format(n);

/** "1 message", "3 messages" */
export const plural = (n, one) => `${count(n)} ${one}${n === 1 ? "" : "s"}`;

/** "0.8 s", "14 s", "2 min 5 s", "3 h 12 min", of milliseconds. */
export const span = (ms) => {
  const s = Math.max(0, ms) / 1000;
  if (s < 9.95) return `${s.toFixed(1)} s`;
  const all = Math.round(s);
  if (all < 60) return `${all} s`;
  if (all < 3600) return `${Math.floor(all / 60)} min${all % 60 ? ` ${all % 60} s` : ""}`;
  return `${Math.floor(all / 3600)} h ${Math.floor(all / 60) % 60} min`;
};

/** "0 B", "1.2 KB", "34 MB" */
export const size = (bytes) => {
  if (bytes < 1000) return `${bytes} B`;
  const [value, unit] = bytes < 999_500 ? [bytes / 1000, "KB"] : [bytes / 1_000_000, "MB"];
  return `${value < 9.95 ? value.toFixed(1) : whole.format(Math.round(value))} ${unit}`;
};

/** A cause in two or three words; the whole of it is in its `message`. */
export const inShort = (cause) => {
  if (!cause) return "no cause given";
  const { kind, status, code } = cause;
  return status ? `status ${status}` : code ? `close code ${code}` : kind;
};

/** What a state is called, with what carries it. */
export const stateOf = ({ state, transport }) => {
  if (state === "open") return `open by ${transport}`;
  if (state === "connecting") return transport ? `connecting by ${transport}` : "waiting for new credentials";
  return { waiting: "waiting for the next try", offline: "waiting, as the browser is offline", closed: "closed" }[state];
};

/** What a reconnect meant for the data. */
export const MEANING = { resumed: "resumed", gap: "with a gap", fresh: "a fresh start" };
