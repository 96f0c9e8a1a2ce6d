// The raw wire against npm's ws, in Chromium; straight, and through nginx as a proxy that is well, that cuts, and that refuses WebSockets.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openFront } from "./front.mjs";
import { QUICK, helpers, link, look, say, toldOf, until } from "./links.mjs";
import { TIMEOUT, folder, onEach, openPages } from "./pages.mjs";
import { startProxy, startWs } from "./socket-servers.mjs";

const SCRIPT = [
  "plain", "", "naïve ☃ 日本語 😀 👩\u200d🚀", "a line separator\u2028, a record separator\u001e and a zero\0", { bytes: [0, 255, 128, 10] },
  { bytes: [] }, { text: "long ☃ ", times: 150_000 }, { times: 2 ** 20 }, ...Array.from({ length: 1_000 }, (_, i) => `${i}`),
];
/** Each with the requests until the end, where one retry is allowed. */
const CODES = { 1000: 2, 1001: 2, 1003: 1, 1008: 1, 1009: 1, 1011: 2, 1012: 2, 1013: 2, 3000: 2, 4000: 2, 4401: 1, 4403: 1 };

const pages = openPages(helpers);
let server;
/** ws itself, and nginx in between. */
let front;
let proxy;
let behind;

before(async () => {
  server = await startWs();
  front = await openFront(server, folder);
  proxy = await startProxy(server);
  behind = await openFront(proxy, folder);
});

after(async () => {
  for (const one of [front, behind, proxy, server]) await one?.stop();
});

test("what comes back is what was sent, straight and through nginx", TIMEOUT, () => (
  onEach([[front, "/echo"], [behind, "/passing/"]], async ([at, path], which) => {
    const page = await link(pages, at, `script-${which}`, path, { outbox: { maxMessages: 2_000, maxBytes: 2 ** 23 } });
    await say(page, ...SCRIPT);
    await until(page, (count) => heard.length >= count, SCRIPT.length);
    assert.deepEqual(await look(page, "heard"), await look(page, "said"));
  })));

test("a close of the server is told with its code and reason, and ends it or is followed by another try", TIMEOUT, () => (
  onEach(Object.entries(CODES), async ([code, requests]) => {
    const path = `/close?code=${code}&reason=so`;
    const page = await link(pages, front, `close-${code}`, path, { reconnect: { ...QUICK, maxRetries: 1, minUptime: 60_000 } });
    await until(page, () => told.at(-1)?.type === "close");
    const [end] = await toldOf(page, "close");
    assert.deepEqual([end.code, end.reason], [Number(code), "so"]);
    const [{ cause }] = await toldOf(page, "error");
    assert.deepEqual([cause.kind, cause.code, cause.reason], ["close", Number(code), "so"]);
    assert.equal(front.requests(`close-${code}`).length, requests, code);
  })));

test("a server that ends connections without a word is tried again", TIMEOUT, async () => {
  const page = await link(pages, front, "vanish", "/vanish");
  await until(page, () => told.filter(({ type }) => type === "reconnected").length >= 3);
  const causes = (await toldOf(page, "reconnecting")).map(({ cause }) => cause.kind);
  assert.deepEqual(new Set(causes), new Set(["network"]));
});

test("a server that stops is left by its heartbeat, and found again", TIMEOUT, async () => {
  const heartbeat = { interval: 300, timeout: 300 };
  const page = await pages.take("stopped", front.origin);
  // A function cannot be handed over to a page.
  await page.evaluate(async ({ heartbeat, reconnect }) => {
    await window.link({
      url: "/echo?client=stopped",
      options: { heartbeat: { ...heartbeat, message: () => "heart", isReply: (data) => data === "heart" }, connectTimeout: 500, reconnect },
    });
  }, { heartbeat, reconnect: QUICK });
  await say(page, "before");
  await until(page, () => heard.length === 1);
  server.pause();
  try {
    await until(page, () => told.some(({ type }) => type === "reconnecting"));
  } finally {
    server.goOn();
  }
  await say(page, "after");
  await until(page, () => heard.length === 2);
  assert.deepEqual(await look(page, "heard"), ["before", "after"]);
  const [{ cause }] = await toldOf(page, "reconnecting");
  assert.equal(cause.kind, "silence");
});

/**
 * Says numbers until `isEnough(how many)`, which the page is asked, and looks at what came back: it is in order, nothing comes twice, and
 * what is missing was said before a loss that was told, and is all that had not come back by then. Returns how many losses there were.
 */
