// Runs the web-platform-tests of `eventsource/` and `websockets/` in Chromium, first with its own class, then with others in its place, and
// compares. See README.md for where the tests come from and how subjects are named.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { hosts, startServer } from "./server.mjs";
import { findTests, scopes, suites } from "./suite.mjs";

const usage = `Usage: WPT=/path/to/wpt node tests/conformance/run.mjs [eventsource] [websockets] [--only=TEXT] [NAME=SCRIPT …]

WPT is a checkout of web-platform-tests, or what there is of one: its folders eventsource/, websockets/, common/, interfaces/ and resources/
(with testharness.js). Without a suite, both are run.
Without a subject, ours is run: pkg/dist/everwire.iife.js, which \`make package\` builds.`;

const ours = fileURLToPath(new URL("../../pkg/dist/everwire.iife.js", import.meta.url));
const oursInPlace = fileURLToPath(new URL("subjects/everwire.js", import.meta.url));
// A status of testharness.js, for a test and for the whole.
const passed = 0;
const atOnce = 4;
/** These measure how long a reconnection took, and allow a quarter; what else runs must not add to it. */
const isOfTime = ({ file }) => file.includes("retry");
// Beyond the time limits that testharness.js sets itself; for a page that hangs altogether.
const patience = 90_000;

const options = process.argv.slice(2);
const only = options.find((option) => option.startsWith("--only="))?.slice("--only=".length) ?? "";
const named = options.filter((option) => option in suites);
const subjects = options.filter((option) => /^[^-].*=/.test(option)).map((option) => option.split("=", 2));
const unknown = options.find((option) => !(option in suites) && !/^(--only|[^-].*)=/.test(option));
const root = process.env.WPT;
const folders = named.length ? named : Object.keys(suites);

if (unknown) fail(`${usage}\n\nWhat is ${unknown}?`);
for (const needed of [...folders, "resources/testharness.js"]) {
  if (!root || !existsSync(join(root, needed))) fail(`${usage}\n\nThere is no ${join(root || "$WPT", needed)}.`);
}
const classes = [];
for (const [name, script] of subjects.length ? subjects : [["everwire", ours]]) classes.push([name, await load(script)]);
for (const folder of folders) {
  const tests = findTests(root, folder).filter(({ url }) => url.includes(only));
  if (!tests.length) {
    console.log(`${folder}: no test has "${only}" in its address`);
    continue;
  }
  const native = await run("native", tests);
  print(`${folder}, native`, tests, native, native);
  for (const [name, subject] of classes) print(`${folder}, ${name}`, tests, await run(name, tests, subject), native);
}

function fail(message) {
  console.error(message);
  process.exit(2);
}

/** The subject as a classic script that puts its class in place of the native one. A module is bundled; ours has a global of its own. */
async function load(script) {
  if (!existsSync(script)) fail(`${usage}\n\nThere is no ${script}.`);
  // What connects by the global WebSocket is to find the native one there.
  if (!script.endsWith(".mjs")) {
    return `{ const { WebSocket } = self;\n${readFileSync(script, "utf8")}\n}\n${readFileSync(oursInPlace, "utf8")}`;
  }
  const { outputFiles } = await build({ entryPoints: [script], bundle: true, format: "iife", platform: "browser", write: false });
  return outputFiles[0].text;
}

/** Runs every test, each in a browser profile of its own, and gives the subtests by scope and name. */
async function run(name, tests, subject) {
  const server = await startServer(root, subject);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--ignore-certificate-errors",
      `--host-resolver-rules=${hosts.map((host) => `MAP ${host} 127.0.0.1`).join(", ")}`],
  });
  const results = [];
  const work = async (queue) => {
    for (let test = queue.shift(); test; test = queue.shift()) results.push(...await runOne(browser, server, test));
  };
  const together = tests.filter((test) => !isOfTime(test));
  await Promise.all(Array.from({ length: atOnce }, () => work(together)));
  await work(tests.filter(isOfTime));
  await browser.close();
  server.stop();
  if (server.missing.size) console.log(`${name}: the server does not have ${[...server.missing].sort().join(", ")}`);
  return results.sort((a, b) => (a.key < b.key ? -1 : 1));
}

async function runOne(browser, server, { url, scope, secure, transport }) {
  const context = await browser.newContext();
  const page = await context.newPage();
  // Some names have the address of the server in them, and its port is another in each run.
  const stable = (name) => name.replace(/(\.test):\d+/g, "$1");
  const result = (name, status, message) => ({ key: `${url} | ${stable(name)}`, scope, transport, passed: status === passed, message });
  try {
    await page.goto((secure ? server.secureOrigin : server.origin) + url, { waitUntil: "commit" });
    const handle = await page.waitForFunction(() => window.outcome, undefined, { timeout: patience });
    const { harness, message, tests: subtests } = await handle.jsonValue();
    const results = subtests.map((subtest) => result(subtest.name, subtest.status, subtest.message));
    if (!results.length) results.push(result("the harness", harness || 1, message ?? "no subtest was reported"));
    return results;
  } catch (error) {
    return [result("the harness", 1, error.message)];
  } finally {
    await context.close();
  }
}

/** The table of one subject, and what the native class passes but this one does not. */
function print(name, tests, results, native) {
  const good = new Set(native.filter((result) => result.passed).map(({ key }) => key));
  const count = (list) => `${list.filter((result) => result.passed).length}/${list.length}`;
  const row = (title, wanted) => {
    const mine = results.filter(wanted);
    if (!mine.length) return;
    const kept = mine.filter((result) => result.passed && good.has(result.key)).length;
    const due = native.filter((result) => wanted(result) && result.passed).length;
    console.log(`| ${title.padEnd(16)} | ${count(mine).padStart(9)} | ${`${kept}/${due}`.padStart(11)} |`);
  };
  console.log(`\n${name}: ${tests.length} tests\n`);
  console.log(`| ${"scope".padEnd(16)} |    passed | of native's |\n|${"-".repeat(18)}|----------:|------------:|`);
  for (const scope of scopes) row(scope, (result) => result.scope === scope);
  for (const transport of ["plain", "TLS"]) row(transport, (result) => result.transport === transport);
  row("all", () => true);

  const mine = new Map(results.map((result) => [result.key, result]));
  const itself = results === native;
  const lost = native.filter(({ key }) => (itself || good.has(key)) && !mine.get(key)?.passed);
  if (lost.length) console.log(itself ? "\nNot passed:" : "\nPassed by native and not by this:");
  for (const { key } of lost) console.log(`- ${key}\n    ${mine.has(key) ? mine.get(key).message : "not reported"}`);
}
