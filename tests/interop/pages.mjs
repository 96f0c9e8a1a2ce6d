// Pages in the interop tests: each has connections of its own, for a browser has six to a server.
import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { fileURLToPath } from "node:url";
import { launchBrowser } from "../npm/support.mjs";

/** The package under test. */
export const folder = process.env.EVERWIRE_PKG ?? fileURLToPath(new URL("../../pkg", import.meta.url));

/** Generous, for a machine that compiles meanwhile. */
export const TIMEOUT = { timeout: 180_000 };

/** The pages of a browser that lives as long as a file's tests; they are used again from test to test. `helpers` runs in each first. */
export function openPages(helpers) {
  const idle = [];
  let busy = [];
  let browser;

  async function open() {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.on("pageerror", (error) => page.wrong.push(`${page.client}: ${error.message}`));
    await page.addInitScript(helpers);
    return page;
  }

  before(async () => { browser = await launchBrowser(); });
  after(() => browser?.close());

  // What the pages do is ended, and what went wrong unseen in them is told.
  afterEach(async () => {
    const pages = busy;
    busy = [];
    for (const page of pages) await page.goto("about:blank");
    idle.push(...pages);
    assert.deepEqual(pages.flatMap(({ wrong }) => wrong), [], "what went wrong unseen in a page");
  });

  return {
    /** A page of that origin, for a client. */
    async take(client, origin) {
      const page = Object.assign(idle.pop() ?? await open(), { client, wrong: [] });
      busy.push(page);
      await page.goto(origin);
      return page;
    },
  };
}

/** All at once; what fails is told when all are through, so that nothing goes on into the next test. */
export async function onEach(clients, what) {
  const results = await Promise.allSettled(clients.map(what));
  const reasons = results.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
  if (reasons.length) throw new AggregateError(reasons, reasons.map(({ message }) => message).join("\n\n"));
  return results.map(({ value }) => value);
}
