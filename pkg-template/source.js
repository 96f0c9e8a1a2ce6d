// The browser's own EventSource, as a transport. As in shell.js, there is no policy here.

import { nativeSource } from "./native.js";
import { OPENED, SOURCE_ERROR } from "./names.js";

/** The browser's own EventSource (WHATWG HTML 9.2), for events of these types. `tell` takes them. */
export const eventSource = ({ httpUrl, withCredentials, types, tell, comesFrom }, report, signal) => {
  const source = nativeSource(httpUrl, { withCredentials });
  let last = "";
  let hasId = false;
  let known;
  const hear = (event) => {
    const { type, data, lastEventId, origin } = event;
    // The browser's own events have no data; a server may well name its events like them.
    if ("data" in event) {
      // It knows no id that came before it, so an empty one means nothing; unless it takes one back.
      hasId ||= lastEventId !== "";
      const isNew = lastEventId !== last;
      last = lastEventId;
      if (signal.aborted) return;
      // A redirect may lead elsewhere.
      if (known !== origin) comesFrom(known = origin);
      tell([type, data, hasId ? lastEventId : undefined, isNew], isNew ? lastEventId : undefined);
    } else if (type === "open") report(OPENED);
    else if (type === "error") report(SOURCE_ERROR, { number: source.readyState === 2 });
  };
  const listen = (type) => source.addEventListener(type, hear);
  ["open", "error", ...types].forEach(listen);
  signal.onabort = () => source.close();
  return { listen };
};
