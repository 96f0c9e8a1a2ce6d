// What both benchmarks in the browser are made of: the command line, the bundles, the rounds, and the report.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, loadavg, release, totalmem } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The command line: `{ rounds, quick, corpus, only, memory }`; `only` is a regular expression. */
export const options = () => {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      corpus: { type: "string", default: "" },
      only: { type: "string", default: "" },
      memory: { type: "boolean", default: true },
    },
    allowNegative: true,
  });
  return { ...values, only: new RegExp(values.only), rounds: Number(values.rounds ?? (values.quick ? 1 : 5)) };
};

/** A script for the page: what the module exports by default is handed to `serve`, of another one. */
export const bundle = async (module, page) => {
  const { outputFiles } = await build({
    stdin: { contents: `import it from "./${module}";\nimport { serve } from "./${page}";\nserve(it);`, resolveDir: here },
    bundle: true, format: "iife", target: "es2022", write: false, logLevel: "silent",
    // Of Node, and of pages of old; sockjs-client has it.
    define: { global: "globalThis" },
  });
  return outputFiles[0].text;
};

/** Starts a load server in a process of its own. */
export const startServer = async (module = "server.mjs") => {
  const server = spawn(process.execPath, [`${here}${module}`], { stdio: ["pipe", "pipe", "inherit"] });
  const [origin] = await once(createInterface(server.stdout), "line");
  return {
    origin,
    stop: async () => {
      server.stdin.end();
      await once(server, "exit");
    },
  };
};

/** The version of a package that is installed here. */
export const version = async (name) => JSON.parse(await readFile(`${here}node_modules/${name}/package.json`, "utf8")).version;

export const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[Math.floor(middle)];
};

/** Three digits. */
export const short = (number) => (number < 100 ? number.toPrecision(number < 0.995 ? 2 : 3) : number.toFixed(0));

/** `median [min–max]`; a single one as it is. */
export const spread = (numbers) => {
  if (!numbers?.length) return "–";
  const ends = `[${short(Math.min(...numbers))}–${short(Math.max(...numbers))}]`;
  return numbers.length > 1 ? `${short(median(numbers))} ${ends}` : short(numbers[0]);
};

/** A Markdown table; all columns but the first are numbers. */
export const table = (head, rows) => {
  const line = head.map((_, at) => (at ? "--:" : "---"));
  return [head, line, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
};

/** Each entry's turn in each round; another one begins in every round. */
export const turns = (entries, round) => entries.map((_, at) => entries[(at + round) % entries.length]);

/** Holds numbers by names, and gives them again. */
export const book = () => {
  const all = {};
  return {
    all,
    note: (number, ...names) => { (all[names.join(" / ")] ??= []).push(number); },
    /** Notes what each has taken in one round, divided by what `base` has: `taken` is by name. */
    compare(taken, base, ...names) {
      for (const [name, number] of taken) this.note(number / taken.get(base), name, ...names);
    },
    of: (...names) => all[names.join(" / ")] ?? [],
  };
};

/** Says what is going on, on a terminal. */
export const progress = (text) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1B[K${text}`);
};

/** Those of the budgets for which there are numbers; `{ what, limit, numbers, unit }` each. */
export const budgets = (rows) => table(["budget", "at most", "measured", ""], rows.filter(({ numbers }) => numbers.length).map((row) => {
  const { what, limit, numbers, unit } = row;
  return [what, `${limit}${unit}`, spread(numbers), median(numbers) <= limit ? "met" : "**missed**"];
}));

/** Where and when this ran. */
export const circumstances = (browser, { rounds, quick }) => {
  const [{ model }, ...more] = cpus();
  const load = loadavg().map((number) => number.toFixed(1)).join(" ");
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`,
    `${browser}, headless`, `Node ${process.version}`,
    `${model.trim()}, ${more.length + 1} cores, ${memory}, Linux ${release()}, load ${load}`,
    `${rounds} rounds${quick ? ", quick" : ""}`,
  ].join(" · ");
};

/** Writes a file into results/, and tells its path. */
export const keep = async (name, results) => {
  await mkdir(`${here}results`, { recursive: true });
  const path = `${here}results/${name}-${new Date().toISOString().replaceAll(":", "-").slice(0, 19)}.json`;
  await writeFile(path, `${JSON.stringify(results, null, 1)}\n`);
  return path;
};
