// The event streams that are measured. They are made of letters that look random but are the same each time, here, in the page and in
// parser.rs. No two events are alike: a text that has been before is decoded three times as fast in Chromium, which no application ever
// sees.

const LETTERS = "abcdefghijklmnopqrstuvwxyz .,-  ";
/** Characters that the payloads are cut from. */
const POOL = 1_048_576;
/** How far apart in the pool the payloads of two events begin. */
const STRIDE = 7_919;

const encoder = new TextEncoder();

/** A pool of characters, by a linear congruential generator; every fourth is Chinese, if it is to be mixed. */
const pool = (mixed) => {
  let state = 1;
  let text = "";
  for (let at = 0; at < POOL; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += mixed && at % 4 === 3 ? String.fromCharCode(0x4e00 + (state >>> 20)) : LETTERS[state >>> 27];
  }
  return encoder.encode(text);
};

const token = [
  '{"id":"chatcmpl-7f3a91c2","object":"chat.completion.chunk","created":1764000000,"model":"everwire-bench",'
    + '"choices":[{"index":0,"delta":{"content":"',
  '"},"finish_reason":null}]}',
];

/** Bytes of an event that differ from those of others, and what is the same before and after; `unit` is what may not be cut. */
const shapes = {
  "64 B": { size: 64 },
  "1 KiB": { size: 1024 },
  "256 KiB": { size: 256 * 1024 },
  "LLM tokens": { size: 5, around: token },
  "1 KiB, 25 % CJK": { size: 1020, mixed: true, unit: 6 },
};

/** Their names. */
export const corpora = Object.keys(shapes);

/** So many events, numbered from 1 by their ids, or as many as make so many bytes. `places[n]` is where what follows event n begins. */
export const eventStream = (corpus, { events = Infinity, bytes = Infinity }) => {
  const { size, around: [before, after] = ["", ""], mixed = false, unit = 1 } = shapes[corpus];
  const letters = pool(mixed);
  const starts = Math.floor((letters.length - size) / unit);
  const end = encoder.encode(`${after}\n\n`);
  const heads = [];
  const places = [0];
  for (let number = 1; number <= events && places.at(-1) < bytes; number += 1) {
    const head = `id: ${number}\ndata: ${before}`;
    heads.push(head);
    places.push(places.at(-1) + head.length + size + end.length);
  }
  const stream = new Uint8Array(places.at(-1));
  heads.forEach((head, index) => {
    const at = places[index];
    const start = (((index + 1) * STRIDE) % starts) * unit;
    encoder.encodeInto(head, stream.subarray(at));
    stream.set(letters.subarray(start, start + size), at + head.length);
    stream.set(end, at + head.length + size);
  });
  return { stream, places };
};
