// <everwire-inspector> of `everwire/devtools`, in Chromium: what it shows of connections, to whom, and that it is no burden.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { beforeEach, test } from "node:test";
import { setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// The page's `inspector` is one that shows the last ten seconds. `reading(name, key)` is what it says of a connection, `shown(selector)`
// the texts of what it has, `when(look)` waits until `look` finds something.
beforeEach(() => inPage(async () => {
  await import("/pkg/devtools.js");
  document.documentElement.lang = "en";
  document.title = "connections";
  const main = document.createElement("main");
  const heading = document.createElement("h1");
  heading.textContent = "Connections";
  window.inspector = document.createElement("everwire-inspector");
  inspector.setAttribute("seconds", "10");
  main.append(heading, inspector);
  document.body.append(main);

  const root = () => inspector.shadowRoot;
  window.all = (selector) => [...root().querySelectorAll(selector)];
  window.shown = (selector) => all(selector).map(({ textContent }) => textContent);
  const card = (name) => all(".card").find((each) => each.getAttribute("aria-label") === name);
  window.reading = (name, key) => card(name)?.querySelector(`[data-reading="${key}"], .${key}`)?.textContent;
  window.when = async (look) => {
    for (const end = performance.now() + 10_000; performance.now() < end; await new Promise(requestAnimationFrame)) {
      const found = look();
      if (found) return found;
    }
    throw new Error(`it never showed what ${look} looks for; but:\n${shown(".card, .log li").join("\n")}`);
  };
}));

test("it shows state, transport, cursor, outbox and counters of the connections of every entry", async () => {
  await scene.fixture.publish(scene.channel, "1");
  for (const entry of ["index", "raw", "lazy"]) {
    const seen = await inPage(async ([channel, entry]) => {
      const { ReconnectingEventSource, ReconnectingWebSocket } = await import(`/pkg/${entry}.js`);
      const source = new ReconnectingEventSource(`/sse/${channel}?first=oldest`);
      const socket = new ReconnectingWebSocket("/ws/echo", [], { outbox: { gate: true }, id: (data) => `id of ${data}` });
      const plain = new ReconnectingWebSocket("/ws/echo?plain", [], { reconnect: false });
      const ends = [inspector.watch(source, "feed"), inspector.watch(socket, "chat"), inspector.watch(plain, "plain")];
      socket.send("hello");
      await when(() => reading("chat", "state") === "open" && reading("chat", "outbox") === "1 message, 5 B");
      const came = take(socket, 1);
      socket.release();
      await came;
      await when(() => reading("feed", "received").startsWith("1 event") && reading("plain", "state") === "open");
      await when(() => reading("chat", "cursor") !== "none" && reading("chat", "outbox") === "empty");
      const seen = ["feed", "chat", "plain"].map((name) => ["state", "now", "cursor", "received", "outbox", "attempts", "error"]
        .map((key) => reading(name, key)?.replace(/\d+(\.\d)? s$/, "N s").replace(/, \d+ B.*/, "")));
      for (const end of ends) end();
      for (const connection of [source, socket, plain]) connection.close();
      return [seen, shown(".card").length, shown(".track").length, source.lastEventId];
    }, [scene.channel, entry]);
    const [[feed, chat, plain], ...left] = seen;
    assert.deepEqual(feed, ["open", "by eventsource, for N s", left[2], "1 event", undefined, "1, 0 drops", "none"], entry);
    assert.deepEqual(chat, ["open", "by websocket, for N s", "id of hello", "1 message", "empty", "1, 0 drops", "none"], entry);
    assert.deepEqual(plain, ["open", "by websocket, for N s", "none", "0 messages", "empty", "1, 0 drops", "none"], entry);
    assert.deepEqual(left.slice(0, 2), [0, 0], "and nothing of what is watched no longer");
  }
});

test("it tells a loss and the return from it with the cause, in the list, on the time line and to the keyboard", async () => {
  await inPage(async () => {
    window.socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick });
    inspector.watch(socket);
    await socket.opened;
    const again = next(socket, "reconnected");
    // What happens in one millisecond has no order.
    for (const opened = Date.now(); Date.now() === opened;) await settle();
    inspector.note("cut by hand");
    await cut(socket, "/ws/echo");
    await again;
    await when(() => shown(".log li").length === 4 && all(".mark").length === 2);
  });
  const list = await inPage(() => shown(".log li").map((text) => text.replace(/^\d\d:\d\d:\d\d/, "TIME").replace(/\d+\.\d s/, "N s")));
  assert.deepEqual(list, [
    "TIME /ws/echo back by websocket after N s: a fresh start", "TIME /ws/echo lost (network), try 1 in N s", "TIME note cut by hand",
    "TIME /ws/echo open by websocket"]);

  const items = [];
  await inPage(() => all(".item")[0].focus());
  for (const key of ["Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight", "End"]) {
    await scene.page.keyboard.press(key);
    items.push(await inPage(() => {
      const { activeElement } = inspector.shadowRoot;
      const tip = all(".tip")[0];
      const { top, left, right } = tip.getBoundingClientRect();
      const isInView = !tip.hidden && top >= 0 && left >= 0 && right <= innerWidth;
      const words = [...tip.children].map(({ textContent }) => textContent).join(", ");
      return { said: activeElement.getAttribute("aria-label"), tip: words, isInView };
    }));
  }
  for (const { said, tip, isInView } of items) assert.deepEqual([tip, isInView], [said, true]);
  const said = items.map(({ said }) => said.replaceAll(/\d\d:\d\d:\d\d/g, "TIME").replaceAll(/\d+\.\d s/g, "N s"));
  assert.deepEqual(said.slice(0, 2), ["connecting by websocket, TIME to TIME, N s", "open by websocket, TIME to TIME, N s"]);
  for (const what of ["lost (network), try 1 in N s, TIME", "waiting for the next try, TIME to TIME, N s"]) {
    assert.ok(said.includes(`${what}, the network failed`), said.join("\n"));
  }
  assert.equal(said.at(-1), "back by websocket after N s: a fresh start, TIME");
  await scene.page.keyboard.press("Escape");
  assert.ok(await inPage(() => all(".tip")[0].hidden));
  const [label] = await inPage(() => shown(".note .label"));
  assert.equal(label, "cut by hand");
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing against it in ${scheme}, whether narrow or wide`, async () => {
    await scene.page.emulateMedia({ colorScheme: scheme });
    await inPage(async (channel) => {
      document.documentElement.style.colorScheme = "light dark";
      document.body.style.background = "canvas";
      const sockets = ["/ws/echo", "/ws/echo?refuse", "/ws/echo?close=4403"].map((url) => (
        new ReconnectingWebSocket(url, [], { reconnect: quick })));
      const stream = new ReconnectingEventSource(`/sse/${channel}`, { transports: ["fetch-stream"] });
      for (const [i, connection] of [...sockets, stream].entries()) inspector.watch(connection, `connection ${i}`);
      inspector.note("a note");
      await sockets[0].opened;
      sockets[0].send("x");
      const again = next(sockets[0], "reconnected");
      await Promise.all([cut(sockets[0], "/ws/echo"), again, sockets[2].closed]);
      await when(() => all(".mark").length >= 4);
      all(".mark")[0].focus();
    });
    for (const width of [1000, 360]) {
      await scene.page.setViewportSize({ width, height: 900 });
      await scene.page.evaluate(axe);
      const found = await inPage(async () => {
        const { violations, passes } = await axe.run(document, { resultTypes: ["violations"] });
        return {
          violations: violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => ({ id, target, failureSummary }))),
          rules: passes.map(({ id }) => id),
        };
      });
      assert.deepEqual(found.violations, []);
      assert.ok(["color-contrast", "aria-required-children", "list"].every((id) => found.rules.includes(id)), "they were looked at");
      const { wide, room } = await inPage(() => ({ wide: document.documentElement.scrollWidth, room: innerWidth }));
      assert.ok(wide <= room, `${wide} of ${room} pixels`);
    }
  });
}

test("a policy that forbids inline styles and markup that is parsed is no obstacle", async () => {
  const broken = await inPage(async () => {
    const broken = [];
    addEventListener("securitypolicyviolation", ({ violatedDirective }) => broken.push(violatedDirective));
    const meta = document.createElement("meta");
    meta.httpEquiv = "Content-Security-Policy";
    meta.content = "style-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
    document.head.append(meta);
    // That it is in force.
    document.body.append(Object.assign(document.createElement("style"), { textContent: "p { color: red }" }));
    const second = document.createElement("everwire-inspector");
    document.body.append(second);
    const socket = new ReconnectingWebSocket("/ws/echo");
    for (const each of [inspector, second]) each.watch(socket, "chat");
    await when(() => reading("chat", "state") === "open");
    await settle();
    return [broken, getComputedStyle(second.shadowRoot.querySelector(".track")).height];
  });
  assert.deepEqual(broken, [["style-src-elem"], "22px"]);
});

test("three hours of failures and dozens of connections take a bounded room, and the same again is counted", async () => {
  const { clock } = scene.page;
  // None of its timers is from before that.
  await inPage(() => inspector.remove());
  await clock.install();
  await inPage(() => {
    document.body.append(inspector);
    window.waiting = (options) => new ReconnectingWebSocket(() => new Promise(() => {}), [], { connectTimeout: 1e9, ...options });
    window.failing = new ReconnectingWebSocket(() => Promise.reject(new Error("no URL")));
    inspector.watch(failing, "failing");
    inspector.setAttribute("seconds", "20000");
    all("button")[0].click();
  });
  await clock.runFor(10_800_000);
  await inPage(() => {
    window.failures = failing.stats().attempts;
    failing.close();
    for (let i = 0; i < 40; i += 1) inspector.watch(waiting(), `waiting ${i}`);
    const flooded = waiting({ outbox: { maxMessages: 1, whenFull: "drop-oldest" } });
    inspector.watch(flooded, "flooded");
    for (let i = 0; i < 50; i += 1) flooded.send("x");
    all("button")[0].click();
  });
  await clock.runFor(1_000);
  const counted = await inPage(() => shown(".log li").filter((text) => text.includes("times")));
  assert.equal(counted.length, 1);
  assert.match(counted[0], /flooded a message was given up, full \(1 B\) \(49 times\)$/);
  await inPage(() => { for (let i = 0; i < 300; i += 1) inspector.note(`note ${i}`); });
  await clock.runFor(1_000);
  const seen = await inPage(() => {
    const has = { cards: all(".card"), items: all(".track")[0].querySelectorAll(".item"), lines: all(".log li"), notes: all(".note") };
    return Object.fromEntries(Object.entries(has).map(([what, { length }]) => [what, length]));
  });
  assert.ok(await inPage(() => failures) > 400, "failures");
  // Of the one that failed four hundred states and two hundred events.
  assert.deepEqual(seen, { cards: 42, items: 600, lines: 100, notes: 100 });
});

test("nobody looks, nothing is drawn: scrolled away, paused, or with its page hidden", async () => {
  const drawn = await inPage(async () => {
    window.socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick });
    inspector.watch(socket, "chat");
    await when(() => reading("chat", "state") === "open");
    let changes = 0;
    const observer = new MutationObserver((records) => { changes += records.length; });
    observer.observe(inspector.shadowRoot, { subtree: true, childList: true, attributes: true, characterData: true });
    const lose = async () => {
      await settle();
      changes = 0;
      const again = next(socket, "reconnected");
      await cut(socket, "/ws/echo");
      await again;
      await new Promise((resolve) => { setTimeout(resolve, 700); });
      return changes;
    };
    const seen = {};
    const [pause] = all("button");
    pause.click();
    seen.paused = await lose();
    pause.click();
    inspector.before(Object.assign(document.createElement("div"), { id: "spacer" }));
    document.getElementById("spacer").style.height = "5000px";
    await when(() => inspector.getBoundingClientRect().top > innerHeight);
    await settle();
    seen.away = await lose();
    document.getElementById("spacer").remove();
    seen.back = await lose() > 0;
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
    seen.hidden = await lose();
    delete document.visibilityState;
    document.dispatchEvent(new Event("visibilitychange"));
    await when(() => shown(".log li").filter((text) => /back by websocket/.test(text)).length === 4);
    return seen;
  });
  assert.deepEqual(drawn, { paused: 0, away: 0, back: true, hidden: 0 });
});

test("a server's own event with the name of one of the connection's is none of these: `dropped` is no message that was given up", async () => {
  const { channel, fixture } = scene;
  await inPage(async (channel) => {
    window.source = new ReconnectingEventSource(`/sse/${channel}`);
    inspector.watch(source, "feed");
    window.last = next(source, "last");
    await source.opened;
  }, channel);
  for (const type of ["dropped", "gap", "close", "last"]) await fixture.publish(channel, "x", { "X-EventSource-Event": type });
  const list = await inPage(async () => {
    await last;
    const socket = new ReconnectingWebSocket("/ws/echo?refuse");
    inspector.watch(socket, "chat");
    socket.send("lost");
    socket.close();
    // The end is drawn after what it gave up.
    await when(() => shown(".log li").length === 3);
    return shown(".log li").map((text) => text.replace(/^\d\d:\d\d:\d\d/, "TIME"));
  });
  assert.deepEqual(list.slice(1), ["TIME chat a message was given up, closed (4 B)", "TIME feed open by eventsource"]);
});

test("what happened while it was off the page is not made up, and afterwards it goes on", async () => {
  const seen = await inPage(async () => {
    window.socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick });
    inspector.watch(socket, "chat");
    await when(() => reading("chat", "state") === "open");
    const parent = inspector.parentNode;
    inspector.remove();
    parent.append(inspector);
    const moved = all(".bar.open").length;
    inspector.remove();
    const again = next(socket, "reconnected");
    await cut(socket, "/ws/echo");
    await again;
    parent.append(inspector);
    await when(() => all(".bar.open").length === 2);
    const missed = shown(".log li").length;
    const once = next(socket, "reconnected");
    await cut(socket, "/ws/echo");
    await once;
    await when(() => shown(".log li").length === 3);
    return { moved, missed };
  });
  assert.deepEqual(seen, { moved: 1, missed: 1 });
});

test("removed, it leaves nothing behind: no timer, no listener, no memory, though its connections live on", async () => {
  await inPage(async () => {
    window.socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick });
    inspector.watch(socket, "chat");
    await when(() => reading("chat", "state") === "open");
    window.refs = [new WeakRef(inspector), new WeakRef(inspector.shadowRoot)];
    inspector.remove();
    delete window.inspector;
    await Promise.all([next(socket, "reconnected"), cut(socket, "/ws/echo")]);
    await new Promise(requestAnimationFrame);
  });
  const client = await scene.page.context().newCDPSession(scene.page);
  for (let i = 0; i < 3; i += 1) await client.send("HeapProfiler.collectGarbage");
  assert.deepEqual(await inPage(() => [refs.filter((ref) => ref.deref()).length, socket.state]), [0, "open"]);
});

test("it refuses what is no connection, keeps one lane of one that is watched twice, and may be imported twice", async () => {
  const seen = await inPage(async () => {
    const said = ["chat", undefined, new WebSocket("/ws/echo")].map((given) => {
      try {
        return inspector.watch(given);
      } catch ({ name, message }) {
        return `${name}: ${message.split(";")[1]}`;
      }
    });
    const socket = new ReconnectingWebSocket("/ws/echo");
    const first = inspector.watch(socket, "one name");
    inspector.watch(socket, "another");
    // What it ends is no longer there.
    first();
    const { EverwireInspector } = await import("/pkg/devtools.js?again");
    const isFirst = inspector instanceof customElements.get("everwire-inspector");
    return { said, names: shown(".name"), isFirst, other: typeof EverwireInspector };
  });
  const expected = "TypeError:  expected a ReconnectingWebSocket or a ReconnectingEventSource";
  assert.deepEqual(seen, { said: [expected, expected, expected], names: ["another"], isFirst: true, other: "function" });
});
