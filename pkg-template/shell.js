// What wraps the browser's own objects. There is no policy here: each function opens something that lives until the signal, and reports
// what it hears as `report(input, details)`.

import { ANSWER, CACHED, CLOSED, FAILED, OFFLINE, ONLINE, OPENED, PAGE, RESTORED, UP, VISIBLE, WALL_CLOCK } from "./names.js";
import { header } from "./headers.js";
import { nativeSocket } from "./native.js";

/** `url` with parameters, which are encoded, at the end of its query. */
export const withParameters = (url, parameters) => (parameters && url ? `${url}${url.includes("?") ? "&" : "?"}${parameters}` : url);

/** `url` with this parameter in the place of what it had under the name: a server may read the first one. The others stay as they are written. */
export const withQuery = (url, name, value) => {
  const it = new URL(url);
  const others = it.search.slice(1).split("&").filter((part) => part && !new URLSearchParams(part).has(name));
  it.search = others.concat(`${name}=${encodeURIComponent(value)}`).join("&");
  return it.href;
};

/** XMLHttpRequest has no cache mode, so every request has a URL of its own. */
export const uncached = (url) => withParameters(url, `_=${Math.random()}`);

/** What the wires look at in a response. `get` gives a header by name. */
export const head = (number, get) => {
  const header = (name) => get(name) ?? "";
  const after = header("retry-after");
  const etag = header("etag");
  const time = Date.parse(header("last-modified")) / 1000;
  return {
    number,
    // RFC 9110, 10.2.3: seconds, or a date.
    more: Math.max(after * 1000 || Date.parse(after) - Date.now(), 0),
    text: /^[^\s;]*/.exec(header("content-type").toLowerCase())[0],
    // nchan's message id: all of it in the etag, or the second in one header and its number in the other.
    other: etag && time >= 0 && !etag.includes(":") ? `${time}:${etag}` : etag,
  };
};

/** WHATWG WebSockets. `own`: the subprotocols of the wire, offered first. The reason of the signal is a close code and a reason. */
export const webSocket = ({ url, own, protocols, frame }, report, signal) => {
  const socket = nativeSocket(url, [...new Set([...own, ...protocols])]);
  // A blob's bytes come only after a promise, and by then messages may have changed places.
  socket.binaryType = "arraybuffer";
  socket.onopen = () => report(OPENED, { number: own.includes(socket.protocol) });
  // A browser takes a microsecond more to call `onmessage`.
  socket.addEventListener("message", frame, { signal });
  // `error` is not listened to: it says nothing, and `close` always follows.
  socket.onclose = ({ code, reason }) => report(CLOSED, { number: code, text: reason });
  signal.onabort = () => {
    const [code, reason] = signal.reason;
    if (code) socket.close(code, reason);
    else socket.close();
  };
  // One that is closing takes nothing, and would not say so.
  return { socket, send: (data) => socket.readyState === 1 && (socket.send(data), true) };
};

/** A packet of Engine.IO as a part of a body. */
const packet = async (part) => {
  if (typeof part === "string") return part;
  const bytes = new Uint8Array(await new Blob([part]).arrayBuffer());
  return "b" + btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
};

const credentials = (all) => (all ? "include" : "same-origin");

/** From its beginning on, a request that is left to end by itself may take this long, in milliseconds. */
const LAST = 30_000;

/**
 * A poll, or a POST of `body`, which may be a list of packets: by XMLHttpRequest, or fetch where there is none. It is answered when it is whole.
 * What this gives repeats a poll: with the same object, which costs a page less than a new one.
 */
