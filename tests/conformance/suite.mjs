// The suite's files: which tests there are, in which scopes each runs, and the pages and workers that run those that are scripts.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = "eventsource";

// By the ending of the wrapper's address: the scope that its META calls so, and how the page starts the test.
const wrappers = {
  ".html": { scope: "window", names: ["window"] },
  ".worker.html": { scope: "dedicated worker", names: ["dedicatedworker", "worker"], script: ".worker.js", start: startDedicated },
  ".sharedworker.html": { scope: "shared worker", names: ["sharedworker", "worker"], script: ".sharedworker.js", start: startShared },
};

function startDedicated(script) {
  return `fetch_tests_from_worker(new Worker("${script}"));`;
}

function startShared(script) {
  return `fetch_tests_from_worker(new SharedWorker("${script}"));`;
}

/** Needs two windows that can be told what to do, and pages that come back whole; both are the browser's matter, not the class's. */
const beyondUs = ["eventsource-bfcache.window.js"];

/** The tests below the suite's root: what file each is of, the page that runs it, and the scope that the class is used in. */
export function findTests(root) {
  const files = readdirSync(join(root, folder), { recursive: true }).map((file) => file.replaceAll("\\", "/")).sort();
  return files.filter((file) => !file.startsWith("resources/") && !beyondUs.includes(file)).flatMap((file) => testsOf(root, file));
}

function testsOf(root, file) {
  const path = `/${folder}/${file}`;
  const read = () => readFileSync(join(root, path), "utf8");
  const page = (ending) => path.replace(/\.js$/, ending);
  if (file.endsWith(".any.js")) {
    const globals = metaOf(read()).global?.split(",") ?? ["window", "dedicatedworker"];
    return Object.entries(wrappers)
      .filter(([, { names }]) => names.some((name) => globals.includes(name)))
      .map(([ending, { scope }]) => ({ file, url: page(ending), scope }));
  }
  if (file.endsWith(".window.js")) return [{ file, url: page(".html"), scope: "window" }];
  if (file.endsWith(".worker.js")) return [{ file, url: page(".html"), scope: "dedicated worker" }];
  if (/\.html?$/.test(file) && read().includes("testharness.js")) return [{ file, url: path, scope: scopeOfPage(file) }];
  return [];
}

function scopeOfPage(file) {
  const [, kind] = file.match(/^(dedicated|shared)-worker\//) ?? [];
  return kind ? `${kind} worker` : "window";
}

/** What the lines `// META: key=value` at a test's top say; `script` may come more than once. */
function metaOf(source) {
  const meta = { script: [] };
  for (const [, key, value] of source.matchAll(/^\/\/ META: (\w+)=(.*)$/gm)) {
    if (key === "script") meta.script.push(value);
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
  const [, stem, ending] = path.match(/^(.*?\.any)(\.(?:worker|sharedworker)\.(?:html|js))$/) ?? path.match(/^(.*)(\.html)$/) ?? [];
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
