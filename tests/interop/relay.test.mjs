// The wire of the push relay against nginx with nchan, in Chromium: the same messages with the same ids over each transport, and one cursor
// that leads from any of them to any other, wherever the bytes are cut.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { openFront } from "./front.mjs";
import { helpers, link, look, say, toldOf, until } from "./links.mjs";
import { TIMEOUT, folder, onEach, openPages } from "./pages.mjs";
import { startServer } from "./servers.mjs";

/** Each transport alone, and all. */
const WAYS = ["websocket", "eventsource", "long-poll", "all"];
/** Texts that a parser can get wrong. */
const TEXTS = [
  "plain", "", "two\nlines", "naïve ☃ 日本語 😀 👩\u200d🚀", "a line separator\u2028 and a \t tab", " a space: and a colon",
  "id: 7:7\ncontent-type: x\n\nno head", "last",
];

const pages = openPages(helpers);
let server;
let front;
/** The same as another origin. */
let other;
let channels = 0;

before(async () => {
  server = await startServer("nchan");
  front = await openFront(server, folder);
  other = await openFront(server, folder);
});

after(async () => {
  for (const one of [front, other, server]) await one?.stop();
});

/** A channel that no other test uses, and a list of what a client of it has to hear: message and id. */
function newChannel() {
  const channel = `relay-${channels += 1}`;
  const expected = [];
  let publishing = Promise.resolve();
  return {
    channel,
    expected,
    /** Publishes, one after the other whoever asks for it, and returns the id of the last one. */
    publish(...messages) {
      publishing = publishing.then(async () => {
        for (const message of messages) expected.push([message, await server.publish(channel, message)]);
        return expected.at(-1)[1];
      });
      return publishing;
    },
  };
}

/** Joins a channel; `what` is the location's name, see nginx.conf. */
const join = (way, channel, { what = "relay", at = front, name = way, ...options } = {}) => (
  link(pages, front, `${name}.${channel}`, `${at === front ? "" : at.origin}/${what}/${channel}`, {
    wire: "relay", transports: way === "all" ? undefined : [way], ...options,
  }));

/** Waits for the last one of these, and looks whether all were heard, once and in order, with their ids. */
async function hasHeard(page, expected) {
  await until(page, (id) => ids.at(-1) === id || socket.readyState === 3, expected.at(-1)[1]);
  const [heard, ids] = [await look(page, "heard"), await look(page, "ids")];
  assert.deepEqual(heard.map((message, at) => [message, ids[at]]), expected, page.client);
}

test("each way brings the same messages with the same ids", TIMEOUT, async () => {
  const { channel, expected, publish } = newChannel();
  await publish("old", "older");
  const linked = await onEach(WAYS, (way) => join(way, channel));
  await onEach(linked, (page) => hasHeard(page, expected));
  await publish(...TEXTS);
  await onEach(linked, (page) => hasHeard(page, expected));
  for (const page of linked) assert.deepEqual((await look(page, "told")).map(({ type }) => type), ["open"], page.client);
});

test("what is sent comes back in order, each way", TIMEOUT, () => onEach(WAYS, async (way) => {
  const { channel } = newChannel();
  const page = await join(way, channel);
  const messages = [...TEXTS, { text: "long ☃ ", times: 100_000 }, ...Array.from({ length: 100 }, (_, i) => `${i}`)];
  await say(page, ...messages);
  await until(page, (count) => heard.length >= count, messages.length);
  assert.deepEqual(await look(page, "heard"), await look(page, "said"), way);
  const posts = front.requests(`${way}.${channel}`).filter(({ method }) => method === "POST");
  assert.equal(posts.length, way === "websocket" || way === "all" ? 0 : messages.length);
}));

test("bytes come as bytes, and where an event stream cannot have them, by long-polling", TIMEOUT, () => onEach(WAYS, async (way) => {
  const { channel } = newChannel();
  const transports = way === "eventsource" ? ["eventsource", "long-poll"] : undefined;
  const page = await join(way, channel, transports && { transports });
  await say(page, "text", { bytes: [0, 255, 128, 10] }, { bytes: [] }, { times: 300_000 }, "text again");
  await until(page, () => heard.at(-1) === "text again");
  assert.deepEqual(await look(page, "heard"), await look(page, "said"), way);
}));

