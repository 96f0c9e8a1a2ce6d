// It reads with fetch where there is one.
import { EventSourcePolyfill } from "event-source-polyfill";

export default (url, each) => {
  const source = new EventSourcePolyfill(url);
  source.addEventListener("message", (event) => each(event.data, event.lastEventId));
  return { close: () => source.close() };
};
