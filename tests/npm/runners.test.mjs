// Unit tests as users have them, run by Vitest and by Jest: those of docs/testing.md, whose network is played, and one whose network is real.
// (By node:test the former are run in tests/docs/unit-tests.test.mjs.)
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeProject, run, tool } from "./consumers/project.mjs";
import { startFixture } from "./support.mjs";

const page = readFileSync(new URL("../../docs/testing.md", import.meta.url), "utf8");
const REAL = `
import assert from "node:assert/strict";
import { test } from "node:test";
import { EventSource, ReconnectingEventSource } from "everwire";

test("both classes receive", async () => {
  for (const Source of [EventSource, ReconnectingEventSource]) {
    const source = new Source(process.env.FIXTURE + "/sse/numbers");
    const { data } = await new Promise((resolve) => { source.onmessage = resolve; });
    source.close();
    assert.match(data, /^\\d+$/);
  }
});
`;
const files = Object.fromEntries([...page.matchAll(/^```js test file=(\S+)\n([^]*?)^```/gm)].map(([, name, text]) => [name, text]));
files["real.test.js"] = REAL;
const titles = Object.values(files).flatMap((text) => [...text.matchAll(/^test\("(.*)", async/gm)].map(([, title]) => title)).sort();

/** How each is started, in an environment; and where what the files import from node:test comes from. */
const RUNNERS = {
  vitest: { start: ["run", "--root=.", "--reporter=json"], functions: 'import $1 from "vitest";' },
  jest: { start: ["--rootDir=.", "--json"], env: { NODE_OPTIONS: "--experimental-vm-modules" }, functions: "" },
};

let fixture;
before(async () => { fixture = await startFixture(); });
after(() => fixture.stop());

for (const [name, { start, env, functions }] of Object.entries(RUNNERS)) {
  test(`the unit tests of docs/testing.md pass in ${name}, and so does one with a real server`, { timeout: 120_000 }, async () => {
    const project = makeProject();
    // As if it were installed there.
    const installed = fileURLToPath(new URL(`consumers/node_modules/${name}`, import.meta.url));
    symlinkSync(installed, join(project, "node_modules", name));
    const folder = join(project, "tests");
    mkdirSync(folder);
    for (const [file, text] of Object.entries(files)) {
      writeFileSync(join(folder, file), text.replace(/^import (.*) from "node:test";$/m, functions));
    }
    await run(tool(name), [...start, "--outputFile=told.json"], { cwd: project, env: { ...env, FIXTURE: fixture.origin } });
    const { testResults } = JSON.parse(readFileSync(join(project, "told.json"), "utf8"));
    const told = testResults.flatMap(({ assertionResults }) => assertionResults);
    assert.deepEqual(told.filter(({ status }) => status === "passed").map(({ title }) => title).sort(), titles);
  });
}
