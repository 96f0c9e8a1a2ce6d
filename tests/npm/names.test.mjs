import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CAUSES, CONTINUITIES, PHASES, TRANSPORTS, VERDICTS, WHY_DROPPED } from "../../pkg-template/names.js";
import * as names from "../../pkg-template/names.js";

const core = (file) => readFileSync(new URL(`../../src/core/${file}.rs`, import.meta.url), "utf8");

/** The variants of a Rust enum without fields, in order. */
function variants(file, name) {
  const [, body] = new RegExp(`pub enum ${name} \\{\\n(.*?)\\n\\}`, "s").exec(core(file));
  return [...body.matchAll(/^    (\w+),$/gm)].map(([, variant]) => variant);
}

/** What `as_str` calls them, in order. */
function called(file, name) {
  const [, body] = new RegExp(`impl ${name} \\{.*?fn as_str\\(self\\)(.*?)\\n    \\}`, "s").exec(core(file));
  return variants(file, name).map((variant) => new RegExp(`Self::${variant} => "(.*?)"`).exec(body)[1]);
}

const NAMED = [
  [PHASES, "types", "Phase"],
  [TRANSPORTS, "types", "Transport"],
  [WHY_DROPPED, "types", "Why"],
  [CONTINUITIES, "cursor", "Continuity"],
  [CAUSES.map(([kind]) => kind), "cause", "Kind"],
];

for (const [inJavaScript, file, name] of NAMED) {
  test(`JavaScript has the names of ${name} in the order of its variants`, () => {
    assert.deepEqual(inJavaScript, called(file, name));
  });
}

test("the numbers of the page's events are the places of PageEvent's variants", () => {
  const numbers = variants("types", "PageEvent").map((variant) => names[variant.toUpperCase()]);
  assert.deepEqual(numbers, [0, 1, 2, 3, 4]);
});

test("the number of a verdict is the place of its name, plus one", () => {
  const source = readFileSync(new URL("../../src/js/machine.rs", import.meta.url), "utf8");
  VERDICTS.forEach((name, at) => {
    const variant = name[0].toUpperCase() + name.slice(1);
    assert.match(source, new RegExp(`\\(None, ${at + 1}\\) => Some\\(Ruling::Verdict\\(Verdict::${variant}\\)\\)`));
  });
});

test("the numbers of the inputs are those that src/js/machine.rs takes", () => {
  const source = readFileSync(new URL("../../src/js/machine.rs", import.meta.url), "utf8");
  const arm = (number, what) => assert.match(source, new RegExp(`\\b${number} (=>|\\|)[^\\n]*${what}`), what);
  arm(names.START, "Input::Start");
  arm(names.TICK, "Input::Tick");
  arm(names.FLUSH, "Input::Flush");
  arm(names.RECONNECT, "Input::Reconnect");
  arm(names.CLOSE, "Input::Close");
  arm(names.PAGE, "PageEvent::ALL");
  arm(names.OPENED, "Report::Opened");
  arm(names.SOURCE_ERROR, "Report::SourceError");
  arm(names.UNREADY, "Report::Unready");
  arm(names.DONE, "Report::Done");
  arm(names.UNSENT, "Report::Unsent");
  arm(names.ASKED, "Report::Asked");
  arm(names.CLOSING, "Report::Closing");
  arm(names.FAILED, "Report::Failed");
  arm(names.CLOSED, "Report::Closed");
  arm(names.WALL_CLOCK, "Input::WallClock");
  arm(names.JUDGED, "Input::Judged");
  arm(names.REFRESHED, "Input::Refreshed");
  assert.match(source, new RegExp(`${names.ANSWER}\\.\\.=${names.HEAD} =>`));
});