async function flowsHonestly(page, isEnough) {
  const count = await page.evaluate(`flow(${isEnough})`);
  await until(page, (last) => heard.at(-1) === last, `up ${count}`);
  const numberOf = (text = "up 0") => Number(text.slice("up ".length));
  const numbers = (await look(page, "heard")).map(numberOf);
  const losses = (await toldOf(page, "reconnecting")).map(({ said, last }) => ({ said, last: numberOf(last) }));
  numbers.forEach((number, at) => {
    const previous = numbers[at - 1] ?? 0;
    assert.ok(number > previous, `${number} after ${previous}`);
    const isTold = number === previous + 1 || losses.some(({ said, last }) => last === previous && number - 1 <= said);
    assert.ok(isTold, `nothing is told of ${previous + 1} to ${number - 1}, which are missing`);
  });
  assert.deepEqual(await toldOf(page, "dropped"), []);
  return losses.length;
}

/** What `flow` says must find room while there is no connection. */
const outbox = { maxMessages: 100_000 };

test("wherever connections break, nothing is missing but what was under way, and that is told", TIMEOUT, async () => {
  front.plan("broken", (number) => {
    if (number >= 60) return {};
    // One has to work first. Else, where the server's HTTP side does answer, it is taken for one that no WebSocket gets through to.
    return { after: number ? 7 * number : 500, how: number % 2 ? "reset" : "end" };
  });
  const page = await link(pages, front, "broken", "/echo", { outbox });
  assert.equal(await flowsHonestly(page, () => told.filter(({ type }) => type === "reconnecting").length >= 60 && heard.length > 100), 60);
});

test("nor is it through a proxy that is restarted under traffic", TIMEOUT, async () => {
  const page = await link(pages, behind, "restarted", "/passing/", { outbox });
  const flowing = flowsHonestly(page, (count) => {
    const [, , third] = told.filter(({ type }) => type === "reconnected");
    return third && count > third.said + 100;
  });
  for (let losses = 0; losses < 3; losses += 1) {
    await until(page, (losses) => {
      const back = told.filter(({ type }) => type === "reconnected");
      return back.length === losses && said.length > (back.at(-1)?.said ?? 0) + 50;
    }, losses);
    proxy.reload();
    await until(page, (losses) => told.filter(({ type }) => type === "reconnected").length > losses, losses);
  }
  assert.equal(await flowing, 3);
});

test("a proxy that cuts what is idle is come back from, each time", TIMEOUT, async () => {
  const page = await link(pages, behind, "idle", "/cutting/");
  await until(page, () => told.filter(({ type }) => type === "reconnected").length >= 2);
  await say(page, "there");
  await until(page, () => heard.length === 1);
  const continuities = (await toldOf(page, "reconnected")).map(({ continuity }) => continuity);
  assert.deepEqual(new Set(continuities), new Set(["fresh"]));
});

test("where no WebSocket gets through, one clear error ends it", TIMEOUT, () => (
  onEach([["/refusing/", 426], ["/missing/", 404]], async ([path, status], which) => {
    const client = `refused-${which}`;
    const page = await link(pages, behind, client, path);
    await say(page, "never");
    await until(page, () => told.at(-1)?.type === "close");
    const [error, ...more] = await toldOf(page, "error");
    assert.equal(more.length, 0);
    assert.deepEqual([error.cause.kind, error.cause.status], ["unusable", status]);
    assert.match(error.cause.message, /fallback/);
    assert.deepEqual((await toldOf(page, "dropped")).map(({ data, why }) => [data, why]), [["never", "closed"]]);
    // Three tries, and a question by HTTP; tries go on until it is answered, which on a busy machine takes longer than their backoff.
    const requests = behind.requests(client).map(({ isUpgrade }) => isUpgrade);
    assert.deepEqual(requests.slice(0, 4), [true, true, true, false]);
    assert.deepEqual(new Set(requests.slice(4)), new Set(requests.length > 4 ? [true] : []));
  })));

test("a server that is away for a while is waited for", TIMEOUT, async () => {
  front.plan("away", (number) => (number < 12 ? { refuse: 503 } : {}));
  const page = await link(pages, front, "away", "/echo");
  await say(page, "kept");
  await until(page, () => heard.length === 1);
  assert.deepEqual(await toldOf(page, "error", "dropped"), []);
});
