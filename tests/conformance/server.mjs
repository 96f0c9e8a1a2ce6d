// The servers of the suites: their files, the wrappers of their script tests, our stand-ins for their server scripts, and the class under
// test.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { extname, join, normalize } from "node:path";
import { scripts } from "./scripts.mjs";
import { serveSockets } from "./sockets.mjs";
import { wrapperAt } from "./suite.mjs";

const host = "web-platform.test";
const otherHost = `not-${host}`;
/** All names that are to lead to this server. */
export const hosts = [host, otherHost].flatMap((name) => [name, `*.${name}`]);

const types = {
  ".htm": "text/html", ".html": "text/html", ".js": "text/javascript; charset=utf-8", ".json": "application/json", ".css": "text/css",
};
const subjectPath = "/subject-of-the-test.js";
// Files that the suites' own server has elsewhere.
const aliases = { "/resources/WebIDLParser.js": "/resources/webidl2/lib/webidl2.js" };

// Puts the outcome where the runner looks for it.
const report = `add_completion_callback((tests, harness) => {
  const reported = tests.map(({ name, status, message }) => ({ name, status, message }));
  self.outcome = { harness: harness.status, message: harness.message, tests: reported };
});`;

/** A key and a certificate that nobody has signed, which the browser is told to take. */
function selfSigned() {
  const pem = execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", `/CN=${host}`,
    "-keyout", "-", "-out", "-",
  ], { stdio: ["ignore", "pipe", "ignore"] });
  return { key: pem, cert: pem };
}

/**
 * Starts the servers on free ports. `subject` is a classic script that replaces the global class, or nothing for the native one.
 * In `missing` are the addresses that tests asked for in vain.
 */
export async function startServer(root, subject) {
  const missing = new Set();
  const stash = new Map();
  const ports = { http: [], https: [], ws: [], wss: [] };

  function answer(request, response) {
    const [, path, search] = request.url.match(/^([^?]*)\??(.*)$/);
    const script = scripts[path];
    // Of the pipes of the suites' server, the tests use the one that dawdles.
    const [, seconds = 0] = search.match(/\bpipe=trickle\(d(\d+)\)/) ?? [];
    if (script) {
      const query = parse(search, "&");
      const cookies = parse(request.headers.cookie ?? "", "; ");
      return send(response, script({ method: request.method, query, headers: request.headers, cookies, stash }));
    }
    const found = document(path);
    if (found) {
      const body = Buffer.from(found.body).toString("latin1");
      return send(response, { headers: { "Content-Type": found.type }, body, delay: seconds * 1_000 });
    }
    // What has no ending was made up by a test, such as /eventsource/null.
    if (/\.[a-z_]+$/.test(path) && path !== "/favicon.ico") missing.add(path);
    return send(response, { status: 404, headers: { "Content-Type": "text/plain" }, body: "" });
  }

  function document(path) {
    if (path === subjectPath) return { type: types[".js"], body: subject };
    if (path === "/resources/testharnessreport.js") return { type: types[".js"], body: report };
    const wrapper = wrapperAt(root, path, subject && subjectPath);
    if (wrapper) return wrapper;
    const file = join(root, normalize(aliases[path] ?? path));
    try {
      const body = readFileSync(file, "utf8");
      return { type: types[extname(file)] ?? "text/plain", body: withSubject(path, path.includes(".sub.") ? substitute(body) : body) };
    } catch {
      return undefined;
    }
  }

  /** The subject comes first in every document, and in every worker that a wrapper does not start. */
  function withSubject(path, body) {
    if (!subject || !/^\/(eventsource|websockets)\//.test(path)) return body;
    if (/\.html?$/.test(path)) return body.replace(/<!doctype html>/i, `$&<script src="${subjectPath}"></script>`);
    if (/(?<!\.(any|window|sub))\.js$/.test(path)) return `self.importScripts && importScripts("${subjectPath}"); ${body}`;
    return body;
  }

  function substitute(body) {
    return body
      .replaceAll("{{host}}", host)
      .replaceAll("{{hosts[alt][]}}", otherHost)
      .replace(/\{\{ports\[(\w+)\]\[(\d)\]\}\}/g, (_, kind, index) => ports[kind]?.[index] ?? "")
      .replace(/\{\{(?:domains|hosts\[\])\[(.*?)\]\}\}/g, (_, name) => (name ? `${name}.${host}` : host));
  }

  const tls = selfSigned();
  const servers = [
    ["http", createServer(answer)],
    ["http", createServer(answer)],
    ["https", createSecureServer(tls, answer)],
    ["ws", createServer(answer)],
    ["wss", createSecureServer(tls, answer)],
  ];
  const ends = [];
  for (const [kind, server] of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    ports[kind].push(server.address().port);
    if (kind.startsWith("ws")) ends.push(serveSockets(server, missing));
    ends.push(() => {
      server.close();
      server.closeAllConnections();
    });
  }
  const origin = (kind) => `${kind}://${host}:${ports[kind][0]}`;
  return { origin: origin("http"), secureOrigin: origin("https"), missing, stop: () => ends.forEach((end) => end()) };
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
