// The parser of event streams: the wasm side finds the events, this side makes strings of them. src/js/parser.rs is its other half.
//
// Making strings is what costs. One `decode` of a TextDecoder has a fixed price of some 200 ns, so small events are cut out of a window
// that is decoded at once; that is right only where every byte is a character, which the lengths tell. Large events, and what is
// near other characters, are decoded one by one. A slice keeps the string alive that it was cut from, so the window is small.

import { scalar, simd } from "./wasm/parser.js";

const WINDOW = 4096;
/** Above this many bytes a string of its own is cheaper than a slice. */
const LARGE = 512;

// A byte order mark within a field is text; the one of the stream is the parser's business.
const decoder = /* @__PURE__ */ new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = /* @__PURE__ */ new TextEncoder();

let shared;

/** One instance for all streams of a page, with vectors of 128 bits where the host has them. */
const wasm = () => {
  if (shared) return shared;
  let module;
  try {
    module = new WebAssembly.Module(simd());
  } catch {
    module = new WebAssembly.Module(scalar());
  }
  return (shared = new WebAssembly.Instance(module).exports);
};

/**
 * Opens a parser of one stream, going on after `lastId`. A line or an event of more than `limit` bytes is refused.
 *
 * `feed(chunk)` takes the next bytes, or the next part of a text that is decoded already, and returns `{ bytes, events, retry, overflow }`.
 * `events` has four values for each event that they complete: its type, its data, the last event id, and whether that id is its own.
 * `retry` is undefined if none came. `lastId` is the id of the last finished block that had one. `close()` frees the parser.
 */
export const openParser = ({ limit, lastId = "" }) => {
  const { memory, open_reader, close_reader, expect_no_mark, room, parse, table } = wasm();
  const reader = open_reader(limit);
  let fresh = true;
  let kind = "message";

  /** Writes a chunk to where the parser reads it, and tells how many bytes it is and how many of its room are left. */
  const write = (chunk) => {
    if (typeof chunk !== "string") {
      const at = room(reader, chunk.length);
      if (at) new Uint8Array(memory.buffer, at, chunk.length).set(chunk);
      return [at, chunk.length, 0];
    }
    // Whoever has decoded the text has stripped the byte order mark.
    if (fresh) expect_no_mark(reader);
    const most = chunk.length * 3;
    const at = room(reader, most);
    const { written } = at ? encoder.encodeInto(chunk, new Uint8Array(memory.buffer, at, most)) : { written: 0 };
    return [at, written, most - written];
  };

  const it = {
    lastId,
    feed(chunk) {
      const [at, bytes, unused] = write(chunk);
      fresh = false;
      const count = parse(reader, unused);
      const { buffer } = memory;
      const all = new Uint8Array(buffer);
      const numbers = new Uint32Array(buffer, table(reader), 5 + count * 6);
      const end = at + bytes;

      let window = "";
      let from = 0;
      let to = 0;
      let plain = false;
      let tries = 3;
      /** The string of what is at a place. */
      const string = (at, length) => {
        if (at < from || at + length > to) {
          if (length > LARGE || at > end || !tries) return decoder.decode(all.subarray(at, at + length));
          from = at;
          to = Math.min(at + WINDOW, Math.max(end, at + length));
          window = decoder.decode(all.subarray(from, to));
          plain = window.length === to - from;
          // A chunk with other characters all over is not decoded twice.
          if (!plain) tries -= 1;
        }
        return plain ? window.slice(at - from, at - from + length) : decoder.decode(all.subarray(at, at + length));
      };

      const events = [];
      let idAt = numbers[2];
      let id = it.lastId;
      for (let row = 5; row < numbers.length; row += 6) {
        const kindLength = numbers[row + 1];
        const own = numbers[row + 4] !== idAt;
        if (own) {
          idAt = numbers[row + 4];
          const length = numbers[row + 5];
          id = length ? string(idAt, length) : "";
        }
        const dataLength = numbers[row + 3];
        const data = dataLength ? string(numbers[row + 2], dataLength) : "";
        let type = "message";
        if (kindLength) {
          // Most events of a stream have the type of the one before, and a string that is known already is looked up faster.
          type = string(numbers[row], kindLength);
          if (type === kind) type = kind;
          else kind = type;
        }
        events.push(type, data, id, own);
      }
      const retry = numbers[1];
      const lastAt = numbers[3];
      const lastLength = numbers[4];
      if (lastAt !== idAt) id = lastLength ? decoder.decode(all.subarray(lastAt, lastAt + lastLength)) : "";
      it.lastId = id;
      // What was huge is given back now, and not when the next bytes come.
      if (bytes > 1 << 20) room(reader, 0);
      return { bytes, events, retry: retry === 0xffffffff ? undefined : retry, overflow: numbers[0] > 0 };
    },
    close: () => close_reader(reader),
  };
  return it;
};
