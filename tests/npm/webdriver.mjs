// Firefox by WebDriver (https://www.w3.org/TR/webdriver2/): as much of it as these tests need.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const PATIENCE = 60_000;

/** Starts geckodriver on a free port, and Firefox with it. */
export async function launchFirefox() {
  const driver = spawn(process.env.GECKODRIVER ?? "geckodriver", ["--port", "0"], { stdio: ["ignore", "pipe", "ignore"] });
  // It would outlive a test that was broken off.
  process.on("exit", () => driver.kill());
  const failed = once(driver, "error").then(([error]) => { throw new Error(`geckodriver did not start: ${error.message}`); });
  const port = await Promise.race([portOf(driver.stdout), failed]);
  const call = async (method, path, body) => {
    // A string as the body would have a type that geckodriver refuses.
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    return value;
  };
  // Else each WebSocket to a host, port and path that has refused one waits, half as long again each time, whichever page opens it.
  const prefs = { "network.websocket.delay-failed-reconnects": false };
  const { sessionId } = await call("POST", "/session", { capabilities: { alwaysMatch: {
    browserName: "firefox", timeouts: { script: PATIENCE, pageLoad: PATIENCE }, "moz:firefoxOptions": { args: ["-headless"], prefs },
  } } });
  const session = `/session/${sessionId}`;
  return {
    goto: (url) => call("POST", `${session}/url`, { url }),
    /** Runs the body of an async function in the page, with these arguments. */
    execute: async (body, ...args) => {
      const script = `const done = arguments[arguments.length - 1]; (async (...given) => { ${body} })(...arguments)
        .then((value) => done({ value }), (error) => done({ error: String(error) }));`;
      const { value, error } = await call("POST", `${session}/execute/async`, { script, args });
      if (error) throw new Error(error);
      return value;
    },
    close: async () => {
      await call("DELETE", session);
      driver.kill();
      await once(driver, "exit");
    },
  };
}

/** The driver says it among other things. */
async function portOf(output) {
  for await (const line of createInterface(output)) {
    const [, port] = /Listening on 127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    if (port) {
      // What else it says is nobody's, but has to go somewhere.
      output.resume();
      return port;
    }
  }
  throw new Error("geckodriver ended without a word of its port");
}
