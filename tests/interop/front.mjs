// What stands between the browser and a server: a proxy on TCP that also serves the package and an empty page, so that all is one origin.
// It changes nothing of what passes, so the server's own framing reaches the browser; but it reads along, and can break connections.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { extname, join } from "node:path";
import { setTimeout } from "node:timers/promises";

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
const EMPTY_PAGE = "<!doctype html><title>everwire</title>";
const HEAD_END = "\r\n\r\n";

/** The parts of a request's head that the tests ask for. Its bytes are UTF-8, where there are any beyond ASCII. */
function parse(head, query) {
  const [first, ...lines] = head.split("\r\n");
  const [method, target] = first.split(" ");
  const { pathname, searchParams } = new URL(target, "http://localhost");
  const headers = new Map(lines.map((line) => line.split(/: *(.*)/)).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    method,
    path: pathname,
    client: searchParams.get("client"),
    /** Of a session that goes from request to request, as Engine.IO has it. */
    sid: searchParams.get("sid"),
    /** Of its body. */
    length: Number(headers.get("content-length") ?? 0),
    isUpgrade: headers.get("upgrade") === "websocket",
    accept: headers.get("accept"),
    /** Whether it is a client's own: neither a preflight, nor a question about CORS or a farewell. */
    counts: method !== "OPTIONS" && headers.get("sec-fetch-mode") !== "no-cors",
    /** The id to go on from, as the server sees it; null if there is none. */
    resume: headers.get("last-event-id") ?? searchParams.get(query),
  };
}

/** Whether this is all of an answer. What ends with its connection never is. */
function isWhole(answer) {
  const end = answer.indexOf(HEAD_END);
  if (end < 0) return false;
  const head = answer.slice(0, end);
  const length = /^content-length: *(\d+)/im.exec(head);
  if (length) return answer.length >= end + HEAD_END.length + Number(length[1]);
  return /^transfer-encoding: *chunked/im.test(head) && answer.endsWith(`\r\n0${HEAD_END}`);
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
  /** Of each client that is frozen: when it is not any more. */
  const frozen = new Map();
  /** Each with the client of the last request over it. */
  const sockets = new Map();

  const requestsOf = (client) => requests.filter((request) => request.client === client);

  /** Answers with a file, or the empty page. Nothing of `..` comes here: URLs are normalized. */
  async function serve(path, socket) {
    const file = path === "/" ? "/empty.html" : path.slice("/pkg".length);
    const found = path === "/" ? EMPTY_PAGE : await readFile(join(folder, file)).catch(() => null);
    const body = Buffer.from(found ?? "there is no such file");
    const head = [`HTTP/1.1 ${found ? 200 : 404} -`, `Content-Type: ${TYPES[extname(file)]}`, `Content-Length: ${body.length}`,
      "Cache-Control: max-age=600"];
    socket.write(Buffer.concat([Buffer.from(`${head.join("\r\n")}${HEAD_END}`), body]));
  }

  const listener = createServer({ noDelay: true }, (socket) => {
    /** The connection to the server; it lives and ends with this one. */
    let upstream;
    let fault = {};
    /** The last request. */
    let current = {};
    /** What has passed of the answer to it: all that is asked for, which is not what a WebSocket carries. */
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

    /** Notes what the server answers, before the browser can know. */
    function note(bytes) {
      if (current.isUpgrade && current.status === 101 && !fault.until) return;
      answer += bytes.toString("latin1");
      current.status ??= Number(/^HTTP\/1.1 (\d+)/.exec(answer)?.[1]) || undefined;
      current.isOver ||= isWhole(answer);
    }

    /** Passes bytes of an answer on, as the fault has it. */
    async function pass(bytes) {
      if (sent === 0) fault.answered?.();
      if (fault.inBody && bytes.includes(HEAD_END)) fault.after = sent + bytes.indexOf(HEAD_END) + HEAD_END.length + 1;
      const rest = bytes.subarray(0, Math.max((fault.after ?? Infinity) - sent, 0));
      sent += rest.length;
      note(rest);
      for (const piece of fault.trickle ? trickle(rest) : [rest]) {
        await new Promise((written) => { socket.write(piece, written); });
        // So long that the browser reads what there is.
        if (fault.trickle) await setTimeout(10);
      }
      // What is left of a head counts as one in Chromium, over http, if the connection is closed in order.
      if (sent >= fault.after) breakOff(answer.includes(HEAD_END) ? fault.how : "reset");
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

    async function take(request, bytes) {
      const { path, client, counts, sid, isUpgrade } = request;
      if (path === "/" || path.startsWith("/pkg/")) {
        await serve(path, socket);
        return;
      }
      const number = requestsOf(client).length;
      const isGet = ({ method, isUpgrade }) => method === "GET" && !isUpgrade;
      request.beside = requests.filter((other) => sid && other.sid === sid && !other.isOver && isGet(other) && isGet(request)).length;
      if (counts) requests.push(request);
      sockets.set(socket, client);
      current = request;
      answer = "";
      sent = 0;
      fault = (counts && await plans.get(client)?.(number, request)) || {};
      await frozen.get(client)?.over;
      if (socket.destroyed) return;
      if (fault.refuse) {
        note(Buffer.from(`HTTP/1.1 ${fault.refuse} -\r\nContent-Length: 0${HEAD_END}`));
        socket.write(answer);
        return;
      }
      upstream ??= openUpstream();
      upstream.write(bytes);
    }

    /** Takes what has come: requests with their bodies, or what goes over a WebSocket. */
    async function takeAll() {
      while (!socket.destroyed) {
        if (current.isUpgrade) {
          await frozen.get(current.client)?.over;
          upstream?.write(received);
          received = Buffer.alloc(0);
          return;
        }
        const end = received.indexOf(HEAD_END);
        if (end < 0) return;
        const request = parse(received.subarray(0, end).toString(), server.query);
        const whole = end + HEAD_END.length + request.length;
        if (received.length < whole) return;
        const bytes = received.subarray(0, whole);
        received = received.subarray(whole);
        await take(request, bytes);
      }
    }

    sockets.set(socket, null);
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      taking = taking.then(takeAll);
    });
    socket.on("close", () => {
      sockets.delete(socket);
      current.isOver = true;
      upstream?.destroy();
    });
    // What follows is the end.
    socket.on("error", () => {});
  });

  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  return {
    origin: `http://127.0.0.1:${listener.address().port}`,
    /** All requests, in order. */
    all: requests,
    /**
     * The requests of this client, in order, as `parse` has them, with what is known of the answer: `status`, and `isOver`. `beside`: how
     * many GETs of the same session were not yet answered when this one came.
     */
    requests: requestsOf,
    /**
     * What is done about this client's requests: `plan(number, request)` gives a fault, before the request goes on. With `after`, the
     * connection is broken off after so many bytes of the answer, head included, as `how` says: "end" or "reset"; with `inBody`, after the
     * first byte that is not of its head; with `until`, it is ended as soon as that is true of what has passed. `trickle`: in pieces.
     * `answered` is called when the answer begins. `refuse`: it is answered with this status, and the server does not hear of it.
     */
    plan: (client, plan) => plans.set(client, plan),
    /** Passes on nothing that this client sends, until the function is called that is returned. */
    freeze(client) {
      let end;
      frozen.set(client, { over: new Promise((over) => { end = over; }) });
      return () => {
        frozen.delete(client);
        end();
      };
    },
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
