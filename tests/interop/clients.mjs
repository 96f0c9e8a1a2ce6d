// Who listens in the interop tests: the browser's own EventSource, the package's, and ReconnectingEventSource on each of its rungs; each
// in a page with connections of its own, for a browser has six to a server.
import assert from "node:assert/strict";

/** ReconnectingEventSource on each rung alone, and on all. */
export const RUNGS = ["eventsource", "fetch-stream", "xhr-stream", "long-poll", "all"];
/** Of those, the ones that see what the server answers. */
export const SEEING = RUNGS.filter((rung) => rung !== "eventsource");
/** What follows the standard: the browser's own EventSource, and the package's. */
export const STANDARD = ["native", "strict"];
export const CLIENTS = [...STANDARD, ...RUNGS];

/** The types of the events that are listened to. */
export const TYPES = ["message", "tick", "täck☃"];

/** How the proxies know a client. */
export const key = (client, channel) => `${client}.${channel}`;

/** Runs in the page before anything else. */
export function helpers() {
  /** Listens as `client` at `url`, and keeps what it hears. */
  window.listen = async ({ client, url, types, options }) => {
    const { EventSource: Strict, ReconnectingEventSource } = await import("/pkg/index.js");
    const made = { native: () => new EventSource(url), strict: () => new Strict(url) };
    window.source = made[client]?.() ?? new ReconnectingEventSource(url, options);
    window.seen = [];
    window.errors = [];
    window.continuities = [];
    for (const type of types) source.addEventListener(type, ({ data, lastEventId }) => seen.push([type, data, lastEventId]));
    source.addEventListener("error", ({ cause }) => errors.push({ ...cause }));
    source.addEventListener("reconnected", ({ continuity }) => continuities.push(continuity));
  };
  /** Reads a stream up to this text, and counts the places where it came in pieces. */
  window.findCuts = async (url, last) => {
    const response = await fetch(url, { headers: { Accept: "text/event-stream" } });
    const reader = response.body.getReader();
    const bytes = [];
    const cuts = { inCharacter: 0, inLineEnd: 0 };
    const text = () => new TextDecoder().decode(new Uint8Array(bytes));
    while (!text().includes(last)) {
      const { value } = await reader.read();
      if ((value[0] & 0xc0) === 0x80) cuts.inCharacter += 1;
      if (value[0] === 10 && bytes.at(-1) === 13) cuts.inLineEnd += 1;
      bytes.push(...value);
    }
    await reader.cancel();
    return { ...cuts, hasCrLf: text().includes("\r\n") };
  };
}

/**
 * Listens as `client` to a channel of `at`, in a page of `front`'s origin; `options` are for ReconnectingEventSource. `query`: whether the
 * id goes there. It has to where the browser's own class is used alone, for that cannot be given an id; and where the server does
 * not allow the header. Long-polling is for responses that end.
 */
export async function listen(pages, { server, front }, client, channel, how = {}) {
  const elsewhere = how.at !== undefined && how.at !== front;
  const {
    at = front,
    what = client === "long-poll" ? "ending" : "events",
    query = client === "eventsource" || (elsewhere && !server.allowsHeader),
    lastEventId,
    options,
  } = how;
  const page = await pages.take(client, front.origin);
  await page.evaluate((how) => window.listen(how), {
    client,
    url: `${at.origin}/${what}/${channel}?client=${key(client, channel)}`,
    types: TYPES,
    options: {
      transports: client === "all" ? undefined : [client],
      reconnect: { firstDelay: 20, minDelay: 20, maxDelay: 100, minUptime: 0 },
      resume: { lastEventId, query: query ? server.query : undefined },
      ...options,
    },
  });
  return page;
}

/** Waits until that is true in the page; if it does not become so, the error says what has become of the client. */
export async function until(page, isTrue, argument) {
  await page.waitForFunction(isTrue, argument, { timeout: 60_000 }).catch(async ({ message }) => {
    const found = await page.evaluate(() => ({ seen, readyState: source.readyState, errors: errors.slice(-3) }));
    throw new Error(`${page.client}: ${message}\n${JSON.stringify(found)}`);
  });
}

/** Waits until the page has heard that, or will not, and looks whether it was something else. */
export async function hasHeard(page, expected) {
  await until(page, (count) => seen.length >= count || source.readyState === 2, expected.length);
  assert.deepEqual(await page.evaluate(() => seen), expected, page.client);
}

/** Waits for the end, and returns the last error. */
export async function hasClosed(page) {
  await until(page, () => source.readyState === 2 && errors.length);
  return page.evaluate(() => errors.at(-1));
}
