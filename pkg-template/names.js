// What the numbers mean that cross to the wasm side and back. The order is that of the Rust enums; tests/npm/names.test.mjs compares.

// Inputs: see `input` in src/js/machine.rs.
export const START = 0, TICK = 1, FLUSH = 2, RECONNECT = 3, CLOSE = 4, PAGE = 5, OPENED = 6, EVENT = 7, SOURCE_ERROR = 8,
  UNREADY = 9, DONE = 10, UNSENT = 11, FAILED = 12, ANSWER = 14, HEAD = 16, CLOSED = 17, WALL_CLOCK = 18, JUDGED = 19,
  REFRESHED = 20, UNUSABLE = 21, RELEASE = 22, MOVED = 23, INQUIRED = 24, REPLY = 25, REFUSED = 26, ASKED = 27, CLOSING = 28;
// Of those with two lanes, the odd number is the uplink.
export const UP = 1;
// Page events.
export const ONLINE = 0, OFFLINE = 1, VISIBLE = 2, CACHED = 3, RESTORED = 4;

export const PHASES = ["connecting", "open", "waiting", "offline", "closed"];
export const TRANSPORTS = ["websocket", "eventsource", "fetch-stream", "xhr-stream", "long-poll"];
export const CONTINUITIES = ["resumed", "gap", "fresh"];
export const WHY_DROPPED = ["full", "closed", "unknown", "refused", "expired", "replaced"];
/** The place of a verdict, plus one, is its number. */
export const VERDICTS = ["retry", "refresh", "stop"];
export const DELIVERIES = ["refused", "queued", "sent"];
export const QUEUED = 1, SENT = 2;
/** This one is no place of theirs: the wire cannot carry it. */
export const UNSENDABLE = 3;

/** The kinds of a cause, each with what it says of itself. */
export const CAUSES = Object.entries({
  network: "the network failed",
  timeout: "no answer within connectTimeout",
  silence: "nothing came within silenceTimeout, firstByteTimeout or heartbeat.timeout",
  status: "the server refused",
  "content-type": "expected text/event-stream, the server sent",
  close: "the server closed the connection",
  provider: "the application's provider failed",
  protocol: "the server broke the protocol",
  overflow: "an event is longer than maxEventBytes",
  application: "the application failed",
  unusable: "no transport could be used",
});
