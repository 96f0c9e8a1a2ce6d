// The applications in www/yew, www/leptos and www/dioxus: one contract for all of them. Each is opened in two tabs, broken, and left.
//
// They show the same by the same test ids, so that what differs between them is what differs between the frameworks. They are built before, by
// `make apps`; APPS names some of them, to test only those.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { counting } from "../counting.mjs";
import { PATIENCE, Tab, artifacts, launch, root, startFixture } from "./support.mjs";

/** Where each application is. One that is rendered on a server has a server of its own, which is the fixture with its pages. */
const APPS = {
  yew: { path: "/www/yew/" },
  leptos: { path: "/leptos", binary: resolve(root, process.env.CARGO_TARGET_DIR ?? "target", "apps/debug/everwire-leptos") },
  dioxus: { path: "/www/dioxus/" },
};
const chosen = process.env.APPS?.split(" ") ?? Object.keys(APPS);

/** What a browser logs by itself when a request fails, which here is the point. */
const NETWORK = /^Failed to load resource: |^WebSocket connection to '[^']*' failed: |^EventSource's response has a status \d+ /;
const COUNTS = ["stream-missed", "stream-repeated", "socket-missed", "socket-repeated"];
/** A thousand mounts and unmounts, ten at a time. */
const ROUNDS = 100;
/** Of 64 KiB: what the wasm memory may grow by in a thousand mounts, once it has had a hundred. */
const MORE_PAGES = 8;
/** Closures and other values of the page that the wasm may hold more by then: its table grows by this many at a time. */
const MORE_VALUES = 128;

