// Next: one import in a component that is rendered on the server and hydrated in the page, and in a route that runs on the server. Run it by
// `make test-next`; its packages are some hundred megabytes, so `make test` does without.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { launchBrowser, startFixture } from "../support.mjs";
import { install, run, start } from "./project.mjs";

const folder = fileURLToPath(new URL("next", import.meta.url));
const next = fileURLToPath(new URL("next/node_modules/.bin/next", import.meta.url));

let fixture;
let browser;
let env;
before(async () => {
  [fixture, browser] = await Promise.all([startFixture(), launchBrowser()]);
  env = { NEXT_TELEMETRY_DISABLED: "1", FIXTURE: fixture.origin };
  await fixture.publish("greetings", "hi");
  install(folder);
});
after(async () => {
  await browser?.close();
  await fixture?.stop();
});

/** Next says the port that it was given, so it is given one. */
const freePort = async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return String(port);
};

/** By name: what builds it, if it is built, and what serves it. */
const MODES = {
  "built by Turbopack": [["build"], "start"],
  "built by webpack": [["build", "--webpack"], "start"],
  "in development": [undefined, "dev"],
};

for (const [mode, [building, serving]] of Object.entries(MODES)) {
  test(`${mode}, it is rendered on the server, is hydrated, and receives; and so does a route on the server`, { timeout: 240_000 }, async (t) => {
    if (building) await run(next, building, { cwd: folder, env });
    const site = await start(next, [serving, "--hostname", "127.0.0.1", "--port", await freePort()], { cwd: folder, env });
    t.after(site.stop);

    const rendered = await (await fetch(site.origin)).text();
    assert.match(rendered, /<output data-closed="3">nothing, nothing<\/output>/);
    assert.equal(await (await fetch(`${site.origin}/first`)).text(), "hi");

    const page = await browser.newPage();
    const wrong = [];
    page.on("pageerror", ({ message }) => wrong.push(message));
    page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
    await page.goto(site.origin);
    await page.getByText("hello, hi").waitFor();
    // A markup that is not the server's would be told here.
    assert.deepEqual(wrong, []);
  });
}
