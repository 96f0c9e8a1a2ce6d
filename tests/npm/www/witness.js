// The strict EventSource beside the browser's own, as a classic script of a page: `subjects` opens each, `witness` notes what one tells.

{
  const withoutFetch = (open) => {
    const { fetch } = globalThis;
    delete globalThis.fetch;
    try {
      return open();
    } finally {
      globalThis.fetch = fetch;
    }
  };

  /** By names that tests print; those that the host has. */
  globalThis.subjects = {
    ...(globalThis.EventSource && { native: (...given) => new EventSource(...given) }),
    ours: (...given) => new everwire.EventSource(...given),
    ...(globalThis.XMLHttpRequest && { xhr: (...given) => withoutFetch(() => new everwire.EventSource(...given)) }),
  };

  /**
   * Resolves to all that `source` tells until its first `error`, or its `messages`th message, when it is closed: messages as their type,
   * data, id and origin, anything else as its type and the readyState. `types` are the messages' types that are listened for.
   */
  globalThis.witness = (source, { types = ["message"], messages = Infinity } = {}) => new Promise((resolve) => {
    const told = [];
    const hear = (event) => {
      const { type, data, lastEventId, origin } = event;
      told.push("data" in event ? [type, data, lastEventId, origin] : [type, source.readyState]);
      if ("data" in event ? told.filter((entry) => entry.length === 4).length < messages : type !== "error") return;
      source.close();
      resolve(told);
    };
    for (const type of new Set(["open", "error", ...types])) source.addEventListener(type, hear);
  });

  /** What each of the subjects tells of this URL. */
  globalThis.compare = async (url, { init, ...options } = {}) => {
    const told = {};
    for (const [name, open] of Object.entries(subjects)) told[name] = await witness(open(url, init), options);
    return told;
  };
}
