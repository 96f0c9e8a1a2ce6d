// The SSE servers of the interop tests: three that others wrote, with the same small application on each.
//
// | path | what it does |
// | --- | --- |
// | GET /events/CHANNEL | a stream of what came after the id in `Last-Event-ID` or in the query, of all without one, and of what comes |
// | GET /pinged/CHANNEL | the same, with keep-alives at short intervals |
// | GET /ending/CHANNEL | the same, but it ends: when it has given something, or (nchan) after a second |
// | POST /publish/CHANNEL | an event with this body as its data, of the type in `X-EventSource-Event`; answers its id |
//
// A channel has a mood if there is a file of that name in a folder: then GET answers 204, 500 or a page of HTML instead.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const python = resolve(here, "../..", process.env.CARGO_TARGET_DIR ?? "target", "interop-venv/bin/python");

/** Starts a process that ends with this one at the latest. */
function run(command, args, { killSignal = "SIGKILL", ...options } = {}) {
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
const unlessGone = (child, wanted) => Promise.race([wanted, child.gone.then((error) => { throw error; })]);

/** One that says its address in its first line. */
async function application(command, file, moods) {
  const child = run(command, [join(here, file), moods]);
  const [origin] = await unlessGone(child, once(createInterface(child.stdout), "line"));
  return { child, origin };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function answers(origin) {
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((next) => { setTimeout(next, 20); })) {
    if (await fetch(origin).catch(() => null)) return;
  }
  throw new Error(`nothing answers at ${origin}`);
}

/** nginx as a process of its own, with a folder of its own; it cannot choose a port itself. */
async function nginx(moods) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const template = await readFile(join(here, "nginx.conf"), "utf8");
  // Its worker has to see the moods, which are in a folder of this user's.
  const values = { PORT: port, MOODS: moods, USER: process.getuid() === 0 ? "user root;" : "" };
  await mkdir(join(moods, "temp"));
  await writeFile(join(moods, "nginx.conf"), template.replace(/@(\w+)@/g, (_, name) => values[name]));
  const child = run("nginx", ["-p", moods, "-c", "nginx.conf", "-e", "stderr"], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    // It has a worker to end.
    killSignal: "SIGTERM",
  });
  await unlessGone(child, answers(origin));
  return { child, origin };
}

/**
 * What is special about each. `query`: under which name it takes the last id in the query. `allowsHeader`: also as a header, from another
 * origin. `asking`: what to publish so that `data` is heard and a client comes back 100 ms after a loss. `heard`: what is left of data
 * on its way. `ping`: its keep-alive, and `pings`: how many of them are more than two seconds.
 */
export const SERVERS = {
  "better-sse": {
    start: (moods) => application(process.execPath, "better-sse.mjs", moods),
    query: "lastEventId",
    allowsHeader: true,
    asking: (data) => data,
    ping: "\n:\n",
    pings: 12,
    // It writes no space before the data, so a parser takes the line's own for that.
    heard: (data) => data.split("\n").map((line) => line.replace(/^ /, "")).join("\n"),
  },
  "sse-starlette": {
    start: (moods) => application(python, "sse_starlette_app.py", moods),
    query: "last_event_id",
    allowsHeader: true,
    asking: (data) => data,
    ping: "\n: ping",
    pings: 12,
    heard: (data) => data,
  },
  nchan: {
    start: nginx,
    query: "last_event_id",
    allowsHeader: false,
    // It has no setting for that, but writes a carriage return as it is, which ends a line as well.
    asking: (data) => `${data}\rretry: 100`,
    ping: "\ndata: keepalive\n",
    pings: 3,
    heard: (data) => data.split("\r")[0],
  },
};

/** Starts one of them on a free port. */
export async function startServer(name) {
  const { start, ...traits } = SERVERS[name];
  const moods = await mkdtemp(join(tmpdir(), "everwire-interop-"));
  const { child, origin } = await start(moods);
  return {
    name,
    origin,
    ...traits,
    /** Publishes an event and returns its id. */
    async publish(channel, data, type) {
      const headers = { Accept: "text/json" };
      // A header is written as Latin-1; these bytes are UTF-8.
      if (type) headers["X-EventSource-Event"] = Buffer.from(type).toString("latin1");
      const response = await fetch(`${origin}/publish/${channel}`, { method: "POST", body: data, headers });
      return (await response.json()).last_message_id;
    },
    /** From now on GET is answered like this: "204", "500" or "html"; undefined: with events again. */
    async setMood(channel, mood) {
      for (const old of ["204", "500", "html"]) await rm(join(moods, `${channel}-${old}`), { force: true });
      if (mood) await writeFile(join(moods, `${channel}-${mood}`), "");
    },
    async stop() {
      await child.end();
      await rm(moods, { recursive: true });
    },
  };
}
