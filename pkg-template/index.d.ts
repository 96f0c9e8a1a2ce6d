// Types of everwire, written by hand. All spans are milliseconds.
/// <reference lib="esnext.disposable" />

import type { DebugEntry } from "./debug.js";

export type { DebugEntry } from "./debug.js";

/** How bytes move. */
export type Transport = "websocket" | "eventsource" | "fetch-stream" | "xhr-stream" | "long-poll";
/** A value; or a function that gives one, or a promise of one, called again for each attempt. One that fails is a failed attempt. */
export type MaybeAsync<T> = T | (() => T | Promise<T>);
/** What a failure means: try again / get new credentials first, by `refresh` / never try again. */
export type Verdict = "retry" | "refresh" | "stop";
/** Where a connection is. `offline` is `waiting` while the browser says that there is no network. */
export type State = "connecting" | "open" | "waiting" | "offline" | "closed";
/**
 * What a reconnect meant for the data: the server was asked to go on after the last id; on the relay a `gap` event follows if that turns out to be
 * gone, from other servers nobody hears of it / something was lost, and that was known at the opening, as on the relay by long-polling alone /
 * there was no id to go on from, so what was lost cannot be known.
 */
export type Continuity = "resumed" | "gap" | "fresh";
/** What became of a message given to `send`. */
export type Delivery = "sent" | "queued" | "refused";
/**
 * Why an accepted message was given up: the outbox was full / the connection was closed / its answer was lost, so it may or may not
 * have arrived / the server refused it / it waited for longer than its `ttl` / a newer one with the same `key` took its place.
 */
export type WhyDropped = "full" | "closed" | "unknown" | "refused" | "expired" | "replaced";
/** What can be sent. */
export type Payload = string | ArrayBuffer | ArrayBufferView | Blob;

/** Where and why it went wrong. */
export interface Cause {
  /**
   * In which way: the network failed, or CORS refused, which browsers do not tell apart / no answer within `connectTimeout` / nothing
   * came within `silenceTimeout`, `firstByteTimeout` or the heartbeat's `timeout` / an HTTP status / a response that is no event stream / a
   * close code, or the end of a stream / a function of yours for the URL, the headers or the body failed / the server broke the rules of the
   * wire / more than `maxEventBytes` / you wanted it / no transport gets through, or this host has none.
   */
  kind: "network" | "timeout" | "silence" | "status" | "content-type" | "close" | "provider" | "protocol" | "overflow"
    | "application" | "unusable";
  /** Over which. */
  transport?: Transport;
  /** The HTTP status; 0 where there was none. */
  status: number;
  /** The WebSocket close code; 0 where there was none. */
  code: number;
  /** The close reason, the content type that came, or what the host said; empty where there were no words. */
  reason: string;
  /** The milliseconds that the server asked for with `Retry-After`. */
  retryAfter?: number;
  /** A sentence for people. */
  message: string;
}

export interface ReconnectOptions {
  /** The first retry comes at a random moment within this. Default: 2,000 ms. */
  firstDelay?: number;
  /** Later ones are drawn from 0 to min(maxDelay, minDelay × factorⁿ). Default: 1,000 ms. */
  minDelay?: number;
  /** What no delay exceeds, but one that the server asks for. Default: 30,000 ms. */
  maxDelay?: number;
  /** Growth of the bound from retry to retry, at least 1. Default: 2. */
  factor?: number;
  /** Retries in a row before giving up. Default: Infinity. */
  maxRetries?: number;
  /** A connection that was open for this long resets the backoff. Default: 5,000 ms. */
  minUptime?: number;
}

export interface ConnectionOptions {
  /** When to try again; false: never. Default: true, with the defaults of `ReconnectOptions`. */
  reconnect?: boolean | ReconnectOptions;
  /** An attempt that is not open after this is ended. Default: 10,000 ms. */
  connectTimeout?: number;
  /** Closes the connection when it is aborted. */
  signal?: AbortSignal;
  /**
   * The application's own verdict on a failure; `retryAfter` (milliseconds) is obeyed as the server's `Retry-After` is. Undefined: the default,
   * by which network errors, 408, 425, 429, 5xx and most close codes are retried, 401 and the codes 1008 and 4401 are `refresh`, and
   * everything else stops.
   */
  verdict?: (cause: Cause) => Verdict | { retryAfter: number } | undefined;
  /** Gets new credentials, for the URL or the headers, before the next attempt. When it fails, it is asked again after the backoff. */
  refresh?: () => Promise<void> | void;
  /**
   * Is told what the connection does, as it happens and with its cause: each attempt, each change. Never a message, nor the query of a URL.
   * The first entries come while the constructor still runs. `console.debug` will do.
   */
  debug?: (entry: DebugEntry) => void;
  /**
   * An open connection from which nothing came for this long is opened anew; of event streams a comment counts, and the browser's own
   * EventSource hides those, so it is not used then. A long-poll of an event stream may be held for longer. More than the server's interval between signs of
   * life. Default: 0 ms, which is off.
   */
  silenceTimeout?: number;
}

