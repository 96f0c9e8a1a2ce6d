// The demo page as a user has it: open in two tabs, broken in each way it offers, and by killing its server.
//
// The page counts for itself what was missed and repeated. So that it is not believed on its word, this test hears all that its two
// connections deliver as well, and at the end compares that with what the server has on record.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { PATIENCE, Tab, artifacts, launch, startFixture, within } from "./support.mjs";

/** What a browser logs by itself when a request fails, which here is the point. */
const NETWORK = /^Failed to load resource: |^WebSocket connection to '[^']*' failed: |^EventSource's response has a status \d+ /;

const data = mkdtempSync(join(tmpdir(), "everwire-e2e-"));
const errors = [];
let fixture;
let browser;
let context;
/** Two users. */
let ann;
let bob;

describe("the demo page, open in two tabs", () => {
  before(async () => {
    fixture = await startFixture({ name: "e2e", data });
    browser = await launch();
    context = await newContext({ viewport: { width: 1280, height: 800 }, colorScheme: "light" });
    [ann, bob] = [await Tab.open(context, "ann's tab", fixture.url), await Tab.open(context, "bob's tab", fixture.url)];
    for (const tab of [ann, bob]) await listen(tab);
  });

  after(async () => {
    await browser?.close();
    await fixture?.kill();
    rmSync(data, { recursive: true, force: true });
  });

  it("shows prices that move, and what is said in one tab in both", async () => {
    await both(pricesMove);
    await ann.say("Good morning!");
    await bob.say("Good morning, Ann.");
    await allIsWell("Good morning!", "Good morning, Ann.");
    for (const tab of [ann, bob]) assert.equal(await tab.text("chat-via"), "by WebSocket");
  });

  it("goes on where it stopped when every connection is cut", async () => {
    await ann.startTask();
    const before = await calm();
    const cut = await sayOnceCut("drop: cut, a", "drop: cut, b");
    // In both tabs something is on its way when the cut comes.
    await ann.say("drop: on the way, a");
    await bob.say("drop: on the way, b");
    await ann.click("break-drop");
    await cut();
    await reconnected(before, "stream", "socket");
    await ann.say("drop: back, a");
    await bob.say("drop: back, b");
    await allIsWell("drop: on the way, a", "drop: on the way, b", "drop: cut, a", "drop: cut, b", "drop: back, a", "drop: back, b");
    await taskIsDone(ann, "through");
  });

  it("chats on by server-sent events while WebSocket is refused, says so, and returns to WebSocket afterwards", async () => {
    await bob.startTask();
    await calm();
    await bob.click("break-refuse");
    await ann.say("refuse: cut, a");
    await bob.say("refuse: cut, b");
    await both(async (tab) => {
      await tab.shows("chat-via", /by server-sent events: WebSocket does not get through/);
      await tab.reads("socket", "now", /^by eventsource,/);
    });
    await ann.say("refuse: streamed, a");
    await bob.say("refuse: streamed, b");
    await allIsWell("refuse: cut, a", "refuse: cut, b", "refuse: streamed, a", "refuse: streamed, b");

    await bob.click("break-reset");
    // The connection moves once a WebSocket has held for a second; people go on chatting meanwhile.
    const back = () => both((tab) => tab.reads("socket", "now", /^by websocket,/, 2000)).then(() => true, () => false);
    const said = [];
    const since = Date.now();
    do {
      assert.ok(Date.now() - since < 2 * PATIENCE, `both tabs are back on WebSocket within ${2 * PATIENCE / 1000} s`);
      said.push(`refuse: over, ${said.length + 1}`);
      await (said.length % 2 ? ann : bob).say(said.at(-1));
    } while (!(await back()));
    await both((tab) => tab.shows("chat-via", /^by WebSocket$/));
    await allIsWell(...said);
    await taskIsDone(bob, "without");
  });

  it("sits out a server that falls silent", async () => {
    await ann.startTask();
    const before = await calm();
    await ann.click("break-stall");
    await ann.say("stall: silent, a");
    await bob.say("stall: silent, b");
    // Only silence tells the stream, whose wire is whole. What is said waits for its echo.
    await both((tab) => tab.reads("stream", "state", /^(waiting|connecting)$/));
    await reconnected(before, "stream");
    await ann.say("stall: over, a");
    await bob.say("stall: over, b");
    await allIsWell("stall: silent, a", "stall: silent, b", "stall: over, a", "stall: over, b");
    await taskIsDone(ann, "with");
  });

  it("sits out a server that answers 503", async () => {
    await bob.startTask();
    const before = await calm();
    await bob.click("break-503");
    await sayWhileCut("503: cut, a", "503: cut, b");
    await reconnected(before, "stream", "socket");
    await ann.say("503: over, a");
    await bob.say("503: over, b");
    await allIsWell("503: cut, a", "503: cut, b", "503: over, a", "503: over, b");
    await taskIsDone(bob, "through");
  });

  it("outlives a restart of the server", async () => {
    await ann.startTask();
    const before = await calm();
    const cut = await sayOnceCut("restart: cut, a", "restart: cut, b");
    await ann.click("break-restart");
    await cut();
    await ann.shows("break-status", /^The server is back after .*, with its history kept\.$/);
    await reconnected(before, "stream", "socket");
    await ann.say("restart: over, a");
    await bob.say("restart: over, b");
    await allIsWell("restart: cut, a", "restart: cut, b", "restart: over, a", "restart: over, b");
    await taskIsDone(ann, "through");
  });

  it("goes on by itself when the server is killed and started again, from the ids that it had", async () => {
    await bob.startTask();
    const before = await calm();
    await fixture.kill();
    await sayWhileCut("kill: dead, a", "kill: dead, b");
    const had = await both((tab) => tab.page.evaluate(() =>
      [window.everwireDemo.stream.lastEventId, window.everwireDemo.socket.lastEventId]));
    for (const [i, tab] of [ann, bob].entries()) {
      for (const [at, name] of ["stream", "socket"].entries()) await tab.reads(name, "cursor", new RegExp(`^${had[i][at]}$`));
    }

    fixture = await startFixture({ name: "e2e", data, port: fixture.port });
    await reconnected(before, "stream", "socket");
    await ann.say("kill: alive, a");
    await bob.say("kill: alive, b");
    await allIsWell("kill: dead, a", "kill: dead, b", "kill: alive, a", "kill: alive, b");
    await taskIsDone(bob, "through");

    const journal = await (await fetch(`${fixture.url}/journal`)).json();
    const asked = (path) => journal
      .filter((it) => it.path === path && it.method === "GET")
      .map(({ headers, query }) => headers["last-event-id"] ?? new URLSearchParams(query).get("last_event_id"));
    const [prices, chat] = [asked("/sse/prices"), asked("/relay/chat")];
    for (const [stream, socket] of had) {
      assert.ok(prices.includes(stream), `the journal shows a stream that goes on after ${stream}: ${prices}`);
      assert.ok(chat.includes(socket), `the journal shows a socket that goes on after ${socket}: ${chat}`);
    }
    assert.ok(![...prices, ...chat].includes(null), `and none that begins anew: ${prices}; ${chat}`);
  });

  it("heard exactly what the server has on record, each of it once and in order", async (t) => {
    // The newest is told first: what is on record up to it is what both must have heard.
    await ann.say("That is all.");
    await allIsWell("That is all.");
    const record = await onRecord("/relay/chat?first=oldest", (entries) => /"That is all\."/.test(entries.at(-1)?.data));
    const ids = record.map(({ id }) => id);
    const twice = record.length - new Set(record.map(({ data }) => JSON.parse(data).id)).size;
    t.diagnostic(`${record.length} chat messages; ${twice} of them the page sent again, as their echo had got lost`);

    for (const tab of [ann, bob]) {
      const { stream, socket, returns } = await tab.page.evaluate(() => window.heard);
      assert.deepEqual(socket, ids, `${tab.name}: the chat`);
      const [epoch, first] = stream[0].split(":").map(Number);
      assert.deepEqual(stream, stream.map((_, i) => `${epoch}:${first + i}`), `${tab.name}: the prices`);
      assert.ok(stream.length > 100, `${tab.name}: ${stream.length} price events`);
      assert.deepEqual(returns.filter(({ continuity }) => continuity !== "resumed"), [], `${tab.name}: every return resumed`);
      t.diagnostic(`${tab.name}: ${stream.length} price events, ${returns.length} reconnects`);
    }
    const [order, other] = await both((tab) => tab.at("chat-message").evaluateAll((rows) => rows.map((row) => row.dataset.id)));
    assert.deepEqual(order, other, "both tabs show one order");
  });

  it("draws what it survived, and tells it in words", async () => {
    for (const tab of [ann, bob]) {
      assert.ok(Number(await tab.text("total-survived")) >= 8, "breaks survived");
      const [lost, resumed] = await Promise.all(["lost", "resumed"].map((kind) => (
        tab.page.locator(`everwire-inspector .mark.${kind}`).count())));
      assert.ok(lost >= 4 && resumed >= 4, `${tab.name}: ${lost} losses and ${resumed} returns are drawn`);
      const told = (await tab.happenings()).join("\n");
      assert.match(told, /stream back by \S+ after .*: resumed/);
      assert.match(told, /socket back by \S+ after .*: resumed/);
    }
    assert.match((await ann.happenings()).join("\n"), /note Restart server/);
    await ann.page.evaluate(() => scrollTo(0, 0));
    await ann.picture({ path: join(artifacts, "demo.png") });
    await ann.page.emulateMedia({ colorScheme: "dark" });
    await ann.picture({ path: join(artifacts, "demo-dark.png") });
    await ann.page.emulateMedia({ colorScheme: "light" });
  });

  it("can be used with the keyboard alone, and the focus can be seen", async () => {
    const cleo = await Tab.open(context, "cleo's tab", fixture.url);
    const reached = [];
    const tabTo = async (id) => {
      for (let steps = 0; reached.at(-1) !== id; steps += 1) {
        assert.ok(steps < 40, `Tab gets to ${id}; it got to ${reached.join(", ")}`);
        await cleo.page.keyboard.press("Tab");
        const at = await cleo.page.evaluate(focus);
        assert.ok(at.seen, `the focus on ${at.name} can be seen: ${JSON.stringify(at)}`);
        reached.push(at.name);
      }
    };
    await tabTo("break-reset");
    await cleo.page.keyboard.press("Space");
    await cleo.until("the inspector notes it", () => (
      document.querySelector("everwire-inspector").shadowRoot.querySelector(".log").textContent.includes("note Reset")));
    await tabTo("chat-input");
    await cleo.page.keyboard.type("I came late, and by keyboard.");
    await cleo.page.keyboard.press("Enter");
    await allIsWell("I came late, and by keyboard.");
    await tabTo("task-start");
    await cleo.page.keyboard.press("Enter");
    await cleo.shows("task-result", /^Running\./);
    const wanted = [...["drop", "refuse", "stall", "503", "restart", "reset"].map((key) => `break-${key}`), "item", "log", "chat-send"];
    for (const id of wanted) {
      assert.ok(reached.some((name) => name.split(" ").includes(id)), `Tab gets to ${id}; it got to ${reached.join(", ")}`);
    }
    // What was said before she came is there as well.
    const [hers, his] = await Promise.all([cleo, bob].map((tab) => tab.at("chat-message").evaluateAll((rows) => rows.map((row) => row.dataset.id))));
    assert.deepEqual(hers, his);
    await cleo.page.close();
  });

  it("fits a phone", async () => {
    const pocket = await newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true });
    const phone = await Tab.open(pocket, "a phone", fixture.url);
    await pricesMove(phone);
    const { wide, room } = await phone.page.evaluate(() => ({ wide: document.documentElement.scrollWidth, room: innerWidth }));
    assert.equal(room, 390);
    assert.ok(wide <= room, `the page is ${wide} px wide, on ${room}`);
    await phone.picture({ path: join(artifacts, "demo-phone.png"), fullPage: true });
    await pocket.close();
    await ann.page.setViewportSize({ width: 390, height: 800 });
    assert.ok(await ann.page.evaluate(() => document.documentElement.scrollWidth) <= 390, "nor is a narrow window too narrow");
  });

  it("ran all the time without an error in the page", () => {
    assert.deepEqual([...new Set(errors)], []);
  });
});

