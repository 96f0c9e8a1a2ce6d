// The event streams that are measured. They are made of letters that look random but are the same each time, here, in the page and in
// parser.rs.

const LETTERS = "abcdefghijklmnopqrstuvwxyz .,-  ";
/** So many different payloads take turns. */
const PAYLOADS = 16;

const encoder = new TextEncoder();

/** A linear congruential generator. */
const generator = () => {
  let state = 1;
  const next = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0);
  const ascii = (length) => {
    let text = "";
    while (text.length < length) text += LETTERS[next() >>> 27];
    return text;
  };
  /** Every fourth character is Chinese: six bytes for four characters. */
  const mixed = (bytes) => {
    let text = "";
    for (let groups = Math.floor(bytes / 6); groups; groups -= 1) text += ascii(3) + String.fromCharCode(0x4e00 + (next() >>> 20));
    return text + ascii(bytes % 6);
  };
  return { ascii, mixed };
};

const token = ({ ascii }) => JSON.stringify({
  id: "chatcmpl-7f3a91c2", object: "chat.completion.chunk", created: 1764000000, model: "everwire-bench",
  choices: [{ index: 0, delta: { content: ascii(5) }, finish_reason: null }],
});

const payloads = {
  "64 B": ({ ascii }) => ascii(64),
  "1 KiB": ({ ascii }) => ascii(1024),
  "256 KiB": ({ ascii }) => ascii(256 * 1024),
  "LLM tokens": token,
  "1 KiB, 25 % CJK": ({ mixed }) => mixed(1024),
};

/** Their names. */
export const corpora = Object.keys(payloads);

/**
 * So many events, numbered from 1 by their ids, or as many as make so many bytes. `places[n]` is where what follows event n begins.
 */
export const eventStream = (corpus, { events = Infinity, bytes = Infinity }) => {
  const letters = generator();
  const data = Array.from({ length: PAYLOADS }, () => encoder.encode(payloads[corpus](letters)));
  const heads = [];
  const places = [0];
  for (let number = 1; number <= events && places.at(-1) < bytes; number += 1) {
    const head = `id: ${number}\ndata: `;
    heads.push(head);
    places.push(places.at(-1) + head.length + data[(number - 1) % PAYLOADS].length + 2);
  }
  const stream = new Uint8Array(places.at(-1)).fill(10);
  heads.forEach((head, at) => {
    encoder.encodeInto(head, stream.subarray(places[at]));
    stream.set(data[at % PAYLOADS], places[at] + head.length);
  });
  return { stream, places };
};
