// What a page tells of itself and of the network: online and offline, hidden and visible, frozen, put into the back/forward cache.

import { stamped } from "./testing-host.js";

const PAGE = "http://localhost/";
/** What is told on the window or on the document, and heard by the package. */
const SIGNS = ["online", "offline", "visibilitychange", "freeze", "resume", "pagehide", "pageshow"];

/**
 * Installs what a page has for this, where the host has it not: `location`, `document`, `navigator`, and events of the global object.
 * With `url` null, there is no page, as in Node. Returns how to tell the page's listeners something.
 */
export const installPage = (replaced, url = PAGE) => {
  const isNone = url === null;
  if (!isNone) {
    if (!globalThis.location) replaced.put(globalThis, "location", new URL(url));
    if (!globalThis.document) replaced.put(globalThis, "document", Object.assign(new EventTarget(), { baseURI: globalThis.location.href }));
    if (!globalThis.navigator) replaced.put(globalThis, "navigator", {});
    if (!globalThis.addEventListener) {
      const target = new EventTarget();
      for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
        replaced.put(globalThis, name, target[name].bind(target));
      }
    }
  }
  const { document, navigator } = globalThis;
  let isOnline = true;
  let isHidden = false;
  if (navigator) replaced.define(navigator, "onLine", { get: () => isOnline });
  if (document) {
    replaced.define(document, "hidden", { get: () => isHidden });
    replaced.define(document, "visibilityState", { get: () => (isHidden ? "hidden" : "visible") });
  }

  // What code under test listens for goes with the network: it would hear the next test's signs.
  const listening = [];
  for (const target of new Set([globalThis, document])) {
    const add = target?.addEventListener;
    if (!add) continue;
    replaced.put(target, "addEventListener", (type, ...listener) => {
      if (SIGNS.includes(type)) listening.push(() => target.removeEventListener?.(type, ...listener));
      add.call(target, type, ...listener);
    });
  }
  replaced.finally(() => { for (const remove of listening) remove(); });

  const isReal = Boolean(document?.defaultView);
  const tell = (type, fields) => {
    const isOfDocument = ["visibilitychange", "freeze", "resume"].includes(type);
    const event = () => stamped(Object.assign(new Event(type, { bubbles: isOfDocument }), fields));
    // In a document that is none, events do not come by the window.
    if (isOfDocument) document?.dispatchEvent(event());
    if (!isOfDocument || !isReal) globalThis.dispatchEvent?.(event());
  };
  return {
    get isOnline() { return isOnline; },
    setOnline(value) {
      if (isOnline === value) return;
      isOnline = value;
      tell(value ? "online" : "offline");
    },
    setHidden(value) {
      if (isHidden === value) return;
      isHidden = value;
      tell("visibilitychange");
    },
    tell,
  };
};