async function newContext(options) {
  const made = await browser.newContext(options);
  made.on("weberror", (error) => errors.push(error.error().stack));
  made.on("console", (message) => {
    if (message.type() === "error" && !NETWORK.test(message.text())) errors.push(message.text());
  });
  return made;
}

const both = (act) => Promise.all([ann, bob].map(act));

/** Hears what the page hears, from here on: the ids in their order, and what each reconnect meant. */
const listen = (tab) => tab.page.evaluate(() => {
  const { stream, socket } = window.everwireDemo;
  window.heard = { stream: [], socket: [], returns: [] };
  stream.addEventListener("prices", ({ lastEventId }) => window.heard.stream.push(lastEventId));
  socket.addEventListener("message", ({ lastEventId }) => window.heard.socket.push(lastEventId));
  for (const [who, connection] of Object.entries({ stream, socket })) {
    connection.addEventListener("reconnected", ({ continuity }) => window.heard.returns.push({ who, continuity }));
  }
});

/** Waits until all connections stand. Returns how often each connection of each tab has come back so far. */
const calm = () => both(async (tab) => {
  await tab.stands();
  return tab.page.evaluate(() => Object.fromEntries(["stream", "socket"].map((name) =>
    [name, window.heard.returns.filter(({ who }) => who === name).length])));
});

