// Headless Chromium by bare DevTools protocol, over a pipe. No Network domain, and no driver that enables it: with it, native EventSource
// costs twice as much, and everything else would look better than it is.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-extensions", "--mute-audio", "--no-startup-window",
  // A page's renderer is the only one, so that it is known which process to look at.
  "--disable-features=SpareRendererForSitePerProcess", "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows"];

/** Milliseconds after which a page is given up. */
const PATIENCE = 120_000;

/** Sends commands and hears events, each a JSON text that ends with NUL. */
const protocol = (output, input) => {
  const pending = new Map();
  const heard = new Map();
  let count = 0;
  let rest = Buffer.alloc(0);
  const settle = ({ id, error, result, method, sessionId, params }) => {
    if (method) {
      heard.get(`${sessionId ?? ""} ${method}`)?.(params);
    } else {
      const { resolve, reject, what } = pending.get(id);
      pending.delete(id);
      if (error) reject(new Error(`${what}: ${error.message}`));
      else resolve(result);
    }
  };
  input.on("data", (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
      settle(JSON.parse(rest.subarray(0, end).toString()));
      rest = rest.subarray(end + 1);
    }
  });
  input.on("close", () => pending.forEach(({ reject, what }) => reject(new Error(`${what}: the browser is gone`))));
  return {
    send: (what, params = {}, sessionId = undefined) => new Promise((resolve, reject) => {
      count += 1;
      pending.set(count, { resolve, reject, what });
      output.write(`${JSON.stringify({ id: count, method: what, params, sessionId })}\0`);
    }),
    next: (what, sessionId = "") => new Promise((resolve) => {
      heard.set(`${sessionId} ${what}`, resolve);
    }),
  };
};

/** Rejects when it takes too long. */
const inTime = async (promise, what) => {
  const timer = new AbortController();
  const late = setTimeout(PATIENCE, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} took more than ${PATIENCE / 1000} s`);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
};

export const launch = async () => {
  const profile = await mkdtemp(join(tmpdir(), "everwire-bench-"));
  const chromium = spawn(process.env.CHROMIUM ?? "/usr/bin/chromium", [...FLAGS, "--remote-debugging-pipe", `--user-data-dir=${profile}`],
    { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
  const gone = once(chromium, "exit");
  const { send, next } = protocol(chromium.stdio[3], chromium.stdio[4]);
  const { product } = await inTime(send("Browser.getVersion"), "starting the browser");

  /** The processes of pages, the browser's own user interface left out. */
  const renderers = async () => {
    const { processInfo } = await send("SystemInfo.getProcessInfo");
    const pids = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
    // One that has just ended has none.
    const commands = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")));
    return pids.filter((_, at) => commands[at] && !commands[at].includes("--top-chrome-webui"));
  };

  /** Waits until there are so many of them; one that a page has left takes a moment to end. */
  const only = async (count) => {
    for (let tries = 0; tries < 100; tries += 1) {
      const pids = await renderers();
      if (pids.length === count) return pids;
      await setTimeout(50);
    }
    throw new Error(`there are ${(await renderers()).length} processes of pages, expected ${count}`);
  };

  /** The processes of the pages that are open. */
  const taken = new Set();

  /** Opens a page in a process of its own, and runs a script in it. */
  const open = async (url, script) => {
    const { targetId } = await send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
    await send("Page.enable", {}, sessionId);
    const loaded = next("Page.loadEventFired", sessionId);
    await send("Page.navigate", { url }, sessionId);
    await inTime(loaded, url);
    await send("Page.disable", {}, sessionId);

    const evaluate = async (expression) => {
      const evaluated = send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true }, sessionId);
      const { result, exceptionDetails } = await inTime(evaluated, expression);
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    let pid;
    const close = async () => {
      taken.delete(pid);
      await send("Target.closeTarget", { targetId });
      await only(taken.size);
    };
    try {
      await evaluate(script);
    } catch (error) {
      await close();
      throw error;
    }
    pid = (await only(taken.size + 1)).find((other) => !taken.has(other));
    taken.add(pid);

    const page = {
      evaluate,
      /** Milliseconds that the main thread has been on a processor. */
      mainThread: async () => Number.parseInt(await readFile(`/proc/${pid}/task/${pid}/schedstat`, "utf8")) / 1e6,
      /**
       * What the main thread takes for an expression, in milliseconds, and its value. To collect the garbage before also throws compiled code away.
       */
      measure: async (expression, { collects = true } = {}) => {
        if (collects) await page.collect();
        const before = await page.mainThread();
        const value = await evaluate(expression);
        return { value, cpu: await page.mainThread() - before };
      },
      collect: () => send("HeapProfiler.collectGarbage", {}, sessionId),
      /**
       * Bytes on the JavaScript heap, and in the process as a whole, once that is still. The pages of files are left out: they are the
       * browser's own code, shared with whatever other browser runs.
       */
      memory: async () => {
        let last = Infinity;
        for (let tries = 0; tries < 20; tries += 1) {
          await page.collect();
          const { usedSize } = await send("Runtime.getHeapUsage", {}, sessionId);
          const sizes = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
          const process = 1024 * ["Pss_Anon", "Pss_Shmem"].reduce((sum, name) => sum + Number(sizes.match(`${name}: +(\\d+)`)[1]), 0);
          if (Math.abs(last - process) < 200_000) return { heap: usedSize, process };
          last = process;
          // The allocator gives memory back at intervals.
          await setTimeout(500);
        }
        throw new Error("the memory of the process does not come to rest");
      },
      close,
    };
    return page;
  };

  const close = async () => {
    // It may be gone before it answers.
    send("Browser.close").catch(() => {});
    await gone;
    await rm(profile, { recursive: true, force: true });
  };
  return { product, open, close };
};
