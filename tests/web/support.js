// What the tests ask the fixture server for, and a guard that sees every error that nobody caught.

const failures = [];
const note = (event) => failures.push(String(event.error ?? event.reason ?? event.message));
addEventListener("error", note);
addEventListener("unhandledrejection", note);

/** The errors that nobody caught since the last call. */
export const uncaught = () => failures.splice(0).join("; ");

/** True if the fixture server answers. */
export const alive = async (base) => {
  try {
    return (await fetch(`${base}/health`)).ok;
  } catch {
    return false;
  }
};

export const post = async (url, body) => {
  const response = await fetch(url, { method: "POST", body });
  return await response.text();
};

/** A field of each of the journal's entries for a path, or a header, one a line. Preflights are left out. */
export const journal = async (base, path, field) => {
  const response = await fetch(`${base}/journal?path=${encodeURIComponent(path)}`);
  const entries = (await response.json()).filter(({ method }) => method !== "OPTIONS");
  return entries.map((entry) => entry[field] ?? entry.headers[field] ?? "-").join("\n");
};

/** What the server hears of a header that has the UTF-8 of this text as its bytes. WebKitGTK encodes those once more. */
export const heard = async (base, path, value) => {
  const bytes = String.fromCharCode(...new TextEncoder().encode(value));
  await fetch(`${base}${path}`, { headers: { Authorization: bytes } });
  return await journal(base, path, "authorization");
};

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Raises an event of the page's. */
export const dispatch = (kind, persisted) => {
  const event = kind.startsWith("page") ? new PageTransitionEvent(kind, { persisted }) : new Event(kind);
  (kind === "visibilitychange" ? document : window).dispatchEvent(event);
};

/** Sets the wall clock forward, and returns what sets it right again. */
export const skipTime = (ms) => {
  const { now } = Date;
  Date.now = () => now.call(Date) + ms;
  return () => {
    Date.now = now;
  };
};

/** Counts what is written to any storage, and refuses it on demand. */
export const spyOnWrites = (refuse) => {
  const { setItem } = Storage.prototype;
  let count = 0;
  Storage.prototype.setItem = function (...args) {
    count += 1;
    if (refuse) throw new DOMException("full", "QuotaExceededError");
    setItem.apply(this, args);
  };
  const end = () => {
    Storage.prototype.setItem = setItem;
  };
  return { count: () => count, end };
};

/** The values of a storage whose keys end like this. */
export const entries = (storage, ending) =>
  Object.entries(globalThis[storage]).flatMap(([key, value]) => (key.endsWith(ending) ? [value] : []));

export const clear = (storage) => globalThis[storage].clear();
