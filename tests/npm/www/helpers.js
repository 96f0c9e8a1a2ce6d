// For the code that tests run in a page or a worker, as a classic script that runs before it.

{
  // Those of the browser, also where a test plays with the page's clock.
  const { setTimeout, clearTimeout } = globalThis;

  /** The next event of this type for which `wanted` holds. */
  globalThis.next = (target, type, wanted = () => true, patience = 10_000) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${type} event came that was wanted`)), patience);
    const hear = (event) => {
      if (!wanted(event)) return;
      clearTimeout(timer);
      target.removeEventListener(type, hear);
      resolve(event);
    };
    target.addEventListener(type, hear);
  });

  /** The data of the next so many events of this type. */
  globalThis.take = async (target, count, type = "message") => {
    const taken = [];
    await next(target, type, ({ data }) => taken.push(data) === count, 20_000);
    return taken;
  };

  /** The data of all events of this type, as they come. */
  globalThis.follow = (target, type = "message") => {
    const came = [];
    target.addEventListener(type, ({ data }) => came.push(data));
    return came;
  };

  /** The types of all events that the connection has of itself, as they come. */
  globalThis.record = (connection) => {
    const types = [];
    for (const type of ["statechange", "open", "message", "error", "reconnecting", "reconnected", "transportchange", "dropped", "close"]) {
      connection.addEventListener(type, () => types.push(type));
    }
    return types;
  };

  /** What the connection reports as given up, as it comes: each message and why. */
  globalThis.givenUp = (connection) => {
    const dropped = [];
    connection.addEventListener("dropped", ({ data, why }) => dropped.push([data, why]));
    return dropped;
  };

  /** What `open` makes, whose native WebSocket says that it is closing while that is so. */
  globalThis.closingWhile = (isClosing, open) => {
    const Native = WebSocket;
    globalThis.WebSocket = class extends Native {
      static isFake = true;
      get readyState() { return isClosing() ? Native.CLOSING : super.readyState; }
    };
    const made = open();
    globalThis.WebSocket = Native;
    return made;
  };

  /** Cuts what is open under this path, and resolves to the `reconnecting` of the connection that this is. */
  globalThis.cut = async (connection, path) => {
    const lost = next(connection, "reconnecting");
    await fetch(`/control/drop?path=${path}`, { method: "POST" });
    return lost;
  };

  /**
   * A `fetch` that answers with one event stream after the other, each of these parts, then never again; and the last ids that it was sent.
   */
  globalThis.answering = (...answers) => {
    const sent = [];
    return {
      sent,
      async fetch(_, { headers }) {
        sent.push(new Headers(headers).get("last-event-id"));
        const parts = answers.shift()?.slice();
        if (!parts) return new Promise(() => {});
        const body = new ReadableStream({
          pull(stream) {
            if (parts.length > 0) stream.enqueue(new TextEncoder().encode(parts.shift()));
            else stream.close();
          },
        });
        return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
      },
    };
  };

  /** A `fetch` that does not know the signal, and answers with an event stream in which nothing comes; `ended` is true once that is cancelled. */
  globalThis.endless = () => {
    let cancel;
    const ended = new Promise((resolve) => { cancel = () => resolve(true); });
    const body = new ReadableStream({ cancel });
    return { ended, fetch: async () => new Response(body, { headers: { "Content-Type": "text/event-stream" } }) };
  };

  /** For the next few tasks of the page: until what is on its way to a listener has come there. */
  globalThis.settle = async () => {
    for (let i = 0; i < 5; i += 1) await new Promise((resolve) => { setTimeout(resolve, 10); });
  };

  /** Retries that do not make a test wait. */
  globalThis.quick = { firstDelay: 20, minDelay: 20, maxDelay: 100, minUptime: 0 };
  /** And such that come by themselves long after it, however they are drawn. */
  globalThis.far = { firstDelay: 2e9, minDelay: 2e9, maxDelay: 2e9 };
}
