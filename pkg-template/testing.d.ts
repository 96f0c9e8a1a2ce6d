// Types of everwire/testing, written by hand. All spans are milliseconds of the fake clock.
/// <reference lib="esnext.disposable" />

/** The classes of the host that reach the network. */
export type HostClass = "WebSocket" | "EventSource" | "XMLHttpRequest" | "fetch";

export interface FakeNetworkOptions {
  /** Of `Math.random`, by which delays are drawn. Default: 1. */
  seed?: number;
  /** How long everything takes from one end to the other. Default: 0, which still takes a task. */
  latency?: number;
  /** The URL of the page, where the host has none, as in Node; `null`: no page at all. Default: `http://localhost/`. */
  page?: string | null;
  /** What `Date.now()` shows at first. Default: 2026-01-01T00:00:00Z. */
  date?: string | number | Date;
  /** Classes that the host lacks. */
  without?: readonly HostClass[];
}

/** What a step may have. */
export interface StepOptions {
  /** How long the server takes for its answer. Default: 0. */
  delay?: number;
  /** How many attempts this is the step of. Default: 1. */
  times?: number;
}

export interface AcceptOptions<Peer> extends StepOptions {
  /** The subprotocol that the server chooses. Default: the first that is offered. */
  protocol?: string;
  /** Of the response; beside `Content-Type: text/event-stream`. */
  headers?: Record<string, string>;
  /** The status of the response. Default: 200. */
  status?: number;
  /** What the server does then. */
  then?: (connection: Peer) => void;
}

/** A request, as a server sees it. */
export interface FakeRequest {
  readonly via: HostClass;
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** Undefined where there is none. */
  readonly body?: Uint8Array;
  /** The body as text. */
  readonly text: string;
}

export type FakeAnswer =
  | string
  | { status?: number; headers?: Record<string, string>; body?: string | ArrayBuffer | ArrayBufferView }
  | Response;
type Answer = (request: FakeRequest) => FakeAnswer | undefined | Promise<FakeAnswer | undefined>;

/** Of an event. */
export interface EventFields {
  id?: string | number;
  event?: string;
  retry?: number;
}

/** An attempt to reach a server, and the connection that becomes of it, from the server's end. */
export interface Connection extends FakeRequest {
  /** When it was made. */
  readonly at: number;
  readonly state: "connecting" | "open" | "closed";
  /** The subprotocols that were offered, and the one that was chosen. */
  readonly protocols?: readonly string[];
  readonly protocol: string;
  /** The id after which the client wants to go on: of `Last-Event-ID`, or of `last_event_id` or `lastEventId` in the query; or empty. */
  readonly lastEventId: string;
  /** What the client has sent: texts, and bytes. */
  readonly messages: (string | Uint8Array)[];
  onmessage: ((data: string | Uint8Array, connection: Connection) => void) | null;
  /** The client has closed it, or it was lost. */
  onclose: ((connection: Connection) => void) | null;
  /** Sends a message; to an event stream as an event, with these fields. */
  send(data: string | ArrayBuffer | ArrayBufferView, fields?: EventFields): void;
  /** Sends a part of a response as it is, such as a comment. */
  write(part: string | Uint8Array): void;
  /** Closes a WebSocket with this code; ends a response. Default: 1000. */
  close(code?: number, reason?: string): void;
  /** The network fails. */
  drop(): void;
  /** From here on nothing comes through, either way, and nobody is told. */
  silence(): void;
}

/** Steps, one for each attempt, of which the last one stays. Without any, all attempts are accepted. */
export interface Script<Peer = Connection> {
  /** It is accepted. */
  accept(options?: AcceptOptions<Peer> | ((connection: Peer) => void)): this;
  /** It is refused with this HTTP status. A WebSocket is told no more than that it failed. */
  refuse(status: number, options?: StepOptions & { headers?: Record<string, string>; body?: string }): this;
  /** The network fails: before there is an answer, or `after` so long. */
  drop(options?: StepOptions & { after?: number }): this;
  /** It is accepted, and closed by the server, at once or `after` so long: a WebSocket with this code, a response by its end. */
  close(code?: number, reason?: string, options?: StepOptions & { after?: number }): this;
  /** There is never an answer. */
  stall(options?: StepOptions): this;
  /** It is accepted, and dead from then on: nothing comes through, either way, and nobody is told. */
  silence(options?: StepOptions): this;
  /** There is an answer, and a script may not read it, for want of CORS headers. */
  corsError(options?: StepOptions): this;
  /** An HTTP response, or what makes one. */
  respond(answer: FakeAnswer | Answer, options?: StepOptions): this;
}

