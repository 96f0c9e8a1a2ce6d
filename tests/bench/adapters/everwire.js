// ReconnectingEventSource on one rung of its ladder.
import { ReconnectingEventSource } from "../../../pkg/index.js";

export const reconnecting = (transport) => (url, each, fail) => {
  const source = new ReconnectingEventSource(url, { transports: [transport] });
  source.addEventListener("open", () => {
    if (source.transport !== transport) fail(new Error(`it reads over ${source.transport}, not ${transport}`));
  });
  source.addEventListener("message", (event) => each(event.data, event.lastEventId));
  source.addEventListener("close", (event) => fail(new Error(`it closed: ${event.reason}`)));
  return { close: () => source.close() };
};
