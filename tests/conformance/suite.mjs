// The suites' files: which tests there are, in which scopes each runs, and the pages and workers that run those that are scripts.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * By folder: the tests that need several windows that can be told what to do, and pages that come back whole; those are the browser's
 * matter, not the class's. `stream/` is about another class.
 */
export const suites = {
  eventsource: { beyondUs: /^eventsource-bfcache/ },
  websockets: { beyondUs: /^(back-forward-cache|stream)/ },
};

// By the ending of the wrapper's address: the scope that its META calls so, and how the page starts the test.
const wrappers = {
  ".html": { scope: "window", names: ["window"] },
  ".worker.html": { scope: "dedicated worker", names: ["dedicatedworker", "worker"], script: ".worker.js", start: startDedicated },
  ".sharedworker.html": { scope: "shared worker", names: ["sharedworker", "worker"], script: ".sharedworker.js", start: startShared },
  ".serviceworker.html": { scope: "service worker", names: ["serviceworker", "worker"], script: ".serviceworker.js", start: startService },
};

export const scopes = Object.values(wrappers).map(({ scope }) => scope);

// A variant of a test is for its worker as well.
function startDedicated(script) {
  return `fetch_tests_from_worker(new Worker("${script}" + location.search));`;
}

function startShared(script) {
  return `fetch_tests_from_worker(new SharedWorker("${script}" + location.search));`;
}

function startService(script) {
  return `navigator.serviceWorker.register("${script}" + location.search, { scope: "does/not/exist" })
  .then(({ installing }) => fetch_tests_from_worker(installing));`;
}

/**
 * The tests below a suite's folder: what file each is of, the page that runs it, the scope that the class is used in, and whether the page
 * is to come over TLS. A test may have variants, which its page gets as a query.
 */
export function findTests(root, folder) {
  const files = readdirSync(join(root, folder), { recursive: true }).map((file) => file.replaceAll("\\", "/")).sort();
  return files
    .filter((file) => !file.startsWith("resources/") && !suites[folder].beyondUs.test(file))
    .flatMap((file) => testsOf(root, folder, file));
}

function testsOf(root, folder, file) {
  const path = `/${folder}/${file}`;
  const source = () => readFileSync(join(root, path), "utf8");
  const page = (ending) => path.replace(/\.js$/, ending);
  if (file.endsWith(".js")) {
    const { global = "window,dedicatedworker", variant } = metaOf(source());
    const variants = variantsOf(variant);
    if (file.endsWith(".window.js")) return variants(page(".html"), "window");
    if (file.endsWith(".worker.js")) return variants(page(".html"), "dedicated worker");
    if (!file.endsWith(".any.js")) return [];
    const globals = global.split(",");
    return Object.entries(wrappers)
      .filter(([, { names }]) => names.some((name) => globals.includes(name)))
      .flatMap(([ending, { scope }]) => variants(page(ending), scope));
  }
  if (!/\.html?$/.test(file) || !source().includes("testharness.js")) return [];
  const variant = [...source().matchAll(/<meta name="?variant"? content="(.*?)">/g)].map(([, query]) => query);
  return variantsOf(variant)(path, scopeOfPage(file));

  function variantsOf(queries) {
    // HTTP/2 is the transport's matter.
    const kept = (queries.length ? queries : [""]).filter((query) => !query.includes("wpt_flags=h2"));
    return (address, scope) => kept.map((query) => {
      const secure = address.includes(".https.") || query.includes("wpt_flags=https") || scope === "service worker";
      return { file, url: address + query, scope, secure, transport: secure || query.includes("wss") ? "TLS" : "plain" };
    });
  }
}

function scopeOfPage(file) {
  const [, kind] = file.match(/^(dedicated|shared)-worker\//) ?? [];
  return kind ? `${kind} worker` : "window";
}

/** What the lines `// META: key=value` at a test's top say; `script` and `variant` may come more than once. */
function metaOf(source) {
  const meta = { script: [], variant: [] };
  for (const [, key, value] of source.matchAll(/^\/\/ META: (\w+)=(.*)$/gm)) {
    if (key in meta && Array.isArray(meta[key])) meta[key].push(value);
    else meta[key] = value;
  }
  return meta;
}

/**
 * The page or worker script at an address that the suite has no file for, but should by its rules: `x.any.html` for `x.any.js` and so on.
 * `before` is the address of a script that runs before everything else, if any.
 */
export function wrapperAt(root, path, before) {
  const read = (file) => {
    try {
      return readFileSync(join(root, file), "utf8");
    } catch {
      return undefined;
    }
  };
  const [, stem, ending] = path.match(/^(.*?\.any)(\.(?:worker|sharedworker|serviceworker)\.(?:html|js))$/)
    ?? path.match(/^(.*)(\.html)$/) ?? [];
  if (!stem) return undefined;
  const file = `${stem}.js`;
  const source = read(file);
  if (source === undefined) return undefined;
  const meta = metaOf(source);
  if (ending.endsWith(".js")) return { type: "text/javascript", body: workerFor(file, meta, before) };
  const page = (code, files) => ({ type: "text/html", body: pageFor(meta, before, code, files) });
  const { script, start } = wrappers[ending];
  if (stem.endsWith(".worker")) return page(startDedicated(file));
  return start ? page(start(stem + script)) : page(undefined, [...meta.script, file]);
}

function pageFor({ title, timeout }, before, code, files = []) {
  const scripts = ["/resources/testharness.js", "/resources/testharnessreport.js", ...files];
  if (before) scripts.unshift(before);
  return `<!doctype html>
<meta charset="utf-8">
${title ? `<title>${title.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</title>` : ""}
${timeout ? `<meta name="timeout" content="${timeout}">` : ""}
<script>self.GLOBAL = { isWindow: () => true, isWorker: () => false, isShadowRealm: () => false };</script>
<div id="log"></div>
${scripts.map((src) => `<script src="${src}"></script>`).join("\n")}
${code ? `<script>${code}</script>` : ""}
`;
}

function workerFor(file, { title, script }, before) {
  const scripts = ["/resources/testharness.js", ...script, file];
  if (before) scripts.unshift(before);
  return `self.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false };
${title ? `self.META_TITLE = ${JSON.stringify(title)};` : ""}
${scripts.map((src) => `importScripts(${JSON.stringify(src)});`).join("\n")}
done();
`;
}
