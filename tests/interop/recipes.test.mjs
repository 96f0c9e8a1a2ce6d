// The servers of docs/servers.md that need nginx, or Python; and what the documentation shows for nginx.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NEED_MORE, tryRecipes } from "./recipe-tests.mjs";
import { checkNginx, fragments } from "./recipes.mjs";

for (const { place, configuration } of fragments) {
  test(`nginx takes what ${place} shows`, async () => assert.equal(await checkNginx(configuration), ""));
}

tryRecipes(NEED_MORE);
