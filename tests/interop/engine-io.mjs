// The test application on npm's engine.io and socket.io: node engine-io.mjs INTERVAL TIMEOUT PAYLOAD; see socket-servers.mjs.
import { createServer } from "node:http";
import { Server as Engine } from "engine.io";
import { Server as Io } from "socket.io";

const [, , pingInterval, pingTimeout, maxHttpBufferSize] = process.argv.map(Number);
// Neither minds the upgrades of the other.
const options = { pingInterval, pingTimeout, maxHttpBufferSize, destroyUpgrade: false };

/** Does with a message what this application does. */
function hear(data, say, gone) {
  const [, count] = /^count (\d+)$/.exec(data) ?? [];
  if (!count) return say(data);
  let next = 0;
  const timer = setInterval(() => {
    say(`down ${next}`);
    next += 1;
    if (next >= count) clearInterval(timer);
  }, 1);
  gone(() => clearInterval(timer));
}

const server = createServer();

// The other one speaks nothing but WebSocket, as many are set up that would else need sticky sessions.
for (const [path, more] of [["/engine.io/", {}], ["/websocket-only/", { transports: ["websocket"] }]]) {
  const engine = new Engine({ ...options, ...more });
  engine.attach(server, { path, destroyUpgrade: false });
  engine.on("connection", (socket) => {
    socket.on("message", (data) => hear(data, (answer) => socket.send(answer), (done) => socket.on("close", done)));
  });
}

new Io(server, options).on("connection", (socket) => {
  for (const event of ["text", "bytes"]) {
    socket.on(event, (data) => hear(data, (answer) => socket.emit(event, answer), (done) => socket.on("disconnect", done)));
  }
});

server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
