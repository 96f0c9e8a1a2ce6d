// In the page of parser.mjs: feeds one parser from memory, and tells what came of it.
import { eventStream } from "./corpora.mjs";

const CHUNK = 64 * 1024;

/** Makes `load(corpus, bytes)`, which prepares the chunks, and `parse()`, which feeds them to a new parser. */
export const serve = (open) => {
  let chunks;
  globalThis.load = (corpus, bytes) => {
    const { stream } = eventStream(corpus, { bytes });
    chunks = [];
    // Each in memory of its own, as a stream gives them.
    for (let at = 0; at < stream.length; at += CHUNK) chunks.push(stream.slice(at, at + CHUNK));
    return stream.length;
  };
  globalThis.parse = () => {
    let events = 0;
    let characters = 0;
    let check = 0;
    const feed = open((data, id) => {
      events += 1;
      characters += data.length;
      check = (Math.imul(check, 31) + data.charCodeAt(data.length - 1) + id.length) | 0;
    });
    for (const chunk of chunks) feed(chunk);
    return { events, characters, check };
  };
};
