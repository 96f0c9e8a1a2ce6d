// The load server, in a process of its own so that it takes nothing from what is measured: `node server.mjs` tells its origin.
//
//   GET /                                   an empty page
//   GET /events?corpus=…&events=…&writes=…  so many events, after that of `Last-Event-ID`; then the response stays open
//
// Without `writes` a write is 64 KiB; with it, every event is as many writes of its own.
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { eventStream } from "./corpora.mjs";

const WRITE = 64 * 1024;

const made = new Map();

/** The stream, and the places of its events; the last few are kept. */
const streamOf = (corpus, events) => {
  const key = `${corpus} ${events}`;
  const stream = made.get(key) ?? eventStream(corpus, { events });
  made.delete(key);
  made.set(key, stream);
  if (made.size > 8) made.delete(made.keys().next().value);
  return stream;
};

/** What goes out with one write each: every 64 KiB, or each event in so many pieces. */
async function* pieces({ stream, places }, done, writes) {
  if (!writes) {
    for (let at = places[done]; at < stream.length; at += WRITE) yield stream.subarray(at, at + WRITE);
    return;
  }
  for (let event = done; event + 1 < places.length; event += 1) {
    const [from, to] = [places[event], places[event + 1]];
    const cut = (part) => from + Math.round(((to - from) * part) / writes);
    for (let part = 0; part < writes; part += 1) {
      yield stream.subarray(cut(part), cut(part + 1));
      // A turn of the event loop, or they would go out as one.
      await setImmediate();
    }
  }
}

const sendEvents = (request, response, query) => {
  const events = streamOf(query.get("corpus"), Number(query.get("events")));
  const source = Readable.from(pieces(events, Number(request.headers["last-event-id"] ?? 0), Number(query.get("writes"))));
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.on("close", () => source.destroy());
  source.pipe(response, { end: false });
};

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  if (pathname === "/events") sendEvents(request, response, searchParams);
  else response.writeHead(pathname === "/" ? 200 : 404, { "Content-Type": "text/html" }).end("<!doctype html><title>bench</title>");
});
server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
server.on("connection", (socket) => socket.setNoDelay());
// Ends with the process that has started it.
process.stdin.on("end", () => process.exit()).resume();
