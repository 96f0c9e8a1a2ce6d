// What stands between the browser and a server: a proxy on TCP that also serves the package and an empty page, so that all is one origin.
// It changes nothing of what passes, so the server's own framing reaches the browser; but it reads along, and can break connections.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { extname, join } from "node:path";
import { setTimeout } from "node:timers/promises";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
const EMPTY_PAGE = "<!doctype html><title>everwire</title>";

/** The parts of a request's head that the tests ask for. Its bytes are UTF-8, where there are any beyond ASCII. */
function parse(head, query) {
  const [first, ...lines] = head.split("\r\n");
  const [method, target] = first.split(" ");
  const { pathname, searchParams } = new URL(target, "http://localhost");
  const headers = new Map(lines.map((line) => line.split(/: *(.*)/)).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    path: pathname,
    client: searchParams.get("client"),
    /** Whether it is a client's own: neither a preflight nor a question about CORS. */
    counts: method === "GET" && headers.get("sec-fetch-mode") !== "no-cors",
    /** The id to go on from, as the server sees it; null if there is none. */
    resume: headers.get("last-event-id") ?? searchParams.get(query),
  };
}

/** Cuts within each character of more than one byte, and after each carriage return. */
function trickle(bytes) {
  const ends = [...bytes.keys()].filter((at) => bytes[at] >= 0xc0 || bytes[at] === 0x0d).map((at) => at + 1);
  return [0, ...ends].map((begin, which) => bytes.subarray(begin, ends[which]));
}

/** Opens a proxy in front of `server`, which serves the files in `folder` at `/pkg`. */
export async function openFront(server, folder) {
  const { hostname, port } = new URL(server.origin);
  const requests = [];
  const plans = new Map();
  /** Each with the client of the last request over it. */
  const sockets = new Map();

  const requestsOf = (client) => requests.filter((request) => request.client === client);

  /** Answers with a file, or the empty page. Nothing of `..` comes here: URLs are normalized. */
  async function serve(path, socket) {
    const file = path === "/" ? "/empty.html" : path.slice("/pkg".length);
    const found = path === "/" ? EMPTY_PAGE : await readFile(join(folder, file)).catch(() => null);
    const body = Buffer.from(found ?? "there is no such file");
    const head = [`HTTP/1.1 ${found ? 200 : 404} -`, `Content-Type: ${TYPES[extname(file)]}`, `Content-Length: ${body.length}`];
    socket.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]));
  }

  const listener = createServer({ noDelay: true }, (socket) => {
    /** The connection to the server; it lives and ends with this one. */
    let upstream;
    let fault = {};
    /** What has passed of the answer to the last request. */
    let answer = "";
    let sent = 0;
    let received = Buffer.alloc(0);
    let taking = Promise.resolve();
    let passing = Promise.resolve();

    const breakOff = (how) => {
      upstream?.destroy();
      if (how === "reset") socket.resetAndDestroy();
      else socket.end();
    };

    /** Passes bytes of an answer on, as the fault has it. */
    async function pass(bytes) {
      if (sent === 0) fault.answered?.();
      const rest = bytes.subarray(0, Math.max((fault.after ?? Infinity) - sent, 0));
      sent += rest.length;
      answer += rest.toString("latin1");
      for (const piece of fault.trickle ? trickle(rest) : [rest]) {
        await new Promise((written) => { socket.write(piece, written); });
        // So long that the browser reads what there is.
        if (fault.trickle) await setTimeout(10);
      }
      // What is left of a head counts as one in Chromium, over http, if the connection is closed in order.
      if (sent >= fault.after) breakOff(answer.includes("\r\n\r\n") ? fault.how : "reset");
      else if (fault.until?.(answer)) breakOff("end");
    }

    function openUpstream() {
      const upstream = connect(port, hostname).setNoDelay();
      upstream.on("data", (bytes) => { passing = passing.then(() => pass(bytes)); });
      // What the server ends is ended here, once all of it has passed.
      upstream.on("end", () => { passing = passing.then(() => breakOff("end")); });
      upstream.on("error", () => breakOff("reset"));
      return upstream;
    }

    async function take(head) {
      const request = parse(head.toString(), server.query);
      const { path, client, counts } = request;
      if (path === "/" || path.startsWith("/pkg/")) {
        await serve(path, socket);
        return;
      }
      const number = requestsOf(client).length;
      if (counts) requests.push(request);
      sockets.set(socket, client);
      answer = "";
      sent = 0;
      fault = (counts && await plans.get(client)?.(number)) || {};
      if (socket.destroyed) return;
      upstream ??= openUpstream();
      upstream.write(head);
    }

    sockets.set(socket, null);
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      // No request has a body, and none comes before the last one is answered.
      if (!received.includes("\r\n\r\n")) return;
      const head = received;
      received = Buffer.alloc(0);
      taking = taking.then(() => take(head));
    });
    socket.on("close", () => {
      sockets.delete(socket);
      upstream?.destroy();
    });
    // What follows is the end.
    socket.on("error", () => {});
  });

  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    origin: `http://127.0.0.1:${listener.address().port}`,
    /** The requests of this client, in order. */
    requests: requestsOf,
    /**
     * What is done about this client's requests: `plan(number)` gives a fault, before the request goes on. With `after`, the connection
     * is broken off after so many bytes of the answer, head included, as `how` says: "end" or "reset"; with `until`, it is ended as soon
     * as that is true of what has passed. `trickle`: in pieces. `answered` is called when the answer begins.
     */
    plan: (client, plan) => plans.set(client, plan),
    /** Breaks off the connections of this client, or all. */
    drop(client) {
      for (const [socket, whose] of sockets) if (client === undefined || client === whose) socket.resetAndDestroy();
    },
    async stop() {
      listener.close();
      this.drop();
      await once(listener, "close");
    },
  };
}
