// What users write in a page that has the classic script; tests/npm/types.test.mjs compiles it.
/// <reference types="everwire/classic" />

const socket = new everwire.ReconnectingWebSocket<string>("/chat");
socket.onmessage = ({ data }) => data.toUpperCase();
const events = new window.everwire.ReconnectingEventSource("/feed");
const strict: EventSource = new everwire.EventSource("/feed");
const state: import("everwire").State = events.state;

// @ts-expect-error: it is of an entry of its own
everwire.userTiming(socket);
