// What the test of the demo page and scripts/screenshot.mjs share: the fixture as a process of its own, the browser, a tab.

import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../../", import.meta.url));
export const artifacts = join(root, "artifacts");

const BINARY = process.env.EVERWIRE_FIXTURE_BIN ?? resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug/everwire-fixture");

/** Generous, for a machine that compiles meanwhile. What works takes a fraction of it. */
export const PATIENCE = 45_000;

/** The default of `reconnect.minUptime`. */
const MIN_UPTIME = 5_000;

/** Waits for what is awaited here, or says what did not come. */
export async function within(ms, what, promise) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what}: not within ${ms / 1000} s`)), ms); });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Starts the fixture, or a `binary` that is one as well, with its history in `data` and the files in `root`. Port 0: any that is free. Its log is artifacts/fixture-`name`.log; a given port continues it. */
export async function startFixture({ name, data, port = 0, binary = BINARY, root: served = root }) {
  mkdirSync(artifacts, { recursive: true });
  const log = createWriteStream(join(artifacts, `fixture-${name}.log`), { flags: port ? "a" : "w" });
  const child = spawn(binary, ["--port", port, "--data", data, "--root", served], { stdio: ["ignore", "pipe", "pipe"] });
  // A server that outlives a test which was broken off would hold its port and its data.
  const orphan = () => child.kill("SIGKILL");
  process.on("exit", orphan);
  const gone = new Promise((resolve) => child.once("close", resolve)).then(() => {
    process.off("exit", orphan);
    log.end();
  });
  child.stderr.pipe(log, { end: false });

  const url = await within(PATIENCE, "the fixture's address", new Promise((resolve, reject) => {
    child.once("error", (error) => reject(new Error(`${binary} cannot be run; is it built? (${error.message})`)));
    child.once("exit", (code, signal) => reject(new Error(`the fixture ended (${signal ?? code}); see artifacts/fixture-${name}.log`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      log.write(`${line}\n`);
      const [, address] = /^everwire fixture: (http:\S+)$/.exec(line) ?? [];
      if (address) resolve(address);
    });
  }));
  return {
    url,
    port: Number(new URL(url).port),
    /** Ends it as a power cut would: it has no chance to save or to say anything. */
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

export const launch = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

/** A tab with the demo page, spoken to by its test ids. */
export class Tab {
  constructor(name, page) {
    this.name = name;
    this.page = page;
  }

  static async open(context, name, url) {
    const tab = new Tab(name, await context.newPage());
    await tab.page.goto(url);
    await tab.until("both connections are open", () => {
      const trouble = document.getElementById("trouble");
      if (!trouble.hidden) throw new Error(trouble.textContent);
      const { stream, socket } = window.everwireDemo ?? {};
      return stream?.state === "open" && socket?.state === "open";
    });
    await tab.page.evaluate(() => {
      window.reading = (name, key) => document.querySelector("everwire-inspector").shadowRoot
        .querySelector(`.card[aria-label="${name}"]`)?.querySelector(`.${key}, [data-reading="${key}"]`)?.textContent;
      window.openSince = {};
      const { stream, socket } = window.everwireDemo;
      for (const [name, connection] of Object.entries({ stream, socket })) {
        const note = () => { window.openSince[name] = connection.state === "open" ? window.openSince[name] ?? performance.now() : undefined; };
        connection.addEventListener("statechange", note);
        note();
      }
    });
    return tab;
  }

  /**
   * Waits until both connections have been open for `minUptime`. Then the backoff has forgotten the last break; to break them again
   * before is allowed, and only makes the next wait longer.
   */
  stands() {
    return this.until("both connections stand", (least) =>
      ["stream", "socket"].every((name) => performance.now() - window.openSince[name] > least), MIN_UPTIME + 500);
  }

  /** The element with this test id. */
  at(id) {
    return this.page.getByTestId(id);
  }

  text(id) {
    return this.at(id).textContent();
  }

  click(id) {
    return this.at(id).click();
  }

  async say(text) {
    await this.at("chat-input").fill(text);
    await this.at("chat-input").press("Enter");
  }

  /** Waits until `condition`, a function run in the page, holds. */
  async until(what, condition, given, timeout = PATIENCE) {
    try {
      return await (await this.page.waitForFunction(condition, given, { timeout, polling: 100 })).jsonValue();
    } catch (error) {
      if (error.name !== "TimeoutError") throw error;
      throw new Error(`${this.name}: ${what}: not within ${timeout / 1000} s. It shows:\n${await this.#seen()}`);
    }
  }

  /** Waits until the element with this test id shows what `pattern` matches. */
  shows(id, pattern, timeout) {
    return this.until(`${id} shows ${pattern}`, ([id, source]) =>
      new RegExp(source).test(document.querySelector(`[data-testid="${id}"]`).textContent), [id, pattern.source], timeout);
  }

  /** What the page's inspector says of a connection: its "state", "now", "cursor" and more. */
  reading(name, key) {
    return this.page.evaluate(([name, key]) => window.reading(name, key), [name, key]);
  }

  /** Waits until the inspector says of a connection what `pattern` matches. */
  reads(name, key, pattern, timeout) {
    return this.until(`the inspector says of the ${name}: ${pattern}`, ([name, key, source]) =>
      new RegExp(source).test(window.reading(name, key)), [name, key, pattern.source], timeout);
  }

  /** What has happened, as the inspector tells it, newest first. */
  happenings() {
    return this.page.locator("everwire-inspector .log li").allTextContents();
  }

  /** Starts the long task, and waits for its first report. */
  async startTask() {
    await this.click("task-start");
    await this.until("the task reports", () => {
      const bar = document.querySelector('[data-testid="task-progress"]');
      return document.querySelector('[data-testid="task-start"]').ariaDisabled === "true" && bar.value > 0 && bar.value < bar.max;
    });
  }

  /** A screenshot, once all has faded in that was fading: a tab in the background fades only when it is looked at. */
  async picture(options) {
    await this.page.bringToFront();
    await this.page.evaluate(async () => {
      for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
      await Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})));
    });
    return this.page.screenshot(options);
  }

  #seen() {
    return this.page.evaluate(() => {
      const text = (selector) => document.querySelector(selector)?.innerText;
      return [
        text("#trouble"), text("#readings"), text("#chat-via"), text("#chat-log"), text("#task-result"),
        ...[...document.querySelector("everwire-inspector")?.shadowRoot.querySelectorAll(".card, .log li") ?? []]
          .slice(0, 25).map((item) => item.textContent),
      ].filter(Boolean).join("\n");
    });
  }
}
