// A binary as JavaScript text that stays small under brotli and gzip.
//
// Base64 gives every byte another look at each place in a group of four, so the compressor sees no repetitions: 28 % more after
// brotli. One character per byte keeps them: 2 %. The text is ASCII only, as bundlers differ in what they do to other
// characters (esbuild writes \xNN by default, raw by --charset=utf8), and has no quote and no control character in it.
//
// Bytes 0–87 are the characters from "#" on. Bytes 88–175 are a space and such a character, bytes 176–255 a "!" and one.
// In wasm most bytes are below 88: opcodes, indices, small constants.

const FIRST = 35;
const PAGE = 88;
const SHIFTS = ["", " ", "!"];

function encode(binary) {
  let text = "";
  for (const byte of binary) {
    text += SHIFTS[Math.floor(byte / PAGE)] + String.fromCharCode(FIRST + (byte % PAGE));
  }
  return text;
}

/** The source of a module whose `bytes()` returns `binary`. */
export function inlineModule(binary) {
  return `// Generated: module.wasm as text. scripts/inline.mjs of the repository explains the encoding.
const TEXT = ${JSON.stringify(encode(binary))};

export function bytes() {
  const bytes = new Uint8Array(${binary.length});
  let length = 0;
  let page = 0;
  for (let i = 0; i < TEXT.length; i++) {
    const code = TEXT.charCodeAt(i) - ${FIRST};
    if (code < 0) {
      page = (code + 4) * ${PAGE};
    } else {
      bytes[length++] = page + code;
      page = 0;
    }
  }
  return bytes;
}
`;
}
