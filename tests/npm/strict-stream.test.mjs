// The strict EventSource in Chromium: "Parsing an event stream" and "Interpreting an event stream", WHATWG HTML 9.2.5 and 9.2.6. The same
// bytes go to the browser's own class and to ours, over fetch and over XHR.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setScene } from "./support.mjs";

const scene = setScene({ scripts: ["witness.js"] });
const { inPage } = scene;

let stored = 0;
/** Stores these bytes with the fixture, and tells where. */
const at = async (bytes, query = "") => {
  stored += 1;
  const path = `/sse/bytes/${stored}`;
  await fetch(scene.fixture.origin + path, { method: "POST", body: bytes });
  return path + query;
};

/** The messages of these bytes have to be those, as [data] or [data, id] or [data, id, type], whoever is asked. */
const gives = async (bytes, messages, { types, query, from = ["native", "ours", "xhr"] } = {}) => {
  const told = await inPage(([url, types]) => compare(url, { types }), [await at(bytes, query), types]);
  const expected = messages.map(([data, id = "", type = "message"]) => [type, data, id, scene.fixture.origin]);
  for (const name of from) {
    assert.deepEqual(told[name], [["open", 1], ...expected, ["error", 0]], `${name} of ${JSON.stringify(bytes)}`);
  }
};

// ---- 9.2.5: the grammar ----

test("lines end with LF, CR, or CR LF, in any mixture", async () => {
  await gives("data: 1\n\ndata: 2\r\rdata: 3\r\n\r\n", [["1"], ["2"], ["3"]]);
  await gives("data: a\ndata: b\r\ndata: c\rdata: d\n\r\n", [["a\nb\nc\nd"]]);
  await gives("data: 1\r\n\ndata: 2\n\rdata: 3\n\n\n\r\r", [["1"], ["2"], ["3"]]);
  await gives("data\n\r\ndata: x\r\n\n", [[""], ["x"]]);
});

test("other characters that end lines elsewhere end none here", async () => {
  await gives("data: a\u2028b\u2029c\u0085d\u000be\u000cf\n\n", [["a\u2028b\u2029c\u0085d\u000be\u000cf"]]);
});

test("one leading byte order mark is ignored, and no other", async () => {
  await gives("\uFEFFdata: 1\n\n", [["1"]]);
  await gives("\uFEFF\uFEFFdata: 1\n\ndata: 2\n\n", [["2"]]);
  await gives("\ndata: 1\n\n\uFEFFdata: 2\n\ndata: \uFEFF3\n\n", [["1"], ["\uFEFF3"]]);
  await gives("\uFEFF", []);
});

test("a byte order mark is ignored again at the start of each connection", async () => {
  const url = await at("\uFEFFretry: 100\ndata: 1\n\n");
  const told = await inPage(async (url) => {
    const told = {};
    for (const [name, open] of Object.entries(subjects)) {
      const source = open(url);
      told[name] = await take(source, 2);
      source.close();
    }
    return told;
  }, url);
  for (const [name, came] of Object.entries(told)) assert.deepEqual(came, ["1", "1"], name);
});

test("the stream is UTF-8, whatever its type says", async () => {
  await gives("data: é 日本 😀\n\n", [["é 日本 😀"]]);
  await gives("data: é\n\n", [["é"]], { query: "?content-type=text/event-stream;charset=utf-8" });
  // Chromium's own refuses these, which the standard has no word of.
  const from = ["ours", "xhr"];
  await gives("data: é\n\n", [["é"]], { query: "?content-type=text/event-stream;charset=iso-8859-1", from });
  await gives("data: é\n\n", [["é"]], { query: "?content-type=text/event-stream;charset=utf-16", from });
});

test("bytes that are no UTF-8 become U+FFFD, and disturb nothing else", async () => {
  const bytes = (...parts) => Buffer.concat(parts.map((part) => Buffer.from(part)));
  await gives(bytes("data: ", [0xff, 0xc3], "x", [0xe2, 0x82], "\n\n"), [["\uFFFD\uFFFDx\uFFFD"]]);
  await gives(bytes("data: ", [0xc3], "\ndata: ", [0xa9], "\n\n"), [["\uFFFD\n\uFFFD"]]);
  await gives(bytes("data: ", [0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80], "\n\n"), [["\uFFFD".repeat(7)]]);
  await gives(bytes("da", [0xc3], "ta: 1\n\ndata: 2\n\n"), [["2"]]);
});

for (const cut of ["trickle", "cut-utf8"]) {
  test(`events do not depend on how the bytes are cut: ${cut} (T26)`, async () => {
    const bytes = "\uFEFF: hi\r\nid: é1\r\nevent: x\r\ndata: 日本\r\ndata: 😀\r\n\r\nretry: 100\rdata\r\rid\rdata:b\r\n\r\n";
    await gives(bytes, [["日本\n😀", "é1", "x"], ["", "é1"], ["b", ""]], { types: ["message", "x"], query: `?${cut}` });
  });
}

test("long lines and large chunks are whole", async () => {
  const long = "x".repeat(300_000);
  await gives(`data: ${long}\n\ndata: ${long}é\n\n`, [[long], [`${long}é`]]);
  const small = Array.from({ length: 5000 }, (_, i) => `${i}${i % 7 ? "" : "ü"}`);
  await gives(small.map((data) => `data: ${data}\n\n`).join(""), small.map((data) => [data]));
});

// ---- 9.2.6: lines ----

