// Every link of the documentation that stays in the repository leads somewhere: to a file that is there, and to a heading that it has. What
// npm shows names the repository in full, which counts as the same.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { follow, readPage, root } from "../../docs/site/markdown.mjs";
import { pages } from "./blocks.mjs";

/** Why a link of this page leads nowhere; undefined if it does lead somewhere, or out of the repository. */
function wrongWith(page, { href }) {
  const { url, path, anchor } = follow(page, href);
  if (url) return undefined;
  if (!existsSync(join(root, path))) return `there is no ${path}`;
  if (!anchor) return undefined;
  if (!path.endsWith(".md")) return `${path} has no headings`;
  const { headings } = pages.find((other) => other.path === path) ?? readPage(path);
  return headings.some(({ id }) => id === anchor) ? undefined : `${path} has no heading #${anchor}`;
}

for (const page of pages) {
  test(`the links of ${page.path} lead somewhere`, () => {
    const wrong = page.links.flatMap((link) => {
      const why = wrongWith(page, link);
      return why ? [`${link.href}: ${why}`] : [];
    });
    assert.deepEqual(wrong, []);
  });
}

test("what npm shows has no link that holds in the repository alone", () => {
  const shown = readPage("pkg-template/README.md");
  assert.deepEqual(shown.links.map(({ href }) => href).filter((href) => !/^(https:|#)/.test(href)), []);
});
