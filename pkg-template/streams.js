// The transports of server-sent events. As in shell.js, there is no policy here.

import { DONE, FAILED, HEAD, REFUSED } from "./names.js";
import { eventHeaders, fetchStream, isRefusedByCors, xhrStream, xhrWhole } from "./requests.js";
import { head, uncached } from "./shell.js";
import { eventSource } from "./source.js";

/** After so many failures in a row without a response it is asked again whether it is CORS that refuses. */
const ASK_AGAIN = 4;

/** A request whose response is an event stream. `read` takes its parts. */
const streamed = (open, prepare = (url) => url) => (wire, report, signal) => {
  const { httpUrl, lastId, read } = wire;
  const request = { ...wire, url: prepare(httpUrl), headers: eventHeaders(wire.headers, lastId) };
  let begun = false;
  open(request, {
    head(status, get, url) {
      begun = true;
      wire.comesFrom(new URL(url).origin);
      wire.known.failures = wire.known.refused = 0;
      report(HEAD, head(status, get));
    },
    chunk: read,
    done: () => report(DONE),
    async failed(why) {
      const { known, body, once } = wire;
      // A request that may act on something is not made once more to find out; and in an outage not after each try.
      if (begun || body || once) return report(FAILED, { text: why });
      known.failures = -~known.failures;
      if (!known.refused && known.failures % ASK_AGAIN === 1) known.refused = await isRefusedByCors(request, signal);
      if (!known.refused) return report(FAILED, { text: why });
      report(REFUSED, { text: "the server answers now, and its CORS headers may not let "
        + `${globalThis.location.origin} read it (Access-Control-Allow-Origin, and Access-Control-Allow-Headers for what it was sent)` });
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
