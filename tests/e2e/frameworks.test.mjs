// The applications in docs/frameworks.md, as a reader makes them: a new project with the lines of the page and the file that is to be copied. Each is
// built, opened, and cut. APPS names some of them, to test only those.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { blocks } from "../docs/blocks.mjs";
import { Tab, launch, root, startFixture } from "./support.mjs";

const target = resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "apps");
const ofApp = (name) => blocks.filter(({ values }) => values.app?.includes(name));
const known = [...new Set(blocks.flatMap(({ values }) => values.app ?? []))];
const chosen = process.env.APPS?.split(" ") ?? known;

const run = (command, ...args) => {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  assert.equal(status, 0, `${command} ${args.join(" ")}:\n${stderr ?? error}`);
};

/** What trunk puts into a page, in short. */
const SCRIPT = '<link rel="icon" href="data:,">\n<script type="module">import init from "./chat.js"; await init();</script>\n';

/** Makes the project and builds it; gives the folder that a server may have as its root. */
function build(name) {
  const folder = join(target, `docs-${name}`);
  rmSync(folder, { recursive: true, force: true });
  const project = join(folder, "project");
  for (const { text, values: { file: [file] } } of ofApp(name)) {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    const head = `[package]\nname = "docs-${name}"\nversion = "0.0.0"\nedition = "2024"\n\n`;
    // The crate is not published yet; and the crate's debugging information would be half a minute of linking.
    const rest = `\n[patch.crates-io]\neverwire = { path = ${JSON.stringify(root)} }\n\n[profile.dev]\ndebug = false\n\n[workspace]\n`;
    writeFileSync(join(project, file), file === "Cargo.toml" ? head + text + rest : text);
  }
  copyFileSync(join(root, `www/${name}/src/connection.rs`), join(project, "src/connection.rs"));
  // The versions are those of the whole application.
  copyFileSync(join(root, `www/${name}/Cargo.lock`), join(project, "Cargo.lock"));
  run("cargo", "build", "--manifest-path", join(project, "Cargo.toml"), "--target-dir", target, "--target", "wasm32-unknown-unknown");
  const built = join(target, `wasm32-unknown-unknown/debug/docs-${name}.wasm`);
  run("wasm-bindgen", "--target", "web", "--no-typescript", "--out-dir", join(folder, "www"), "--out-name", "chat", built);
  const page = readFileSync(join(project, "index.html"), "utf8");
  writeFileSync(join(folder, "www/index.html"), page.replace("</head>", `${SCRIPT}</head>`));
  return folder;
}

it("every framework that has an application has an example in the documentation", () => {
  assert.deepEqual(known.sort(), ["dioxus", "leptos", "yew"]);
});

for (const name of chosen) {
  describe(`the example for ${name} in docs/frameworks.md`, () => {
    let fixture;
    let browser;
    before(async () => {
      const folder = build(name);
      fixture = await startFixture({ name: `docs-${name}`, data: join(folder, "data"), root: folder });
      browser = await launch();
    }, { timeout: 600_000 });
    after(async () => {
      await browser?.close();
      await fixture?.kill();
    });

    it("hears what is said, and after a cut what was said meanwhile, once each", async () => {
      const page = await browser.newPage();
      const errors = [];
      page.on("pageerror", ({ stack }) => errors.push(stack));
      await page.goto(`${fixture.url}/www/index.html`);
      const tab = new Tab(name, page);
      const state = (wanted) => tab.until(`it is ${wanted}`, (wanted) => document.querySelector("p")?.textContent === wanted, wanted);
      const heard = (...wanted) => tab.until(`it has heard ${wanted.join(", ")}`, (wanted) =>
        [...document.querySelectorAll("li")].map((item) => item.textContent).join() === wanted.join(), wanted);
      const post = (path, body) => fetch(fixture.url + path, { method: "POST", body });
      await state("open");
      await page.getByRole("button").click();
      await heard("hello");
      await post("/relay/chat", "from elsewhere");
      await post("/control/refuse-websocket?ms=1500");
      await post("/control/drop");
      await state("not open");
      await post("/relay/chat", "meanwhile");
      await state("open");
      await heard("hello", "from elsewhere", "meanwhile");
      assert.deepEqual(errors, []);
    });
  });
}
