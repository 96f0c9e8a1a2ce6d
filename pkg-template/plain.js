// A connection that is not to be reconnected: the browser's own WebSocket, and nothing decided about it. Every argument goes to it as it was
// given, so every error is its own.

import { bare, logger, sizeOf } from "./log.js";
import { nativeSocket } from "./native.js";

/** Node.js has had the class since version 23. */
const closeEvent = (fields) => (globalThis.CloseEvent ? new CloseEvent("close", fields) : Object.assign(new Event("close"), fields));

const STATES = ["connecting", "open", "closed", "closed"];

/** For `face`, an event target; made as `new WebSocket(...given)`. */
export const plainly = (face, given, { signal, debug }) => {
  const log = logger(debug);
  const counters = { attempts: 0, drops: 0, messages: 0, bytes: 0, duplicates: 0, queuedMessages: 0, queuedBytes: 0 };
  let socket;
  let upSince = 0;
  const tell = (event) => face.dispatchEvent(event);

  const open = () => {
    const made = nativeSocket(...given);
    const life = new AbortController();
    signal?.addEventListener("abort", () => made.close(), { signal: life.signal });
    const isOurs = (hear) => (event) => { if (made === socket) hear(event); };
    if (socket) made.binaryType = socket.binaryType;
    counters.attempts += 1;
    it.ended = undefined;
    it.wasOpen = false;
    if (signal?.aborted) made.close();
    made.onopen = isOurs(() => {
      upSince = performance.now();
      it.wasOpen = true;
      log?.("open");
      tell(new Event("open"));
    });
    made.onmessage = isOurs(({ data, origin }) => {
      counters.messages += 1;
      counters.bytes += sizeOf(data);
      tell(new MessageEvent("message", { data, origin }));
    });
    made.onerror = isOurs(() => { tell(new Event("error")); });
    const end = isOurs(({ code, reason, wasClean }) => {
      log?.("close", { code, reason, wasClean });
      it.ended = closeEvent({ code, reason, wasClean });
      tell(it.ended);
    });
    made.onclose = (event) => {
      // A signal may live for longer than many sockets.
      life.abort();
      end(event);
    };
    socket = made;
    log?.("attempt", { id: counters.attempts, transport: "websocket", lastEventId: "", url: bare(made.url) });
  };

  const it = {
    lastEventId: "",
    queued: 0,
    wasOpen: false,
    get socket() { return socket; },
    get url() { return socket.url; },
    get state() { return STATES[socket.readyState]; },
    get readyState() { return socket.readyState; },
    get transport() { return socket.readyState < 2 ? "websocket" : null; },
    get binaryType() { return socket.binaryType; },
    set binaryType(type) { socket.binaryType = type; },
    get stats() {
      const uptime = socket.readyState === 1 ? performance.now() - upSince : 0;
      return { ...counters, transport: it.transport, uptime };
    },
    send(...what) { socket.send(...what); },
    end(...how) { socket.close(...how); },
    release() {},
    /** In place of the one that is there, which is left, or after its end. */
    reconnect() {
      const old = socket;
      open();
      old.close();
    },
  };
  open();
  return it;
};
