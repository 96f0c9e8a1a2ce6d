// Reads a page of Markdown: its tokens, headings, links and code blocks. What builds the site and what checks the documentation begin here.

import { readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import GithubSlugger from "github-slugger";
import { lexer, walkTokens } from "marked";

export const root = fileURLToPath(new URL("../../", import.meta.url));
/** Where the repository is read by those who do not have it. */
export const REPOSITORY = "https://github.com/everwire/everwire/blob/main/";

/** The words of a fence: `js page prints="a b"` is `{ language: "js", words: ["page"], values: { prints: ["a b"] } }`. */
export function parseFence(info) {
  const [language = "", ...rest] = info.match(/[^\s"]+(?:"[^"]*")?/g) ?? [];
  const values = {};
  const words = [];
  for (const word of rest) {
    const [, name, quoted, bare] = /^([\w-]+)=(?:"([^"]*)"|(\S*))$/.exec(word) ?? [];
    if (name) (values[name] ??= []).push(quoted ?? bare);
    else words.push(word);
  }
  return { language, words, values };
}

/** The text of inline tokens, without their marks. */
export const plainText = (tokens) => tokens.map((token) => (token.tokens ? plainText(token.tokens) : token.text)).join("");

/**
 * A page of the repository, by its path there:
 *   tokens    of marked
 *   title     its first heading
 *   headings  { depth, text, id } with the anchors that GitHub gives them
 *   links     { href, image } as they are written
 *   blocks    { path, line, indent, text, language, words, values } of the code in it; line: where the fence is, from 1
 */
export function readPage(path) {
  const source = readFileSync(join(root, path), "utf8");
  const tokens = lexer(source);
  const slugger = new GithubSlugger();
  const headings = [];
  const links = [];
  const blocks = [];
  // Where the search for the next block begins: tokens of lists have lost their indents, and so their places.
  let from = 0;
  walkTokens(tokens, (token) => {
    if (token.type === "heading") {
      token.id = slugger.slug(plainText(token.tokens));
      headings.push({ depth: token.depth, text: plainText(token.tokens), id: token.id });
    } else if (token.type === "link" || token.type === "image") {
      links.push({ href: token.href, image: token.type === "image" });
    } else if (token.type === "code") {
      const fence = token.raw.split("\n")[0].trimEnd();
      const at = source.indexOf(fence, from);
      from = source.indexOf("\n", at);
      const line = source.slice(0, at).split("\n").length;
      const indent = at - (source.lastIndexOf("\n", at) + 1);
      blocks.push({ path, line, indent, text: `${token.text}\n`, ...parseFence(token.lang ?? "") });
    }
  });
  return { path, source, tokens, title: headings[0]?.text, headings, links, blocks };
}

/**
 * Where a link of a page leads: `{ path, anchor }` within the repository, or `{ url }`. What npm and crates.io show has to name the
 * repository in full, which is the same as a path in it.
 */
export function follow(page, href) {
  if (href.startsWith(REPOSITORY)) return follow({ path: "README.md" }, href.slice(REPOSITORY.length));
  if (/^[a-z]+:/i.test(href)) return { url: href };
  const [target, anchor] = href.split("#");
  const path = target ? relative(root, resolve(root, dirname(page.path), decodeURI(target))) : page.path;
  return { path, anchor };
}
