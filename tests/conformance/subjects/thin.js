// The thinnest class over the native one that keeps its shape and does nothing else. It tells what any wrapper must lose: nothing.
{
  const Native = self.WebSocket;
  const natives = new WeakMap();
  /** The socket behind; a TypeError where there is none, as IDL has it. */
  const native = (wrapper) => {
    if (!natives.has(wrapper)) throw new TypeError("Illegal invocation");
    return natives.get(wrapper);
  };
  const again = {
    open: ({ type }) => new Event(type),
    error: ({ type }) => new Event(type),
    message: ({ type, data, origin }) => new MessageEvent(type, { data, origin }),
    close: ({ type, code, reason, wasClean }) => new CloseEvent(type, { code, reason, wasClean }),
  };

  class WebSocket extends EventTarget {
    constructor(url) {
      super();
      const socket = new Native(...[...arguments].slice(0, 2));
      natives.set(this, socket);
      for (const type of Object.keys(again)) socket.addEventListener(type, (event) => this.dispatchEvent(again[type](event)));
    }

    get url() { return native(this).url; }
    get readyState() { return native(this).readyState; }
    get bufferedAmount() { return native(this).bufferedAmount; }
    get extensions() { return native(this).extensions; }
    get protocol() { return native(this).protocol; }
    get binaryType() { return native(this).binaryType; }
    set binaryType(type) { native(this).binaryType = type; }
    send(data) { return native(this).send(...arguments); }
    close() { return native(this).close(...arguments); }
  }

  const { prototype } = WebSocket;
  for (const type of Object.keys(again)) {
    const handlers = new WeakMap();
    const call = function call(event) {
      const handler = handlers.get(this);
      if (typeof handler === "function") handler.call(this, event);
    };
    const accessors = {
      get [`on${type}`]() { return native(this) && (handlers.get(this) ?? null); },
      set [`on${type}`](handler) {
        native(this);
        const before = handlers.get(this);
        handlers.set(this, Object(handler) === handler ? handler : null);
        // The place among the listeners is that of the first time.
        if (handlers.get(this) && !before) this.addEventListener(type, call);
        if (!handlers.get(this)) this.removeEventListener(type, call);
      },
    };
    Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(accessors));
  }
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== "constructor") Object.defineProperty(prototype, name, { enumerable: true });
  }
  for (const [value, name] of ["CONNECTING", "OPEN", "CLOSING", "CLOSED"].entries()) {
    for (const place of [WebSocket, prototype]) Object.defineProperty(place, name, { value, enumerable: true });
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: "WebSocket", configurable: true });
  self.WebSocket = WebSocket;
}
