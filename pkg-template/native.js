// The host's own classes: also when a page has put ours in their place, and none where a page has taken them away.

const { WebSocket, EventSource } = globalThis;

export const nativeSocket = (...given) => new (globalThis.WebSocket && (WebSocket ?? globalThis.WebSocket))(...given);
export const nativeSource = (...given) => new (globalThis.EventSource && (EventSource ?? globalThis.EventSource))(...given);
