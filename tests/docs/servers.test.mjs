// The servers of docs/servers.md that Node and cargo bring. Those that need nginx or Python are tried by tests/interop/recipes.test.mjs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { NEED_MORE, TRIED, tryRecipes } from "../interop/recipe-tests.mjs";
import { RECIPES } from "../interop/recipes.mjs";

test("every recipe is one that is tried", () => {
  assert.deepEqual(RECIPES.toSorted(), TRIED.toSorted());
});

tryRecipes(RECIPES.filter((name) => !NEED_MORE.includes(name)));
