// Puts everwire's classes in the place of the native ones; comes after pkg/dist/everwire.iife.js.
//
// `WebSocket` is ReconnectingWebSocket with `{ reconnect: false }`, and nothing else: it has that class's own prototype, not one that
// inherits from it, for tests look at what is on the prototype and take members from it.
if (self.everwire) {
  const { EventSource, ReconnectingWebSocket } = self.everwire;
  const given = Object.getOwnPropertyDescriptors(ReconnectingWebSocket);
  const { prototype } = ReconnectingWebSocket;

  const WebSocket = new Proxy(ReconnectingWebSocket, {
    construct(target, parameters, newTarget) {
      const [url, protocols] = parameters;
      return Reflect.construct(target, parameters.length ? [url, protocols, { reconnect: false }] : [], newTarget);
    },
  });
  Object.defineProperty(WebSocket, "name", { ...given.name, value: "WebSocket" });
  Object.defineProperty(prototype, "constructor", { value: WebSocket, writable: true, enumerable: false, configurable: true });
  Object.defineProperty(prototype, Symbol.toStringTag, { value: "WebSocket", configurable: true });
  self.EventSource = EventSource;
  self.WebSocket = WebSocket;
}
