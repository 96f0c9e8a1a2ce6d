import { createEventSource } from "eventsource-client";

export default (url, each) => {
  const source = createEventSource({ url, onMessage: (message) => each(message.data, message.id) });
  return { close: () => source.close() };
};
