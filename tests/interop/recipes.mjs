// The servers of docs/servers.md, as they stand there: their files are written to a folder, and the command that the page names starts
// them. Only the port is another.
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { readPage, root } from "../../docs/site/markdown.mjs";
import { answers, freePort, run, target, unlessGone } from "./processes.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const PORT = "8080";
const { blocks } = readPage("docs/servers.md");
const valued = (name, value) => blocks.filter(({ values }) => values[name]?.includes(value));

/** All recipes by name. */
export const RECIPES = [...new Set(blocks.flatMap(({ values }) => values.recipe ?? []))];

/** The page of such a server: its script, for a module. */
export function clientOf(name) {
  const [client] = valued("client", name);
  return client.text;
}

const PATH = [join(target, "interop-venv/bin"), process.env.PATH, "/usr/sbin"].join(":");
/** Servers in Rust are built where the others are that the tests need. */
const CARGO_TARGET_DIR = join(target, "interop-rust");

/** nginx as an ordinary user may not write where Debian has it write. */
const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((of) => `  ${of}_temp_path temp;\n`).join("");
const asUser = (text) => (process.getuid() === 0 ? text : text.replace("http {\n", `http {\n${temporary}`));

/** Writes a recipe to a folder of its own, for a free port, and builds it if it has to be. */
export async function writeRecipe(name) {
  const folder = await mkdtemp(join(tmpdir(), "everwire-recipe-"));
  const port = await freePort();
  const parts = valued("recipe", name);
  for (const { text, values } of parts.filter(({ values }) => values.file)) {
    const path = join(folder, values.file[0]);
    await mkdir(dirname(path), { recursive: true });
    const own = path.endsWith("Cargo.toml") ? `${text}\n[workspace]\n` : asUser(text);
    await writeFile(path, own.replaceAll(PORT, port));
    // The versions are the repository's, so nothing is looked up.
    if (path.endsWith("Cargo.toml")) await copyFile(join(root, "Cargo.lock"), join(folder, "Cargo.lock"));
  }
  await symlink(join(here, "node_modules"), join(folder, "node_modules"));
  const command = parts.find(({ language }) => language === "sh").text.trim().replaceAll(PORT, port);
  const env = { ...process.env, PATH, CARGO_TARGET_DIR, CARGO_NET_OFFLINE: "true" };
  if (command.startsWith("cargo")) {
    const { status, stderr } = spawnSync("cargo", ["build", "--quiet"], { cwd: folder, env, encoding: "utf8" });
    if (status !== 0) throw new Error(`${name} cannot be built:\n${stderr}`);
  }
  const origin = `http://127.0.0.1:${port}`;
  let child;
  return {
    origin,
    async start() {
      // nginx has a worker to end.
      const killSignal = command.startsWith("nginx") ? "SIGTERM" : "SIGKILL";
      child = run("bash", ["-c", `exec ${command}`], { cwd: folder, env, killSignal, stdio: ["ignore", "ignore", "pipe"] });
      // Shown only if it does not start.
      let said = "";
      child.stderr.on("data", (bytes) => { said += bytes; });
      await unlessGone(child, answers(origin)).catch(({ message }) => { throw new Error(`${message}\n${said}`); });
    },
    stop: () => child.end(),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** The parts of an nginx configuration that the pages show, each as a whole one. */
export const fragments = ["docs/troubleshooting.md", "docs/servers.md"].flatMap((path) => readPage(path).blocks)
  .filter(({ language, words }) => language === "nginx" && words.includes("fragment"))
  .map(({ path, line, text }) => ({
    place: `${path}:${line}`,
    configuration: `pid nginx.pid;\nerror_log stderr;\nevents {}\n${asUser(`http {\nserver {\nlocation / {\n${text}}\n}\n}\n`)}`,
  }));

/** What nginx says of a configuration: nothing, if it is right. */
export async function checkNginx(configuration) {
  const folder = await mkdtemp(join(tmpdir(), "everwire-nginx-"));
  await writeFile(join(folder, "nginx.conf"), configuration);
  const env = { ...process.env, PATH };
  const { status, stderr } = spawnSync("nginx", ["-t", "-q", "-p", folder, "-c", "nginx.conf"], { env, encoding: "utf8" });
  await rm(folder, { recursive: true });
  return status === 0 ? "" : stderr;
}
