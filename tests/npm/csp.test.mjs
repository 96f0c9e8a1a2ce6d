// Content security policies, as headers of every response: the strictest with which all of it works, and what the constructors say where
// WebAssembly is forbidden.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { makeProject } from "./consumers/project.mjs";
import { serve } from "./consumers/serve.mjs";
import { launchBrowser, startFixture } from "./support.mjs";
import { launchFirefox } from "./webdriver.mjs";

/** A page that tells, as `said`, what each constructor throws. */
const CONSTRUCT = `
  import * as everwire from "everwire";

  const said = {};
  for (const name of Object.keys(everwire)) {
    try {
      new everwire[name]("/nowhere").close();
    } catch ({ name: kind, message, cause }) {
      said[name] = { kind, message, cause: cause.name };
    }
  }
  globalThis.said = said;`;

const TIMEOUT = { timeout: 60_000 };

let fixture;
let folder;
/** Each opens an address, evaluates an expression there, which may be a promise, and tells what the policy was broken by. */
const browsers = {};
const closing = [];

before(async () => {
  fixture = await startFixture();
  closing.push(fixture.stop);
  await fixture.publish("greetings", "hi");

  folder = makeProject();
  writeFileSync(join(folder, "src/construct.js"), CONSTRUCT);
  for (const name of ["index", "construct"]) {
    const script = `<script type="module" src="dist/${name}.js"></script>`;
    writeFileSync(join(folder, `${name}.html`), `<!doctype html>\n<title>${name}</title>\n${script}\n`);
  }
  const entryPoints = ["index", "worker", "construct"].map((name) => join(folder, "src", `${name}.js`));
  await build({ entryPoints, outdir: join(folder, "dist"), bundle: true, format: "esm", logLevel: "error" });

  const chromium = await launchBrowser();
  closing.unshift(() => chromium.close());
  browsers.Chromium = async (address, expression) => {
    const page = await chromium.newPage();
    await page.addInitScript(() => {
      window.broken = [];
      addEventListener("securitypolicyviolation", ({ blockedURI, violatedDirective }) => broken.push(`${violatedDirective} ${blockedURI}`));
    });
    await page.goto(address);
    const seen = await page.evaluate(`(async () => ({ value: await (${expression}), broken }))()`);
    await page.context().close();
    return seen;
  };
  const firefox = await launchFirefox();
  closing.unshift(firefox.close);
  browsers.Firefox = async (address, expression) => {
    await firefox.goto(address);
    return { value: await firefox.execute(`return ${expression};`), broken: [] };
  };
});

after(async () => {
  for (const close of closing) await close();
});

/** Opens a page under this policy. */
const under = async (policy, page, browser, expression) => {
  const site = await serve(folder, { "Content-Security-Policy": policy });
  try {
    return await browsers[browser](`${site.origin}/${page}.html`, expression);
  } finally {
    site.stop();
  }
};

for (const browser of ["Chromium", "Firefox"]) {
  for (const host of ["window", "dedicated worker", "shared worker"]) {
    test(`${browser}, ${host}: with 'wasm-unsafe-eval' and the server's address, and nothing else, all of it works`, TIMEOUT, async () => {
      const { origin } = fixture;
      const policy = `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src ${origin} ${origin.replace("http", "ws")}`;
      const { value, broken } = await under(policy, "index", browser, `hosts[${JSON.stringify(host)}](${JSON.stringify(origin)})`);
      assert.deepEqual(value, { socket: "hello", events: "hi", strict: "hi" });
      assert.deepEqual(broken, []);
    });
  }

  test(`${browser}: without that keyword each constructor throws, and says which directive needs it (T40)`, TIMEOUT, async () => {
    const { value } = await under("script-src 'self'", "construct", browser, "said");
    assert.deepEqual(Object.keys(value), ["EventSource", "ReconnectingEventSource", "ReconnectingWebSocket"]);
    for (const { kind, message, cause } of Object.values(value)) {
      assert.match(message, /needs script-src 'wasm-unsafe-eval'/);
      assert.deepEqual([kind, cause], ["Error", "CompileError"]);
    }
  });
}
