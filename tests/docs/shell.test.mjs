// The shell commands of the documentation: each is one that there is, and what it names is there, too. They are not run, as they install,
// serve and publish; those that start a recipe are, by servers.test.mjs.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { root } from "../../docs/site/markdown.mjs";
import { blocksIn, placeOf } from "./blocks.mjs";

const read = (path) => readFileSync(join(root, path), "utf8");
const manifest = read("Cargo.toml");
const targets = new Set([...read("Makefile").matchAll(/^([\w-]+):/gm)].map(([, name]) => name));
const published = JSON.parse(read("pkg-template/package.json")).name;
const onNpm = JSON.parse(read("tests/interop/package.json")).devDependencies;
const onPyPI = read("tests/interop/requirements.txt");

/** Stands for a name of the reader's choice. */
const isPlaceholder = (word) => /\bNAME\b|\/path\/to\//.test(word);
const isFlag = (word) => word.startsWith("-");
const packagesOf = (words) => words.filter((word) => !isFlag(word));

/** Is there such a file, from this folder? NAME and `*` in its name stand for anything. */
function exists(path, within) {
  const folder = join(root, within, dirname(path));
  const [before, after] = basename(path).split(/NAME|\*/);
  if (after === undefined) return existsSync(join(folder, before));
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(before) && name.endsWith(after));
}
/** `name=file` is one, too. */
const missingFiles = (words, within = "") => words.filter((word) => (
  !isFlag(word) && /[/.]/.test(word) && !exists(word.split("=").at(-1), within)));

/** What cargo is told to build or run is in Cargo.toml, or is a file of tests/. */
function missingTargets(words, within) {
  return words.flatMap((word, at) => {
    const name = words[at + 1];
    if (word === "--test") return missingFiles([`tests/${name}.rs`], within);
    if (word === "--example" || word === "--bench") return manifest.includes(`name = "${name}"`) ? [] : [name];
    if (word === "-p") return missingFiles([`${name}/Cargo.toml`], within);
    return [];
  });
}

/** A package that the tests install; that it is on npm, they see. */
const missingPackages = (names) => names.filter((name) => name !== published && !onNpm[name]);

/** By command: what it names, in this folder, that is not there. */
const COMMANDS = {
  // What they name is not ours.
  git: () => [],
  cd: missingFiles,
  make: (words) => words.filter((word) => !word.includes("=") && !targets.has(word)),
  node: missingFiles,
  cargo: missingTargets,
  curl: (words) => words.filter((word) => word.startsWith("http") && word !== "http://127.0.0.1:8080/feed"),
  npm: ([verb, ...words], within) => {
    if (verb === "install") return missingPackages(packagesOf(words));
    if (verb === "--prefix" && words[1] === "ci") return missingFiles([`${words[0]}/package-lock.json`], within);
    return [verb];
  },
  pip: ([, ...words]) => packagesOf(words).filter((name) => !onPyPI.includes(`${name}==`)),
  "apt-get": ([, ...words]) => packagesOf(words).filter((name) => !read("tests/interop/tools.sh").includes(name)),
};

/** The commands of a block, each as its words; lines that go on are joined, comments and assignments are left out. */
const commandsOf = ({ text }) => text.replaceAll("\\\n", " ").split("\n")
  .map((line) => line.replace(/(^|\s)#.*/, "").replace(/&$/, "").trim().split(/\s+/).filter(Boolean))
  .map((words) => words.slice(words.findIndex((word) => !/^[A-Z0-9_]+=/.test(word))))
  .filter((words) => words.length);

for (const block of blocksIn("sh")) {
  test(`${placeOf(block)} has commands that there are`, () => {
    let within = "";
    for (const [command, ...words] of commandsOf(block)) {
      const path = command.includes("/") ? command : undefined;
      assert.ok(path || COMMANDS[command], `${command}: expected one of ${Object.keys(COMMANDS).join(", ")}, or a file`);
      const ours = words.filter((word) => !isPlaceholder(word) || /tests\//.test(word));
      const missing = path ? missingFiles([path], within) : COMMANDS[command](ours, within);
      assert.deepEqual(missing, [], `${command} names what is not there`);
      if (command === "cd") [within] = words;
    }
  });
}
