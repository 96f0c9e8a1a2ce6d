import { EventSource } from "../../../pkg/index.js";

export default (url, each) => {
  const source = new EventSource(url);
  source.addEventListener("message", (event) => each(event.data, event.lastEventId));
  return { close: () => source.close() };
};