export interface Server extends Script {
  readonly url: string;
  /** The attempts so far, of all kinds. */
  readonly attempts: readonly Connection[];
  /** The WebSockets and event streams that are open, the oldest first. */
  readonly connections: readonly Connection[];
  /** The newest of them. */
  readonly connection: Connection | undefined;
  /** What clients have sent, on all connections. */
  readonly messages: readonly (string | Uint8Array)[];
  onconnection: ((connection: Connection) => void) | null;
  onmessage: ((data: string | Uint8Array, connection: Connection) => void) | null;
  onclose: ((connection: Connection) => void) | null;
  /** Answers HTTP requests that are neither WebSockets nor event streams. */
  onrequest: Answer | null;
  /** Sends to all that are open. */
  send(data: string | ArrayBuffer | ArrayBufferView, fields?: EventFields): void;
}

/** A push relay, for `wire: "relay"`. What clients send is published. */
export interface RelayServer extends Server {
  /** Publishes a message to all, and keeps it. Returns its id. */
  publish(data: string | Uint8Array, options?: { type?: string }): string;
  /** Forgets what was published. */
  forget(): void;
}

/** A session of Engine.IO, on whatever transport it is. */
export interface EngineIoSession {
  readonly id: string;
  readonly state: "open" | "closed";
  readonly messages: readonly (string | Uint8Array)[];
  onmessage: ((data: string | Uint8Array, session: EngineIoSession) => void) | null;
  onclose: ((session: EngineIoSession) => void) | null;
  send(data: string | ArrayBuffer | ArrayBufferView): void;
  close(): void;
}

/** An Engine.IO server, for `wire: "engine.io"`. */
export interface EngineIoServer extends Script {
  readonly url: string;
  readonly attempts: readonly Connection[];
  /** The WebSockets that are open. */
  readonly connections: readonly Connection[];
  readonly connection: Connection | undefined;
  readonly messages: readonly (string | Uint8Array)[];
  /** All sessions so far, and the newest that is open. */
  readonly sessions: readonly EngineIoSession[];
  readonly session: EngineIoSession | undefined;
  onconnection: ((session: EngineIoSession) => void) | null;
  onmessage: ((data: string | Uint8Array, session: EngineIoSession) => void) | null;
  onclose: ((session: EngineIoSession) => void) | null;
  send(data: string | ArrayBuffer | ArrayBufferView): void;
}

/** Something that happened. What else it has depends on the event. */
export interface LogEntry {
  readonly at: number;
  readonly event: "attempt" | "open" | "respond" | "refuse" | "corsError" | "drop" | "stall" | "silence" | "send" | "message" | "close" | "abort"
    | "look" | "online" | "offline" | "hide" | "show" | "freeze" | "resume" | "sleep" | "pagehide" | "pageshow";
  readonly url?: string;
  readonly [detail: string]: unknown;
}

export interface FakeNetwork {
  /** What happened, the oldest first. */
  readonly log: readonly LogEntry[];
  /** The attempts at all servers, in order. */
  readonly attempts: readonly Connection[];
  /** Since it was installed. */
  readonly now: number;

  /**
   * A server at this URL, for WebSocket and HTTP alike, whatever the query; with `/*` at the end for all below. `answer` is for an HTTP
   * API: what it responds with.
   */
  server(url: string | URL, answer?: FakeAnswer | Answer): Server;
  relay(url: string | URL): RelayServer;
  engineIo(url: string | URL, options?: { pingInterval?: number; pingTimeout?: number; maxPayload?: number }): EngineIoServer;

  /** Lets so much time pass, and all happen that is due by then. Default: 0, which is all that is due now. */
  advance(ms?: number): Promise<void>;
  /** Lets time pass until this holds, or is settled, and returns what it gave; throws if that takes longer than `within`, or 600,000. */
  until<T>(condition: () => T, options?: { within?: number }): Promise<Exclude<T, undefined | null | false | 0 | "">>;
  until<T>(promise: PromiseLike<T>, options?: { within?: number }): Promise<T>;
  /** Lets time stand still until the promise is settled: for work that the host does on other threads. Returns it. */
  hold<T>(promise: T): T;

  /** Something on the way lets nothing of this class through, until `unblock`. */
  block(name: HostClass): void;
  unblock(name: HostClass): void;
  /** There is no network: what is open hears nothing, what is tried fails, and what is sent waits until `online`. */
  offline(): void;
  online(): void;
  /** The page is hidden, until `show`. */
  hide(): void;
  show(): void;
  /** The page is frozen for so long: what becomes due comes late, after it. */
  freeze(ms: number): Promise<void>;
  /** The machine sleeps for so long: only the wall clock goes on. */
  sleep(ms: number): void;
  /** The page goes into the back/forward cache until `pageshow`; or, not `persisted`, away. */
  pagehide(options?: { persisted?: boolean }): void;
  pageshow(options?: { persisted?: boolean }): void;

  /** Gives the host back what is its own. Throws what went wrong and was not told yet. */
  restore(): void;
  [Symbol.dispose](): void;
}

/** Installs a fake network and a fake clock, until its `restore()`. There is at most one. */
export function fakeNetwork(options?: FakeNetworkOptions): FakeNetwork;
