// Every code block of the documentation does what it says. What is done with it stands in its fence, after the language, where GitHub does
// not show it:
//
// | fence | what is done |
// | --- | --- |
// | `js`, `ts` | type-checked against the package, strictly, as a module; what it does not define is in application.d.ts |
// | `js page prints="…"` | also run in Chromium, as a module of a page of the fixture; its console has to show these texts, in this order |
// | `… prints="/…/"` | the same, with a regular expression |
// | `js page cut prints="a" prints="b"` | the same; as soon as the first text is there, all connections are cut |
// | `js node prints="…"` | also run in Node.js, with the fixture in place of the demo server, until it ends by itself |
// | `js test file=PATH` | a file of unit tests, or one that they import; `*.test.js` have to pass (unit-tests.test.mjs) |
// | `html page prints="…"` | a page of its own in Chromium; the script of the CDN is the package's |
// | `json` | parsed |
// | `rust` | compiled for wasm, as the body of an asynchronous function that may fail (rust.test.mjs); the rest is in application.rs |
// | `toml manifest` | the dependencies that the Rust blocks are compiled with |
// | `toml runner` | those that server-fixture/examples/browser_tests.rs is compiled with (rust.test.mjs) |
// | `http cors`, `http csp` | headers that a server really answers with, to a page that needs them (headers.test.mjs) |
// | `text` | nothing: what a program prints |
// | `sh` | each command exists, and what it names: files, targets, packages, tests (shell.test.mjs) |
// | `… recipe=NAME file=PATH` | a file of a server that is started and broken (servers.test.mjs); `sh recipe=NAME` starts it |
// | `… app=NAME file=PATH` | a file of an application that is built and opened (tests/e2e/frameworks.test.mjs, by `make test-apps`) |
// | `js client=NAME` | also a page of such a server, that has to miss nothing (the same) |
// | `nginx fragment` | within a `location`, by nginx itself (the same) |
//
// Any other language, word or name is an error, and so is a fence without a language. The tests need what `make package fixture` builds.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { root } from "../../docs/site/markdown.mjs";
import { pkg } from "../npm/support.mjs";
import { FENCES, blocks, blocksIn, placeOf } from "./blocks.mjs";
import { openHosts } from "./hosts.mjs";

const TIMEOUT = { timeout: 60_000 };
const DEMO = "http://127.0.0.1:4780";
const isRun = ({ words }) => words.includes("page") || words.includes("node");

test("every block is of a kind that something is done with", () => {
  const wrong = blocks.flatMap((block) => {
    const { language, words, values } = block;
    const fence = FENCES[language];
    if (!fence) return [`${placeOf(block)}: there is no treatment for "${language}"; expected ${Object.keys(FENCES).join(", ")}`];
    const strange = [[words, fence.words], [Object.keys(values), fence.values]]
      .flatMap(([given, known]) => given.filter((name) => !known.includes(name)));
    if (strange.length) return [`${placeOf(block)}: ${strange} means nothing after ${language}`];
    if (isRun(block) !== Boolean(values.prints)) return [`${placeOf(block)}: what is run has to print something, and only that has`];
    if (words.includes("cut") && values.prints.length < 2) return [`${placeOf(block)}: what is cut has to print before and after`];
    return [];
  });
  assert.deepEqual(wrong, []);
});

test("what is JSON can be parsed", () => {
  for (const block of blocksIn("json")) assert.doesNotThrow(() => JSON.parse(block.text), placeOf(block));
});

/** A folder with the package in node_modules, as an application has it. */
const folder = mkdtempSync(join(tmpdir(), "everwire-docs-"));
mkdirSync(join(folder, "node_modules"));
cpSync(pkg, join(folder, "node_modules/everwire"), { recursive: true });
after(() => rmSync(folder, { recursive: true }));

/** Writes a block to a file of the folder in which its lines have the numbers that they have in the documentation. */
function write({ path, line, text, language }) {
  const name = `${path.replace(/\W/g, "-")}-${line}.${language === "ts" ? "mts" : "mjs"}`;
  writeFileSync(join(folder, name), "\n".repeat(line) + text);
  return name;
}