for (const name of chosen) {
  const { path, binary } = APPS[name];

  describe(`the application in ${name}`, () => {
    const data = mkdtempSync(join(tmpdir(), `everwire-${name}-`));
    const errors = [];
    let fixture;
    let browser;
    /** Two users. */
    let ann;
    let bob;

    const control = (what, method = "POST") => fetch(`${fixture.url}/control${what}`, { method });
    const live = async () => (await (await fetch(`${fixture.url}/control`)).json()).live;
    const both = (act) => Promise.all([ann, bob].map(act));
    const open = async (who) => {
      const page = await browser.newPage();
      page.on("pageerror", ({ stack }) => errors.push(stack));
      page.on("console", (message) => message.type() === "error" && !NETWORK.test(message.text()) && errors.push(message.text()));
      await page.addInitScript(counting);
      await page.addInitScript(recording);
      const tab = new Tab(`${who}'s tab`, page);
      await page.goto(fixture.url + path);
      await isOpen(tab);
      return tab;
    };

    before(async () => {
      fixture = await startFixture({ name, data, binary });
      browser = await launch();
      [ann, bob] = [await open("ann"), await open("bob")];
    });

    after(async () => {
      await browser?.close();
      await fixture?.kill();
      rmSync(data, { recursive: true, force: true });
    });

    if (binary) {
      it("is rendered on the server, where no connection is opened", async () => {
        const before = await live();
        const html = await (await fetch(fixture.url + path)).text();
        assert.match(html, /data-testid="chat-input"/);
        assert.match(html, /data-testid="socket-state"[^>]*>not yet open</);
        assert.equal(await live(), before);
      });
    }

    it("shows prices that move, and what is said in one tab in both", async () => {
      await both(pricesMove);
      await ann.say("Good morning!");
      await bob.say("Good morning, Ann.");
      await both((tab) => hasAll(tab, "Good morning!", "Good morning, Ann."));
      for (const tab of [ann, bob]) assert.equal(await tab.text("chat-via"), "by WebSocket");
    });

    it("goes on where it stopped when every connection is cut", async () => {
      const before = await ann.text("socket-received");
      // What is said while there is no connection waits for the next one.
      await control("/unavailable?ms=2000");
      await control("/drop");
      await both((tab) => tab.until("both connections are cut", () => ["stream", "socket"].every((name) =>
        document.querySelector(`[data-testid="${name}-state"]`).textContent !== "open")));
      await ann.say("cut, a");
      await bob.say("cut, b");
      await both(isOpen);
      await both((tab) => hasAll(tab, "cut, a", "cut, b"));
      await both(pricesMove);
      assert.ok(await ann.text("socket-received") > before);
      await both(nothingIsLost);
    });

    it("connects at once when it is told to", async () => {
      await control("/unavailable?ms=1000");
      await control("/drop");
      await ann.shows("socket-state", /^waiting$/);
      await control("", "DELETE");
      await ann.click("reconnect");
      await both(isOpen);
      await both(nothingIsLost);
    });

    it("chats on over HTTP while WebSocket is refused, and says by what", async () => {
      // Afresh: whoever had stepped down in the breaks before, and finds WebSocket refused when it looks again, does so much later then.
      await both(async (tab) => {
        await tab.page.reload();
        await tab.stands();
        assert.equal(await tab.text("socket-transport"), "websocket");
      });
      await control("/refuse-websocket");
      await control("/drop?path=/relay");
      // Which of the two comes first hangs on what failed in the breaks before.
      await both((tab) => tab.until("the chat goes by what carries the socket", (words) => {
        const text = (id) => document.querySelector(`[data-testid="${id}"]`).textContent;
        return text("socket-state") === "open" && words[text("socket-transport")] === text("chat-via");
      }, { eventsource: "by server-sent events: WebSocket does not get through", "long-poll": "by long-polling: WebSocket does not get through" }));
      await ann.say("refused, a");
      await bob.say("refused, b");
      await both((tab) => hasAll(tab, "refused, a", "refused, b"));
      await control("", "DELETE");
      await both((tab) => tab.shows("socket-transport", /^websocket$/));
      await both(nothingIsLost);
    });

    it("looks as it should", async () => {
      await ann.page.setViewportSize({ width: 1280, height: 900 });
      await ann.picture({ path: join(artifacts, `app-${name}.png`), fullPage: true });
      assert.ok(await ann.page.evaluate(() => document.documentElement.scrollWidth) <= 1280);
    });

    it("leaves nothing behind when its page is left, and begins anew when people come back", async () => {
      await ann.click("nav-about");
      await ann.shows("about", /no connection/);
      await bob.page.close();
      await eventually(async () => assert.equal(await live(), 0));
      await ann.click("nav-home");
      await isOpen(ann);
      await pricesMove(ann);
      await ann.click("nav-about");
    });

    it("closes the old connection before it opens the new one when the URL changes", async () => {
      await ann.click("nav-mounts");
      await ann.shows("room", /^hello, room 1$/);
      await ann.page.evaluate(() => { window.calls = []; });
      await ann.click("next-room");
      await ann.shows("room", /^hello, room 2$/);
      // In a debug build, Dioxus looks for its own tool by a socket.
      const calls = await ann.page.evaluate(() => window.calls.filter((call) => call.includes("/ws/chat/")));
      assert.deepEqual(calls, ["close /ws/chat/1", "open /ws/chat/2"]);
      await eventually(async () => assert.equal(await live(), 1));
    });

    it("shows nothing of the old connection as if it were of the new one, not even where that cannot be", async () => {
      await ann.shows("room-state", /^open$/);
      await ann.click("no-room");
      await ann.shows("room-error", /"" was given/);
      await ann.shows("room-state", /^not yet open$/);
      await ann.shows("room", /^nothing yet$/);
      await ann.click("next-room");
      await ann.shows("room-state", /^open$/);
      await ann.shows("room-error", /^$/);
      await ann.shows("room", /^hello, room 1$/);
      await ann.click("nav-about");
    });

    it("shows nothing of one handle as if it were of another that takes its place", async () => {
      await ann.click("nav-mounts");
      await ann.shows("room", /^hello, room 1$/);
      await ann.click("other-handle");
      await ann.shows("room", /^nothing yet$/);
      await ann.click("nav-about");
    });

    it("shows the end that it is brought to by who is looking at its status", async () => {
      await ann.click("nav-mounts");
      await ann.shows("room-state", /^open$/);
      await ann.click("close-room");
      await ann.shows("room-state", /^closed$/);
      await ann.click("nav-about");
    });

    it("leaves no listener, timer, request, socket, closure or memory after a thousand mounts", { timeout: 120_000 }, async () => {
      await ann.click("nav-mounts");
      const seen = await ann.page.evaluate(async (rounds) => {
        const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });
        const button = document.querySelector('[data-testid="mount"]');
        const mounted = () => document.querySelectorAll('[data-testid="mounted"]').length;
        const click = async (count) => {
          button.click();
          for (let frames = 0; mounted() !== count; frames += 1) {
            if (frames > 300) throw new Error(`${mounted()} are mounted, expected ${count}`);
            await frame();
          }
          await frame();
        };
        const round = async () => {
          await click(10);
          await click(0);
        };
        const words = () => [...window.held.values()].sort();
        const settled = async () => {
          // The closing handshakes of the last sockets; and that of the page itself has a timer until it has stood for a while.
          const isBusy = (all) => all.filter((word) => word === "WebSocket").length > 1 || all.some((word) => word.startsWith("timeout"));
          for (const end = performance.now() + 10_000; performance.now() < end && isBusy(words());) await frame();
          return words();
        };
        const size = () => window.memories.reduce((all, memory) => all + memory.buffer.byteLength, 0) / 65_536;
        const values = () => window.tables.reduce((all, table) => all + table.length, 0);
        await round();
        const first = await settled();
        for (let i = 1; i < rounds / 10; i += 1) await round();
        const early = { size: size(), values: values() };
        for (let i = rounds / 10; i < rounds; i += 1) await round();
        return { first, last: await settled(), early, pages: size() - early.size, values: values() - early.values };
      }, ROUNDS);
      assert.equal(await ann.text("mount-count"), String(10 * ROUNDS));
      assert.deepEqual(seen.last, seen.first, "what the page holds after the last mount, and after the first");
      const connections = seen.last.filter((word) => /^(WebSocket|EventSource|fetch|XMLHttpRequest)$/.test(word));
      assert.deepEqual(connections, ["WebSocket"], "that of the page itself");
      assert.ok(seen.pages <= MORE_PAGES, `the wasm memory grew by ${seen.pages} pages of 64 KiB`);
      assert.ok(seen.early.values > 0, "the values that the wasm holds are counted");
      assert.ok(seen.values <= MORE_VALUES, `the wasm holds ${seen.values} closures and other values of the page more`);
      await eventually(async () => assert.equal(await live(), 1));
    });

    it("calls the others who listen when one of them panics, for that message, for the next and in another room", async () => {
      const before = errors.length;
      const say = (text) => ann.page.evaluate((text) => new Promise((resolve) => {
        const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws/chat/1`);
        socket.onopen = () => socket.send(text);
        socket.onmessage = () => socket.close();
        socket.onclose = resolve;
      }), text);
      await ann.click("nav-about");
      await ann.click("nav-mounts");
      await ann.shows("room-heard", /^1 heard$/);
      await say("panic");
      await ann.shows("room", /^panic$/);
      await ann.shows("room-heard", /^2 heard$/);
      await say("and on it goes");
      await ann.shows("room", /^and on it goes$/);
      await ann.shows("room-heard", /^3 heard$/);
      await ann.click("next-room");
      await ann.shows("room", /^hello, room 2$/);
      await ann.shows("room-heard", /^4 heard$/);
      await ann.click("nav-about");
      await ann.shows("about", /no connection/);
      await eventually(() => assert.ok(errors.length > before, "the page is told of the panic"));
      for (const error of errors.splice(before)) assert.match(error, /panic|unreachable/);
    });

    it("ran all the time without an error in the page", () => {
      assert.deepEqual([...new Set(errors)], []);
    });
  });
}

/** Run in the page before all else: `calls` is what is done to WebSockets, in its order; `openSince`, since when each is shown as open. */
function recording() {
  window.openSince = {};
  const note = () => {
    for (const name of ["stream", "socket"]) {
      const isOpen = document.querySelector(`[data-testid="${name}-state"]`)?.textContent === "open";
      window.openSince[name] = isOpen ? window.openSince[name] ?? performance.now() : undefined;
    }
  };
  new MutationObserver(note).observe(document, { subtree: true, childList: true, characterData: true });
  window.calls = [];
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...given) {
      super(...given);
      window.calls.push(`open ${new URL(this.url).pathname}`);
    }

    close(...given) {
      if (this.readyState === Native.OPEN) window.calls.push(`close ${new URL(this.url).pathname}`);
      super.close(...given);
    }
  };
}

const isOpen = (tab) => tab.until("both connections are open", () => ["stream", "socket"].every((name) =>
  document.querySelector(`[data-testid="${name}-state"]`)?.textContent === "open"));

const pricesMove = async (tab) => {
  const texts = () => [...document.querySelectorAll('[data-testid="prices"] li')].map((cell) => cell.textContent);
  const shown = await tab.until("a hundred prices", (texts) => {
    const all = new Function(`return (${texts})()`)();
    return all.length === 100 && all;
  }, String(texts));
  await tab.until("prices change", ([texts, shown]) => {
    const all = new Function(`return (${texts})()`)();
    return all.filter((text, i) => text !== shown[i]).length >= 10;
  }, [String(texts), shown]);
};

/** These texts are in the chat, once each, sent back by the server. */
const hasAll = async (tab, ...texts) => {
  await tab.until(`the chat has ${texts.join(", ")}, and nothing is pending`, (texts) => {
    const rows = [...document.querySelectorAll('[data-testid="chat-message"]')];
    const said = rows.map((row) => row.querySelector(".said").textContent);
    return texts.every((text) => said.includes(text)) && !rows.some((row) => row.classList.contains("pending"));
  }, texts);
  const said = await tab.at("chat-message").locator(".said").allTextContents();
  for (const text of texts) assert.equal(said.filter((it) => it === text).length, 1, `${tab.name}: “${text}” is there once`);
};

const nothingIsLost = async (tab) => {
  for (const id of COUNTS) assert.equal(await tab.text(id), "0", `${tab.name}: ${id}`);
};

/** Waits until `check` throws no more; then what it throws is thrown. */
async function eventually(check) {
  for (const end = Date.now() + PATIENCE; ;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
}