/** Waits until these connections have come back, in both tabs. */
const reconnected = (before, ...names) => Promise.all([ann, bob].flatMap((tab, i) => names.map((name) =>
  tab.until(`the ${name} is back`, ([name, before]) => window.heard.returns.filter(({ who }) => who === name).length > before
    && window.everwireDemo[name].state === "open", [name, before[i][name]]))));

const pricesMove = async (tab) => {
  const shown = await tab.until("a hundred prices", () => {
    const cells = [...document.querySelectorAll('[data-testid="prices"] li')].map((cell) => cell.textContent);
    return cells.length === 100 && cells;
  });
  await tab.until("prices change", (shown) => {
    const cells = [...document.querySelectorAll('[data-testid="prices"] li')];
    return cells.filter((cell, i) => cell.textContent !== shown[i]).length >= 10;
  }, shown);
};

/** Both users write at the very moment in which their socket is lost. Returns how to wait for it. */
const sayOnceCut = async (a, b) => {
  await Promise.all([[ann, a], [bob, b]].map(([tab, text]) => tab.page.evaluate((text) => {
    window.saidOnceCut = false;
    window.everwireDemo.socket.addEventListener("reconnecting", () => {
      const input = document.querySelector('[data-testid="chat-input"]');
      input.value = text;
      input.form.requestSubmit();
      window.saidOnceCut = true;
    }, { once: true });
  }, text)));
  return () => both((tab) => tab.until("the socket is cut", () => window.saidOnceCut));
};

