// The parser of event streams, as the package's classes use it, in Node: what it tells of a stream does not depend on how that was cut.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { pkg } from "./support.mjs";

const { openParser } = await import(pathToFileURL(join(pkg, "parser.js")));

const LIMIT = 16 * 1_048_576;
const bytesOf = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));

/** What the parser tells of these chunks: its events, each as [type, data, id, whether that is its own], and its last id. */
const parse = (chunks, lastId) => {
  const parser = openParser({ limit: LIMIT, lastId });
  const told = [];
  for (const chunk of chunks) {
    const { events } = parser.feed(chunk);
    for (let i = 0; i < events.length; i += 4) told.push([...events.slice(i, i + 3), Boolean(events[i + 3])]);
  }
  parser.close();
  return { told, lastId: parser.lastId };
};

/** The chunks of so many bytes each. */
const inPieces = (stream, size) => {
  const chunks = [];
  for (let from = 0; from < stream.length; from += size) chunks.push(stream.subarray(from, from + size));
  return chunks;
};

/** What the stream tells, which has to be the same whole, in halves, and byte by byte. */
const tells = (stream, lastId = "") => {
  const all = bytesOf(stream);
  const whole = parse([all], lastId);
  for (let at = 1; at < all.length; at += 1) {
    assert.deepEqual(parse([all.subarray(0, at), all.subarray(at)], lastId), whole, `${JSON.stringify(String(stream))}, cut at ${at}`);
  }
  assert.deepEqual(parse(inPieces(all, 1), lastId), whole, `${JSON.stringify(String(stream))}, byte by byte`);
  return whole;
};

/** WHATWG HTML 9.2.6, step by step. */
const reference = (stream, lastId) => {
  const lines = new TextDecoder().decode(stream).split(/\r\n|\r|\n/);
  // What follows the last line end is no line.
  lines.pop();
  const told = [];
  let [type, data, id] = ["", "", undefined];
  for (const line of lines) {
    const [, name, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (line === "") {
      lastId = id ?? lastId;
      if (data) told.push([type || "message", data.slice(0, -1), lastId, id !== undefined]);
      [type, data, id] = ["", "", undefined];
    } else if (name === "event") type = value;
    else if (name === "data") data += `${value}\n`;
    else if (name === "id" && !value.includes("\0")) id = value;
  }
  return { told, lastId };
};

test("an event after a block that has only an id has that id, but none of its own", () => {
  const seven = (id) => [["message", "a", "6", true], ["message", "b", id, false], ["message", "c", "7", true]];
  assert.deepEqual(tells("id: 6\ndata: a\n\nid: 6\n\ndata: b\n\nid: 7\ndata: c\n\n").told, seven("6"));
  assert.deepEqual(tells("id: 6\ndata: a\n\nid: x\n\ndata: b\n\nid: 7\ndata: c\n\n").told, seven("x"));
  assert.deepEqual(tells("id: 6\n\ndata: b\n\n", "6").told, [["message", "b", "6", false]]);
});

test("an event that brings the last id once more has it as its own", () => {
  assert.deepEqual(tells("id: 6\ndata: a\n\nid: 6\ndata: b\n\n", "6").told, [["message", "a", "6", true], ["message", "b", "6", true]]);
  assert.deepEqual(tells("data: a\n\nid\ndata: b\n\nid\ndata: c\n\n").told,
    [["message", "a", "", false], ["message", "b", "", true], ["message", "c", "", true]]);
});

test("an empty id takes back the one that the stream goes on after", () => {
  assert.deepEqual(tells("id\ndata: a\n\ndata: b\n\n", "5"), { told: [["message", "a", "", true], ["message", "b", "", false]], lastId: "" });
  assert.deepEqual(tells("id\n\ndata: a\n\n", "5"), { told: [["message", "a", "", false]], lastId: "" });
  assert.deepEqual(tells("data: a\n\nid:\n\n", "5"), { told: [["message", "a", "5", false]], lastId: "" });
  assert.deepEqual(tells("data: a\n\nid: \0\n\n", "5"), { told: [["message", "a", "5", false]], lastId: "5" });
});

test("half of a character at the end of a line stays half, whatever the next line begins with", () => {
  const { told } = tells(bytesOf("data: a", [0xe6, 0x97], "\n", [0x80], "\n\ndata: é\n\n"));
  assert.deepEqual(told, [["message", "a\ufffd", "", false], ["message", "é", "", false]]);
});

test("what is no UTF-8 at the end of the data is replaced, also if the data is large or ends where a window does", () => {
  const data = (stream) => parse([stream]).told.map(([, data]) => data);
  const large = "é".repeat(9_000);
  assert.deepEqual(data(bytesOf("data:", large, [0x80], "\n\ndata: é\n\n")), [`${large}\ufffd`, "é"]);
  // The window is 32 KiB from the first data on: these 2 bytes, 7 between each, and all of the others.
  const [some, rest] = ["x".repeat(16_000), "x".repeat(32_768 - 2 - 3 * 7 - 2 * 16_000 - 1)];
  const stream = bytesOf(...["é", some, some].flatMap((data) => ["data:", data, "\n\n"]), "data:", rest, [0x80], "\n\ndata: é\n\n");
  assert.deepEqual(data(stream), ["é", some, some, `${rest}\ufffd`, "é"]);
});

/** Numbers below `end`, the same ones in every run (mulberry32). */
const draws = (seed) => (end) => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) % end;
};

const LINES = ["data", "data: ", "data: a", "data: é", "data:日本😀", "id", "id: 6", "id: 6", "id: 7é", "id: long-enough-for-the-decoder",
  "id: \0", "event: x", "event", ": c", "retry: 5", "", "", "", "", "", "é", bytesOf([0x80]), bytesOf("data: ", [0x80]), bytesOf("data: é", [0xf0]),
  bytesOf("data: ", [0xe6, 0x97]), bytesOf("id: ", [0xa9]), bytesOf("id", [0xc3])];

test("any stream tells what the standard says, however it is cut", () => {
  for (let seed = 0; seed < 3_000; seed += 1) {
    const draw = draws(seed);
    const lines = Array.from({ length: draw(24) }, () => [LINES[draw(LINES.length)], ["\n", "\n", "\r\n", "\r"][draw(4)]]);
    const stream = bytesOf(...lines.flat());
    const lastId = ["", "5", "6"][draw(3)];
    const expected = reference(stream, lastId);
    for (const most of [1, 4, 20, stream.length + 1]) {
      const chunks = [];
      for (let from = 0; from < stream.length;) {
        const to = most > stream.length ? stream.length : from + draw(most + 1);
        chunks.push(stream.subarray(from, to));
        from = to;
      }
      assert.deepEqual(parse(chunks, lastId), expected, `seed ${seed}, pieces of at most ${most}`);
    }
  }
});
