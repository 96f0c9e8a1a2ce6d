// The server of the suite: its files, the wrappers of its script tests, our stand-ins for its server scripts, and the class under test.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { scripts } from "./scripts.mjs";
import { wrapperAt } from "./suite.mjs";

export const host = "web-platform.test";

const types = {
  ".htm": "text/html", ".html": "text/html", ".js": "text/javascript; charset=utf-8", ".json": "application/json", ".css": "text/css",
};
const subjectPath = "/subject-of-the-test.js";

// Puts the outcome where the runner looks for it.
const report = `add_completion_callback((tests, harness) => {
  const reported = tests.map(({ name, status, message }) => ({ name, status, message }));
  self.outcome = { harness: harness.status, message: harness.message, tests: reported };
});`;

/**
 * Starts the server on two free ports. `subject` is a classic script that replaces the global class, or nothing for the native one.
 * In `missing` are the addresses that tests asked for in vain.
 */
export async function startServer(root, subject) {
  const missing = new Set();
  const stash = new Map();
  const ports = [];

  function answer(request, response) {
    const [, path, search] = request.url.match(/^([^?]*)\??(.*)$/);
    const script = scripts[path];
    if (script) {
      const query = parse(search, "&");
      const cookies = parse(request.headers.cookie ?? "", "; ");
      return send(response, script({ method: request.method, query, headers: request.headers, cookies, stash }));
    }
    const found = document(path);
    if (found) return send(response, { headers: { "Content-Type": found.type }, body: Buffer.from(found.body).toString("latin1") });
    // What has no ending was made up by a test, such as /eventsource/null.
    if (/\.[a-z_]+$/.test(path) && path !== "/favicon.ico") missing.add(path);
    return send(response, { status: 404, headers: { "Content-Type": "text/plain" }, body: "" });
  }

  function document(path) {
    if (path === subjectPath) return { type: types[".js"], body: subject };
    if (path === "/resources/testharnessreport.js") return { type: types[".js"], body: report };
    const wrapper = wrapperAt(root, path, subject && subjectPath);
    if (wrapper) return wrapper;
    const file = join(root, normalize(path));
    try {
      const body = readFileSync(file, "utf8");
      return { type: types[extname(file)] ?? "text/plain", body: withSubject(path, path.includes(".sub.") ? substitute(body) : body) };
    } catch {
      return undefined;
    }
  }

  /** The subject comes first in every document, and in every worker that a wrapper does not start. */
  function withSubject(path, body) {
    if (!subject || !path.startsWith("/eventsource/")) return body;
    if (/\.html?$/.test(path)) return body.replace(/<!doctype html>/i, `$&<script src="${subjectPath}"></script>`);
    if (/(?<!\.any|\.window)\.js$/.test(path)) return `self.importScripts && importScripts("${subjectPath}"); ${body}`;
    return body;
  }

  function substitute(body) {
    return body
      .replaceAll("{{host}}", host)
      .replace(/\{\{ports\[http\]\[(\d)\]\}\}/g, (_, index) => ports[index])
      .replace(/\{\{(?:domains|hosts\[\])\[(.*?)\]\}\}/g, (_, name) => (name ? `${name}.${host}` : host));
  }

  const servers = [createServer(answer), createServer(answer)];
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ports.push(server.address().port);
  }
  const stop = () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  };
  return { origin: `http://${host}:${ports[0]}`, missing, stop };
}

/** Names and values with their bytes as characters: what is tested here is often not UTF-8, and a lone surrogate or NUL must pass. */
function parse(text, separator) {
  const decode = (part) => part.replaceAll("+", " ").replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  const pairs = text.split(separator).filter(Boolean).map((pair) => {
    const [name, ...value] = pair.split("=");
    return [decode(name), decode(value.join("="))];
  });
  // The first of a name counts.
  return Object.fromEntries(pairs.reverse());
}

function send(response, { status = 200, reason = "", headers = {}, body = "", delay = 0 }) {
  const write = () => {
    const content = Buffer.from(body, "latin1");
    const length = [204, 304].includes(status) ? {} : { "Content-Length": content.length };
    response.writeHead(status, reason || undefined, { ...headers, ...length });
    response.end(content);
  };
  if (!delay) return write();
  const timer = setTimeout(write, delay);
  return response.on("close", () => clearTimeout(timer));
}
