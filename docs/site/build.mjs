// Builds the documentation into site/, as pages that stand for themselves: `make docs`. The fixture serves them as /docs/. No page needs a script.

import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import hljs from "highlight.js/lib/common";
import nginx from "highlight.js/lib/languages/nginx";
import http from "highlight.js/lib/languages/http";
import { Marked } from "marked";
import { REPOSITORY, follow, parseFence, readPage, root } from "./markdown.mjs";
import { NAVIGATION, fileOf } from "./pages.mjs";
import { escapeHtml, layout } from "./template.mjs";

hljs.registerLanguage("nginx", nginx);
hljs.registerLanguage("http", http);
/** What highlight.js calls a language otherwise. */
const LANGUAGES = { toml: "ini", html: "xml", sh: "bash" };

/** Code in a first column that is longer than this many characters is a line of a program, and no name; its table is laid out for that. */
const LINE = 40;

const here = dirname(fileURLToPath(import.meta.url));

/** Where a link of a page leads in the site: to a page of it, to a picture beside it, or to the repository. */
function hrefOf(page, href, inSite, pictures) {
  const { url, path, anchor } = follow(page, href);
  if (url) return url;
  const hash = anchor ? `#${anchor}` : "";
  if (path === page.path) return hash;
  if (inSite.has(path)) return fileOf(path) + hash;
  if (/\.(png|svg)$/.test(path)) {
    pictures.add(path);
    return posix.basename(path);
  }
  return REPOSITORY + path + hash;
}

/** A block of code, under its name if it is a file. */
function codeBlock({ text, lang = "" }) {
  const { language, values } = parseFence(lang);
  const known = LANGUAGES[language] ?? language;
  const marked = hljs.getLanguage(known) ? hljs.highlight(text, { language: known }).value : escapeHtml(text);
  const [file] = values.file ?? [];
  const caption = file ? `<figcaption>${escapeHtml(file)}</figcaption>` : "";
  // It may be wider than the page, so it has to be reached by the keyboard.
  const label = escapeHtml(file ?? `Code, ${language}`);
  return `<figure>${caption}<pre tabindex="0" role="group" aria-label="${label}"><code>${marked}\n</code></pre></figure>\n`;
}

/**
 * A table; one whose header has no words has none. The first column says what a row is about. The roles are said once more because a small
 * screen shows the rows of a table with many columns, or with lines of code, as paragraphs, which would take them away.
 */
function table({ header, rows }, inline) {
  const isBare = header.every(({ text }) => text === "");
  const alignment = ({ align }) => (align ? ` class="${align}"` : "");
  const heading = ({ tokens, text, ...cell }) => (text === ""
    ? '<td role="cell"></td>' : `<th scope="col" role="columnheader"${alignment(cell)}>${inline(tokens)}</th>`);
  const cell = (cell, at) => (at === 0
    ? `<th scope="row" role="rowheader"${alignment(cell)}>${inline(cell.tokens)}</th>`
    : `<td role="cell" data-column="${escapeHtml(header[at].text)}"${alignment(cell)}>${inline(cell.tokens)}</td>`);
  const row = (cells) => `<tr role="row">${cells.join("")}</tr>`;
  const head = isBare ? "" : `<thead role="rowgroup">${row(header.map(heading))}</thead>`;
  const body = `<tbody role="rowgroup">${rows.map((cells) => row(cells.map(cell))).join("")}</tbody>`;
  const isMany = header.length > 3;
  const hasLines = rows.some(([{ tokens: [only] }]) => only?.type === "codespan" && only.text.length > LINE);
  const kind = ["table", isMany && "many", hasLines && "lines", (isMany || hasLines) && "stacked"].filter(Boolean).join(" ");
  return `<div class="${kind}" tabindex="0" role="group" aria-label="Table"><table role="table">${head}${body}</table></div>\n`;
}

/** The article of a page as HTML. */
function render(page, inSite, pictures) {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, id }) {
        const inner = this.parser.parseInline(tokens);
        if (depth === 1) return `<h1 id="${id}">${inner}</h1>\n`;
        return `<h${depth} id="${id}"><a class="anchor" href="#${id}">${inner}</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        return `<a href="${escapeHtml(hrefOf(page, href, inSite, pictures))}">${this.parser.parseInline(tokens)}</a>`;
      },
      image({ href, text }) {
        return `<img src="${escapeHtml(hrefOf(page, href, inSite, pictures))}" alt="${escapeHtml(text)}" loading="lazy">`;
      },
      code: codeBlock,
      table(token) {
        return table(token, (tokens) => this.parser.parseInline(tokens));
      },
    },
  });
  return marked.parser(page.tokens);
}

/** Builds the site into a folder. */
export function build(folder = join(root, "site")) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const entries = NAVIGATION.flatMap(([, entries]) => entries);
  const inSite = new Set(entries.map(([path]) => path));
  const pages = entries.map(([path, name]) => {
    const page = readPage(path);
    return { ...page, name: name ?? page.title, file: fileOf(path) };
  });
  const pictures = new Set();
  for (const [at, page] of pages.entries()) {
    const article = render(page, inSite, pictures);
    const neighbours = { before: pages[at - 1], after: pages[at + 1] };
    writeFileSync(join(folder, page.file), layout({ page, pages, article, navigation: NAVIGATION, ...neighbours }));
  }
  for (const path of pictures) copyFileSync(join(root, path), join(folder, posix.basename(path)));
  copyFileSync(join(here, "style.css"), join(folder, "style.css"));
  return { folder, files: pages.map(({ file }) => file) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { folder, files } = build();
  console.log(`${folder}: ${files.length} pages`);
}
