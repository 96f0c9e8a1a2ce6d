// What pages are built with. In each the application of consumers/app, which has one import of the package, is built without a word of
// configuration, and opened: a socket, a stream and the strict EventSource receive, in the window and in each worker that the builder knows
// how to build. The same with everwire/lazy, where the builder finds the module that is fetched. (The classic script is in
// strict-interface.test.mjs, and workers that load the package by its path in hosts.test.mjs.)
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeProject, run, start, tool } from "./consumers/project.mjs";
import { serve } from "./consumers/serve.mjs";
import { launchBrowser, startFixture } from "./support.mjs";
import { launchFirefox } from "./webdriver.mjs";

const WORKERS = ["dedicated worker", "shared worker"];
const ALL = ["window", ...WORKERS, "service worker"];
const LAZY = { Chromium: ["window", "dedicated worker"] };

const bundle = (...args) => ["src/index.js", "src/worker.js", ...args];
/** A page for a builder that makes none itself. */
const page = (script) => `<!doctype html>\n<meta charset="utf-8">\n<title>Built</title>\n<link rel="icon" href="data:,">\n${script}\n`;
const classic = page("<script defer src=\"main.js\"></script>");
const module = page("<script type=\"module\" src=\"index.js\"></script>");

/**
 * By name: the command that builds or serves, and in which hosts its page is opened. Vite builds no service workers, and an import map
 * is for the window alone. Firefox has service workers only as classic scripts. `lazy`: where the page with everwire/lazy is opened,
 * of a builder that copies the module; esbuild, rollup and Bun's do not.
 */
const CONSUMERS = {
  "Vite, build": {
    command: ["vite", "build"],
    lazy: { ...LAZY, Firefox: ["window"] }, Chromium: ["window", ...WORKERS], Firefox: ["window", ...WORKERS],
  },
  "Vite, dev": { command: ["vite", "--host", "127.0.0.1", "--port", "0"], serves: true, lazy: LAZY, Chromium: ALL },
  webpack: { command: ["webpack"], lazy: LAZY, page: classic, Chromium: ALL, Firefox: ["service worker"] },
  Rspack: { command: ["rspack", "build"], lazy: LAZY, page: classic, Chromium: ALL },
  Parcel: { command: ["parcel", "build", "index.html"], lazy: LAZY, Chromium: ALL },
  esbuild: { command: ["esbuild", ...bundle("--bundle", "--format=esm", "--outdir=dist")], page: module, Chromium: ALL },
  rollup: { command: ["rollup", ...bundle("--dir", "dist", "--plugin", "node-resolve")], page: module, Chromium: ALL },
  "Bun's builder": { command: ["bun", "build", ...bundle("--outdir=dist")], page: module, Chromium: ALL },
  "no builder, an import map": {
    page: page(`<script type="importmap">
      { "imports": { "everwire": "/node_modules/everwire/index.js", "everwire/lazy": "/node_modules/everwire/lazy.js" } }
      </script>
      <script type="module" src="src/index.js"></script>`),
    lazy: { Chromium: ["window"] }, Chromium: ["window"], Firefox: ["window"],
  },
};

let fixture;
/** Each opens an address and has a host of its page receive, and tells what went wrong in it. */
const browsers = {};
const closing = [];

before(async () => {
  fixture = await startFixture();
  closing.push(fixture.stop);
  await fixture.publish("greetings", "hi");
  const chromium = await launchBrowser();
  closing.unshift(() => chromium.close());
  browsers.Chromium = async (address, host) => {
    const page = await chromium.newPage();
    const wrong = [];
    page.on("pageerror", ({ message }) => wrong.push(message));
    page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
    await page.goto(address);
    const received = await page.evaluate(([host, server]) => hosts[host](server), [host, fixture.origin]);
    await page.context().close();
    return { received, wrong };
  };
  const firefox = await launchFirefox();
  closing.unshift(firefox.close);
  browsers.Firefox = async (address, host) => {
    await firefox.goto(address);
    return { received: await firefox.execute("return hosts[given[0]](given[1]);", host, fixture.origin), wrong: [] };
  };
});

after(async () => {
  for (const close of closing) await close();
});

/** Builds the application, with its import of this entry, in a project of its own, and serves what came of it. */
async function consume({ command: [name, ...args] = [], page, serves }, entry) {
  const folder = makeProject(entry);
  if (serves) return start(tool(name), args, { cwd: folder });
  if (name) await run(tool(name), args, { cwd: folder });
  const built = name ? join(folder, "dist") : folder;
  if (page) writeFileSync(join(built, "index.html"), page);
  if (name) {
    const modules = readdirSync(built, { recursive: true }).filter((file) => file.endsWith(".wasm"));
    assert.equal(modules.length, entry === "everwire/lazy" ? 1 : 0, String(modules));
  }
  return serve(built);
}

/** Tests the page that this builds, in these hosts. */
function consuming(name, consumer, entry, hosts) {
  test(`${name}: one import of ${entry}, and all three classes receive`, { timeout: 120_000 }, async (t) => {
    const site = await consume(consumer, entry);
    t.after(site.stop);
    for (const browser of ["Chromium", "Firefox"]) {
      for (const host of hosts[browser] ?? []) {
        await t.test(`${browser}, ${host}`, { timeout: 60_000 }, async () => {
          const { received, wrong } = await browsers[browser](`${site.origin}/`, host);
          assert.deepEqual(received, { socket: "hello", events: "hi", strict: "hi" });
          assert.deepEqual(wrong, [], "what went wrong unseen");
        });
      }
    }
  });
}

for (const [name, consumer] of Object.entries(CONSUMERS)) {
  consuming(name, consumer, "everwire", consumer);
  if (consumer.lazy) consuming(name, consumer, "everwire/lazy", consumer.lazy);
}
