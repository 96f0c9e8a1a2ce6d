// What the browser tests of the package need: the fixture server, a browser, and a page with a few helpers.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Starts the fixture on a free port; it serves the repository's `pkg/`. */
export async function startFixture() {
  const binary = process.env.EVERWIRE_FIXTURE_BIN ?? resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "debug/everwire-fixture");
  const server = spawn(binary, ["--port", "0", "--root", root], { stdio: ["ignore", "pipe", "inherit"] });
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
    /** Does something of `POST /control/…`. */
    control: (what) => call("POST", `/control/${what}`),
    reset: () => call("DELETE", "/control"),
    publish: (channel, body, headers) => call("POST", `/relay/${channel}`, { body, headers }),
    /** The journal's entries under this path. */
    journal: (path) => call("GET", `/journal?path=${encodeURIComponent(path)}`),
    stop: async () => {
      server.kill("SIGKILL");
      await once(server, "exit");
    },
  };
}

export function launchBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}

/** Runs in the page before anything else: `everwire` is the package, and these are for the tests. */
function helpers() {
  // Those of the browser, also where a test plays with the page's clock.
  const { setTimeout, clearTimeout } = window;
  /** The next event of this type for which `wanted` holds. */
  window.next = (target, type, wanted = () => true, patience = 5_000) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${type} event came that was wanted`)), patience);
    const hear = (event) => {
      if (!wanted(event)) return;
      clearTimeout(timer);
      target.removeEventListener(type, hear);
      resolve(event);
    };
    target.addEventListener(type, hear);
  });
  /** The data of the next so many events of this type. */
  window.take = async (target, count, type = "message") => {
    const taken = [];
    await next(target, type, ({ data }) => taken.push(data) === count, 20_000);
    return taken;
  };
  /** The types of all events that the connection has of itself, as they come. */
  window.record = (connection) => {
    const types = [];
    for (const type of ["statechange", "open", "message", "error", "reconnecting", "reconnected", "transportchange", "dropped", "close"]) {
      connection.addEventListener(type, () => types.push(type));
    }
    return types;
  };
  /** Retries that do not make a test wait. */
  window.quick = { firstDelay: 20, minDelay: 20, maxDelay: 100, minUptime: 0 };
}

/** Opens a page of the fixture's origin, with the package imported. What goes wrong unseen in it is in `errors`. */
export async function openPage(browser, { origin }, before) {
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));
  await page.addInitScript(helpers);
  if (before) await page.addInitScript(before);
  // Any page of the server's will do that does nothing. One made up here would be on another network, as Chromium sees it.
  await page.goto(`${origin}/health`);
  await page.evaluate(async () => { Object.assign(window, await import("/pkg/index.js")); });
  return Object.assign(page, { errors });
}
