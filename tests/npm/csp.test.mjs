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

/** The same of everwire/lazy, as \`told\`, what \`init\`, the promises of the connections and their \`error\` events say. */
const CONSTRUCT_LAZILY = `
  import { init, ReconnectingEventSource, ReconnectingWebSocket } from "everwire/lazy";

  globalThis.tell = async (server) => {
    const initialised = init("/node_modules/everwire/wasm/machine.wasm").then(() => "loaded", ({ message }) => message);
    const connections = [
      new ReconnectingWebSocket(server.replace("http", "ws") + "/ws/echo"), new ReconnectingEventSource(server + "/sse/greetings?first=oldest"),
    ];
    const opened = connections.map((connection) => connection.opened.then(() => "open", ({ message }) => message));
    const said = [await initialised, ...await Promise.all(opened)];
    for (const connection of connections) connection.close();
    return said;
  };`;

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
  writeFileSync(join(folder, "src/lazily.js"), CONSTRUCT_LAZILY);
  for (const name of ["index", "construct", "lazily"]) {
    const script = `<script type="module" src="dist/${name}.js"></script>`;
    writeFileSync(join(folder, `${name}.html`), `<!doctype html>\n<title>${name}</title>\n${script}\n`);
  }
  const entryPoints = ["index", "worker", "construct", "lazily"].map((name) => join(folder, "src", `${name}.js`));
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

  test(`${browser}: everwire/lazy needs its module's address besides, and is given up with the directive that is missing`, TIMEOUT, async () => {
    const { origin } = fixture;
    const servers = `${origin} ${origin.replace("http", "ws")}`;
    const telling = (policy) => under(policy, "lazily", browser, `tell(${JSON.stringify(origin)})`);
    const allowed = await telling(`default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self' ${servers}`);
    assert.deepEqual(allowed, { value: ["loaded", "open", "open"], broken: [] });
    const { value: forbidden } = await telling(`default-src 'none'; script-src 'self'; connect-src 'self' ${servers}`);
    for (const said of forbidden) assert.match(said, /everwire\/lazy could not load its module: .*needs script-src 'wasm-unsafe-eval'/);
    const { value: unreached } = await telling(`default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src ${servers}`);
    for (const said of unreached) assert.match(said, /everwire\/lazy could not load its module: /);
  });
}
