// The pages of the site, in the order of its navigation.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "./markdown.mjs";

/** By headings: each page as its path in the repository, and its name in the navigation if that is not its title. */
const GROUPS = [
  ["Start", [["docs/README.md", "Overview"], ["docs/guide.md"], ["docs/servers.md"], ["docs/frameworks.md"],
    ["docs/migration.md", "Migration"]]],
  ["Reference", [["docs/options.md"], ["docs/eventsource.md"], ["docs/sockets.md"], ["docs/wires.md"]]],
  ["Development", [["docs/testing.md", "Testing"], ["docs/observability.md", "Observability"]]],
  ["In production", [["docs/security.md"], ["docs/browsers.md"], ["docs/troubleshooting.md"]]],
  ["Background", [["docs/storm.md"], ["CHANGELOG.md", "Changes"]]],
];
const named = new Set(GROUPS.flatMap(([, entries]) => entries.map(([path]) => path)));
const others = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`)
  .filter((path) => !named.has(path));

/** The same, with the pages of docs/ that stand in no group. */
export const NAVIGATION = others.length ? [...GROUPS, ["More", others.map((path) => [path])]] : GROUPS;

/** The file of a page in the site. */
export const fileOf = (path) => (path === "docs/README.md" ? "index.html"
  : `${path.replace(/^docs\//, "").replace(/\.md$/, "").toLowerCase()}.html`);