/** Where to go on. */
export interface ResumeOptions {
  /** The id that an earlier connection left behind: without line breaks and U+0000. */
  lastEventId?: string;
  /** Keep the last id there, for the next page; `lastEventId` goes before it. Written at most once a second. */
  store?: CursorStore;
  /** The name that it is kept under, after `everwire:`. Default: the URL; needed where that is a function. */
  key?: string;
  /** Do not deliver again what has one of the last so many ids. Default: 0 ids, which is off. */
  dedupe?: number;
}

/** What of a message can be read at once: bytes are an ArrayBuffer, also where `binaryType` makes them Blobs. */
export type Readable<Data> = Data extends Blob ? ArrayBuffer : Data;

export interface WebSocketOptions<Data = any> extends ConnectionOptions {
  /**
   * When to try again; false: never. With `reconnect: false` and no other option but `signal` and `debug`, it is the browser's own WebSocket in
   * everything: what it throws, when it tells what, and that `send` returns nothing; but not where the URL or the subprotocols are a function's.
   * Default: true.
   */
  reconnect?: boolean | ReconnectOptions;
  /**
   * The protocol that the server speaks. `raw` is a plain WebSocket, which has no fallback. `relay` is an HTTP push relay, such
   * as nginx's nchan: WebSocket, then server-sent events with POST, then long-polling with POST, on one URL and with one message id.
   * `engine.io` is Engine.IO v4, of the Socket.IO family: WebSocket, then long-polling with POST; the URL has its path, `/engine.io/`
   * say. Default: `raw`.
   */
  wire?: "raw" | "relay" | "engine.io";
  /**
   * The transports to use, best first. Default: all that the wire has. What begins with another one than `websocket` and has that as well
   * begins there, and moves up to a WebSocket as soon as that is open: `["long-poll", "websocket"]`.
   */
  transports?: readonly ("websocket" | "eventsource" | "long-poll")[];
  /** Where the server's HTTP side is. Default: the same URL, with `http` for `ws`. */
  fallbackUrl?: string | URL;
  /** Whether HTTP requests to another origin carry cookies, as a WebSocket's always do. Default: true. */
  withCredentials?: boolean;
  /** Headers of the polls and POSTs. A WebSocket can send none, nor can the browser's own EventSource, which is not used then. */
  headers?: MaybeAsync<HeadersInit>;
  /** What may wait while there is no connection. */
  outbox?: {
    /** How many. Default: 1,000 messages. */
    maxMessages?: number;
    /** How large, text counted as UTF-8. Default: 1,048,576 bytes. */
    maxBytes?: number;
    /** How long a message may wait after it was accepted, in milliseconds. Default: Infinity. */
    ttl?: number;
    /**
     * `refuse`: `send` says so. `drop-oldest` and `drop-newest`: of those that wait, the oldest or the newest make room, each with a `dropped`
     * event. Default: `refuse`.
     */
    whenFull?: "refuse" | "drop-oldest" | "drop-newest";
    /**
     * What waits is not sent before `release()` is called, in each connection anew. What is sent by listeners of `open` and `reconnected`, before they
     * return, goes at once, and so does what is volatile: authenticate first. Default: false.
     */
    gate?: boolean;
    /** Send again by POST what may have arrived, as its answer was lost; it may arrive twice. Default: false, and it is `dropped` as `unknown`. */
    resend?: boolean;
  };
  /**
   * Keeps an eye on a raw WebSocket that may die without a word. Default: false. Engine.IO has a heartbeat of its own; a relay would publish
   * the message, and has `silenceTimeout`.
   */
  heartbeat?: false | {
    /** After so long without anything from the server, the message is sent. Default: 25,000 ms. */
    interval?: number;
    /** So long after it, a connection from which nothing has come is opened anew. Default: 10,000 ms. */
    timeout?: number;
    /** Makes the message. */
    message: () => Payload;
    /** Whether this is only the reply to it, which is not delivered. Anything else that comes is a sign of life as well. */
    isReply?: (data: Readable<Data>) => boolean;
  };
  /** Reads the id of a message from it, where the wire has none itself. */
  id?: (data: Readable<Data>) => string | undefined;
  /** Where to go on. The relay has ids and a query of its own. */
  resume?: ResumeOptions & {
    /** Send the last id in the query, under this name, in the place of one that the URL has there. */
    query?: string;
    /** Makes the first message of a connection that goes on after an id; undefined is none. */
    message?: (lastEventId: string) => Payload | undefined;
  };
}