export const httpRequest = ({ httpUrl, own, withCredentials, headers, body }, report, signal) => {
  const lane = body === undefined ? 0 : UP;
  const method = lane ? "POST" : "GET";
  const address = (url) => (lane ? url : uncached(url));
  // A text has its own type, which needs no preflight; a relay takes the type over to the receivers.
  const isBytes = lane && typeof body !== "string" && !Array.isArray(body);
  const all = headers || isBytes ? new Headers(headers) : [];
  if (isBytes) all.set("Content-Type", "application/octet-stream");
  // Where the ids are not in the headers, those of a success say nothing, and to read them is dear.
  const answer = (status, getter, value) => {
    const said = status === 200 && !own.length ? { number: status } : head(status, getter());
    report(ANSWER + lane, { ...said, value });
  };
  const failed = () => report(FAILED + lane);
  // What the application sent before it closed is on its way.
  const isLeft = () => signal.aborted && !(lane && signal.reason.length);
  const byFetch = (body, url = httpUrl) => {
    // In service workers, and beyond browsers.
    const controller = new AbortController();
    signal.onabort = () => isLeft() && controller.abort();
    const options = {
      method, headers: all, body, credentials: credentials(withCredentials), cache: "no-store", signal: controller.signal,
    };
    fetch(address(url), options)
      .then(async (response) => [response, await response.arrayBuffer()])
      .then(([{ status, headers }, value]) => answer(status, () => (name) => headers.get(name), value), failed);
  };
  const byXhr = () => {
    const xhr = new XMLHttpRequest();
    // Engine.IO has nothing but text.
    if (own.length) xhr.responseType = "arraybuffer";
    xhr.withCredentials = withCredentials;
    xhr.onloadend = () => {
      const { status, response } = xhr;
      if (status) answer(status, () => header(xhr), response);
      else failed();
    };
    signal.onabort = () => {
      if (isLeft()) xhr.abort();
      else xhr.timeout = LAST;
    };
    return (body, url = httpUrl) => {
      xhr.open(method, address(url));
      for (const [name, value] of all) xhr.setRequestHeader(name, value);
      xhr.send(body);
    };
  };
  const send = globalThis.XMLHttpRequest ? byXhr() : byFetch;
  if (Array.isArray(body)) Promise.all(body.map(packet)).then((packets) => isLeft() || send(packets.join("\x1e"))).catch(failed);
  else send(body);
  // Not in a worker: in Firefox's, one that was opened anew at its end was not heard of again.
  return { repeat: globalThis.document && send };
};

/** Posts this, also while the page goes away, and does not hear what becomes of it. */
export const sendBeacon = ({ httpUrl, withCredentials, headers }, body) => {
  const options = { method: "POST", headers, body, credentials: credentials(withCredentials), keepalive: true };
  globalThis.fetch?.(httpUrl, options).catch(() => {});
};

const ASKING = 10_000;
/** The status of the answer to a plain GET; 1 if a script may not see it, 0 if there is none. */
export const askByHttp = async ({ httpUrl, withCredentials }) => {
  try {
    // Where the place is not known yet, there is nobody to ask.
    const mode = new URL(httpUrl).origin === globalThis.location?.origin ? "same-origin" : "no-cors";
    const options = { mode, credentials: credentials(withCredentials), cache: "no-store", signal: AbortSignal.timeout?.(ASKING) };
    const { status, body } = await fetch(httpUrl, options);
    // Only the status was wanted.
    body?.cancel();
    return status || 1;
  } catch {
    return 0;
  }
};

const SIGNS = { online: ONLINE, offline: OFFLINE, visibilitychange: VISIBLE, resume: VISIBLE, pagehide: CACHED, pageshow: RESTORED };
/** How often the clock is told where nothing else happens. */
const BETWEEN_CLOCKS = 30_000;

/** Reports what the page tells, or what there is of that in a worker, until the signal; and what the wall clock shows. */
export const watchPage = (input, signal) => {
  const clock = () => input(WALL_CLOCK, { number: Date.now() });
  const hear = ({ type, persisted }) => {
    clock();
    // Only a page that goes into the cache has to let go of its connection; one that is unloaded loses it anyway.
    if (persisted === false || (SIGNS[type] === VISIBLE && document.hidden)) return;
    input(PAGE, { number: SIGNS[type], type });
  };
  // Captured, for some of these happen to the document.
  for (const type in SIGNS) globalThis.addEventListener?.(type, hear, { capture: true, signal });
  const timer = setInterval(clock, BETWEEN_CLOCKS);
  // Node is not kept awake by it.
  timer.unref?.();
  signal.addEventListener("abort", () => clearInterval(timer));
  clock();
  if (globalThis.navigator?.onLine === false) input(PAGE, { number: OFFLINE, type: "offline" });
};