test("wherever the bytes are cut, nothing is lost and nothing comes twice", TIMEOUT, () => onEach(WAYS, async (way) => {
  const { channel, expected, publish } = newChannel();
  const client = `${way}.${channel}`;
  let number = 0;
  // Together these are longer than where it is cut at last.
  const some = () => publish(...Array.from({ length: 3 }, () => `${number += 1} ${"☃é.".repeat(60)}`));
  await publish("first");
  const page = await join(way, channel);
  await hasHeard(page, expected);
  let cuts = 0;
  front.plan(client, async (request) => {
    if (cuts === 80) {
      front.plan(client, () => {});
      return void await publish("last");
    }
    // A poll brings one message, and the cursor has to move.
    if (way === "long-poll" && request % 2) return {};
    cuts += 1;
    const publishing = some();
    // The others come while the server answers.
    if (cuts % 2) await publishing;
    // Each multiple of 11 bytes up to 880. Not in order, for Chromium slows down a page whose WebSockets fail again and again.
    return { after: 11 * (1 + (37 * cuts) % 80), how: cuts % 3 ? "reset" : "end" };
  });
  front.drop(client);
  await until(page, () => heard.at(-1) === "last" || socket.readyState === 3);
  await hasHeard(page, expected);
  assert.deepEqual(await toldOf(page, "gap", "dropped"), []);
  const continuities = (await toldOf(page, "reconnected")).map(({ continuity }) => continuity);
  assert.deepEqual(new Set(continuities), new Set(["resumed"]), way);
}));

test("two messages of one second are told apart, and one cut comes between them", TIMEOUT, () => onEach(WAYS, async (way) => {
  const { channel, expected, publish } = newChannel();
  const second = (id) => id.split(":")[0];
  do {
    await publish("first");
    await publish("second");
  } while (second(expected.at(-2)[1]) !== second(expected.at(-1)[1]));
  const between = expected.at(-2)[1];
  // A poll brings one message anyway.
  front.plan(`${way}.${channel}`, (request) => (request === 0 ? { until: (answer) => answer.includes(`id: ${between}\n`) } : {}));
  const page = await join(way, channel);
  await hasHeard(page, expected);
  assert.deepEqual(await toldOf(page, "gap"), []);
}));

test("one cursor leads from WebSocket to event streams, long-polling, and back", TIMEOUT, async () => {
  const { channel, expected, publish } = newChannel();
  const client = `ladder.${channel}`;
  let refuses = () => false;
  front.plan(client, (_, request) => (refuses(request) ? { refuse: 503 } : {}));
  const page = await join("all", channel, { name: "ladder" });
  const goesOn = async (transport) => {
    await publish(`by ${transport}`, "again");
    await hasHeard(page, expected);
    assert.equal(await page.evaluate(() => socket.transport), transport);
  };
  await goesOn("websocket");

  refuses = ({ isUpgrade }) => isUpgrade;
  front.drop(client);
  await publish("while it was away");
  await until(page, () => socket.transport === "eventsource" && socket.state === "open");
  await goesOn("eventsource");

  refuses = ({ isUpgrade, accept, method }) => isUpgrade || (method === "GET" && accept === "text/event-stream");
  front.drop(client);
  await publish("while it was away again");
  await until(page, () => socket.transport === "long-poll" && socket.state === "open");
  await goesOn("long-poll");

  refuses = () => false;
  // It tries that in the background, and moves between two polls.
  while (!front.requests(client).some(({ isUpgrade, status }, which) => which > 1 && isUpgrade && status === 101)) await setTimeout(100);
  await publish("the end of a poll");
  await until(page, () => socket.transport === "websocket" && socket.state === "open");
  await goesOn("websocket");
  assert.deepEqual(await toldOf(page, "gap", "dropped", "error"), []);
  const ways = (await toldOf(page, "transportchange")).map(({ to }) => to);
  assert.deepEqual(ways, ["eventsource", "long-poll", "websocket"]);
});

test("a new connection begins after the id that an earlier one has left, over another transport", TIMEOUT, async () => {
  const { channel, expected, publish } = newChannel();
  const ways = ["websocket", "eventsource", "long-poll", "websocket", "long-poll", "eventsource", "websocket"];
  let lastEventId;
  for (const [which, way] of ways.entries()) {
    const from = expected.length;
    await publish(`${which}`, `${which} again`);
    const page = await join(way, channel, { name: `${which}-${way}`, resume: { lastEventId } });
    await hasHeard(page, expected.slice(from));
    lastEventId = await page.evaluate(() => (socket.close(), socket.lastEventId));
  }
});

test("a server that ends what is idle is asked again, and nothing is lost by that", TIMEOUT, () => onEach(WAYS, async (way) => {
  const { channel, expected, publish } = newChannel();
  const client = `${way}.${channel}`;
  await publish("first");
  const page = await join(way, channel, { what: "hasty" });
  await hasHeard(page, expected);
  // An answer of 408 is no loss, and only the front sees it.
  front.plan(client, async () => {
    const idle = front.requests(client).filter(({ status }) => status === (way === "long-poll" ? 408 : 101) || way === "eventsource");
    if (expected.length === 1 && idle.length >= 2) await publish("second");
  });
  await until(page, () => heard.length === 2);
  await hasHeard(page, expected);
  const types = new Set((await look(page, "told")).map(({ type }) => type));
  assert.deepEqual([...types], way === "long-poll" ? ["open"] : ["open", "reconnecting", "reconnected"]);
}));