/** On what terms a message is sent. */
export interface SendOptions {
  /** It is of use only now: sent at once, or refused, and never queued. It passes the outbox's gate. */
  volatile?: boolean;
  /** Of the messages with the same key only the newest waits. */
  key?: string;
  /** How long it may wait after it was accepted, in milliseconds. Default: that of the outbox. */
  ttl?: number;
}

/** What a `Storage` such as `sessionStorage` has, of which these two are needed. Workers have no `Storage`, but may have a store of their own. */
export type CursorStore = { getItem(key: string): string | null; setItem(key: string, value: string): void };

export interface EventSourceOptions extends ConnectionOptions {
  /** Whether requests to another origin carry cookies. Default: false. */
  withCredentials?: boolean;
  /** Headers of the request. The browser's own EventSource can send none, so it is not used then. */
  headers?: MaybeAsync<HeadersInit>;
  /** The method of the request. Default: `GET`. Another one is for fetch and XMLHttpRequest. */
  method?: string;
  /** The body of the request, with a method that has one. */
  body?: MaybeAsync<BodyInit | null>;
  /**
   * Whether a request may be repeated that the server may have acted on. Default: that of the method, true for `GET`. If not, the end of its
   * response closes the connection, without an error; so does a failure, with one, but where the server said that it did not act on it (401
   * with `refresh`, 425, 429, 503). If so, that end is a loss like any other, and the request is made again: a POST too.
   */
  repeatable?: boolean;
  /** In place of the global `fetch`. It makes all requests, so `fetch-stream` is the only transport then. */
  fetch?: typeof fetch;
  /** The transports to use, best first. Default: all of them. */
  transports?: readonly ("eventsource" | "fetch-stream" | "xhr-stream" | "long-poll")[];
  /** Where to go on, and how to say so. */
  resume?: ResumeOptions & {
    /**
     * Send the last id in the query, under this name, in the place of one that the URL has there, instead of the header `Last-Event-ID`; to
     * another origin that spares a preflight.
     */
    query?: string;
  };
  /**
   * An open stream of which not one byte has come by then, not even a comment, is left for the next transport, if there is one: a proxy may
   * hold it back. Not less than the server's interval between comments; 0: never. Default: 20,000 ms.
   */
  firstByteTimeout?: number;
  /** A longer line or event ends the connection. Default: 16,777,216 bytes. */
  maxEventBytes?: number;
}

/** What may wait in an iterator. */
export interface IterateOptions {
  /** How many. Default: 65,536 events. */
  limit?: number;
  /** What happens beyond that. `throw`: the iterator ends with a `RangeError`. Default: `drop-oldest`. */
  whenFull?: "drop-oldest" | "drop-newest" | "throw";
}

/** The events of a connection, until it is closed for good. `break` ends the iterator, and not the connection. */
export interface EventIterator<E> extends AsyncIterableIterator<E> {
  /** How many events were dropped because nobody took them in time. */
  readonly missed: number;
}

export interface Stats {
  /** Attempts so far. */
  attempts: number;
  /** Open connections that were lost: those that were tried again, and the last one, if its loss was the end. */
  drops: number;
  /** For how many milliseconds the connection has been open; 0 while it is not. */
  uptime: number;
  /** Bytes of event streams received, where that can be seen: not through the browser's own EventSource. Of sockets: bytes, and characters of text. */
  bytes: number;
  /** Events that were not delivered again (`resume.dedupe`). */
  duplicates: number;
  /** The transport in use or being tried; null while waiting. */
  transport: Transport | null;
  /** Why the last try ended. */
  lastError?: Cause;
}

export interface WebSocketStats extends Stats {
  /** Messages received; of a socket. */
  messages: number;
  /** Messages that wait in the outbox. */
  queuedMessages: number;
  /** Bytes of them. */
  queuedBytes: number;
}

export interface EventSourceStats extends Stats {
  /** Events received; of an event stream. */
  events: number;
}

/** `state` or `transport` changed, or the next try has another time. */
export interface StateChangeEvent extends Event {
  readonly state: State;
  /** The state before. */
  readonly previous: State;
  /** The transport in use or being tried; null while waiting. */
  readonly transport: Transport | null;
  /** Failed tries since a connection last proved useful. */
  readonly attempt: number;
  /** While waiting: in how many milliseconds the next try comes. */
  readonly retryIn: number;
}

