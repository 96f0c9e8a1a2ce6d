// Sockets in Chromium: what they take of the page's main thread, round trips, and what long-polling costs. See README.md.
import { setTimeout } from "node:timers/promises";
import { launch } from "./browser.mjs";
import { book, budgets, bundle, circumstances, keep, options, progress, spread, startServer, table, turns, version } from "./harness.mjs";

const BASE = "native WebSocket";

/** Name, module in sockets/, the package whose version counts, and what it cannot do. */
const ADAPTERS = [
  [BASE, "native"],
  // What is no difference at all, as this machine measures it.
  ["native WebSocket, once more", "native"],
  ["reconnecting-websocket", "reconnecting-websocket", "reconnecting-websocket"],
  ["partysocket", "partysocket", "partysocket"],
  ["socket.io-client", "socket-io", "socket.io-client"],
  ["sockjs-client", "sockjs", "sockjs-client", "binary"],
  ["everwire, raw", "everwire-raw"],
  ["everwire, engine.io", "everwire-engine"],
];
/** The same, and the path of their requests. */
const POLLERS = [
  ["socket.io-client, polling", "socket-io-polling", "socket.io-client", "socket.io"],
  ["sockjs-client, xhr-polling", "sockjs-polling", "sockjs-client", "sockjs"],
  ["everwire, engine.io by long-poll", "everwire-polling", undefined, "engine.io"],
];
const OURS = POLLERS.at(-1)[0];

/** Name, and what is measured, with the number of messages. */
const LOADS = [
  ["receive", 64, false, 100_000], ["receive", 1024, false, 50_000], ["receive", 65_536, false, 5_000],
  ["receive", 64, true, 100_000], ["receive", 1024, true, 50_000], ["receive", 65_536, true, 5_000],
  ["send", 64, false, 50_000], ["send", 1024, false, 20_000], ["send", 65_536, false, 5_000], ["send", 65_536, true, 5_000],
].map(([what, size, binary, count]) => {
  const unit = size < 1024 ? `${size} B` : `${size / 1024} KiB`;
  return { name: `${what} ${binary ? "binary" : "text"} ${unit}`, what, size, binary, count };
});
const PING_PONG = "ping-pong";
const ROUND_TRIPS = 2_000;
/** The parts of a load. */
const PARTS = 10;
/** Milliseconds without a request, after which a client is connected and waits. */
const REST = 100;
/** Messages a second, and for how many seconds. */
const RATES = [[1, 10], [100, 10], [1000, 5]];
/** Up to so many a second all are measured at the same time, for then the processors have room for all of them. */
const TOGETHER = 100;
/** Milliseconds between the beginnings of two that are. */
const STAGGER = 130;
/** Messages that come first and do not count, for what is compiled on the way. */
const WARM = 50;
const LIMIT = 1.05;

const chosen = options();
const results = book();
const failures = new Map();
const prepare = (all) => Promise.all(all.filter(([name]) => name === BASE || chosen.only.test(name)).map(
  async ([name, module, peer, lacks]) => {
    const script = await bundle(`sockets/${module}.js`, "page-sockets.js");
    return { name, script, lacks, title: peer ? `${name.replace(peer, `${peer} ${await version(peer)}`)}` : name };
  }));
const adapters = await prepare(ADAPTERS);
const pollers = await prepare(POLLERS);
const loads = LOADS.filter(({ name }) => name.includes(chosen.corpus));

const server = await startServer("sockets-server.mjs");
const browser = await launch();

/** How many HTTP requests the server has had since the last time, by path. */
const requestsSince = async () => (await fetch(`${server.origin}/requests`)).json();
const isAtRest = async () => Object.keys(await requestsSince()).length === 0;

/** Does something for an adapter. One that fails once is left out from then on. */
const trying = async ({ name }, load, work) => {
  if (failures.has(name)) return;
  try {
    await work();
  } catch (error) {
    failures.set(name, `${load}: ${error.message.split("\n")[0]}`);
  }
};

/** Opens a page of each of these, that is connected, and closes them after the work with `pages`, by the adapters' names. */
const withPages = async (adapters, load, work) => {
  const pages = new Map();
  for (const adapter of adapters) {
    await trying(adapter, load, async () => {
      const page = await browser.open(server.origin, adapter.script);
      pages.set(adapter.name, page);
      await page.evaluate("connect()");
    });
  }
  // The page that was opened last is the one that is seen, and takes a fifth more for the same large messages. So it is none of these.
  const seen = await browser.open(server.origin, "");
  await work(pages);
  for (const page of [...pages.values(), seen]) await page.close();
};

/**
 * Measures one load: all pages are open, and in each part each has its turn, so that what else the machine does meets them alike. In part 0, which does
 * not count, everything is compiled. `measure(page, part)` resolves to µs.
 */
