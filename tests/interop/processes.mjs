// The processes of the interop tests: servers that others wrote, each on a port of its own, which end with the tests at the latest.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
/** Where what is built and installed is. */
export const target = resolve(here, "../..", process.env.CARGO_TARGET_DIR ?? "target");

/** How to run each of the applications, which `tools.sh install` has got ready. */
export const node = (file) => [process.execPath, join(here, file)];
export const python = (file) => [join(target, "interop-venv/bin/python"), join(here, file)];
export const rust = () => [join(target, "interop-rust/debug/everwire-interop-socketioxide")];

/** Starts a process that ends with this one at the latest. */
export function run(command, args, { killSignal = "SIGKILL", ...options } = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"], ...options });
  const orphan = () => child.kill(killSignal);
  process.on("exit", orphan);
  child.gone = new Promise((done) => { child.once("close", done).once("error", done); }).then((why) => {
    process.off("exit", orphan);
    const how = why instanceof Error ? why.message : why;
    return new Error(`${command} ended (${how}); \`tests/interop/tools.sh install\` installs what is missing`);
  });
  child.end = () => {
    orphan();
    return child.gone;
  };
  return child;
}

/** Waits for `wanted`, which does not come from a process that has ended. */
export const unlessGone = (child, wanted) => Promise.race([wanted, child.gone.then((error) => { throw error; })]);

/** One that says its address in its first line. */
export async function application([command, ...args], ...more) {
  const child = run(command, [...args, ...more.map(String)]);
  const [origin] = await unlessGone(child, once(createInterface(child.stdout), "line"));
  return { child, origin };
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until something answers there. */
export async function answers(origin) {
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((next) => { setTimeout(next, 20); })) {
    if (await fetch(origin).catch(() => null)) return;
  }
  throw new Error(`nothing answers at ${origin}`);
}

/** nginx as a process of its own, with `folder` for itself; each `@NAME@` of the template is replaced. It cannot choose a port itself. */
export async function nginx(template, folder, values = {}) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  // Its worker has to see the folder, which is this user's.
  const all = { ...values, PORT: port, USER: process.getuid() === 0 ? "user root;" : "" };
  await mkdir(join(folder, "temp"));
  const written = (await readFile(join(here, template), "utf8")).replace(/@(\w+)@/g, (_, name) => all[name]);
  await writeFile(join(folder, template), written);
  const child = run("nginx", ["-p", folder, "-c", template, "-e", "stderr"], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    // It has a worker to end.
    killSignal: "SIGTERM",
  });
  await unlessGone(child, answers(origin));
  return { child, origin };
}
