// docs/options.md is what the types say; and the types say of the defaults what the code does.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../../docs/site/markdown.mjs";
import { events, interfaces, page, sections } from "../../docs/site/options.mjs";
import { NUMBERS } from "../../pkg-template/options.js";

const read = (path) => readFileSync(join(root, path), "utf8");
const all = sections.flatMap(({ title, options }) => options.map((option) => ({ title, ...option })));

test("the page is made from the types", () => {
  assert.equal(read("docs/options.md"), page, "`node docs/site/options.mjs` makes it anew");
});

test("every interface of options is on it", () => {
  const named = new Set(sections.flatMap(({ names }) => names));
  const options = [...interfaces.keys()].filter((name) => /(Options|Init)$/.test(name));
  assert.deepEqual(options.filter((name) => !named.has(name)), []);
});

test("every event of the classes is on it", () => {
  const { ConnectionEventMap, WebSocketEventMap } = Object.fromEntries(["ConnectionEventMap", "WebSocketEventMap"]
    .map((name) => [name, interfaces.get(name).map(({ key }) => key.name)]));
  assert.deepEqual(events.map(([name]) => name), [...ConnectionEventMap, ...WebSocketEventMap.filter((name) => name !== "message")]);
});

test("every option says what it does", () => {
  assert.deepEqual(all.filter(({ words }) => !words).map(({ title, name }) => `${title} ${name}`), []);
});

test("every number has a default, and a unit where it is not a mere factor or without end", () => {
  const numbers = all.filter(({ type }) => type === "number");
  assert.ok(numbers.length > 15);
  for (const { title, name, fallback } of numbers) {
    assert.match(fallback ?? "", /^[\d,]+ (ms|bytes|messages|events|ids)\b|^Infinity$|^2$|^that of/, `${title} ${name}`);
  }
});

/** The default of an option as a number, by the title of its section and its name. */
function documented(path) {
  const [owner, member] = path.includes(".") ? path.split(".") : [undefined, path];
  const found = all.find(({ title, name }) => name === member && (owner === undefined || title === `\`${owner}\``));
  assert.ok(found, `there is an option ${path}`);
  return Number(found.fallback.replaceAll(",", "").split(" ")[0]);
}

test("the numbers are those of the code", () => {
  const elsewhere = {
    "outbox.maxBytes": ["pkg-template/websocket.js", /\["outbox\.maxBytes", ([\d_]+),/],
    "heartbeat.interval": ["pkg-template/websocket.js", /interval = ([\d_]+), timeout/],
    "heartbeat.timeout": ["pkg-template/websocket.js", /timeout = ([\d_]+), message/],
    maxEventBytes: ["pkg-template/eventsource.js", /MAX_EVENT_BYTES = ([\d_ *]+);/],
    limit: ["pkg-template/iterate.js", /LIMIT = ([\d_]+);/],
    "resume.dedupe": ["pkg-template/options.js", /dedupe = ([\d_]+),/],
  };
  const found = Object.entries(elsewhere).map(([name, [path, pattern]]) => {
    const [, text] = pattern.exec(read(path)) ?? [];
    assert.ok(text, `${path} has ${pattern}`);
    return [name, text.replaceAll("_", "").split("*").reduce((product, factor) => product * Number(factor), 1)];
  });
  const defaults = Object.fromEntries([...NUMBERS.map(([name, fallback]) => [name, fallback]), ...found]);
  assert.deepEqual(Object.fromEntries(Object.keys(defaults).map((name) => [name, documented(name)])), defaults);
});
