// The wire Engine.IO against six servers of that family, in Chromium. On those of Socket.IO, whose packets are plain messages to us, the
// page speaks as much of that as these tests need. `SERVERS=engineioxide` (or several, with commas) runs a part.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { openFront } from "./front.mjs";
import { helpers, link, look, say, toldOf, until } from "./links.mjs";
import { TIMEOUT, folder, onEach, openPages } from "./pages.mjs";
import { ENGINES, startEngine, startProxy } from "./socket-servers.mjs";

/** Each transport alone. */
const WAYS = ["long-poll", "websocket"];
const SCRIPT = [
  "plain", "", "naïve ☃ 日本語 😀 👩\u200d🚀", "two\nlines, a line separator\u2028 and a \t tab", "b4bytes",
  { bytes: [0, 255, 128, 10] }, { bytes: [] },
  { text: "long ☃ ", times: 130_000 }, { times: 2 ** 20 }, ...Array.from({ length: 1_000 }, (_, i) => `${i}`), "last",
];
const outbox = { maxMessages: 100_000, maxBytes: 2 ** 23 };
const MAX_PAYLOAD = 100_000;
/** Of a server that soon finds out. */
const HASTY = { pingInterval: 300, pingTimeout: 700 };

const pages = openPages(helpers);

for (const name of process.env.SERVERS?.split(",") ?? Object.keys(ENGINES)) {
  describe(name, () => {
    const { path, isSocketIo } = ENGINES[name];
    const opened = [];
    /** The server; the same with other settings; and with nginx in front of it. Each has a front of its own. */
    const at = {};

    async function open(what, server) {
      opened.push(server);
      at[what] = await openFront(server, folder);
      opened.push(at[what]);
      return server;
    }

    let hasty;
    let proxy;

    before(async () => {
      const server = await open("server", await startEngine(name));
      await open("small", await startEngine(name, { maxPayload: MAX_PAYLOAD }));
      hasty = await open("hasty", await startEngine(name, HASTY));
      proxy = await open("proxy", await startProxy(server));
    });

    after(async () => {
      for (const one of opened.reverse()) await one.stop();
    });

    const join = (front, client, { under = "", ...options } = {}) => (
      link(pages, front, client, under + path, { wire: "engine.io", isSocketIo, outbox, ...options }));

    const hasHeard = (page, count) => until(page, (count) => heard.length >= count, count);

    /** Says something, and waits until it is back. */
    async function speaks(page, ...messages) {
      const before = (await look(page, "heard")).length;
      await say(page, ...messages);
      await hasHeard(page, before + messages.length);
      assert.deepEqual((await look(page, "heard")).slice(before), (await look(page, "said")).slice(-messages.length), page.client);
    }

    test("what comes back is what was sent, by polling and by WebSocket", TIMEOUT, () => onEach(WAYS, async (way) => {
      const page = await join(at.server, `script-${way}`, { transports: [way] });
      await say(page, ...SCRIPT);
      await hasHeard(page, SCRIPT.length);
      assert.deepEqual(await look(page, "heard"), await look(page, "said"), way);
      const kinds = new Set(at.server.requests(`script-${way}`).map(({ isUpgrade }) => isUpgrade));
      assert.deepEqual(kinds, new Set([way === "websocket"]));
    }));

    test("a text that cannot cross by polling is refused on both", TIMEOUT, () => onEach(WAYS, async (way) => {
      const page = await join(at.server, `separator-${way}`, { transports: [way] });
      await speaks(page, "before");
      const error = await page.evaluate(() => {
        try {
          return socket.send("4a\u001eb");
        } catch (error) {
          return `${error.name}: ${error.message}`;
        }
      });
      assert.match(error, /^TypeError: .*001E/);
      await speaks(page, "after");
    }));

    test("a POST has no more bytes than the server takes, and what is longer is refused", TIMEOUT, async () => {
      const page = await join(at.small, "split", { transports: ["long-poll"] });
      const messages = [];
      for (let i = 0; i < 40; i += 1) messages.push({ text: "é", times: 4_500 + i }, { times: 9_000 + i });
      await speaks(page, ...messages);
      const lengths = at.small.requests("split").filter(({ method }) => method === "POST").map(({ length }) => length);
      assert.ok(Math.max(...lengths) <= MAX_PAYLOAD, `${lengths}`);
      // They are not one to a POST either.
      assert.ok(lengths.filter((length) => length > MAX_PAYLOAD / 2).length > messages.length / 20, `${lengths}`);
      await assert.rejects(say(page, { text: "x", times: MAX_PAYLOAD }), /TypeError/);
      // In Socket.IO a packet announces the bytes, and is gone by then.
      if (!isSocketIo) await assert.rejects(say(page, { times: MAX_PAYLOAD }), /TypeError/);
      await speaks(page, "after");
    });

    test("it moves up under traffic in both directions, and nothing is lost, repeated or out of order", TIMEOUT, async () => {
      // The request may come before `join` has returned.
      let isJoined;
      const joined = new Promise((resolve) => { isJoined = resolve; });
      at.server.plan("upgrade", async (_, { isUpgrade }) => {
        if (isUpgrade) await until(await joined, () => heard.length > 200);
      });
      const page = await join(at.server, "upgrade", { transports: ["long-poll", "websocket"] });
      isJoined(page);
      await say(page, "count 1000");
      const count = await page.evaluate(() => flow((count) => {
        const up = told.find(({ type }) => type === "transportchange");
        return count >= 1_000 && up && count > up.said + 300;
      }));
      await hasHeard(page, count + 1_000);
      const heard = await look(page, "heard");
      const all = (word, count, from) => Array.from({ length: count }, (_, i) => `${word} ${i + from}`);
      assert.deepEqual(heard.filter((text) => text.startsWith("up")), all("up", count, 1));
      assert.deepEqual(heard.filter((text) => text.startsWith("down")), all("down", 1_000, 0));
      const told = await look(page, "told");
      assert.deepEqual(told.map(({ type }) => type), ["open", "transportchange"]);
      assert.equal(await page.evaluate(() => socket.transport), "websocket");
    });

    test("the server's pings are answered, so that an idle session stays", TIMEOUT, () => onEach(WAYS, async (way) => {
      const page = await join(at.hasty, `idle-${way}`, { transports: [way] });
      await speaks(page, "before");
      // The server would not wait for so long.
      await page.evaluate((ms) => new Promise((done) => { setTimeout(done, ms); }), 1.5 * (HASTY.pingInterval + HASTY.pingTimeout));
      await speaks(page, "after");
      assert.deepEqual((await look(page, "told")).map(({ type }) => type), ["open"]);
    }));

    /** A loss was told, and that nothing is known of what was under way. */
    async function isFresh(page, way) {
      await until(page, () => told.some(({ type }) => type === "reconnected"));
      const continuities = (await toldOf(page, "reconnected")).map(({ continuity }) => continuity);
      assert.deepEqual(new Set(continuities), new Set(["fresh"]), way);
    }

    test("a server that stops is left, and found again", TIMEOUT, async () => {
      const linked = await onEach(WAYS, (way) => join(at.hasty, `stopped-${way}`, { transports: [way], connectTimeout: 500 }));
      await onEach(linked, (page) => speaks(page, "before"));
      hasty.pause();
      try {
        await onEach(linked, (page) => until(page, () => told.some(({ type }) => type === "reconnecting")));
      } finally {
        hasty.goOn();
      }
      await onEach(linked, async (page) => {
        await isFresh(page, page.client);
        await speaks(page, "after");
        const [{ cause }] = await toldOf(page, "reconnecting");
        assert.equal(cause.kind, "silence", page.client);
      });
    });

    test("a client that the server has given up begins anew, and says so", TIMEOUT, () => onEach(WAYS, async (way) => {
      const client = `frozen-${way}`;
      const page = await join(at.hasty, client, { transports: [way] });
      await speaks(page, "before");
      const thaw = at.hasty.freeze(client);
      await until(page, () => told.some(({ type }) => type === "reconnecting"));
      thaw();
      await isFresh(page, way);
      await speaks(page, "after");
    }));

    if (name === "engine.io") {
      test("a server that speaks nothing but WebSocket, and was away for the first try, is found", TIMEOUT, async () => {
        at.server.plan("alone", (number) => number === 0 && { refuse: 502 });
        const page = await link(pages, at.server, "alone", "/websocket-only/", { wire: "engine.io" });
        await speaks(page, "hello");
        assert.equal(await page.evaluate(() => socket.transport), "websocket");
        const tried = at.server.requests("alone").map(({ isUpgrade, status }) => [isUpgrade, status]);
        assert.deepEqual(tried, [[true, 502], [false, 400], [true, 101]]);
      });
    }

    test("a session that the server does not know any more is followed by a fresh one", TIMEOUT, async () => {
      let isDue = false;
      let closed;
      at.server.plan("unknown", async (_, { sid, method, isUpgrade }) => {
        if (!isDue || !sid || method === "POST" || isUpgrade) return;
        isDue = false;
        const session = `${at.server.origin}${path}?EIO=4&transport=polling&sid=${sid}`;
        closed = await fetch(session, { method: "POST", body: "1" });
      });
      const page = await join(at.server, "unknown", { transports: ["long-poll"] });
      await speaks(page, "before");
      isDue = true;
      await say(page, "between");
      await isFresh(page);
      await speaks(page, "after");
      assert.equal(closed.status, 200);
      const [{ cause }] = await toldOf(page, "reconnecting");
      assert.deepEqual([cause.kind, cause.code], ["close", 0]);
      assert.equal(at.server.requests("unknown").filter(({ status }) => status === 400).length, 1);
    });

    test("where a proxy refuses WebSockets, it stays with polling, and works", TIMEOUT, () => (
      onEach([["websocket", "long-poll"], ["long-poll", "websocket"]], async (transports) => {
        const client = `refused-${transports[0]}`;
        const page = await join(at.proxy, client, { transports, under: "/refusing" });
        await speaks(page, ...SCRIPT);
        await until(page, () => socket.transport === "long-poll");
        // With engineioxide, which looks for less, some of these do open, and carry nothing.
        assert.ok(at.proxy.requests(client).some(({ isUpgrade }) => isUpgrade));
        const ways = (await toldOf(page, "open", "transportchange")).map(({ transport, to = transport }) => to);
        assert.deepEqual(ways.filter((way) => way !== "long-poll"), [], client);
        assert.deepEqual(await toldOf(page, "reconnected", "error", "dropped"), []);
      })));

    test("where a proxy cuts, it comes back by the same way, and says so", TIMEOUT, () => onEach(WAYS, async (way) => {
      const page = await join(at.proxy, `cut-${way}`, { transports: [way], under: "/cutting" });
      await speaks(page, "before");
      await until(page, () => told.filter(({ type }) => type === "reconnected").length >= 2);
      await isFresh(page, way);
      await speaks(page, "after");
    }));

    test("nor does it leave the way when the proxy is restarted under traffic", TIMEOUT, async () => {
      const page = await join(at.proxy, "restarted", { under: "/passing" });
      await speaks(page, "before");
      proxy.reload();
      await isFresh(page);
      await speaks(page, "after");
      assert.deepEqual(await toldOf(page, "transportchange"), []);
      assert.equal(await page.evaluate(() => socket.transport), "websocket");
    });

    test("in all of this, no session had two polls under way", () => {
      const requests = Object.values(at).flatMap((front) => front.all);
      assert.ok(requests.some(({ method, sid, isUpgrade }) => method === "GET" && sid && !isUpgrade));
      assert.deepEqual(requests.filter(({ beside }) => beside), []);
    });
  });
}
