// The code in the documentation: which pages have it, and what is done with each block. blocks.test.mjs explains the fences.

import { execFileSync } from "node:child_process";
import { readPage, root } from "../../docs/site/markdown.mjs";

/** All that people read, by path: what is in the repository, or is about to be. */
export const PAGES = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.md"], { cwd: root, encoding: "utf8" })
  .trim().split("\n").sort();

/** By language: the words that a fence may have after it, and the names that may be given values. */
export const FENCES = {
  js: { words: ["page", "node", "cut", "test"], values: ["prints", "recipe", "file", "client"] },
  ts: { words: [], values: [] },
  html: { words: ["page"], values: ["prints", "app", "file"] },
  json: { words: [], values: [] },
  rust: { words: [], values: ["recipe", "app", "file"] },
  toml: { words: ["manifest", "runner"], values: ["recipe", "app", "file"] },
  python: { words: [], values: ["recipe", "file"] },
  nginx: { words: ["fragment"], values: ["recipe", "file"] },
  http: { words: ["cors", "csp"], values: [] },
  text: { words: [], values: [] },
  sh: { words: [], values: ["recipe"] },
};

export const pages = PAGES.map(readPage);
export const blocks = pages.flatMap((page) => page.blocks);

/** The blocks of these languages that stand by themselves: no files of recipes, of applications or of tests. */
export const blocksIn = (...languages) => blocks.filter(({ language, words, values }) => (
  languages.includes(language) && !values.recipe && !values.app && !words.includes("test")));

/** How a block is named in a test. */
export const placeOf = ({ path, line }) => `${path}:${line}`;
