// What users write in workers, whose library has no `window`, no `document` and no `Storage`; tests/npm/types.test.mjs compiles it.

import { EventSource, ReconnectingEventSource, ReconnectingWebSocket } from "everwire";
import { init } from "everwire/lazy";
import { ReconnectingWebSocket as RawWebSocket } from "everwire/raw";
import "everwire/polyfill";

const kept = new Map<string, string>();
const store = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => { kept.set(key, value); } };
const events = new ReconnectingEventSource("/feed", { resume: { store, key: "feed" } });
events.onmessage = ({ data }) => postMessage(data);
const socket = new ReconnectingWebSocket<ArrayBuffer>("/chat");
socket.addEventListener("message", ({ data }) => postMessage(data, [data]));
new RawWebSocket("/chat").send("x");
export const strict: globalThis.EventSource = new EventSource("/feed");
export const ready: Promise<void> = init(new URL("/machine.wasm", location.href));

// @ts-expect-error: a store takes ids
new ReconnectingEventSource("/feed", { resume: { store: new Set(), key: "feed" } });
