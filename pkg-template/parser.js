// The parser of event streams: the wasm side finds the events, this side makes strings of them. src/js/parser.rs is its other half.
//
// Making strings is what costs. One `decode` of a TextDecoder has a fixed price of some 200 ns, and Chromium seems to look up what it decodes
// among the strings that it has: 1 KiB of text costs 1.5 µs by itself, and 0.6 µs within 32 KiB. So events share a window that is decoded
// at once, and their fields are cut out of it. Where every byte is a character, which the lengths tell, that is simple; else the wasm side
// is asked by how much they differ. A slice keeps the string alive that it was cut from, so a window is not larger.

import { compile } from "./compile.js";
import { scalar, simd } from "./wasm/parser.js";

/** The numbers of a table before its first event. */
const HEAD = 5;
/** Bytes of a window that events share. */
const WINDOW = 32_768;
/** What comes at once, as from an XMLHttpRequest, is parsed in pieces of so many bytes or characters: a module's memory never shrinks. */
const PIECE = 65_536;
/** An event with more of them has a window to itself: it is as cheap, and smaller. */
const LARGE = 16_384;

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
    module = compile(scalar());
  }
  return (shared = new WebAssembly.Instance(module).exports);
};

/** What is at a place of the memory, as a string. */
const decode = (all, at, length) => {
  // Most ids are a few digits, for which a call of the decoder is too much.
  if (length > 12) return decoder.decode(all.subarray(at, at + length));
  let text = "";
  for (let i = at; i < at + length; i += 1) {
    const byte = all[i];
    if (byte > 127) return decoder.decode(all.subarray(at, at + length));
    text += String.fromCharCode(byte);
  }
  return text;
};

/**
 * The events of a table: their types, data, ids, and whether these are their own, in a row. `end` is where the chunk ends, `id` the last id
 * before it; `measure` gives the table anew, with what `measure` of src/js/parser.rs puts after it. A loop over local variables, for that is
 * what an engine is fast at.
 */
const strings = (all, numbers, end, id, measure) => {
  const { length } = numbers;
  const events = new Array((length - HEAD) / 6 * 4);
  let idAt = numbers[2];
  let kind = "message";
  let window = "";
  let from = 0;
  let to = 0;
  /** Where the window has other characters: by how much the places in it are before those of the bytes, up to the end of the last data. */
  let shift = 0;
  let measured;
  let broken = false;
  for (let row = HEAD, i = 0; row < length; row += 6, i += 4) {
    const kindAt = numbers[row];
    const kindLength = numbers[row + 1];
    const dataAt = numbers[row + 2];
    const dataLength = numbers[row + 3];

    if (dataAt < from || dataAt + dataLength >= to) {
      from = dataAt;
      to = dataLength > LARGE ? dataAt + dataLength : Math.max(dataAt + dataLength, Math.min(dataAt + WINDOW, end));
      window = decoder.decode(all.subarray(from, to));
      shift = 0;
      measured = window.length === to - from ? undefined : measure();
      // What is not UTF-8 has been replaced, and cannot be counted. The last character may only have been cut, unless data ends with it.
      const replaced = measured ? window.indexOf("\ufffd") : -1;
      broken = replaced >= 0 && (replaced < window.length - 1 || dataLength > LARGE);
    } else if (measured) {
      shift += measured[length + (row - HEAD) / 3];
    }
    let data;
    if (broken) {
      data = decode(all, dataAt, dataLength);
    } else if (!measured) {
      data = window.slice(dataAt - from, dataAt - from + dataLength);
    } else {
      const within = measured[length + (row - HEAD) / 3 + 1];
      const start = dataAt - from - shift;
      data = window.slice(start, start + dataLength - within);
      shift += within;
    }
    // In the same place it is the same.
    if (numbers[row + 4] !== idAt) {
      idAt = numbers[row + 4];
      const idLength = numbers[row + 5] & 0x7fffffff;
      const isIn = !measured && idAt >= from && idAt + idLength <= to;
      id = isIn ? window.slice(idAt - from, idAt - from + idLength) : decode(all, idAt, idLength);
    }
    let type = "message";
    if (kindLength) {
      type = decode(all, kindAt, kindLength);
      // Most have the type of the one before, and a string that is known already is looked up faster.
      if (type === kind) type = kind;
      else kind = type;
    }
    events[i] = type;
    events[i + 1] = data;
    events[i + 2] = id;
    events[i + 3] = numbers[row + 5] >>> 31;
  }
  return events;
};

/**
 * Opens a parser of one stream, going on after `lastId`. A line or an event of more than `limit` bytes is refused.
 *
 * `feed(chunk)` takes the next bytes, or the next part of a text that is decoded already, and returns `{ bytes, events, retry, overflow }`.
 * `events` has four values for each event that they complete: its type, its data, the last event id, and 1 if that id is its own.
 * `retry` is undefined if none came. `lastId` is the id of the last finished block that had one. `close()` frees the parser.
 */
export const openParser = ({ limit, lastId = "" }) => {
  const { memory, open_reader, close_reader, expect_no_mark, room, parse, table, measure } = wasm();
  const reader = open_reader(limit);
  let fresh = true;

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
      if (chunk.length <= PIECE) return feedPiece(chunk);
      const all = { bytes: 0, events: [], retry: undefined, overflow: false };
      for (let from = 0; from < chunk.length;) {
        let to = Math.min(from + PIECE, chunk.length);
        // Two code units that are one character stay together.
        if (typeof chunk === "string" && to < chunk.length && chunk.charCodeAt(to - 1) >>> 10 === 0x36) to -= 1;
        const { bytes, events, retry, overflow } = feedPiece(typeof chunk === "string" ? chunk.slice(from, to) : chunk.subarray(from, to));
        all.bytes += bytes;
        for (const value of events) all.events.push(value);
        all.retry = retry ?? all.retry;
        all.overflow = overflow;
        from = to;
      }
      return all;
    },
    close: () => close_reader(reader),
  };
  const feedPiece = (chunk) => {
    const [at, bytes, unused] = write(chunk);
    fresh = false;
    const count = parse(reader, unused);
    const all = new Uint8Array(memory.buffer);
    const numbers = new Uint32Array(memory.buffer, table(reader), HEAD + count * 6);
    let measured;
    const events = strings(all, numbers, at + bytes, it.lastId, () => {
      if (!measured) {
        measure(reader);
        measured = new Uint32Array(memory.buffer, numbers.byteOffset, HEAD + count * 8);
      }
      return measured;
    });
    const [, retry, before, lastAt, lastLength] = numbers;
    if (lastAt !== before) it.lastId = decode(all, lastAt, lastLength);
    return { bytes, events, retry: retry === 0xffffffff ? undefined : retry, overflow: numbers[0] > 0 };
  };
  return it;
};
