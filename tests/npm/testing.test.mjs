// everwire/testing: what tests can play with it, in Node and in Chromium.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { launchBrowser, pkg, startFixture } from "./support.mjs";
import { carryOut, cases } from "./www/testing-cases.js";
import { BODY, stories, tellFake } from "./www/testing-stories.js";

const everwire = await import(pathToFileURL(join(pkg, "index.js")));
const { fakeNetwork } = await import(pathToFileURL(join(pkg, "testing.js")));

/** What Chromium has found, by the names of the cases and of the stories. */
const chromium = {};
let fixture;

before(async () => {
  fixture = await startFixture();
  await fetch(`${fixture.origin}/sse/bytes/stories`, { method: "POST", body: BODY });
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    chromium.errors = [];
    page.on("pageerror", (error) => chromium.errors.push(error.message));
    await page.goto(`${fixture.origin}/www/blank.html`);
    const before = await fixture.journal("/");
    chromium.cases = await page.evaluate(async () => {
      const paths = ["/pkg/index.js", "/pkg/testing.js", "/www/testing-cases.js"];
      const [everwire, { fakeNetwork }, { carryOut, cases }] = await Promise.all(paths.map((path) => import(path)));
      const found = {};
      for (const name in cases) found[name] = await carryOut(name, everwire, fakeNetwork).catch(String);
      return found;
    });
    chromium.requests = (await fixture.journal("/")).length - before.length;
    chromium.stories = await page.evaluate(async () => {
      const paths = ["/pkg/testing.js", "/www/testing-stories.js"];
      const [{ fakeNetwork }, { stories, tellFake, tellOwn }] = await Promise.all(paths.map((path) => import(path)));
      const found = {};
      for (const name in stories) {
        const own = await tellOwn(name, location.origin);
        found[name] = { own, fake: await tellFake(name, location.origin, fakeNetwork).catch(String) };
      }
      return found;
    });
  } finally {
    await browser.close();
    await fixture.stop();
  }
});

for (const [name, { expected }] of Object.entries(cases)) {
  test(`${name}, in Node and in Chromium`, async () => {
    assert.deepEqual(await carryOut(name, everwire, fakeNetwork), expected);
    assert.deepEqual(chromium.cases[name], expected);
  });
}

test("nothing of that came to the real network, and nothing went wrong unseen", () => {
  assert.deepEqual([chromium.requests, chromium.errors], [0, []]);
});

for (const name of Object.keys(stories)) {
  test(`the fake classes tell what the browser's own tell: ${name}`, async () => {
    const { own, fake } = chromium.stories[name];
    assert.deepEqual(fake, own);
    assert.deepEqual(await tellFake(name, fixture.origin, fakeNetwork), own, "in Node");
  });
}
