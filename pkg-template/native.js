// The host's own classes: also when a page has put ours in their place, and none where a page has taken them away.

/** Makes instances of the class of this name that is there now, unless the host gets one only later, or a test has a fake in its place. */
const native = (name) => {
  const own = globalThis[name];
  return (...given) => {
    const now = globalThis[name];
    if (!now) throw new ReferenceError(`${name} is not defined`);
    return new (now.isFake ? now : own ?? now)(...given);
  };
};

export const nativeSocket = /* @__PURE__ */ native("WebSocket");
export const nativeSource = /* @__PURE__ */ native("EventSource");
