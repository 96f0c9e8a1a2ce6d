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

const NOTE = "// Generated. scripts/inline.mjs of the repository explains the encoding.\n";

/** The source of a module with a function for each of `binaries`, by name, that returns its bytes. */
export function inlineModules(binaries) {
  const functions = Object.entries(binaries).map(([name, binary]) => (
    `export const ${name} = () => decode(${JSON.stringify(encode(binary))}, ${binary.length});\n`
  ));
  return `${NOTE}import { decode } from "./decode.js";\n\n${functions.join("")}`;
}

/** The source of what they share. */
export const decodeModule = `${NOTE}
export const decode = (text, size) => {
  const bytes = new Uint8Array(size);
  let length = 0;
  let page = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i) - ${FIRST};
    if (code < 0) {
      page = (code + 4) * ${PAGE};
    } else {
      bytes[length++] = page + code;
      page = 0;
    }
  }
  return bytes;
};
`;
