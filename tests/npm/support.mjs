// What the browser tests of the package need: the fixture server, a browser, and for each test a page with a few helpers.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, afterEach, before, beforeEach } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));
const pages = fileURLToPath(new URL("www", import.meta.url));
/** The package under test. */
export const pkg = resolve(process.env.EVERWIRE_PKG ?? join(root, "pkg"));

/** Starts the fixture on a free port; it serves the package as `/pkg/`, and the pages of these tests as `/www/`. */
export async function startFixture() {
  const binary = process.env.EVERWIRE_FIXTURE_BIN ?? resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug/everwire-fixture");
  const files = mkdtempSync(join(tmpdir(), "everwire-"));
  symlinkSync(pkg, join(files, "pkg"));
  symlinkSync(pages, join(files, "www"));
  const server = spawn(binary, ["--port", "0", "--root", files], { stdio: ["ignore", "pipe", "inherit"] });
  // It would outlive a test that was broken off.
  process.on("exit", () => server.kill("SIGKILL"));
  const failed = once(server, "error").then(([error]) => {
    throw new Error(`the fixture did not start (\`cargo build -p server-fixture\` builds it): ${error.message}`);
  });
  const [line] = await Promise.race([once(createInterface(server.stdout), "line"), failed]);
  const origin = line.replace("everwire fixture: ", "");
  const call = async (method, path, options) => {
    const response = await fetch(origin + path, { method, ...options });
    const text = await response.text();
    return text && JSON.parse(text);
  };
  return {
    origin,
    /** The same server, as another origin. */
    other: origin.replace("127.0.0.1", "localhost"),
    /** Does something of `POST /control/…`. */
    control: (what) => call("POST", `/control/${what}`),
    reset: () => call("DELETE", "/control"),
    publish: (channel, body, headers) => call("POST", `/relay/${channel}`, { body, headers }),
    /** The journal's entries under this path. */
    journal: (path) => call("GET", `/journal?path=${encodeURIComponent(path)}`),
    stop: async () => {
      server.kill("SIGKILL");
      await once(server, "exit");
      rmSync(files, { recursive: true });
    },
  };
}

export function launchBrowser(options) {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
    ...options,
  });
}

/** Makes the package the page's `everwire`. Its EventSource does not take the place of the browser's own, on which one rung stands. */
export const importPackage = (page) => page.evaluate(async () => {
  window.everwire = await import("/pkg/index.js");
  const { ReconnectingWebSocket, ReconnectingEventSource } = everwire;
  Object.assign(window, { ReconnectingWebSocket, ReconnectingEventSource });
});

/**
 * Opens a page of the fixture's origin, with the package imported; before anything else it runs these scripts of www/, and `before`. What
 * goes wrong unseen in it is in `errors`.
 */
export async function openPage(browser, { origin }, { scripts = [], before } = {}) {
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  for (const name of ["helpers.js", ...scripts]) await page.addInitScript({ path: join(pages, name) });
  if (before) await page.addInitScript(before);
  // Not one made up here, which would be on another network, as Chromium sees it.
  await page.goto(`${origin}/www/blank.html`);
  await importPackage(page);
  return Object.assign(page, { errors });
}

/** Waits until `look` finds something, and returns that. */
export async function eventually(look, what) {
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((resolve) => { setTimeout(resolve, 20); })) {
    const found = await look();
    if (found) return found;
  }
  throw new Error(`it never happened that ${what}`);
}

/**
 * Sets the scene for the tests of a file: the `fixture`, the `browser`, and for each test a `page` of its own, and a `channel` that no
 * other test uses. What runs in the page, by `inPage`, finds there what www/helpers.js and other `scripts` of www/ have, the reconnecting
 * classes, and all of the package as `everwire`. The other options are those of the browser.
 */
export function setScene({ scripts, ...options } = {}) {
  const scene = {
    inPage: (script, argument = scene.channel) => scene.page.evaluate(script, argument),
    /** The requests for `path`, by default the channel's stream: GETs and POSTs, as preflights are the browser's. */
    requests: async (path = `/sse/${scene.channel}`) => (
      (await scene.fixture.journal(path)).filter((entry) => entry.path === path && entry.method !== "OPTIONS")),
    /** Another page in place of the test's; `before` runs in it before anything else. */
    reopen: async (before) => {
      await scene.page.close();
      scene.page = await openPage(scene.browser, scene.fixture, { scripts, before });
    },
  };
  let tests = 0;
  // The next test's page is opened while a test runs, most of which is waiting.
  let prepared;
  const prepare = () => {
    prepared = openPage(scene.browser, scene.fixture, { scripts });
    // The last one is for nobody.
    prepared.catch(() => {});
  };
  before(async () => {
    [scene.fixture, scene.browser] = await Promise.all([startFixture(), launchBrowser(options)]);
    prepare();
  });
  after(async () => {
    await scene.browser?.close();
    await scene.fixture?.stop();
  });
  beforeEach(async () => {
    await scene.fixture.reset();
    scene.page = await prepared;
    prepare();
    /** What a test expects to go wrong unseen. */
    scene.expected = [];
    tests += 1;
    scene.channel = `test-${tests}`;
  });
  afterEach(async () => {
    await scene.page.close();
    assert.deepEqual(scene.page.errors, scene.expected, "what went wrong unseen in the page");
  });
  return scene;
}
