// The SSE servers of the interop tests: three that others wrote, with the same small application on each.
//
// | path | what it does |
// | --- | --- |
// | GET /events/CHANNEL | a stream of what came after the id in `Last-Event-ID` or in the query, of all without one, and of what comes |
// | GET /pinged/CHANNEL | the same, with keep-alives at short intervals |
// | GET /ending/CHANNEL | the same, but it ends: when it has given something, or (nchan) after a second |
// | POST /publish/CHANNEL | an event with this body as its data, of the type in `X-EventSource-Event`; answers its id |
//
// A channel has a mood if there is a file of that name in a folder: then GET answers 204, 500 or a page of HTML instead.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { application, nginx, node, python } from "./processes.mjs";

/**
 * What is special about each. `query`: under which name it takes the last id in the query. `allowsHeader`: also as a header, from another
 * origin. `asking`: what to publish so that `data` is heard and a client comes back 100 ms after a loss. `heard`: what is left of data
 * on its way. `ping`: its keep-alive, and `pings`: how many of them are more than two seconds.
 */
export const SERVERS = {
  "better-sse": {
    start: (moods) => application(node("better-sse.mjs"), moods),
    query: "lastEventId",
    allowsHeader: true,
    asking: (data) => data,
    ping: "\n:\n",
    pings: 12,
    // It writes no space before the data, so a parser takes the line's own for that.
    heard: (data) => data.split("\n").map((line) => line.replace(/^ /, "")).join("\n"),
  },
  "sse-starlette": {
    start: (moods) => application(python("sse_starlette_app.py"), moods),
    query: "last_event_id",
    allowsHeader: true,
    asking: (data) => data,
    ping: "\n: ping",
    pings: 12,
    heard: (data) => data,
  },
  nchan: {
    start: (moods) => nginx("nginx.conf", moods, { MOODS: moods }),
    query: "last_event_id",
    allowsHeader: false,
    // It has no setting for that, but writes a carriage return as it is, which ends a line as well.
    asking: (data) => `${data}\rretry: 100`,
    ping: "\ndata: keepalive\n",
    pings: 3,
    heard: (data) => data.split("\r")[0],
  },
};

/** Starts one of them on a free port. */
export async function startServer(name) {
  const { start, ...traits } = SERVERS[name];
  const moods = await mkdtemp(join(tmpdir(), "everwire-interop-"));
  const { child, origin } = await start(moods);
  return {
    name,
    origin,
    ...traits,
    /** Publishes an event and returns its id. */
    async publish(channel, data, type) {
      const headers = { Accept: "text/json" };
      // A header is written as Latin-1; these bytes are UTF-8.
      if (type) headers["X-EventSource-Event"] = Buffer.from(type).toString("latin1");
      const response = await fetch(`${origin}/publish/${channel}`, { method: "POST", body: data, headers });
      return (await response.json()).last_message_id;
    },
    /** From now on GET is answered like this: "204", "500" or "html"; undefined: with events again. */
    async setMood(channel, mood) {
      for (const old of ["204", "500", "html"]) await rm(join(moods, `${channel}-${old}`), { force: true });
      if (mood) await writeFile(join(moods, `${channel}-${mood}`), "");
    },
    async stop() {
      await child.end();
      await rm(moods, { recursive: true });
    },
  };
}
