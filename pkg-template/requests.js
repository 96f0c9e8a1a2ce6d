// The requests behind event streams: fetch, and XMLHttpRequest where that is what there is. No policy, and no parser: `on` is told what comes.
//
// `request` is { url, method, headers, body, withCredentials, fetch }, with the headers as [name, value] pairs. What `on` has:
//   head(status, get, url)   the response has begun; `get` gives a header by name, `url` is where redirects have led
//   chunk(part)              bytes, or a part of a text that is decoded already
//   done()                   all of it has come
//   failed(why)              no response, or not all of it
// After the signal is aborted nothing is told any more.

import { header } from "./headers.js";

/**
 * The headers of a request for server-sent events: those that the application gives, in any of Fetch's forms, and the standard's own.
 * The id goes as UTF-8 (WHATWG HTML 9.2.3), a character for each byte.
 */
export const eventHeaders = (given, lastId) => {
  given ??= {};
  // Not a `Headers`, for a host may have XMLHttpRequest alone.
  const all = typeof given[Symbol.iterator] === "function" ? [...given] : Object.entries(given);
  // The application may have begun after an id; what came since takes its place.
  const headers = lastId ? all.filter(([name]) => name.toLowerCase() !== "last-event-id") : all;
  if (!headers.some(([name]) => name.toLowerCase() === "accept")) headers.push(["Accept", "text/event-stream"]);
  const bytes = new TextEncoder().encode(lastId);
  // One by one, for an id may have more of them than a call can have arguments.
  if (lastId) headers.push(["Last-Event-ID", Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")]);
  return headers;
};

/** What is told only until the signal. */
const until = (signal, on) => {
  const guarded = {};
  for (const name in on) guarded[name] = (...what) => { if (!signal.aborted) on[name](...what); };
  return guarded;
};

/** WHATWG Fetch, the body read as it comes. Throws where there is no such thing. */
export const fetchStream = ({ url, method, headers, body, withCredentials, fetch = globalThis.fetch }, on, signal) => {
  const { head, chunk, done, failed } = until(signal, on);
  if (!fetch || (fetch === globalThis.fetch && !("body" in Response.prototype))) throw new TypeError("fetch gives no streams here");
  const credentials = withCredentials ? "include" : "same-origin";
  const read = async () => {
    // One of the application's own may throw at once, which is a failure like any other.
    const response = await fetch(url, { method, headers, body, credentials, cache: "no-store", signal, ...(body && { duplex: "half" }) });
    head(response.status, (name) => response.headers.get(name), response.url || url);
    const reader = response.body?.getReader();
    if (!reader) return done();
    // An application's own fetch need not know the signal, and nothing more may come.
    signal.onabort = () => reader.cancel().catch(() => {});
    while (!signal.aborted) {
      const { done: ended, value } = await reader.read();
      if (ended) return done();
      chunk(value);
    }
    await reader.cancel();
  };
  read().catch((error) => failed(String(error?.message ?? error)));
};

const xhr = ({ url, method, headers, body, withCredentials }, { head, done, failed }, signal, prepare) => {
  const xhr = new XMLHttpRequest();
  xhr.open(method ?? "GET", url);
  xhr.withCredentials = Boolean(withCredentials);
  for (const [name, value] of headers) xhr.setRequestHeader(name, value);
  let begun = false;
  /** Tells the head as soon as it is there, and whether it has been told. */
  const begin = () => {
    const { status } = xhr;
    const get = !begun && status && header(xhr);
    if (get) {
      begun = true;
      head(status, get, xhr.responseURL || url);
    }
    return begun;
  };
  const last = prepare(xhr, begin);
  xhr.onloadend = () => {
    // An error leaves none, also of a response that had begun.
    const { status } = xhr;
    begin();
    last();
    if (status) done();
    else failed("");
  };
  signal.addEventListener("abort", () => xhr.abort());
  xhr.send(body);
};

/** XMLHttpRequest, its text read as it grows. */
export const xhrStream = (request, on, signal) => {
  const told = until(signal, on);
  xhr(request, told, signal, (xhr, begin) => {
    // An event stream is UTF-8, whatever its type says (WHATWG HTML 9.2.6).
    xhr.overrideMimeType("text/plain;charset=utf-8");
    let read = 0;
    const more = () => {
      if (!begin()) return;
      // Read once, as it is made anew each time.
      const text = xhr.status === 200 ? xhr.responseText : "";
      if (text.length > read) told.chunk(text.slice(read));
      read = text.length;
    };
    xhr.onprogress = more;
    xhr.onreadystatechange = () => { if (xhr.readyState === 2) begin(); };
    return more;
  });
};

/** XMLHttpRequest, the response read when it is whole. */
export const xhrWhole = (request, on, signal) => {
  const told = until(signal, on);
  xhr(request, told, signal, (xhr) => {
    xhr.responseType = "arraybuffer";
    return () => { if (xhr.response?.byteLength) told.chunk(new Uint8Array(xhr.response)); };
  });
};

/**
 * Why a request to another origin may have failed: a browser says no more than that it did. So the server is asked once more, for
 * an answer that need not be readable. Resolves to whether there was one: then it is CORS that refuses.
 */
export const isRefusedByCors = async ({ url, withCredentials, fetch = globalThis.fetch }, signal) => {
  if (new URL(url).origin === globalThis.location?.origin || !globalThis.location) return false;
  const controller = new AbortController();
  const end = () => controller.abort();
  signal.addEventListener("abort", end);
  try {
    await fetch(url, { mode: "no-cors", credentials: withCredentials ? "include" : "omit", cache: "no-store", signal: controller.signal });
    return true;
  } catch {
    return false;
  } finally {
    end();
    signal.removeEventListener("abort", end);
  }
};
