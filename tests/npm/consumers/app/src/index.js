// The page: it receives by itself, and has its workers receive, when it is told from where.

import { receive } from "./receive.js";

const ask = (worker, server) => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }) => resolve(data);
  worker.postMessage(server, [port2]);
});

/** By the name of the host. Bundlers look for workers in just these words. */
globalThis.hosts = {
  window: receive,
  "dedicated worker": (server) => ask(new Worker(new URL("./worker.js", import.meta.url), { type: "module" }), server),
  "shared worker": (server) => ask(new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module" }).port, server),
  async "service worker"(server) {
    const { installing, waiting, active } = await navigator.serviceWorker.register(
      new URL("./worker.js", import.meta.url), { type: "module" });
    return ask(installing ?? waiting ?? active, server);
  },
};
