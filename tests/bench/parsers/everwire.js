import { openParser } from "../../../pkg/parser.js";

export default (each) => {
  const parser = openParser({ limit: 16 * 1_048_576 });
  return (chunk) => {
    const { events } = parser.feed(chunk);
    for (let at = 0; at < events.length; at += 4) each(events[at + 1], events[at + 2]);
  };
};
