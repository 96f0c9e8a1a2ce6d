// The transports of server-sent events. As in shell.js, there is no policy here.

import { DONE, FAILED, HEAD } from "./names.js";
import { eventHeaders, fetchStream, isRefusedByCors, xhrStream, xhrWhole } from "./requests.js";
import { head, uncached } from "./shell.js";
import { eventSource } from "./source.js";

/** A request whose response is an event stream. `read` takes its parts. */
const streamed = (open, prepare = (url) => url) => (wire, report, signal) => {
  const { httpUrl, lastId, read } = wire;
  const request = { ...wire, url: prepare(httpUrl), headers: eventHeaders(wire.headers, lastId) };
  let begun = false;
  open(request, {
    head(status, get) {
      begun = true;
      wire.known.refused = undefined;
      report(HEAD, head(status, get));
    },
    chunk: read,
    done: () => report(DONE),
    async failed(why) {
      // A request that may act on something is not made once more to find out; and in an outage that is found out once, for all tries.
      if (!begun && !wire.body) wire.known.refused ??= await isRefusedByCors(request, signal);
      const { refused } = wire.known;
      report(FAILED, { text: refused ? "the server answers now, and its CORS headers may not let "
        + `${globalThis.location.origin} read it (Access-Control-Allow-Origin, and Access-Control-Allow-Headers for what it was sent)` : why });
    },
  }, signal);
};

/** By their names. */
export const streams = {
  eventsource: eventSource,
  "fetch-stream": streamed(fetchStream),
  "xhr-stream": streamed(xhrStream, uncached),
  "long-poll": streamed(xhrWhole, uncached),
};
