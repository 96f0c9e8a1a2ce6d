// The load server of sockets.mjs, in a process of its own: `node sockets-server.mjs` tells its origin.
//
// One conversation, over each protocol: a client sends a command as JSON, and gets what it asks for.
//
//   { "send": { count, size, binary } }     so many messages, as fast as it can
//   { "rate": { perSecond, count, size } }  so many messages, so many a second
//   { "take": { count } }                   then sends so many itself, and is told `done`
//   { "echo": true }                        from then on gets back what it sends
//
//   /ws         WebSocket, by ws                /engine.io/  Engine.IO, by engine.io
//   /socket.io/ the event `m`, by socket.io     /sockjs      SockJS, by sockjs
//
// GET /requests tells how many HTTP requests there were since the last time that it was asked, as JSON, by the first part of these paths.
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";
import { Server as Engine } from "engine.io";
import { Server as SocketIo } from "socket.io";
import sockjs from "sockjs";
import { WebSocketServer } from "ws";

/** Messages of which no two are alike. */
const made = (n, size, binary) => {
  const text = String(n).padEnd(size, ".");
  return binary ? Buffer.from(text) : text;
};

/** What hears a client's messages; `send` resolves when the client has room for more. */
const converse = (send) => {
  let left = 0;
  let echoes = false;
  const commands = {
    async send({ count, size, binary }) {
      for (let n = 0; n < count; n += 1) await send(made(n, size, binary));
    },
    async rate({ perSecond, count, size }) {
      const start = performance.now();
      for (let n = 0; n < count; n += 1) {
        const due = start + (n * 1000) / perSecond - performance.now();
        // Timers are coarser than a millisecond, so some go together, and none goes late.
        if (due > 1) await setTimeout(due);
        send(made(n, size));
      }
    },
    take({ count }) { left = count; },
    echo() { echoes = true; },
  };
  return (message) => {
    if (echoes) return send(message);
    if (left > 0) {
      left -= 1;
      if (left === 0) send("done");
      return undefined;
    }
    const [[name, details]] = Object.entries(JSON.parse(message));
    return commands[name](details);
  };
};

/** A page asks for more than that, such as its icon. */
const protocolOf = ({ url }) => /^\/(sockjs|engine\.io|socket\.io)/.exec(url)?.[1];

let requests = {};
const http = createServer((request, response) => {
  if (request.url === "/requests") {
    response.end(JSON.stringify(requests));
    requests = {};
    return;
  }
  if (protocolOf(request)) return;
  response.writeHead(request.url === "/" ? 200 : 404, { "Content-Type": "text/html" }).end("<!doctype html><title>bench</title>");
});
http.on("connection", (socket) => socket.setNoDelay());

/** Bytes that may wait for a slow reader. */
const ROOM = 4 * 1_048_576;
const whenThereIsRoom = async (waiting) => { while (waiting() > ROOM) await setTimeout(1); };

const plain = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: 64 * 1_048_576 });
http.on("upgrade", (request, socket, head) => {
  if (!request.url.startsWith("/ws")) return;
  plain.handleUpgrade(request, socket, head, (client) => {
    const hear = converse((message) => {
      client.send(message);
      return client.bufferedAmount > ROOM ? whenThereIsRoom(() => client.bufferedAmount) : undefined;
    });
    client.on("message", (data, isBinary) => hear(isBinary ? data : data.toString()));
  });
});

const limits = { maxHttpBufferSize: 64 * 1_048_576, perMessageDeflate: false };
const engine = new Engine({ ...limits });
engine.on("connection", (client) => client.on("message", converse((message) => { client.send(message); })));
engine.attach(http, { path: "/engine.io" });

const io = new SocketIo(http, { ...limits, serveClient: false });
io.on("connection", (client) => client.on("m", converse((message) => { client.emit("m", message); })));

const sock = sockjs.createServer({ log() {}, response_limit: 64 * 1_048_576 });
sock.on("connection", (client) => client.on("data", converse((message) => { client.write(String(message)); })));
sock.installHandlers(http, { prefix: "/sockjs" });

// The last to come, for each of these takes the listeners that it finds for its own.
http.prependListener("request", (request) => {
  const protocol = protocolOf(request);
  if (protocol) requests[protocol] = (requests[protocol] ?? 0) + 1;
});
http.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${http.address().port}`));
// Ends with the process that has started it.
process.stdin.on("end", () => process.exit()).resume();
