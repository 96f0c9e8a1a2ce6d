// What is around the article of a page.

import { fileOf } from "./pages.mjs";
import { REPOSITORY } from "./markdown.mjs";

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
export const escapeHtml = (text) => text.replace(/[&<>"']/g, (character) => ESCAPES[character]);

/** A wire with a gap, and the hop over it: as on the demo page. */
const LOGO = `<svg class="logo" viewBox="0 0 32 32" aria-hidden="true"><path d="M1 22h8M23 22h8M9 22c0-14 14-14 14 0"/>\
<circle cx="9" cy="22" r="2.2"/><circle cx="23" cy="22" r="2.2"/></svg>`;
const ICON = `data:image/svg+xml,${encodeURIComponent("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32' fill='none' \
stroke='#2f6bd8' stroke-width='3.5' stroke-linecap='round'><path d='M2 21h7M23 21h7M9 21c0-13 14-13 14 0'/></svg>")}`;

/** A list of links to the pages, under headings. */
function navigationOf(navigation, pages, current) {
  const link = ({ file, name }) => (
    `<li><a href="${file}"${file === current.file ? ' aria-current="page"' : ""}>${escapeHtml(name)}</a></li>`);
  const group = ([title, entries]) => {
    const files = entries.map(([path]) => fileOf(path));
    return `<h2>${title}</h2><ul>${pages.filter(({ file }) => files.includes(file)).map(link).join("")}</ul>`;
  };
  return navigation.map(group).join("");
}

/** A list of what is on the page, if there is more than one thing. */
function contentsOf({ headings }) {
  const second = headings.filter(({ depth }) => depth === 2);
  if (second.length < 2) return "";
  return `<ul>${second.map(({ id, text }) => `<li><a href="#${id}">${escapeHtml(text)}</a></li>`).join("")}</ul>`;
}

/** What a wide screen has at the side, folded. */
const folded = (title, name, links) => (links
  ? `<details class="small ${name}-small"><summary>${title}</summary><nav aria-label="${title}, folded">${links}</nav></details>\n` : "");

const step = (page, rel, words) => (page
  ? `<a rel="${rel}" href="${page.file}"><small>${words}</small>${escapeHtml(page.name)}</a>` : "<span></span>");

/** The whole page. */
export function layout({ page, pages, article, navigation, before, after }) {
  const title = page.title === "Documentation" ? "everwire: documentation" : `${page.title} · everwire`;
  const links = navigationOf(navigation, pages, page);
  const contents = contentsOf(page);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<meta name="color-scheme" content="light dark">
<link rel="icon" href="${ICON}">
<link rel="stylesheet" href="style.css">
</head>
<body>
<a class="skip" href="#article">Skip to the text</a>
<header class="top">
<a class="brand" href="index.html">${LOGO}<b>everwire</b> <span>documentation</span></a>
<nav class="outside" aria-label="Elsewhere"><a href="../">Demo</a><a href="${REPOSITORY.replace(/\/blob\/.*/, "")}">Source</a></nav>
</header>
<div class="columns">
<nav class="pages" aria-label="Pages">${links}</nav>
${folded("Pages", "pages", links)}<main id="article" tabindex="-1">
${folded("On this page", "contents", contents)}<article>
${article}</article>
<nav class="steps" aria-label="Before and after">${step(before, "prev", "Before")}${step(after, "next", "Next")}</nav>
</main>
<aside>${contents && `<nav class="contents" aria-labelledby="contents"><h2 id="contents">On this page</h2>${contents}</nav>`}</aside>
</div>
</body>
</html>
`;
}