const inParts = (round, able, load, measure) => withPages(able, load, async (pages) => {
  for (let part = 0; part <= PARTS; part += 1) {
    const taken = new Map();
    for (const adapter of turns(able, round + part)) {
      progress(`round ${round + 1} of ${chosen.rounds}: ${load}, part ${part} of ${PARTS}: ${adapter.name}`);
      await trying(adapter, load, async () => { taken.set(adapter.name, await measure(pages.get(adapter.name), part)); });
    }
    if (part === 0) continue;
    for (const [name, time] of taken) results.note(time, name, load, "µs");
    results.compare(taken, BASE, load);
  }
});

const rated = (perSecond, count) => `receive(${JSON.stringify({ rate: { perSecond, count, size: 64 } })}, ${count})`;
const expression = ({ what, size, binary }, count) => (what === "send"
  ? `send(${count}, ${size}, ${binary})`
  : `receive(${JSON.stringify({ send: { count, size, binary } })}, ${count})`);

for (let round = 0; round < chosen.rounds; round += 1) {
  for (const load of loads) {
    const count = load.count / (chosen.quick ? 10 * PARTS : PARTS);
    let expected;
    await inParts(round, adapters.filter(({ lacks }) => !load.binary || lacks !== "binary"), load.name, async (page, part) => {
      const { value, cpu } = await page.measure(expression(load, count), { collects: part === 0 });
      const received = JSON.stringify(value);
      expected ??= received;
      if (received !== expected) throw new Error(`it received ${received}, not ${expected}`);
      return (cpu * 1000) / count;
    });
  }
  if (PING_PONG.includes(chosen.corpus)) {
    const count = ROUND_TRIPS / (chosen.quick ? 10 * PARTS : PARTS);
    await inParts(round, adapters, PING_PONG, async (page) => 1000 * await page.evaluate(`pingPong(${count})`));
  }
  for (const [perSecond, seconds] of RATES) {
    const count = perSecond * (chosen.quick ? 2 : seconds);
    const load = `${perSecond} a second`;
    await withPages(turns(pollers, round), load, async (pages) => {
      const taken = new Map();
      const all = pollers.filter(({ name }) => pages.has(name));
      const groups = perSecond > TOGETHER ? turns(all, round).map((poller) => [poller]) : [turns(all, round)];
      for (const group of groups) {
        progress(`round ${round + 1} of ${chosen.rounds}: ${load}: ${group.map(({ name }) => name).join(" and ")}`);
        for (const poller of group) await trying(poller, load, () => pages.get(poller.name).evaluate(rated(100, WARM)));
        // What they ask for to be connected is none of it, be it a moment later: an Engine.IO client polls after it has told that it is open.
        do await setTimeout(REST); while (!(await isAtRest()));
        await Promise.all(group.map((poller, at) => trying(poller, load, async () => {
          await setTimeout(at * STAGGER);
          const { cpu } = await pages.get(poller.name).measure(rated(perSecond, count), { collects: false });
          taken.set(poller.name, (cpu * 1000) / count);
        })));
        const requests = await requestsSince();
        for (const { name, lacks: path } of group) results.note(requests[path] / count, name, perSecond, "requests");
      }
      for (const [name, time] of taken) results.note(time, name, perSecond, "µs");
      const { [OURS]: ours, ...others } = Object.fromEntries(taken);
      if (ours && Object.keys(others).length) results.note(ours / Math.min(...Object.values(others)), OURS, perSecond, "of the best");
    });
  }
}
progress("");
await browser.close();
await server.stop();

const where = circumstances(browser.product, chosen);
const path = await keep("sockets", { where, results: results.all, failures: Object.fromEntries(failures) });
const columns = [...loads.map(({ name }) => name), PING_PONG];

console.log(`# Sockets

${where}

Main-thread CPU of the page ÷ that of native WebSocket in the same part of a load, and the median round trip likewise; median [min–max], lower is better.

${table(["", ...columns], [
  ...adapters.map(({ name, title }) => [title, ...columns.map((load) => (name === BASE ? "1" : spread(results.of(name, load))))]),
  ["*native, µs*", ...columns.map((load) => spread(results.of(BASE, load, "µs")))],
])}

Long-polling, messages of 64 B from the server: requests per message, and µs of the main thread per message.

${table(["", ...RATES.flatMap(([rate]) => [`${rate}/s: requests`, `${rate}/s: µs`])], pollers.map(({ name, title }) => [
  title, ...RATES.flatMap(([rate]) => [spread(results.of(name, rate, "requests")), spread(results.of(name, rate, "µs"))]),
]))}

${budgets(RATES.map(([rate]) => ({
    what: `everwire by long-poll, CPU at ${rate}/s`, limit: 1, unit: " × the better of the two", numbers: results.of(OURS, rate, "of the best"),
  })))}

${budgets(columns.map((load) => ({ what: `everwire, raw, ${load}`, limit: LIMIT, unit: " × native", numbers: results.of("everwire, raw", load) })))}
`);
for (const [name, why] of failures) console.log(`- ${name} was left out. ${why}`);
console.log(`\nAll numbers: ${path}`);
