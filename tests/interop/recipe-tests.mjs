// What a server of docs/servers.md is tried with, together with its page in Chromium: nothing is missed and nothing comes twice, when
// connections break and when the server itself starts anew. Those that Node and cargo bring are tried by tests/docs/servers.test.mjs, those
// that need more by recipes.test.mjs. `SERVERS=axum` (or several, with commas) runs a part.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { openFront } from "./front.mjs";
import { TIMEOUT, folder, openPages } from "./pages.mjs";
import { clientOf, writeRecipe } from "./recipes.mjs";

/** Publishes something on an event stream. */
const publish = (server, text) => fetch(`${server.origin}/feed`, {
  method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text }) });
/** The recipes for event streams and for sockets, each with its page. */
const STREAMS = { node: "feed", express: "feed", axum: "feed", fastapi: "feed", nchan: "feed" };
const SOCKETS = { nchan: "relay", ws: "ws", "engine.io": "engine.io" };
/** Those that are found on the machine, or not. */
export const NEED_MORE = ["fastapi", "nchan"];
export const TRIED = [...new Set([...Object.keys(STREAMS), ...Object.keys(SOCKETS)])];

const pages = openPages(() => {
  Object.assign(window, { shown: [], continuities: [], reload: () => {} });
  window.show = (value) => shown.push(value.text ?? value);
  /** Runs a page of the documentation. `of` is what its connection is called there. */
  window.runPage = (code, of) => {
    const map = { type: "importmap", textContent: JSON.stringify({ imports: { everwire: "/pkg/index.js" } }) };
    const module = { type: "module", textContent: `${code}
window.connection = ${of};
connection.addEventListener("reconnected", ({ continuity }) => continuities.push(continuity));` };
    for (const script of [map, module]) document.head.append(Object.assign(document.createElement("script"), script));
  };
});

/** Opens a page of the documentation, in a server's own origin, and waits until it has its connection. */
async function open(front, client) {
  const page = await pages.take(client, front.origin);
  await page.evaluate(([code, of]) => runPage(code, of), [clientOf(client), client === "feed" ? "feed" : "chat"]);
  await page.waitForFunction(() => window.connection?.state === "open");
  return page;
}

/** Waits until the page has shown so many, and looks whether it was these. */
async function hasShown(page, expected) {
  await page.waitForFunction((count) => shown.length >= count, expected.length).catch(() => {});
  assert.deepEqual(await page.evaluate(() => shown), expected);
}

const wanted = process.env.SERVERS?.split(",");

/** Tries these recipes, each by its name. */
export function tryRecipes(names) {
  for (const name of names.filter((name) => wanted?.includes(name) ?? true)) tryRecipe(name);
}

function tryRecipe(name) {
  describe(`the recipe ${name}`, () => {
    let server;
    let front;

    before(async () => {
      server = await writeRecipe(name);
      await server.start();
      front = await openFront(server, folder);
    });
    after(async () => {
      await front?.stop();
      await server?.stop();
      await server?.remove();
    });

    /** The next request waits until `what` is done. The pages of the documentation are no client by name. */
    const beforeNextRequest = (what) => {
      let done;
      front.plan(null, async () => {
        await (done ??= what());
        return {};
      });
    };

    /** The server is gone, comes back, and says something before the page is back. */
    async function startAnew(page, say, expected) {
      // Ids of nchan are a second and a number in it: within the same second, a history that begins anew has the same ones again.
      await setTimeout(1_000 - (Date.now() % 1_000));
      beforeNextRequest(async () => {
        await server.start();
        await say("six", "seven");
      });
      await server.stop();
      await page.waitForFunction(() => shown.includes("seven"));
      await say("eight");
      await hasShown(page, expected);
    }

    if (STREAMS[name]) {
      test("event streams: nothing is missed and nothing comes twice, also when the server starts anew", TIMEOUT, async () => {
        await publish(server, "before anybody came");
        const page = await open(front, STREAMS[name]);
        const expected = [];
        const say = async (...texts) => {
          for (const text of texts) {
            assert.ok((await publish(server, text)).ok, text);
            expected.push(text);
          }
        };
        await say("one", "two ☃");
        await hasShown(page, expected);

        for (const texts of [["three", "four"], ["five"]]) {
          beforeNextRequest(() => say(...texts));
          front.drop(null);
          await page.waitForFunction((count) => shown.length >= count, expected.length + texts.length);
          await hasShown(page, expected);
        }

        await startAnew(page, say, expected);
        assert.deepEqual(new Set(await page.evaluate(() => continuities)), new Set(["resumed"]));
      });

      // nchan does not read what it is given.
      if (name !== "nchan") {
        test("event streams: what is no JSON is refused", TIMEOUT, async () => {
          const answer = await fetch(`${server.origin}/feed`, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{" });
          assert.ok(answer.status === 400 || answer.status === 422, `${answer.status}`);
          assert.ok((await publish(server, "it still lives")).ok);
        });
      }
    }

    if (SOCKETS[name]) {
      test("sockets: nothing is missed and nothing comes twice, also when the server starts anew", TIMEOUT, async () => {
        const page = await open(front, SOCKETS[name]);
        // Not by the front, so that it is not broken with the other.
        const other = await openFront(server, folder);
        try {
          const speaker = await open(other, SOCKETS[name]);
          // What both pages say by themselves.
          const expected = clientOf(SOCKETS[name]).includes('send("hello")') ? ["hello", "hello"] : [];
          await hasShown(page, expected);
          const say = async (...texts) => {
            await speaker.evaluate((texts) => texts.forEach((text) => connection.send(text)), texts);
            expected.push(...texts);
            await speaker.waitForFunction((text) => shown.includes(text), texts.at(-1));
          };
          await say("one", "two ☃");
          await hasShown(page, expected);

          for (const texts of [["three", "four"], ["five"]]) {
            beforeNextRequest(() => say(...texts));
            front.drop(null);
            await page.waitForFunction((text) => shown.includes(text), texts.at(-1));
            await hasShown(page, expected);
          }
          assert.deepEqual(new Set(await page.evaluate(() => continuities)), new Set(["resumed"]));

          await startAnew(page, say, expected);
        } finally {
          await other.stop();
        }
      });
    }
  });
}