/** Both users write while nothing is connected. It can be seen that it is not sent yet. */
const sayWhileCut = (a, b) => Promise.all([[ann, a], [bob, b]].map(async ([tab, text]) => {
  await tab.until("both connections are seen to be cut", () => ["stream", "socket"].every((name) =>
    window.reading(name, "state") !== "open"));
  await tab.say(text);
  await tab.until(`“${text}” is shown as pending`, (text) =>
    [...document.querySelectorAll('[data-testid="chat-message"].pending')].some((row) => row.textContent.includes(text)), text);
}));

/** In both tabs: these texts are in the chat, once each and echoed; prices move; nothing was missed or repeated. */
const allIsWell = (...texts) => both(async (tab) => {
  await tab.until(`the chat has ${texts.join(", ")}, and nothing is pending`, (texts) => {
    const rows = [...document.querySelectorAll('[data-testid="chat-message"]')];
    const said = rows.map((row) => row.querySelector(".said").textContent);
    return texts.every((text) => said.includes(text)) && !rows.some((row) => row.classList.contains("pending"));
  }, texts);
  await tab.until("both connections are open", () => ["stream", "socket"].every((name) =>
    window.reading(name, "state") === "open"));
  await pricesMove(tab);

  const said = await tab.at("chat-message").locator(".said").allTextContents();
  for (const text of texts) assert.equal(said.filter((it) => it === text).length, 1, `${tab.name}: “${text}” is there once`);
  const counted = await tab.page.evaluate(() => Object.values(window.everwireDemo.counters)
    .map(({ missed, repeated, newHistories }) => ({ missed, repeated, newHistories })));
  assert.deepEqual(counted, Array(2).fill({ missed: 0, repeated: 0, newHistories: 0 }), `${tab.name}: what the page counted`);
  for (const id of ["total-missed", "total-repeated"]) {
    assert.equal(await tab.text(id), "0", `${tab.name}: ${id}`);
  }
});

/** `breaks`: "through" some, "without" a break, or "with" either, if the task need not notice. */
async function taskIsDone(tab, breaks) {
  const ending = { through: "through \\d+ breaks?", without: "without a break", with: "(through \\d+ breaks?|without a break)" }[breaks];
  await tab.shows("task-result", new RegExp(`^Done in .*: 60 steps seen, 0 missed, 0 repeated, ${ending}\\.$`));
  assert.equal(await tab.at("task-progress").evaluate((bar) => bar.value), 60);
}

/** Reads a channel as SSE, until `complete`. */
async function onRecord(path, complete) {
  const controller = new AbortController();
  const read = async () => {
    const response = await fetch(fixture.url + path, { headers: { Accept: "text/event-stream" }, signal: controller.signal });
    const entries = [];
    let rest = "";
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + text).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const [, id] = /^id: ?(.*)$/m.exec(block) ?? [];
        const [, data] = /^data: ?(.*)$/m.exec(block) ?? [];
        if (data !== undefined) entries.push({ id, data });
      }
      if (complete(entries)) return entries;
    }
    throw new Error(`${path} ended after ${entries.length} entries`);
  };
  return within(PATIENCE, `what is on record at ${path}`, read()).finally(() => controller.abort());
}

/** Run in the page: what has the focus, and whether a sighted user can tell. */
function focus() {
  const element = document.activeElement.shadowRoot?.activeElement ?? document.activeElement;
  const style = getComputedStyle(element);
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const outline = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
  // A moment on the time line is two pixels wide: what is seen of it is the ring around it. What is clipped away has none.
  const ring = right - left + 2 * (outline + parseFloat(style.outlineOffset));
  const isClipped = style.clip !== "auto" || style.clipPath !== "none";
  const inView = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight && ring > 4 && !isClipped;
  const marked = outline >= 1;
  return { name: element.dataset.testid ?? element.className ?? element.localName, inView, marked, seen: inView && marked && element.matches(":focus-visible") };
}
