// The parser alone, in Chromium, without a network: ours against eventsource-parser. See README.md.
import { launch } from "./browser.mjs";
import { corpora } from "./corpora.mjs";
import { book, budgets, bundle, circumstances, keep, options, progress, spread, table, turns, version } from "./harness.mjs";

const BASE = "eventsource-parser";
const OURS = "everwire";
const FLOOR = "TextDecoder alone";

/** Name and module in parsers/. */
const PARSERS = [[BASE, "eventsource-parser"], [OURS, "everwire"], [FLOOR, "decoder"]];

/** The budgets of design.md. */
const BUDGETS = { "64 B": 0.5, "1 KiB": 0.42, "256 KiB": 0.65, "LLM tokens": 0.6, "1 KiB, 25 % CJK": 0.6 };

const MEBIBYTE = 1_048_576;

const chosen = options();
const size = (chosen.quick ? 4 : 32) * MEBIBYTE;
const measured = corpora.filter((name) => name.includes(chosen.corpus));
const results = book();

const parsers = [];
for (const [name, module] of PARSERS) parsers.push({ name, script: await bundle(`parsers/${module}.js`, "page-parser.js") });
const browser = await launch();

for (let round = 0; round < chosen.rounds; round += 1) {
  for (const corpus of measured) {
    const cpus = {};
    const received = {};
    for (const { name, script } of turns(parsers, round)) {
      progress(`round ${round + 1} of ${chosen.rounds}: ${corpus}: ${name}`);
      const page = await browser.open("data:text/html,<!doctype html>", script);
      // A little first, so that what is measured is compiled.
      await page.evaluate(`load(${JSON.stringify(corpus)}, ${4 * MEBIBYTE}); parse()`);
      const bytes = await page.evaluate(`load(${JSON.stringify(corpus)}, ${size})`);
      const { value, cpu } = await page.measure("parse()");
      await page.close();
      cpus[name] = cpu;
      received[name] = JSON.stringify(value);
      results.note(bytes / MEBIBYTE / (cpu / 1000), name, corpus, "MiB/s");
    }
    if (received[OURS] !== received[BASE]) throw new Error(`${corpus}: ${OURS} gave ${received[OURS]}, ${BASE} ${received[BASE]}`);
    for (const { name } of parsers) results.note(cpus[name] / cpus[BASE], name, corpus);
  }
}
progress("");
await browser.close();

const where = circumstances(browser.product, chosen);
const path = await keep("parser", { where, results: results.all });

const ratios = ({ name }) => [name, ...measured.map((corpus) => (name === BASE ? "1" : spread(results.of(name, corpus))))];
const speeds = ({ name }) => [name, ...measured.map((corpus) => spread(results.of(name, corpus, "MiB/s")))];
const limits = measured.map((corpus) => ({ what: corpus, limit: BUDGETS[corpus], unit: " ×", numbers: results.of(OURS, corpus) }));

console.log(`# The parser alone

${where}

CPU ÷ that of eventsource-parser ${await version(BASE)} in the same round, median [min–max]; lower is better.
${size / MEBIBYTE} MiB in chunks of 64 KiB.

${table(["", ...measured], parsers.map(ratios))}

MiB per second of CPU:

${table(["", ...measured], parsers.map(speeds))}

${budgets(limits)}

All numbers: ${path}`);
