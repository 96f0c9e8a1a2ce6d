// The headers that docs/security.md shows are answered with by a server, and pages that need them work with them, and not without.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { serve } from "../npm/consumers/serve.mjs";
import { openPage, pkg } from "../npm/support.mjs";
import { blocksIn } from "./blocks.mjs";
import { openHosts } from "./hosts.mjs";

const TIMEOUT = { timeout: 60_000 };

/** The headers of the block that is of this kind. */
function headersOf(kind) {
  const [block] = blocksIn("http").filter(({ words }) => words.includes(kind));
  return block.text.trim().split("\n").map((line) => /^([\w-]+): (.+)$/.exec(line).slice(1));
}

const hosts = openHosts();

/** The fixture as another origin, with these headers of CORS and no others; `preflights` are the paths that were asked about. */
async function openOther(headers) {
  const { hostname, port } = new URL(hosts.fixture.origin);
  const preflights = [];
  const server = createServer((request, response) => {
    const { method, url: path } = request;
    if (method === "OPTIONS") {
      preflights.push(path.split("?")[0]);
      return response.writeHead(204, headers.flat()).end();
    }
    const onward = send({ hostname, port, method, path, headers: request.headers }, (answer) => {
      const kept = Object.entries(answer.headers).filter(([name]) => !/^(access-control-|vary$)/.test(name));
      response.writeHead(answer.statusCode, [...kept, ...headers].flat());
      answer.pipe(response);
      answer.on("error", () => response.destroy());
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
    response.on("close", () => onward.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    preflights,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What a page of another origin does, by name: resolves once all of it has worked. Each runs in the page, with the other origin. */
const USES = {
  "an event stream resumes by the browser's own class": (origin) => take(new everwire.ReconnectingEventSource(
    `${origin}/sse/numbers?end-after=1`, { transports: ["eventsource"], withCredentials: true }), 2),
  "an event stream resumes by fetch": (origin) => take(new everwire.ReconnectingEventSource(
    `${origin}/sse/numbers?end-after=1`, { transports: ["fetch-stream"], withCredentials: true, reconnect: quick }), 2),
  "an event stream resumes by the query": (origin) => take(new everwire.ReconnectingEventSource(
    `${origin}/sse/numbers?end-after=1`, { transports: ["fetch-stream"], reconnect: quick, resume: { query: "last_event_id" } }), 2),
  "an event stream has headers": (origin) => take(new everwire.ReconnectingEventSource(
    `${origin}/sse/numbers`, { headers: { Authorization: "Bearer x" } }), 1),
  "a POST has a body of JSON": (origin) => take(new everwire.ReconnectingEventSource(
    `${origin}/sse/tokens`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ prompt: "a b" }) }), 2),
  "the relay is polled, and sent a text": (origin) => {
    const socket = new everwire.ReconnectingWebSocket(`${origin}/relay/text-${Math.random()}`, [], { wire: "relay", transports: ["long-poll"] });
    socket.send("one");
    socket.send("two");
    // Without an id it would be the first one again.
    return take(socket, 2).then((heard) => heard.join() === "one,two" || Promise.reject());
  },
  "the relay is sent bytes": (origin) => {
    const socket = new everwire.ReconnectingWebSocket(`${origin}/relay/bytes-${Math.random()}`, [], { wire: "relay", transports: ["long-poll"] });
    socket.send(new Uint8Array([1]));
    return take(socket, 1);
  },
  "Engine.IO is polled": (origin) => {
    const socket = new everwire.ReconnectingWebSocket(`${origin}/engine.io/echo`, [], { wire: "engine.io", transports: ["long-poll"] });
    socket.send("one");
    return take(socket, 1);
  },
};

/** Does one of them, in a page of its own; resolves to whether it worked, and what was asked about by a preflight. */
async function use(name, headers, patience = 10_000) {
  const other = await openOther(headers);
  const page = await openPage(hosts.browser, hosts.fixture);
  try {
    const works = await page.evaluate(([source, origin, patience]) => Promise.race([
      new Function(`return ${source};`)()(origin).then(() => true, () => false),
      new Promise((resolve) => { setTimeout(resolve, patience, false); }),
    ]), [String(USES[name]), other.origin, patience]);
    return { works, preflights: new Set(other.preflights) };
  } finally {
    await page.close();
    other.stop();
  }
}

const documented = () => headersOf("cors").map(([name, value]) => [name, value.replace("https://app.example", hosts.fixture.origin)]);
const without = (...names) => documented().filter(([name]) => !names.includes(name));

/** As the table of docs/security.md has it. */
const WITH_PREFLIGHT = ["an event stream resumes by fetch", "an event stream has headers", "a POST has a body of JSON", "the relay is sent bytes"];

for (const name of Object.keys(USES)) {
  const asks = WITH_PREFLIGHT.includes(name);
  test(`with the headers that are shown, ${name}, ${asks ? "after a preflight" : "without a preflight"}`, TIMEOUT, async () => {
    const { works, preflights } = await use(name, documented());
    assert.deepEqual([works, preflights.size > 0], [true, asks]);
  });
}

for (const [header, name] of [
  ["Access-Control-Allow-Origin", "an event stream resumes by the query"],
  ["Access-Control-Allow-Credentials", "Engine.IO is polled"],
  ["Access-Control-Allow-Headers", "an event stream resumes by fetch"],
  ["Access-Control-Expose-Headers", "the relay is polled, and sent a text"],
]) {
  test(`without ${header} it is not true that ${name}`, TIMEOUT, async () => {
    // More than it takes with it.
    assert.equal((await use(name, without(header), 3_000)).works, false);
  });
}

test("under the content security policy that is shown, sockets and streams work", TIMEOUT, async () => {
  const [[name, policy]] = headersOf("csp");
  const folder = mkdtempSync(join(tmpdir(), "everwire-csp-"));
  symlinkSync(pkg, join(folder, "pkg"));
  writeFileSync(join(folder, "index.html"), '<!doctype html>\n<title>policy</title>\n<script type="module" src="/page.js"></script>\n');
  writeFileSync(join(folder, "page.js"), `import * as everwire from "/pkg/index.js";\nglobalThis.everwire = everwire;\n`);
  const site = await serve(folder, {
    [name]: policy.replace("wss://live.example", hosts.fixture.origin.replace("http", "ws")).replace("https://live.example", hosts.fixture.origin),
  });
  const page = await hosts.browser.newPage();
  const broken = [];
  page.on("console", (message) => { if (/Content Security Policy/.test(message.text())) broken.push(message.text()); });
  try {
    await page.goto(`${site.origin}/`);
    await page.waitForFunction(() => window.everwire);
    const heard = await page.evaluate((origin) => Promise.all([
      new everwire.ReconnectingEventSource(`${origin}/sse/numbers`, { transports: ["fetch-stream"] }),
      new everwire.ReconnectingWebSocket(`${origin}/ws/numbers`),
      new everwire.EventSource(`${origin}/sse/numbers`),
    ].map((connection) => new Promise((resolve) => { connection.onmessage = () => resolve(true); }))), hosts.fixture.origin);
    assert.deepEqual([heard, broken], [[true, true, true], []]);
  } finally {
    await page.close();
    site.stop();
    rmSync(folder, { recursive: true });
  }
});
