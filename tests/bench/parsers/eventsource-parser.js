// It takes text, so the bytes are decoded first, as its own users do.
import { createParser } from "eventsource-parser";

export default (each) => {
  const decoder = new TextDecoder();
  const parser = createParser({ onEvent: ({ data, id }) => each(data, id) });
  return (chunk) => parser.feed(decoder.decode(chunk, { stream: true }));
};