test("every block of JavaScript and TypeScript fits the types of the package", TIMEOUT, () => {
  const names = blocksIn("js", "ts").map(write);
  cpSync(join(root, "tests/docs/application.d.ts"), join(folder, "application.d.ts"));
  const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["--strict", "--allowJs", "--checkJs", "--noEmit",
    "--target", "es2022", "--lib", "es2023,dom,dom.iterable,dom.asynciterable,esnext.disposable", "--types", "", "--module", "nodenext",
    "--moduleDetection", "force", "application.d.ts", ...names], { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stdout);
});

describe("what is run", () => {
  const hosts = openHosts();

  /** Waits until the lines have each text in turn. `tell(n)` is called when the first n are there. */
  async function prints(lines, texts, tell) {
    let from = 0;
    for (const [number, text] of texts.entries()) {
      const [, pattern] = /^\/(.*)\/$/.exec(text) ?? [];
      const fits = (line) => (pattern ? new RegExp(pattern).test(line) : line.includes(text));
      for (const end = Date.now() + 20_000; ; await setTimeout(20)) {
        const at = lines.findIndex((line, index) => index >= from && fits(line));
        from = at + 1;
        if (at >= 0) break;
        assert.ok(Date.now() < end, `"${text}" was not printed, but:\n${lines.join("\n")}`);
      }
      await tell?.(number + 1);
    }
  }

  /** A page of the fixture in which nothing is yet; `within(page)` puts the block there. */
  async function inPage(block, within) {
    const page = await hosts.browser.newPage();
    const lines = [];
    const errors = [];
    page.on("console", (message) => lines.push(message.text()));
    page.on("pageerror", ({ message }) => errors.push(message));
    // What application.d.ts declares.
    await page.addInitScript(() => Object.assign(window, {
      show: console.log, reload() {}, token: async () => "token", renewToken: async () => {}, ticket: async () => "ticket",
    }));
    try {
      await page.goto(`${hosts.fixture.origin}/www/blank.html`);
      await within(page);
      await prints(lines, block.values.prints, (number) => (
        block.words.includes("cut") && number === 1 && hosts.fixture.control("drop")));
      assert.deepEqual(errors, [], "what went wrong in the page");
    } finally {
      await page.close();
    }
  }

  for (const block of blocksIn("js").filter(({ words }) => words.includes("page"))) {
    test(`${placeOf(block)} does so in a page`, TIMEOUT, () => inPage(block, (page) => page.evaluate((code) => {
      const imports = Object.fromEntries(["", "/lazy", "/polyfill", "/devtools", "/user-timing"]
        .map((path) => [`everwire${path}`, `/pkg${path || "/index"}.js`]));
      for (const [type, text] of [["importmap", JSON.stringify({ imports })], ["module", code]]) {
        document.head.append(Object.assign(document.createElement("script"), { type, textContent: text }));
      }
    }, block.text)));
  }

  for (const block of blocksIn("html")) {
    test(`${placeOf(block)} is a page that does so`, TIMEOUT, () => inPage(block, async (page) => {
      const { jsdelivr } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
      await page.route(/^https:\/\/cdn\.jsdelivr\.net\/npm\/everwire/, (route) => (
        route.fulfill({ path: join(pkg, jsdelivr), contentType: "text/javascript" })));
      await page.setContent(block.text);
    }));
  }

  for (const block of blocksIn("js").filter(({ words }) => words.includes("node"))) {
    test(`${placeOf(block)} does so in Node.js, and ends`, TIMEOUT, async () => {
      const name = join(folder, write({ ...block, text: block.text.replaceAll(DEMO, hosts.fixture.origin) }));
      const { status, stdout, stderr } = spawnSync(process.execPath, [name], { cwd: dirname(name), encoding: "utf8", timeout: 30_000 });
      assert.equal(status, 0, stderr);
      await prints(stdout.split("\n"), block.values.prints);
    });
  }
});