test("a line that starts with a colon is ignored", async () => {
  await gives(": comment\ndata: 1\n:data: x\n\n:\n\n:::\n\n", [["1"]]);
});

test("the first colon parts the name from the value, and one space after it is removed", async () => {
  await gives("data:1\n\ndata: 2\n\ndata:  3\n\ndata:\t4\n\ndata: 5 \n\ndata: a: b\n\ndata::\n\n",
    [["1"], ["2"], [" 3"], ["\t4"], ["5 "], ["a: b"], [":"]]);
});

test("a line without a colon is a name with an empty value", async () => {
  await gives("data\n\ndata\ndata\n\n", [[""], ["\n"]]);
});

test("names are compared as they are; what is unknown is ignored", async () => {
  await gives("Data: 1\nDATA: 2\n data: 3\ndata : 4\ndata\t: 5\ndat: 6\ndatas: 7\nx: 8\n: data\ndata: 9\n\n", [["9"]]);
});

test("data is collected line by line, and loses its last line end", async () => {
  await gives("data: 1\ndata: 2\n\ndata:\ndata: 3\ndata:\n\ndata: \ndata: \n\n", [["1\n2"], ["\n3\n"], ["\n"]]);
});

test("event sets the type, for one event; the last one counts, and an empty one is message", async () => {
  const types = ["message", "a", "b", " c", "open ", "😀"];
  await gives("event: a\ndata: 1\n\ndata: 2\n\nevent: a\nevent: b\ndata: 3\n\nevent: a\nevent\ndata: 4\n\nevent:  c\ndata: 5\n\n",
    [["1", "", "a"], ["2"], ["3", "", "b"], ["4"], ["5", "", " c"]], { types });
  await gives("event: 😀\ndata: 1\n\nevent: b\n\ndata: 2\n\n", [["1", "", "😀"], ["2"]], { types });
});

test("an event may be named like one of the object's own", async () => {
  const url = await at("event: open\ndata: 1\n\nevent: error\ndata: 2\n\nevent: message\ndata: 3\n\n");
  const told = await inPage((url) => compare(url), url);
  for (const [name, entries] of Object.entries(told)) {
    const messages = ["open", "error", "message"].map((type, i) => [type, String(i + 1), "", scene.fixture.origin]);
    assert.deepEqual(entries, [["open", 1], ...messages, ["error", 0]], name);
  }
});

test("id sets the last event id, which lasts until another one comes", async () => {
  await gives("id: 1\ndata: a\n\ndata: b\n\nid: 2\nid: 3\ndata: c\n\nid\ndata: d\n\nid:  4\ndata: e\n\n",
    [["a", "1"], ["b", "1"], ["c", "3"], ["d", ""], ["e", " 4"]]);
});

test("an id counts although its block has no data", async () => {
  await gives("id: 1\n\ndata: a\n\nid: 2\nevent: x\n\ndata: b\n\n", [["a", "1"], ["b", "2"]]);
});

test("an id with U+0000 is ignored, and a NUL elsewhere is a character", async () => {
  await gives("id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid: \0\ndata: c\n\n", [["a", "1"], ["b", "1"], ["c", "1"]]);
  await gives("data: a\0b\n\nda\0ta: x\n\nevent: \0\ndata: y\n\n", [["a\0b"], ["y", "", "\0"]], { types: ["message", "\0"] });
});

// ---- 9.2.6: dispatching ----

test("a block without data is no event, and its type is forgotten", async () => {
  await gives("event: x\n\ndata: 1\n\nretry: 100\n\nid: 7\n\n\n\n", [["1"]], { types: ["message", "x"] });
});

test("what the end of the stream leaves unfinished is discarded, its id included", async () => {
  await gives("data: 1\n\ndata: 2", [["1"]]);
  await gives("data: 1\n\ndata: 2\n", [["1"]]);
  await gives("id: 1\ndata: 1\n\nid: 2\ndata: 2\n", [["1", "1"]]);
  await gives("data: 1\n\ndata: 2\r", [["1"]]);
});

test("an event is a MessageEvent like the browser's own, but that it is not trusted", async () => {
  const seen = await inPage(async (url) => {
    const looks = {};
    for (const [name, open] of Object.entries(subjects)) {
      const source = open(url);
      const event = await next(source, "message");
      source.close();
      const { type, bubbles, cancelable, composed, defaultPrevented, ports, source: from, isTrusted } = event;
      looks[name] = {
        type, bubbles, cancelable, composed, defaultPrevented, ports: ports.length, from, isTrusted, is: event.constructor === MessageEvent,
        target: event.target === source && event.srcElement === source,
      };
    }
    return looks;
  }, await at("data: 1\n\n"));
  const { native, ...ours } = seen;
  assert.equal(native.isTrusted, true);
  for (const [name, look] of Object.entries(ours)) assert.deepEqual(look, { ...native, isTrusted: false }, name);
});

test("who awaits an event hears the next one, though it came in the same chunk", async () => {
  const told = await inPage(async (url) => {
    const told = {};
    for (const [name, open] of Object.entries(subjects)) {
      const source = open(url);
      const came = [];
      while (came.length < 5) came.push((await next(source, "message")).data);
      source.close();
      told[name] = came;
    }
    return told;
  }, await at("data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\ndata: 5\n\n"));
  for (const [name, came] of Object.entries(told)) assert.deepEqual(came, ["1", "2", "3", "4", "5"], name);
});
