// The transports: what wraps the browser's own objects. There is no policy here; each function opens something, reports what
// it hears as `report(input, details)`, and returns how to end it. Ending detaches first, so that nothing is heard after.

import { ANSWER, CACHED, CHUNK, CLOSED, DONE, EVENT, FAILED, HEAD, OFFLINE, ONLINE, OPENED, RESTORED, SOURCE_ERROR, UP, VISIBLE }
  from "./names.js";

/** WHATWG WebSockets. `own`: the subprotocol of the wire, offered first. */
export const openSocket = (url, own, protocols, report, frame) => {
  const socket = new WebSocket(url, own ? [own, ...protocols] : protocols);
  // A blob's bytes come only after a promise, and by then messages may have changed places.
  socket.binaryType = "arraybuffer";
  socket.onopen = () => report(OPENED, { number: own && socket.protocol === own ? 1 : 0 });
  socket.onmessage = ({ data }) => frame(data);
  // `error` is not listened to: it says nothing, and `close` always follows.
  socket.onclose = ({ code, reason }) => report(CLOSED, { number: code, text: reason });
  return {
    socket,
    // One that is closing takes nothing, and would not say so.
    send: (data) => socket.readyState === 1 && (socket.send(data), true),
    stop: (code, reason) => {
      socket.onopen = socket.onmessage = socket.onclose = null;
      if (code) socket.close(code, reason);
      else socket.close();
    },
  };
};

/** The browser's own EventSource (WHATWG HTML 9.2), for events of these types. */
export const openSource = (url, withCredentials, kinds, report) => {
  const source = new EventSource(url, { withCredentials });
  const listeners = new Map();
  const on = (type, listener) => {
    listeners.set(type, listener);
    source.addEventListener(type, listener);
  };
  const deliver = ({ type, data, lastEventId }) => report(EVENT, { value: { type, data }, text: lastEventId });
  const listen = (type) => {
    // The browser's own events have no data; a server may well name its events like them.
    if (!listeners.has(type)) on(type, (event) => { if ("data" in event) deliver(event); });
  };
  on("open", (event) => ("data" in event ? deliver(event) : report(OPENED)));
  on("error", (event) => ("data" in event ? deliver(event) : report(SOURCE_ERROR, { number: source.readyState === 2 ? 1 : 0 })));
  for (const kind of kinds) listen(kind);
  return {
    listen,
    stop: () => {
      for (const [type, listener] of listeners) source.removeEventListener(type, listener);
      source.close();
    },
  };
};

/** Milliseconds from `Retry-After` (RFC 9110, 10.2.3): seconds, or a date. −1 where there is none. */
const retryAfter = (value) => {
  if (!value) return -1;
  const ms = /^\d+$/.test(value) ? value * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? -1 : Math.max(ms, 0);
};

/** What the wires look at in a response. `get` gives a header by name. */
const head = (status, get) => {
  const etag = get("etag") ?? "";
  const time = Date.parse(get("last-modified")) / 1000;
  return {
    number: status,
    more: retryAfter(get("retry-after")),
    text: (get("content-type") ?? "").split(";")[0].trim().toLowerCase(),
    // nchan's message id: all of it in the etag, or the second in one header and its number in the other.
    other: etag.includes(":") ? etag : etag && time >= 0 ? `${time}:${etag}` : "",
  };
};

/** A header's value is a character for each byte; an id goes as UTF-8 (WHATWG HTML 9.2.3). */
const byteString = (id) => String.fromCharCode(...new TextEncoder().encode(id));

const EVENT_STREAM = "text/event-stream";

/** WHATWG Fetch, the body read as it comes. */
export const openStream = (url, withCredentials, lastId, report) => {
  const controller = new AbortController();
  const headers = lastId ? { Accept: EVENT_STREAM, "Last-Event-ID": byteString(lastId) } : { Accept: EVENT_STREAM };
  let live = true;
  const tell = (input, details) => live && report(input, details);
  const read = async () => {
    const response = await fetch(url, {
      headers, cache: "no-store", credentials: withCredentials ? "include" : "same-origin", signal: controller.signal });
    tell(HEAD, head(response.status, (name) => response.headers.get(name)));
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return tell(DONE);
      tell(CHUNK, { value });
    }
  };
  read().catch(() => tell(FAILED));
  return { stop: () => { live = false; controller.abort(); } };
};

/** XMLHttpRequest, the response read when it is whole: a poll, or a POST of `body`. */
export const request = (url, withCredentials, { events, lastId, body }, report) => {
  const xhr = new XMLHttpRequest();
  const lane = body === undefined ? 0 : UP;
  xhr.open(lane ? "POST" : "GET", url);
  xhr.responseType = "arraybuffer";
  xhr.withCredentials = withCredentials;
  if (events) xhr.setRequestHeader("Accept", EVENT_STREAM);
  if (lastId) xhr.setRequestHeader("Last-Event-ID", byteString(lastId));
  // `text/plain` needs no preflight, and a relay takes the type over to the receivers.
  if (lane) xhr.setRequestHeader("Content-Type", typeof body === "string" ? "text/plain;charset=UTF-8" : "application/octet-stream");
  xhr.onloadend = () => {
    if (!xhr.status || !xhr.response) return report(FAILED + lane);
    // Asking for one header at a time would log an error for each that CORS does not expose.
    const headers = new Map(xhr.getAllResponseHeaders().split("\r\n").map((line) => {
      const [name] = line.split(": ", 1);
      return [name, line.slice(name.length + 2)];
    }));
    report(ANSWER + lane, { ...head(xhr.status, (name) => headers.get(name)), value: xhr.response });
  };
  xhr.send(body);
  return { stop: () => { xhr.onloadend = null; xhr.abort(); } };
};

/** Reports what the page tells; in a worker, what there is of that. Returns how to stop. */
export const watchPage = (tell) => {
  const page = globalThis.document;
  const signs = [
    [globalThis, "online", ONLINE], [globalThis, "offline", OFFLINE], [globalThis, "pagehide", CACHED],
    [globalThis, "pageshow", RESTORED], [page, "visibilitychange", VISIBLE], [page, "resume", VISIBLE],
  ].filter(([target]) => target?.addEventListener).map(([target, type, sign]) => {
    const hear = (event) => {
      // Only a page that goes into the cache has to let go of its connection; one that is unloaded loses it anyway.
      if (event.persisted === false || (sign === VISIBLE && page.hidden)) return;
      tell(sign);
    };
    target.addEventListener(type, hear);
    return () => target.removeEventListener(type, hear);
  });
  if (globalThis.navigator?.onLine === false) tell(OFFLINE);
  return () => signs.forEach((stop) => stop());
};
