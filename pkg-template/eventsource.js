// ReconnectingEventSource: the receive-only face.

import { connect } from "./connection.js";
import { connectionOf, makeFace } from "./face.js";
import { constants } from "./idl.js";
import { fail, flags, isFunction, numbers, resolve, resuming } from "./options.js";
import { openParser } from "./parser.js";
import { streams } from "./streams.js";
import { keepLists, listMethods } from "./target.js";

const MAX_EVENT_BYTES = 16 * 1_048_576;
/** Methods whose requests may be repeated (RFC 9110, 9.2.2: the safe ones, of those that bring something). */
const SAFE = ["GET", "HEAD", "QUERY"];
/** Methods that have no body, in the eyes of fetch. */
const BARE = ["GET", "HEAD"];

/** A value, or what a function gives when an attempt begins. */
const valueOf = (given) => (isFunction(given) ? given() : given);

export const sourceClass = (engine) => {
  class ReconnectingEventSource extends EventTarget {
    #withCredentials;

    constructor(url, options = {}) {
      const { method = "GET", headers, body, fetch, refresh, verdict, signal, silenceTimeout } = options;
      const withCredentials = Boolean(options.withCredentials);
      const verb = method.toUpperCase();
      const safe = SAFE.includes(verb);
      if (BARE.includes(verb) && body != null) fail("body", "one", "none with the method " + method);
      const placed = (url, headers, body) => {
        const httpUrl = resolve(url, "http");
        return { url: httpUrl, httpUrl, headers, body };
      };
      const provided = [url, headers, body].some(isFunction);
      const place = provided ? undefined : placed(url, headers, body);
      // Nobody but the application's own `fetch` makes requests, where it gives one.
      const offered = fetch ? ["fetch-stream"] : Object.keys(streams);
      const settings = numbers(options, offered, ["maxEventBytes", MAX_EVENT_BYTES, 1]);
      const alone = String(options.transports) === "eventsource";
      // To the URL of a function it would reconnect without asking that again.
      const keepsSource = Boolean(place) && (alone || new URL(place.url).origin !== globalThis.location?.origin);
      // The browser's own class repeats what has ended, and does not tell that from a failure.
      const repeatable = options.repeatable ?? safe;
      const needsFetch = verb !== "GET" || headers != null || fetch !== undefined || Boolean(silenceTimeout) || !repeatable;
      super();
      this.#withCredentials = withCredentials;
      keepLists(this).connection = connect(this, engine, {
        number: 3,
        flags: flags(keepsSource, needsFetch, verdict, refresh, !repeatable),
        settings,
        limit: Math.min(options.maxEventBytes ?? MAX_EVENT_BYTES, 2 ** 31 - 1),
        transports: streams,
        place,
        once: !repeatable,
        provide: provided && (async () => placed(...await Promise.all([url, headers, body].map(valueOf)))),
        query: String(options.resume?.query ?? ""),
        resume: resuming(place?.url, options.resume),
        abort: signal,
        debug: options.debug,
        method, fetch, refresh, verdict, withCredentials, openParser,
      });
    }

    get withCredentials() { return this.#withCredentials; }

    addEventListener(type, ...listener) {
      listMethods.addEventListener.call(this, type, ...listener);
      connectionOf(this).listen(String(type));
    }

    close() {
      connectionOf(this).end();
    }
  }
  makeFace(ReconnectingEventSource);
  constants(ReconnectingEventSource, ["CONNECTING", "OPEN", "CLOSED"]);
  return ReconnectingEventSource;
};