/** The connection was lost, or a try failed; another follows. */
export interface ReconnectingEvent extends Event {
  /** Which try that will be, from 1. */
  readonly attempt: number;
  /** In how many milliseconds. */
  readonly delay: number;
  /** Why. */
  readonly cause: Cause;
}

/** Open again. */
export interface ReconnectedEvent extends Event {
  /** What the loss meant for the data, as far as it is known at the opening. */
  readonly continuity: Continuity;
  readonly transport: Transport;
  /** For how many milliseconds there was no connection. */
  readonly downtime: number;
}

/**
 * The ids tell that something is missing after this one; or the server began anew. Of the relay alone, with the message that shows it: by
 * WebSocket and by server-sent events after a `reconnected` that said `resumed`.
 */
export interface GapEvent extends Event {
  /** The id. */
  readonly after: string;
}

/** Messages take another way than before. */
export interface TransportChangeEvent extends Event {
  readonly from: Transport;
  readonly to: Transport;
  /** What ended the way before; undefined if the new one is simply better. */
  readonly why?: Cause;
}

/** An accepted message was given up. */
export interface DroppedEvent extends Event {
  /** The message, as it was given to `send`. */
  readonly data: Payload;
  readonly why: WhyDropped;
}

/**
 * An event stream dispatches it as the standard class does: at every loss and every failed try, before `reconnecting`, and at the end if that has
 * a cause; `open` follows each time that it is open again. A socket dispatches it once: at the end, before `close`, if that has a cause.
 */
export interface ConnectionErrorEvent extends Event {
  readonly cause: Cause;
  readonly message: string;
}

/** The end, once; with a cause where it was not the application's own wish. */
export interface EndEvent extends CloseEvent {
  readonly cause?: Cause;
}

export interface ConnectionEventMap {
  open: Event;
  error: ConnectionErrorEvent;
  close: EndEvent;
  statechange: StateChangeEvent;
  reconnecting: ReconnectingEvent;
  reconnected: ReconnectedEvent;
  transportchange: TransportChangeEvent;
  gap: GapEvent;
}

export interface WebSocketEventMap<Data = any> extends ConnectionEventMap {
  message: MessageEvent<Data>;
  dropped: DroppedEvent;
}

export interface EventSourceEventMap<Data = any> extends ConnectionEventMap {
  message: MessageEvent<Data>;
}

type Handler<Target, E> = ((this: Target, event: E) => unknown) | null;

/** What both classes have. */
declare abstract class Connection extends EventTarget {
  /** The resolved URL; empty before a function has given it. */
  readonly url: string;
  readonly readyState: number;
  readonly state: State;
  /** The transport in use or being tried; null while waiting. */
  readonly transport: Transport | null;
  /** The last id seen; empty if there was none. */
  readonly lastEventId: string;
  /** Resolves when it is open, the first time; rejects if it is closed for good before that. */
  readonly opened: Promise<void>;
  /** Resolves to the `close` event, when it is closed for good. */
  readonly closed: Promise<EndEvent>;
  /** Connects now: while waiting, in place of a connection that is there, and after the end. */
  reconnect(): void;
}

interface Iterable<E, Events> {
  /** The events of this type from now on, or of these types. */
  events(type?: "message", options?: IterateOptions): EventIterator<E>;
  events<K extends keyof Events>(types: K | readonly K[], options?: IterateOptions): EventIterator<Events[K]>;
  /** Of other types as well, as a server names them. */
  events(types: string | readonly string[], options?: IterateOptions): EventIterator<E>;
  /** `events("message")`. */
  [Symbol.asyncIterator](): EventIterator<E>;
  /** Closes it, for `using`; where the host has `Symbol.dispose`. */
  [Symbol.dispose](): void;
}

/**
 * A `WebSocket` that survives. `open` is dispatched once, at the first opening, and `error` and `close` once, at the end; drops in between are
 * `reconnecting` and `reconnected`.
 */
