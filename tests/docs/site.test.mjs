// The site that `make docs` builds, as the fixture serves it at /docs/: every page is in it, every link leads somewhere, and nobody is shut out,
// by a small screen, by the dark or by what reads pages aloud.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "../../docs/site/build.mjs";
import { NAVIGATION } from "../../docs/site/pages.mjs";
import { startFixture } from "../e2e/support.mjs";
import { launchBrowser } from "../npm/support.mjs";
import { PAGES } from "./blocks.mjs";

// What the documentation is made with is installed there.
const require = createRequire(new URL("../../docs/site/", import.meta.url));
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const TIMEOUT = { timeout: 120_000 };
const { files } = build();
const data = mkdtempSync(join(tmpdir(), "everwire-docs-"));
let fixture;
let browser;
before(async () => { [fixture, browser] = await Promise.all([startFixture({ name: "docs", data }), launchBrowser()]); });
after(async () => {
  await browser?.close();
  await fixture?.kill();
  rmSync(data, { recursive: true });
});

test("every page of docs/ is in the navigation, and nothing is twice", () => {
  const named = NAVIGATION.flatMap(([, entries]) => entries.map(([path]) => path));
  assert.deepEqual(PAGES.filter((path) => /^docs\/[^/]+\.md$/.test(path) && !named.includes(path)), []);
  assert.equal(new Set(files).size, named.length);
});

test("every link of every page leads somewhere in the site, and every picture is there", TIMEOUT, async () => {
  const page = await browser.newPage();
  const links = new Set();
  const anchors = new Set();
  const broken = [];
  page.on("response", (response) => { if (response.status() >= 400) broken.push(response.url()); });
  page.on("console", (message) => { if (message.type() === "error") broken.push(message.text()); });
  for (const file of files) {
    const address = `${fixture.url}/docs/${file}`;
    await page.goto(address);
    const found = await page.evaluate(() => ({
      hrefs: [...document.links].map(({ href }) => href),
      ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
      // Those that wait to be scrolled to are loaded at once.
      pictures: Promise.all([...document.images].map((image) => { image.loading = "eager"; return image.decode(); })),
    }));
    anchors.add(address);
    for (const id of found.ids) anchors.add(`${address}#${encodeURIComponent(id)}`);
    for (const href of found.hrefs) if (href.startsWith(fixture.url)) links.add(href);
  }
  await page.close();
  assert.deepEqual([...links].filter((link) => link !== `${fixture.url}/` && !anchors.has(link)), []);
  assert.deepEqual(broken, []);
});

for (const [look, options] of Object.entries({
  "on a wide screen": { viewport: { width: 1440, height: 900 } },
  "on a small screen, in the dark": { viewport: { width: 320, height: 640 }, colorScheme: "dark" },
})) {
  test(`${look}, no page is wider than it, and axe finds nothing`, TIMEOUT, async () => {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    const wrong = [];
    for (const file of files) {
      await page.goto(`${fixture.url}/docs/${file}`);
      await page.evaluate(axe);
      const { violations, width } = await page.evaluate(async () => ({
        ...await axe.run({ resultTypes: ["violations"] }), width: document.documentElement.scrollWidth - innerWidth,
      }));
      if (width > 0) wrong.push(`${file} is ${width} px too wide`);
      for (const { id, nodes } of violations) wrong.push(`${file}: ${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 120)).join(" ")}`);
    }
    await context.close();
    assert.deepEqual(wrong, []);
  });
}

test("the demo page leads to the documentation, and that back to it", TIMEOUT, async () => {
  const page = await browser.newPage();
  const follow = async (name, address) => {
    await page.getByRole("link", { name, exact: true }).first().click();
    await page.waitForURL(fixture.url + address);
  };
  await page.goto(`${fixture.url}/`);
  await follow("Documentation", "/docs/");
  await follow("Guide", "/docs/guide.html");
  assert.equal(await page.title(), "Guide · everwire");
  await follow("Demo", "/");
  await page.close();
});
