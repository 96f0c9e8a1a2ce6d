// Projects as users have them: the package in node_modules, unpacked from its tarball, and the application of app/.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { pkg } from "../support.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const folders = mkdtempSync(join(tmpdir(), "everwire-consumers-"));
after(() => rmSync(folders, { recursive: true, force: true }));

const packing = ["pack", "--json", "--pack-destination", folders];
const [packed] = JSON.parse(execFileSync("npm", packing, { cwd: pkg, encoding: "utf8", stdio: "pipe" }));
/** What `npm publish` would send: where it is, and what npm says of it. */
export const tarball = { ...packed, path: join(folders, packed.filename) };

/** Puts the package into the node_modules of a folder, as `npm install everwire` does. */
export function install(folder) {
  const installed = join(folder, "node_modules/everwire");
  rmSync(installed, { recursive: true, force: true });
  mkdirSync(installed, { recursive: true });
  execFileSync("tar", ["-xzf", tarball.path, "--strip-components=1", "-C", installed]);
}

let projects = 0;

/** A new project with the application in it, whose one import is of this entry; gives its folder. */
export function makeProject(entry = "everwire") {
  projects += 1;
  const folder = join(folders, String(projects));
  cpSync(join(here, "app"), folder, { recursive: true });
  const importing = join(folder, "src/receive.js");
  writeFileSync(importing, readFileSync(importing, "utf8").replace('from "everwire"', `from "${entry}"`));
  const manifest = { private: true, type: "module", dependencies: { everwire: tarball.version } };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  install(folder);
  return folder;
}

/** Where npm has put a tool. Bun is in the package of the platform, for its own command would be made by an install script. */
export const tool = (name) => {
  const tools = join(here, "node_modules");
  if (name !== "bun") return join(tools, ".bin", name);
  const [platform] = readdirSync(join(tools, "@oven"));
  return join(tools, "@oven", platform, "bin/bun");
};

/** Runs a tool to its end; gives all that it printed. */
export function run(command, args, { cwd, env } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let printed = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => { printed += chunk; });
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(printed)
      : reject(new Error(`${command} ${args.join(" ")} ended with ${code}:\n${printed}`))));
  });
}

/** Starts a tool that serves pages; gives the origin that it says, and `stop`. */
export async function start(command, args, { cwd, env } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, NO_COLOR: "1", ...env }, stdio: ["ignore", "pipe", "inherit"] });
  const orphan = () => child.kill();
  process.on("exit", orphan);
  const gone = once(child, "close");
  const stop = async () => {
    orphan();
    await gone;
    process.off("exit", orphan);
  };
  for await (const line of createInterface(child.stdout)) {
    const [origin] = /http:\/\/[\w.]+:\d+/.exec(line) ?? [];
    if (!origin) continue;
    child.stdout.resume();
    return { origin, stop };
  }
  throw new Error(`${command} ${args.join(" ")} ended without a word of where it serves`);
}
