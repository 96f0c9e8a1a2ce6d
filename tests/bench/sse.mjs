// Event streams in Chromium: what they take of the page's main thread, and what memory they keep. See README.md.
import { launch } from "./browser.mjs";
import {
  book, budgets, bundle, circumstances, keep, options, progress, short, spread, startServer, table, turns, version,
} from "./harness.mjs";

const BASE = "native EventSource";

/** Name, module in adapters/, and the package whose version counts. */
const ADAPTERS = [
  [BASE, "native"],
  ["eventsource", "eventsource", "eventsource"],
  ["event-source-polyfill, fetch", "event-source-polyfill", "event-source-polyfill"],
  ["event-source-polyfill, XHR", "event-source-polyfill-xhr", "event-source-polyfill"],
  ["fetch-event-source", "fetch-event-source", "@microsoft/fetch-event-source"],
  ["eventsource-client", "eventsource-client", "eventsource-client"],
  ["everwire, eventsource", "everwire-native"],
  ["everwire, fetch-stream", "everwire-fetch"],
  ["everwire, xhr-stream", "everwire-xhr"],
  ["everwire, strict EventSource", "everwire-strict"],
];

/** Name, corpus, number of events, and writes for each event if these are to be small. */
const LOADS = [
  ["64 B × 100k", "64 B", 100_000],
  ["1 KiB × 20k", "1 KiB", 20_000],
  ["256 KiB × 200", "256 KiB", 200],
  ["64 B × 10k, 30k writes", "64 B", 10_000, 3],
  ["LLM tokens × 50k", "LLM tokens", 50_000],
  ["1 KiB, 25 % CJK × 20k", "1 KiB, 25 % CJK", 20_000],
];

/** The budgets of design.md. */
const CPU_BUDGETS = [
  ["everwire, fetch-stream", "64 B × 100k", 0.1],
  ["everwire, fetch-stream", "1 KiB × 20k", 0.35],
  ["everwire, fetch-stream", "256 KiB × 200", 0.95],
  ["everwire, xhr-stream", "256 KiB × 200", 1.5],
  ["everwire, strict EventSource", "64 B × 100k", 1.2],
  ["everwire, strict EventSource", "1 KiB × 20k", 1.2],
  ["everwire, strict EventSource", "256 KiB × 200", 1],
];
const MEMORY_BUDGETS = [
  ["everwire, fetch-stream", "heap", 1],
  ["everwire, fetch-stream", "process", 15],
  ["everwire, xhr-stream", "process", 10],
  ["everwire, strict EventSource", "heap", 1],
  ["everwire, strict EventSource", "process", 15],
];
const MEMORY_EVENTS = 1_000_000;
const MEGABYTE = 1_000_000;

const chosen = options();
const loads = LOADS.filter(([name]) => name.includes(chosen.corpus));
const results = book();
const failures = new Map();
const expected = new Map();

const adapters = [];
for (const [name, module, peer] of ADAPTERS.filter(([name]) => name === BASE || chosen.only.test(name))) {
  try {
    const script = await bundle(`adapters/${module}.js`, "page-events.js");
    adapters.push({ name, script, title: peer ? `${name} ${await version(peer)}` : name });
  } catch (error) {
    failures.set(name, `there is nothing to measure yet: ${error.errors?.[0]?.text ?? error.message}`);
  }
}

const server = await startServer();
const browser = await launch();

/** All must receive the same as the first that did. */
const compare = (load, { events, characters, check, lastId }) => {
  const received = `${events} events, ${characters} characters, check ${check}, last id ${lastId}`;
  if (!expected.has(load)) expected.set(load, received);
  if (expected.get(load) !== received) throw new Error(`it received ${received}, not ${expected.get(load)}`);
};

/** Does something with a page of this adapter. What fails once is not tried again. */
const withPage = async ({ name, script }, load, work) => {
  if (failures.has(name)) return;
  try {
    const page = await browser.open(server.origin, script);
    try {
      await work(page);
    } finally {
      await page.close();
    }
  } catch (error) {
    failures.set(name, `${load}: ${error.message.split("\n")[0]}`);
  }
};

const read = (corpus, events, writes = "") => {
  const url = `/events?${new URLSearchParams({ corpus, events, writes })}`;
  return `read(${JSON.stringify(url)}, ${events})`;
};

for (let round = 0; round < chosen.rounds; round += 1) {
  for (const [load, corpus, all, writes] of loads) {
    const events = chosen.quick ? all / 10 : all;
    const taken = new Map();
    for (const adapter of turns(adapters, round)) {
      progress(`round ${round + 1} of ${chosen.rounds}: ${load}: ${adapter.name}`);
      await withPage(adapter, load, async (page) => {
        const { value, cpu } = await page.measure(read(corpus, events, writes));
        compare(load, value);
        taken.set(adapter.name, cpu);
        results.note((cpu * 1000) / events, adapter.name, load, "µs");
      });
    }
    results.compare(taken, BASE, load);
  }
}

const events = chosen.quick ? MEMORY_EVENTS / 10 : MEMORY_EVENTS;
for (let round = 0; chosen.memory && round < Math.min(chosen.rounds, 3); round += 1) {
  for (const adapter of turns(adapters, round)) {
    progress(`round ${round + 1}: memory: ${adapter.name}`);
    await withPage(adapter, "memory", async (page) => {
      const before = await page.memory();
      compare("memory", await page.evaluate(read("64 B", events)));
      const after = await page.memory();
      for (const kind of ["heap", "process"]) results.note((after[kind] - before[kind]) / MEGABYTE, adapter.name, kind);
    });
  }
}
progress("");
await browser.close();
await server.stop();

const where = circumstances(browser.product, chosen);
const path = await keep("sse", { where, results: results.all, failures: Object.fromEntries(failures) });

const ratios = ({ name, title }) => [title, ...loads.map(([load]) => (name === BASE ? "1" : spread(results.of(name, load))))];
const kept = ({ name, title }) => [title, spread(results.of(name, "heap")), spread(results.of(name, "process"))];

console.log(`# Event streams

${where}

Main-thread CPU of the page ÷ that of native EventSource in the same round, median [min–max]; lower is better.

${table(["", ...loads.map(([name]) => name)], [
  ...adapters.map(ratios),
  ["*native, µs per event*", ...loads.map(([load]) => spread(results.of(BASE, load, "µs")))],
])}
`);
if (chosen.memory) {
  console.log(`Memory kept after ${short(events / 1e6)} million events of 64 B, with the connection open and the garbage collected, in MB.

${table(["", "JS heap", "process"], adapters.map(kept))}
`);
}
console.log(`${budgets([
  ...CPU_BUDGETS.map(([name, load, limit]) => ({ what: `${name}, ${load}`, limit, unit: " × native", numbers: results.of(name, load) })),
  ...MEMORY_BUDGETS.map(([name, kind, limit]) => ({ what: `${name}, ${kind} kept`, limit, unit: " MB", numbers: results.of(name, kind) })),
])}
`);
for (const [name, why] of failures) console.log(`- ${name} was left out. ${why}`);
console.log(`\nAll numbers: ${path}`);