test("an id that the server has forgotten is told as a gap", TIMEOUT, () => onEach(WAYS, async (way) => {
  const { channel } = newChannel();
  const client = `${way}.${channel}`;
  // The location of the publisher says how many are kept.
  const publish = async (...messages) => {
    for (const message of messages) await fetch(`${server.origin}/forgetful/${channel}`, { method: "POST", body: message });
  };
  await publish("first");
  const page = await join(way, channel, { what: "forgetful" });
  await until(page, () => heard.length === 1);
  const [after] = await look(page, "ids");
  front.plan(client, async () => {
    // All in one second: a gap that ends with a second cannot be seen in the ids.
    const past = Date.now() % 1000;
    if (past > 400) await setTimeout(1000 - past);
    await publish("lost", "lost too", "third", "fourth", "fifth");
    front.plan(client, () => {});
  });
  front.drop(client);
  await until(page, () => heard.at(-1) === "fifth");
  assert.deepEqual(await look(page, "heard"), ["first", "third", "fourth", "fifth"]);
  assert.deepEqual((await toldOf(page, "gap")).map((gap) => gap.after), [after], way);
}));

test("a keep-alive that is an event without an id is no message, and does not move the cursor", TIMEOUT, async () => {
  const { channel, expected, publish } = newChannel();
  const client = `eventsource.${channel}`;
  await publish("first");
  let pings = 0;
  front.plan(client, () => ({ until: (answer) => answer.includes("\ndata: keepalive\n") && (pings += 1) <= 2 }));
  const page = await join("eventsource", channel, { what: "talkative" });
  await until(page, () => told.filter(({ type }) => type === "reconnected").length >= 2);
  await publish("second");
  await hasHeard(page, expected);
  const [first] = expected;
  assert.deepEqual(front.requests(client).map(({ resume }) => resume), [null, first[1], first[1]]);
});

test("several messages of one answer are taken apart", TIMEOUT, async () => {
  const { channel, expected, publish } = newChannel();
  await publish("first");
  const page = await join("long-poll", channel, { what: "several" });
  await hasHeard(page, expected);
  const client = `long-poll.${channel}`;
  const before = front.requests(client).length;
  front.plan(client, async () => {
    front.plan(client, () => {});
    await publish("two\nlines", "☃", "", "--", "last");
  });
  front.drop(client);
  await until(page, () => heard.at(-1) === "last");
  assert.deepEqual(await look(page, "heard"), expected.map(([message]) => message));
  assert.equal((await look(page, "ids")).at(-1), expected.at(-1)[1]);
  // One that brought all, and the one that is held.
  assert.ok(front.requests(client).length - before <= 3);
  assert.deepEqual(await toldOf(page, "gap", "error"), []);
});

test("from another origin it is the same, with cookies and without", TIMEOUT, () => (
  onEach([...WAYS.map((way) => [way, true]), ...WAYS.map((way) => [way, false])], async ([way, withCredentials]) => {
    const { channel, expected, publish } = newChannel();
    const name = `${way}-${withCredentials}`;
    await publish("first", "second");
    const page = await join(way, channel, { at: other, name, withCredentials });
    await hasHeard(page, expected);
    await say(page, "third");
    await until(page, () => heard.at(-1) === "third");
    const ids = await look(page, "ids");
    assert.match(ids.at(-1), /^\d+:\d+$/, name);
    // That was read from the answers, not known before.
    other.drop(`${name}.${channel}`);
    await publish("fourth");
    await until(page, () => heard.at(-1) === "fourth");
    assert.deepEqual(await look(page, "heard"), ["first", "second", "third", "fourth"], name);
  })));

test("a message whose answer was lost is told as unknown, and has arrived once", TIMEOUT, () => (
  onEach(["eventsource", "long-poll"], async (way) => {
    const { channel } = newChannel();
    const client = `${way}.${channel}`;
    const page = await join(way, channel);
    await until(page, () => socket.state === "open");
    let posts = 0;
    // Without a whole head of an answer, Chromium repeats a POST by itself, if another request went over its connection before.
    front.plan(client, (_, { method }) => (method === "POST" && (posts += 1) === 3 ? { inBody: true, how: "reset" } : {}));
    await say(page, ...Array.from({ length: 6 }, (_, i) => `${i}`));
    await until(page, () => heard.at(-1) === "5");
    assert.deepEqual((await toldOf(page, "dropped")).map(({ data, why }) => [data, why]), [["2", "unknown"]], way);
    assert.deepEqual(await look(page, "heard"), await look(page, "said"), way);
  })));
