// The test application on npm's ws: node ws.mjs. Whatever comes is sent back; `/close?code=4001&reason=so` closes, and `/vanish` ends the
// connection without a word. Plain HTTP is answered by ws itself.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });

server.on("connection", (socket, request) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  if (pathname === "/close") socket.close(Number(searchParams.get("code")), searchParams.get("reason"));
  if (pathname === "/vanish") socket.terminate();
});

server.on("listening", () => console.log(`http://127.0.0.1:${server.address().port}`));
