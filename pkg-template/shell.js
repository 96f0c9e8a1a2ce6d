// The transports: what wraps the browser's own objects. There is no policy here; each function opens something that lives until
// the signal, and reports what it hears as `report(input, details)`.

import { ANSWER, CACHED, CHUNK, CLOSED, DONE, EVENT, FAILED, HEAD, OFFLINE, ONLINE, OPENED, RESTORED, SOURCE_ERROR, UP, VISIBLE }
  from "./names.js";

export const withQuery = (url, name, value) => `${url}${url.includes("?") ? "&" : "?"}${name}=${encodeURIComponent(value)}`;

/** The headers of a request for server-sent events. */
export const eventHeaders = (lastId) => ({
  Accept: "text/event-stream",
  // A header's value is a character for each byte; an id goes as UTF-8 (WHATWG HTML 9.2.3).
  ...(lastId && { "Last-Event-ID": String.fromCharCode(...new TextEncoder().encode(lastId)) }),
});

/** What the wires look at in a response. `get` gives a header by name. */
const head = (number, get) => {
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

export const transports = {
  /** WHATWG WebSockets. `own`: the subprotocols of the wire, offered first. The reason of the signal is a close code and a reason. */
  websocket({ url, own, protocols, frame }, report, signal) {
    const socket = new WebSocket(url, [...own, ...protocols]);
    // A blob's bytes come only after a promise, and by then messages may have changed places.
    socket.binaryType = "arraybuffer";
    socket.onopen = () => report(OPENED, { number: own.includes(socket.protocol) });
    socket.onmessage = ({ data }) => frame(data);
    // `error` is not listened to: it says nothing, and `close` always follows.
    socket.onclose = ({ code, reason }) => report(CLOSED, { number: code, text: reason });
    signal.onabort = () => {
      const [code, reason] = signal.reason;
      socket.onmessage = null;
      if (code) socket.close(code, reason);
      else socket.close();
    };
    // One that is closing takes nothing, and would not say so.
    return { socket, send: (data) => socket.readyState === 1 && (socket.send(data), true) };
  },

  /** The browser's own EventSource (WHATWG HTML 9.2), for events of these types. */
  eventsource({ httpUrl, withCredentials, types }, report, signal) {
    const source = new EventSource(httpUrl, { withCredentials });
    const hear = (event) => {
      const { type, data, lastEventId } = event;
      // The browser's own events have no data; a server may well name its events like them.
      if ("data" in event) report(EVENT, { value: { type, data }, text: lastEventId });
      else if (type === "open") report(OPENED);
      else if (type === "error") report(SOURCE_ERROR, { number: source.readyState === 2 });
    };
    const listen = (type) => source.addEventListener(type, hear);
    ["open", "error", ...types].forEach(listen);
    signal.onabort = () => source.close();
    return { listen };
  },

  /** WHATWG Fetch, the body read as it comes. */
  "fetch-stream"({ httpUrl, withCredentials, headers }, report, signal) {
    const credentials = withCredentials ? "include" : "same-origin";
    // Asked for here and not in `read`, so that a host without fetch throws.
    const asked = fetch(httpUrl, { headers, credentials, cache: "no-store", signal });
    const read = async () => {
      const response = await asked;
      report(HEAD, head(response.status, (name) => response.headers.get(name)));
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return report(DONE);
        report(CHUNK, { value });
      }
    };
    read().catch(() => report(FAILED));
  },

  /** XMLHttpRequest, the response read when it is whole: a poll, or a POST of `body`. */
  "long-poll"({ httpUrl, withCredentials, headers, body }, report, signal) {
    const xhr = new XMLHttpRequest();
    const lane = body === undefined ? 0 : UP;
    // It has no cache mode, so every poll has a URL of its own.
    xhr.open(lane ? "POST" : "GET", lane ? httpUrl : withQuery(httpUrl, "_", Math.random()));
    xhr.responseType = "arraybuffer";
    xhr.withCredentials = withCredentials;
    for (const name in headers) xhr.setRequestHeader(name, headers[name]);
    xhr.onloadend = () => {
      const { status, response } = xhr;
      if (!status || !response) return report(FAILED + lane);
      // Asking for one header at a time would log an error for each that CORS does not expose.
      const get = (name) => new RegExp(`^${name}: (.*)`, "im").exec(xhr.getAllResponseHeaders())?.[1];
      report(ANSWER + lane, { ...head(status, get), value: response });
    };
    signal.onabort = () => xhr.abort();
    xhr.send(body);
  },
};

const SIGNS = { online: ONLINE, offline: OFFLINE, visibilitychange: VISIBLE, resume: VISIBLE, pagehide: CACHED, pageshow: RESTORED };

/** Reports what the page tells, or what there is of that in a worker, until the signal. */
export const watchPage = (tell, signal) => {
  const hear = ({ type, persisted }) => {
    // Only a page that goes into the cache has to let go of its connection; one that is unloaded loses it anyway.
    if (persisted === false || (SIGNS[type] === VISIBLE && document.hidden)) return;
    tell(SIGNS[type]);
  };
  // Captured, for some of these happen to the document.
  for (const type in SIGNS) globalThis.addEventListener?.(type, hear, { capture: true, signal });
  if (globalThis.navigator?.onLine === false) tell(OFFLINE);
};
