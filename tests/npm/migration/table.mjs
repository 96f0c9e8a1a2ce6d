// The tables of docs/migration.md, whose code is run: that of the left column with the package that it was written for, that of the right
// one with everwire. Both have the fake network of everwire/testing, which is held to a browser's own in testing.test.mjs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { pkg } from "../support.mjs";

const URL_OF_PAGE = "https://example.com/";

/** A module of the package under test. */
export const load = (name, query = "") => import(pathToFileURL(join(pkg, name)) + query);

// A row is about hosts that have no WebSocket of their own, as Node 20, and what the package finds when it is imported counts.
delete globalThis.WebSocket;
export const everwire = await load("index.js");
const { fakeNetwork } = await load("testing.js");

/** A package that pages are moved from. */
export const peer = createRequire(new URL("../peers/", import.meta.url));

/** The rows of each table of the page, in order: `{ was, becomes }`, as code, and `last`, the third column as it is written. */
export const tables = readFileSync(new URL("../../../docs/migration.md", import.meta.url), "utf8").match(/(^\|.*\n)+/gm).map((table) => (
  table.trim().split("\n").slice(2).map((line) => {
    const [was, becomes, last] = line.split(/(?<!\\)\|/).slice(1).map((cell) => cell.trim().replaceAll("\\|", "|").replace(/^`([^`]*)`$/, "$1"));
    return { was, becomes: becomes === "the same" ? was : becomes, last };
  })));

/** Runs code of a cell, and returns what it gives, unless it is statements. */
const evaluate = (code, scope) => {
  // An import is none of a function.
  if (/^import /.test(code)) return scope.install();
  const body = /;$/.test(code) ? code : `return (${code});`;
  return new Function(...Object.keys(scope), body)(...Object.values(scope));
};

/**
 * Plays a row of a table with one package, and returns what `observe(scene)` does. The scene has
 *   net, server   the fake network, and its server at the URL
 *   make()        what the page had before the row's code ran: a connection, made as the row says if it is about that
 *   run()         runs the row's code, if that is not how it is made; with what is in `scope`
 *   lose()        loses the newest connection, and waits for the next one
 *   shown         what the page has shown, each call's arguments
 */
const play = async (code, { prepare, create }, { observe, scheme = "https", options }) => {
  const net = fakeNetwork({ page: URL_OF_PAGE, ...options });
  const url = `${scheme}://example.com/place`;
  const shown = [];
  const show = (...given) => shown.push(given);
  const noted = (name) => () => show(name);
  const scope = { url, show, hello: noted("hello"), lost: noted("lost"), failed: noted("failed"), log: noted("log") };
  const { log, error } = console;
  Object.assign(console, { log: noted("log"), error() {} });
  try {
    Object.assign(scope, await prepare(scope));
    const isOptions = code.startsWith("{");
    const isWhole = isOptions || /^new |^fetchEventSource/.test(code);
    const scene = {
      net, shown, scope, url,
      server: net.server(url),
      make: () => {
        const made = isOptions || !isWhole ? create(url, isOptions ? evaluate(code, scope) : undefined, scope) : evaluate(code, scope);
        Object.assign(scope, { ws: made, es: made });
        return made;
      },
      run: () => evaluate(code, scope),
      lose: async () => {
        scene.server.connection.drop();
        await net.until(() => scene.server.connection);
        await net.advance();
      },
    };
    return await observe(scene);
  } finally {
    Object.assign(console, { log, error });
    net.restore();
  }
};

/**
 * Makes tests of a table. `rows` has for the code of each left column `[sentence, observe, expected, more]`; `from` are the packages that
 * it was written for, by name, and `to` is everwire: each with `prepare(scope)`, which gives what else is in scope, and `create(url,
 * options, scope)`.
 */
export const testTable = (table, rows, from, to, more) => {
  test(`every row of the table from \`${table[0].was}\` on has a test`, () => {
    assert.deepEqual(table.map(({ was }) => was), Object.keys(rows));
  });
  for (const { was, becomes } of table) {
    const [sentence, observe, expected, special] = rows[was] ?? ["nothing"];
    for (const [name, peer] of Object.entries(from)) {
      test(`${sentence}, from ${name} to everwire`, async () => {
        const how = { observe, ...more, ...special };
        assert.deepEqual(await play(was, peer, how), expected, `${name}: ${was}`);
        assert.deepEqual(await play(becomes, to, how), expected, `everwire: ${becomes}`);
      });
    }
  }
};
