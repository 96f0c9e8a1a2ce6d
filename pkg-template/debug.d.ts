// Types of the `debug` option: the entries that it is called with.

import type { Cause, ConnectionErrorEvent, DroppedEvent, EndEvent, GapEvent, ReconnectedEvent, ReconnectingEvent, StateChangeEvent,
  Transport, TransportChangeEvent, Verdict } from "./index.js";

/** What every entry has. */
interface Entry<Type extends string> {
  /** When, on the clock of `performance.now()`. */
  readonly time: number;
  readonly type: Type;
}

/** Something was opened: a first try, a next one, or one of a better transport beside the connection. */
interface AttemptEntry extends Entry<"attempt"> {
  /** The number of the attempt. Entries with the same one are about the same. */
  readonly id: number;
  readonly transport: Transport;
  /** Where it goes on; empty: from nowhere. */
  readonly lastEventId: string;
  /** Where to, without the query and without a user's name and password: those may be secrets. */
  readonly url: string;
}

/** An attempt asks again: the next poll, or the next request of a stream over XMLHttpRequest. */
interface PollEntry extends Entry<"poll"> {
  readonly id: number;
  readonly transport: Transport;
  readonly lastEventId: string;
  readonly url: string;
}

/** Messages go out by POST. Over a WebSocket they are not told of. */
interface PostEntry extends Entry<"post"> {
  readonly id: number;
}

/** From now on this attempt is the connection: it is open, or better than the one before. */
interface CarrierEntry extends Entry<"carrier"> {
  readonly id: number;
}

/** An attempt is over: it failed, was lost, was replaced by a better one, or the connection is closed. */
interface LeaveEntry extends Entry<"leave"> {
  readonly id: number;
}

/** The application's heartbeat is asked for. */
interface PingEntry extends Entry<"ping"> {
  readonly id: number;
}

/** As the event `statechange`. Its cause, where it has one, is in the entry that follows: `reconnecting`, `transportchange` or `close`. */
interface StateEntry extends Entry<"statechange">, Pick<StateChangeEvent, "state" | "previous" | "transport" | "attempt" | "retryIn"> {}

/** As the event `open`. */
interface OpenEntry extends Entry<"open"> {}

/** As the event `reconnecting`. */
interface ReconnectingEntry extends Entry<"reconnecting">, Pick<ReconnectingEvent, "attempt" | "delay" | "cause"> {}

/** As the event `reconnected`. */
interface ReconnectedEntry extends Entry<"reconnected">, Pick<ReconnectedEvent, "continuity" | "transport" | "downtime"> {}

/** As the event `transportchange`. */
interface TransportEntry extends Entry<"transportchange">, Pick<TransportChangeEvent, "from" | "to" | "why"> {}

/** As the event `gap`. */
interface GapEntry extends Entry<"gap">, Pick<GapEvent, "after"> {}

/** As the event `dropped`, with the size of the message in place of it. */
interface DroppedEntry extends Entry<"dropped">, Pick<DroppedEvent, "why"> {
  /** In bytes, and of text in characters. */
  readonly size: number;
}

/** As the event `error`. */
interface ErrorEntry extends Entry<"error">, Pick<ConnectionErrorEvent, "cause" | "message"> {}

/** As the event `close`. */
interface CloseEntry extends Entry<"close">, Pick<EndEvent, "code" | "reason" | "wasClean" | "cause"> {}

/** `verdict` was asked, and said this; undefined: the default holds. */
interface VerdictEntry extends Entry<"verdict"> {
  readonly cause: Cause;
  readonly verdict: Verdict | { retryAfter: number } | undefined;
}

/** `refresh` is asked for new credentials. What comes of it, the next attempt or the next cause tells. */
interface RefreshEntry extends Entry<"refresh"> {}

/** The page told something that a connection acts on. */
interface PageEntry extends Entry<"page"> {
  readonly event: "online" | "offline" | "visibilitychange" | "resume" | "pagehide" | "pageshow";
}

/** What `debug` is called with: plain objects, without messages and without what is in a URL's query. `type` tells them apart. */
export type DebugEntry = AttemptEntry | PollEntry | PostEntry | CarrierEntry | LeaveEntry | PingEntry | StateEntry | OpenEntry
  | ReconnectingEntry | ReconnectedEntry | TransportEntry | GapEntry | DroppedEntry | ErrorEntry | CloseEntry | VerdictEntry
  | RefreshEntry | PageEntry;