export interface ReconnectingWebSocket<Data = any> extends Iterable<MessageEvent<Data>, WebSocketEventMap<Data>> {}
export class ReconnectingWebSocket<Data = any> extends Connection {
  /**
   * @throws {DOMException} `SyntaxError`, if the URL or a subprotocol cannot be used.
   * @throws {TypeError} If an option cannot be used.
   */
  constructor(url: MaybeAsync<string | URL>, protocols?: MaybeAsync<string | readonly string[] | null>, options?: WebSocketOptions<Data>);
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSING: 2;
  static readonly CLOSED: 3;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  /** The subprotocol that the server chose; empty if none. */
  readonly protocol: string;
  readonly extensions: string;
  /** Bytes that wait: in the outbox, and in the browser's own socket. */
  readonly bufferedAmount: number;
  /** What binary messages are received as. Default: `blob`. */
  binaryType: BinaryType;
  /**
   * Sends a message, or queues it while there is no connection, and says which; `refused`: it is still yours. `sent` is: handed to the
   * transport. A WebSocket has no receipts, so what was under way when it was lost may or may not have arrived.
   * @throws {TypeError} If the wire cannot carry it: Engine.IO no text with U+001E, and nothing longer than the server's `maxPayload`.
   */
  send(data: Payload, options?: SendOptions): Delivery;
  /** Opens the outbox's gate, until the connection is lost. */
  release(): void;
  /**
   * Closes for good.
   * @throws {DOMException} If the code is neither 1000 nor in 3000–4999, or the reason is longer than 123 bytes of UTF-8.
   */
  close(code?: number, reason?: string): void;
  stats(): WebSocketStats;

  onopen: Handler<this, Event>;
  onmessage: Handler<this, MessageEvent<Data>>;
  onerror: Handler<this, ConnectionErrorEvent>;
  onclose: Handler<this, EndEvent>;
  onstatechange: Handler<this, StateChangeEvent>;
  onreconnecting: Handler<this, ReconnectingEvent>;
  onreconnected: Handler<this, ReconnectedEvent>;
  ontransportchange: Handler<this, TransportChangeEvent>;
  ongap: Handler<this, GapEvent>;
  ondropped: Handler<this, DroppedEvent>;

  addEventListener<K extends keyof WebSocketEventMap>(type: K, listener: (this: this, event: WebSocketEventMap<Data>[K]) => unknown,
    options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof WebSocketEventMap>(type: K, listener: (this: this, event: WebSocketEventMap<Data>[K]) => unknown,
    options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

/**
 * An `EventSource` that survives. As in the native class, `open` is dispatched whenever it is open, and `error` whenever it was lost or a try
 * failed; `close` once, at the end. Named events arrive under their names.
 */
export interface ReconnectingEventSource<Data = string> extends Iterable<MessageEvent<Data>, EventSourceEventMap<Data>> {}
export class ReconnectingEventSource<Data = string> extends Connection {
  /**
   * @throws {DOMException} `SyntaxError`, if the URL cannot be used.
   * @throws {TypeError} If an option cannot be used.
   */
  constructor(url: MaybeAsync<string | URL>, options?: EventSourceOptions);
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSED: 2;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  readonly withCredentials: boolean;
  /** Closes for good. */
  close(): void;
  stats(): EventSourceStats;

  onopen: Handler<this, Event>;
  onmessage: Handler<this, MessageEvent<Data>>;
  onerror: Handler<this, ConnectionErrorEvent>;
  onclose: Handler<this, EndEvent>;
  onstatechange: Handler<this, StateChangeEvent>;
  onreconnecting: Handler<this, ReconnectingEvent>;
  onreconnected: Handler<this, ReconnectedEvent>;
  ontransportchange: Handler<this, TransportChangeEvent>;
  ongap: Handler<this, GapEvent>;

  addEventListener<K extends keyof EventSourceEventMap>(type: K, listener: (this: this, event: EventSourceEventMap<Data>[K]) => unknown,
    options?: boolean | AddEventListenerOptions): void;
  /** A named event. */
  addEventListener(type: string, listener: (this: this, event: MessageEvent<Data>) => unknown, options?: boolean | AddEventListenerOptions): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof EventSourceEventMap>(type: K, listener: (this: this, event: EventSourceEventMap<Data>[K]) => unknown,
    options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: (this: this, event: MessageEvent<Data>) => unknown, options?: boolean | EventListenerOptions): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions): void;
}

/** What the strict class takes beside the standard's own. Absent, it changes nothing. */
export interface StrictEventSourceInit extends EventSourceInit {
  /** Headers of the request. */
  headers?: HeadersInit;
  /** The method of the request. Default: `GET`. */
  method?: string;
  /** The body of the request, with a method that has one. */
  body?: BodyInit | null;
  /** In place of the global `fetch`. */
  fetch?: typeof fetch;
}

type NativeEventSource = globalThis.EventSource;

/**
 * The class of WHATWG HTML 9.2, over fetch or XMLHttpRequest, for hosts that have none or whose own is too limited.
 * @throws {DOMException} `SyntaxError`, if the URL cannot be used.
 */
export const EventSource: {
  prototype: NativeEventSource;
  new (url: string | URL, init?: StrictEventSourceInit): NativeEventSource;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
};

export {};
