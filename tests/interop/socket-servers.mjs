// The servers of the interop tests that sockets connect to, which others wrote.
//
// - npm's ws, with an echo; see ws.mjs.
// - Six that speak Engine.IO, with the same small application on each: what comes is sent back, but the text `count N` is answered with N
//   texts, `down 0` and so on, about one in a millisecond. Three do so on Engine.IO itself; three on Socket.IO, in its events `text` and
//   `bytes`, whose packets are plain messages to us.
// - nginx with nchan: servers.mjs has that, for it is a server of event streams as well.
// - nginx as a proxy in front of any of them; proxy.conf has what it does under which path.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { application, nginx, node, python, rust } from "./processes.mjs";

/** The servers of Engine.IO, by name: how each is run, under which path it is found, and whether Socket.IO is spoken there. */
export const ENGINES = {
  "engine.io": { command: node("engine-io.mjs"), path: "/engine.io/" },
  "socket.io": { command: node("engine-io.mjs"), path: "/socket.io/", isSocketIo: true },
  "python-engineio": { command: python("engine_io_app.py"), path: "/engine.io/" },
  "python-socketio": { command: python("engine_io_app.py"), path: "/socket.io/", isSocketIo: true },
  engineioxide: { command: rust(), path: "/engine.io/" },
  socketioxide: { command: rust(), path: "/socket.io/", isSocketIo: true },
};

const stoppable = ({ child, origin }, more) => ({
  origin,
  ...more,
  /** Stops the process where it is; it keeps its connections. */
  pause: () => child.kill("SIGSTOP"),
  goOn: () => child.kill("SIGCONT"),
  stop: () => child.end(),
});

export const startWs = async () => stoppable(await application(node("ws.mjs")));

/** Starts a server of Engine.IO: milliseconds between its pings, and for their answers; and the most bytes in a body. */
export async function startEngine(name, { pingInterval = 25_000, pingTimeout = 20_000, maxPayload = 3_000_000 } = {}) {
  const { command, ...traits } = ENGINES[name];
  return stoppable(await application(command, pingInterval, pingTimeout, maxPayload), traits);
}

/** Starts nginx in front of `server`. */
export async function startProxy(server) {
  const folder = await mkdtemp(join(tmpdir(), "everwire-interop-"));
  const { child, origin } = await nginx("proxy.conf", folder, { SERVER: server.origin });
  return {
    origin,
    /** Replaces the worker, so that all connections are cut off. */
    reload: () => child.kill("SIGHUP"),
    async stop() {
      await child.end();
      await rm(folder, { recursive: true });
    },
  };
}
