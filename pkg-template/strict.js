// EventSource, exactly the class of WHATWG HTML 9.2, over fetch or, where there is none, XMLHttpRequest.
//
// | readyState | what happens | next |
// | --- | --- | --- |
// | CONNECTING | a response with status 200 and type text/event-stream: `open` | OPEN |
// | CONNECTING | any other status or type; a URL that cannot be fetched; CORS refuses: `error` | CLOSED |
// | CONNECTING, OPEN | the network fails, or the response ends: `error`, and a new request after the reconnection time | CONNECTING |
// | OPEN | events come: dispatched as MessageEvents | OPEN |
// | any | `close()` | CLOSED |
//
// Words in quotes are the standard's. What no script can do is in docs/eventsource.md: events that are trusted, `Last-Event-ID` to another
// origin without a preflight, and to tell `window.stop()` from a lost network.

import { constants, enumerable, handlers } from "./idl.js";
import { openParser } from "./parser.js";
import { eventHeaders, fetchStream, isRefusedByCors, xhrStream } from "./requests.js";
import { turns } from "./turns.js";

const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

/** The "reconnection time" before a server sets one: "probably in the region of a few seconds". */
const RECONNECTION_TIME = 3_000;
/** A server may ask for none, but nothing spins. */
const FLOOR = 100;
/** What a timer can hold; a longer time would fire at once. */
const CEILING = 2 ** 31 - 1;
/** What is added after tries in a row that failed, as the standard allows: doubled from one to the next, up to this. */
const MOST_PATIENCE = 30_000;
const MAX_EVENT_BYTES = 16 * 1_048_576;

/** The URL, as the standard resolves it. */
const resolve = (given) => {
  const text = `${given}`;
  let url;
  try {
    url = new URL(text, globalThis.document?.baseURI ?? globalThis.location?.href);
  } catch {}
  // A host with a character that the URL standard forbids there, such as a space; browsers differ in whether they refuse it.
  if (!url || (/^https?:$/.test(url.protocol) && url.hostname.includes("%"))) {
    throw new DOMException(`Failed to construct 'EventSource': ${text} was given; expected a URL`, "SyntaxError");
  }
  return url;
};

/** Whether asking again may help: other schemes have no network to come back, and fetch takes no name and password in a URL. */
const isWorthRetrying = ({ protocol, username, password }) => /^https?:$/.test(protocol) && !username && !password;

/** The essence of a MIME type; of several, as a header may be there twice, of the last one. */
const essence = (types) => /^(?:.*,)?[\t\n\r ]*([^\t\n\r ;]*)/.exec(types ?? "")[1].toLowerCase();

const strictClass = () => {
  class EventSource extends EventTarget {
    #url;
    #withCredentials;
    #request;
    #readyState = CONNECTING;
    #lastEventId = "";
    #reconnectionTime = RECONNECTION_TIME;
    #failures = 0;
    #controller;
    #timer;

    constructor(url, init = {}) {
      super();
      if (!arguments.length) throw new TypeError("Failed to construct 'EventSource': 1 argument required, but only 0 present.");
      if (init != null && Object(init) !== init) {
        throw new TypeError(`Failed to construct 'EventSource': ${String(init)} was given; expected an object of options`);
      }
      const { withCredentials, method, headers, body, fetch } = init ?? {};
      this.#url = resolve(url);
      this.#withCredentials = Boolean(withCredentials);
      this.#request = { url: this.#url.href, method, headers, body, fetch, withCredentials: this.#withCredentials };
      this.#connect();
    }

    get url() { return this.#url.href; }
    get withCredentials() { return this.#withCredentials; }
    get readyState() { return this.#readyState; }

    close() {
      this.#readyState = CLOSED;
      this.#end();
    }

    /** Ends the request, and whatever else is under way. */
    #end() {
      clearTimeout(this.#timer);
      this.#controller?.abort();
    }

    #connect(plain = false, second = false) {
      const controller = new AbortController();
      const { signal } = controller;
      this.#controller = controller;
      const lastId = plain ? "" : this.#lastEventId;
      const request = { ...this.#request, headers: eventHeaders(this.#request.headers, lastId) };
      // The id goes on to events that bring none, as it does in browsers.
      const parser = openParser({ limit: MAX_EVENT_BYTES, lastId: this.#lastEventId });
      signal.addEventListener("abort", parser.close);
      let origin;
      let told;
      /** One thing is told after another, however many turns that takes. */
      const inOrder = (tell) => (...what) => {
        const before = told;
        told = (async () => {
          await before;
          if (!signal.aborted) await tell(...what);
        })();
      };
      const on = {
        head: inOrder((status, header, url) => {
          if (status !== 200 || essence(header("content-type")) !== "text/event-stream") return this.#fail();
          ({ origin } = new URL(url));
          this.#announce();
          return turns();
        }),
        chunk: inOrder(async (part) => {
          const { events, retry, overflow } = parser.feed(part);
          this.#lastEventId = parser.lastId;
          this.#reconnectionTime = retry ?? this.#reconnectionTime;
          for (let i = 0; i < events.length && !signal.aborted; i += 4) {
            this.dispatchEvent(new MessageEvent(events[i], { data: events[i + 1], origin, lastEventId: events[i + 2] }));
            await turns();
          }
          if (overflow && !signal.aborted) this.#fail();
        }),
        done: inOrder(() => this.#reestablish()),
        failed: inOrder(async () => {
          if (!isWorthRetrying(this.#url)) return this.#fail();
          // Once open, it is the network.
          if (this.#readyState === CONNECTING && (await isRefusedByCors(request, signal))) {
            if (signal.aborted) return;
            // Or it was lost, and the server is there again: that is a refusal only if the same request fails once more.
            if (!second) return this.#again(plain, true);
            // It may be only the header that the server does not allow; natively that needs no permission.
            return lastId ? this.#again(true) : this.#fail();
          }
          if (!signal.aborted) this.#reestablish();
        }),
      };
      const open = request.fetch || globalThis.fetch ? fetchStream : xhrStream;
      try {
        open(request, on, signal);
      } catch (error) {
        if (open === fetchStream && globalThis.XMLHttpRequest) xhrStream(request, on, signal);
        else throw error;
      }
    }

    #again(plain, second) {
      this.#controller.abort();
      this.#connect(plain, second);
    }

    /** "Announce the connection." */
    #announce() {
      this.#readyState = OPEN;
      this.#failures = 0;
      this.dispatchEvent(new Event("open"));
    }

    /** "Reestablish the connection." */
    #reestablish() {
      this.#end();
      this.#readyState = CONNECTING;
      const patience = this.#failures && Math.min(MOST_PATIENCE, 500 * 2 ** this.#failures);
      this.#failures += 1;
      const delay = Math.min(Math.max(this.#reconnectionTime, FLOOR) + patience, CEILING);
      this.#timer = setTimeout(() => this.#again(), delay);
      this.dispatchEvent(new Event("error"));
    }

    /** "Fail the connection." */
    #fail() {
      this.close();
      this.dispatchEvent(new Event("error"));
    }
  }

  // Minifiers rename classes, but by its name this one is installed, and printed.
  Object.defineProperty(EventSource, "name", { value: "EventSource", configurable: true });
  constants(EventSource, ["CONNECTING", "OPEN", "CLOSED"]);
  enumerable(EventSource, ["url", "withCredentials", "readyState", "close"]);
  handlers(EventSource, ["open", "message", "error"]);
  return EventSource;
};

export const EventSource = /* @__PURE__ */ strictClass();
