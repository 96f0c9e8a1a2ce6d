// Sockets in Chromium: what they take of the page's main thread, round trips, and what long-polling costs. See README.md.
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
const POLLERS = [
  ["socket.io-client, polling", "socket-io-polling", "socket.io-client"],
  ["sockjs-client, xhr-polling", "sockjs-polling", "sockjs-client"],
  ["everwire, engine.io by long-poll", "everwire-polling"],
];

/** Name, and what is measured, with the number of messages. */
const LOADS = [
  ["receive", 64, false, 100_000], ["receive", 1024, false, 50_000], ["receive", 65_536, false, 2_000],
  ["receive", 64, true, 100_000], ["receive", 1024, true, 50_000], ["receive", 65_536, true, 2_000],
  ["send", 64, false, 50_000], ["send", 1024, false, 20_000], ["send", 65_536, false, 1_000], ["send", 65_536, true, 1_000],
].map(([what, size, binary, count]) => {
  const unit = size < 1024 ? `${size} B` : `${size / 1024} KiB`;
  return { name: `${what} ${binary ? "binary" : "text"} ${unit}`, what, size, binary, count };
});
const PING_PONG = "ping-pong";
const ROUND_TRIPS = 2_000;
/** Messages a second, and for how many seconds. */
const RATES = [[1, 10], [100, 10], [1000, 5]];
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

/** Does something with a page of this adapter, that is connected. What fails once is not tried again. */
const withPage = async ({ name, script }, load, work) => {
  if (failures.has(name)) return;
  try {
    const page = await browser.open(server.origin, script);
    try {
      await page.evaluate("connect()");
      await work(page);
    } finally {
      await page.close();
    }
  } catch (error) {
    failures.set(name, `${load}: ${error.message.split("\n")[0]}`);
  }
};

const expression = ({ what, size, binary }, count) => (what === "send"
  ? `send(${count}, ${size}, ${binary})`
  : `receive(${JSON.stringify({ send: { count, size, binary } })}, ${count})`);

for (let round = 0; round < chosen.rounds; round += 1) {
  for (const load of loads) {
    const count = chosen.quick ? load.count / 10 : load.count;
    const taken = new Map();
    let expected;
    for (const adapter of turns(adapters, round)) {
      if (load.binary && adapter.lacks === "binary") continue;
      progress(`round ${round + 1} of ${chosen.rounds}: ${load.name}: ${adapter.name}`);
      await withPage(adapter, load.name, async (page) => {
        const { value, cpu } = await page.measure(expression(load, count));
        expected ??= JSON.stringify(value);
        if (JSON.stringify(value) !== expected) throw new Error(`it received ${JSON.stringify(value)}, not ${expected}`);
        taken.set(adapter.name, cpu);
        results.note((cpu * 1000) / count, adapter.name, load.name, "µs");
      });
    }
    results.compare(taken, BASE, load.name);
  }
  const trips = new Map();
  for (const adapter of turns(adapters, round)) {
    if (!PING_PONG.includes(chosen.corpus)) continue;
    progress(`round ${round + 1} of ${chosen.rounds}: ${PING_PONG}: ${adapter.name}`);
    await withPage(adapter, PING_PONG, async (page) => {
      const trip = await page.evaluate(`pingPong(${chosen.quick ? ROUND_TRIPS / 10 : ROUND_TRIPS})`);
      trips.set(adapter.name, trip);
      results.note(trip * 1000, adapter.name, PING_PONG, "µs");
    });
  }
  results.compare(trips, BASE, PING_PONG);
  for (const [perSecond, seconds] of RATES) {
    const count = perSecond * (chosen.quick ? 2 : seconds);
    for (const poller of turns(pollers, round)) {
      progress(`round ${round + 1} of ${chosen.rounds}: ${perSecond} a second: ${poller.name}`);
      await withPage(poller, `${perSecond} a second`, async (page) => {
        await (await fetch(`${server.origin}/requests`)).text();
        const { cpu } = await page.measure(`receive(${JSON.stringify({ rate: { perSecond, count, size: 64 } })}, ${count})`);
        const requests = Number(await (await fetch(`${server.origin}/requests`)).text());
        results.note(requests / count, poller.name, perSecond, "requests");
        results.note((cpu * 1000) / count, poller.name, perSecond, "µs");
      });
    }
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

Main-thread CPU of the page ÷ that of native WebSocket in the same round, and the median round trip likewise; median [min–max], lower is better.

${table(["", ...columns], [
  ...adapters.map(({ name, title }) => [title, ...columns.map((load) => (name === BASE ? "1" : spread(results.of(name, load))))]),
  ["*native, µs*", ...columns.map((load) => spread(results.of(BASE, load, "µs")))],
])}

Long-polling, messages of 64 B from the server: requests per message, and µs of the main thread per message.

${table(["", ...RATES.flatMap(([rate]) => [`${rate}/s: requests`, `${rate}/s: µs`])], pollers.map(({ name, title }) => [
  title, ...RATES.flatMap(([rate]) => [spread(results.of(name, rate, "requests")), spread(results.of(name, rate, "µs"))]),
]))}

${budgets(columns.map((load) => ({ what: `everwire, raw, ${load}`, limit: LIMIT, unit: " × native", numbers: results.of("everwire, raw", load) })))}
`);
for (const [name, why] of failures) console.log(`- ${name} was left out. ${why}`);
console.log(`\nAll numbers: ${path}`);
