// The host's own classes: also when a page has put ours in their place, and none where a page has taken them away.

/** Makes an instance of the class of this name, which is `own` unless the host got one only later, or a test has a fake in its place. */
const native = (name, own) => (...given) => {
  const now = globalThis[name];
  if (!now) throw new ReferenceError(`${name} is not defined`);
  return new (now.isFake ? now : own ?? now)(...given);
};

export const nativeSocket = /* @__PURE__ */ native("WebSocket", globalThis.WebSocket);
export const nativeSource = /* @__PURE__ */ native("EventSource", globalThis.EventSource);
