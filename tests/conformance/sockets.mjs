// The WebSocket servers that the suite's tests connect to. The suite has them in Python; these are our own, written from what they do.
import { createHash } from "node:crypto";
import { WebSocketServer } from "ws";

const goodbye = "Goodbye";
const credentials = `Basic ${Buffer.from("foo:bar").toString("base64")}`;

const protocols = ({ headers }) => headers["sec-websocket-protocol"];
const firstProtocol = (request) => protocols(request)?.split(",", 1)[0];
const query = ({ url }) => url.split("?")[1] ?? "";
const choose = (protocol) => (protocol ? [`Sec-WebSocket-Protocol: ${protocol}`] : []);
const setCookie = (name, value, more = "") => `Set-Cookie: ${name}=${value}; Path=/${more}`;

const head = (status, ...lines) => [`HTTP/1.1 ${status}`, ...lines, "", ""].join("\r\n");
const switching = (key) => head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket", `Sec-WebSocket-Accept: ${key}`);
const acceptKey = ({ headers }) => createHash("sha1")
  .update(`${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
  .digest("base64");

/** An unmasked close frame, as servers send it. */
function closeFrame(code, reason = "") {
  const body = code === undefined ? [] : [code >> 8, code & 0xff, ...Buffer.from(reason)];
  return Buffer.from([0x88, body.length, ...body]);
}

/** Runs after so many milliseconds, if the connection is there so long. */
function later(connection, delay, run) {
  const timer = setTimeout(() => {
    connection.off("close", stop);
    run();
  }, delay);
  const stop = () => clearTimeout(timer);
  connection.once("close", stop);
}

/** One message, then the end. */
const tell = (what) => ({
  open(socket, request) {
    socket.send(what(request));
    socket.close(1000);
  },
});

const echo = (socket) => socket.on("message", (data, binary) => {
  socket.send(data, { binary });
  if (!binary && String(data) === goodbye) socket.close(1000);
});

const endAtGoodbye = (socket) => socket.on("message", (data) => {
  if (String(data) === goodbye) socket.close(1000);
});

/** What tests ask for to be refused. */
const absent = /^\/(invalid\d|does-not-exist)?$/;

/** What is done by path. Of a handler, all is optional. */
const handlers = {
  "/basic_auth": {
    refuse: ({ headers }) => headers.authorization !== credentials
      && head("401 Unauthorized", "Content-Length: 0", 'WWW-Authenticate: Basic realm="camelot"'),
  },
  // Its answer to the client's close frame takes a second.
  "/delayed-passive-close": {
    raw(request, connection) {
      connection.write(switching(acceptKey(request)));
      connection.once("data", () => later(connection, 1_000, () => connection.end(closeFrame())));
    },
  },
  "/echo": { headers: (request) => choose(/(^|,) *echo *(,|$)/.test(protocols(request)) && "echo"), open: echo },
  "/echo-cookie": tell(({ headers }) => headers.cookie ?? "(none)"),
  "/echo-query": tell(query),
  "/echo-query_v13": tell(query),
  "/echo_close_data": { open: endAtGoodbye },
  "/echo_exit": { open: endAtGoodbye },
  // What the client sends are frames for the server to send.
  "/echo_raw": { open: (socket, request) => socket.on("message", (data) => request.socket.write(data)) },
  "/empty-message": {
    open: (socket) => socket.once("message", (data) => {
      socket.send(data.length ? "fail" : "pass");
      socket.close(1000);
    }),
  },
  "/handshake_no_extensions": { open: (socket) => socket.close(1000) },
  "/handshake_no_protocol": { open: (socket) => socket.close(1000) },
  "/handshake_protocol": { headers: () => choose("foobar"), open: (socket) => socket.close(1000) },
  "/handshake_sleep_2": { delay: 2_000, open: (socket) => socket.close(1000) },
  "/invalid": { raw: (_, connection) => connection.end("FOO BAR BAZ\r\n\r\n") },
  "/origin": tell(({ headers }) => headers.origin),
  "/protocol": { headers: (request) => choose(protocols(request)), ...tell(protocols) },
  "/protocol_array": { headers: (request) => choose(firstProtocol(request)), ...tell((request) => firstProtocol(request) ?? "") },
  // Slow to read, so that the client has to wait.
  "/receive-many-with-backpressure": {
    open: (socket, { socket: connection }) => socket.on("message", (data) => {
      socket.pause();
      later(connection, 100, () => {
        socket.send(String(data.length));
        socket.resume();
      });
    }),
  },
  "/referrer": tell(({ headers }) => headers.referer ?? "MISSING AS PER FETCH"),
  "/set-cookie": { headers: (request) => [setCookie(`ws_test_${query(request)}`, "test")] },
  "/set-cookie_http": { headers: (request) => [setCookie(`ws_test_${query(request)}`, "test", "; HttpOnly")] },
  "/set-cookies-samesite": { headers: sameSiteCookies },
  // The answer and a close frame in one packet; what comes then is the client's close frame.
  "/simple_handshake": {
    raw(request, connection) {
      connection.write(Buffer.concat([Buffer.from(switching(acceptKey(request))), closeFrame(1001, "PASS")]));
      connection.once("data", () => connection.end());
    },
  },
  "/sleep_10_v13": { delay: 10_000, open: echo },
  "/wrong_accept_key": { raw: (_, connection) => connection.write(switching("thisisawrongacceptkey")) },
};

/** A cookie for each way to be of the same site: set with the query's value, or dropped. */
function sameSiteCookies(request) {
  const [name, value = ""] = query(request).split("=");
  const more = name === "clear" ? "; Secure; Max-Age=0" : "; Secure";
  return [
    setCookie("samesite-unspecified", value, more),
    ...["Lax", "Strict", "None"].map((kind) => setCookie(`samesite-${kind.toLowerCase()}`, value, `${more}; SameSite=${kind}`)),
  ];
}

/** Answers the upgrades of a server. Gives what ends all its connections. In `missing` come the paths that there is no handler for. */
export function serveSockets(server, missing) {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => false });
  const connections = new Set();
  const handlerOf = ({ url }) => handlers[url.split("?")[0]];

  sockets.on("headers", (lines, request) => lines.push(...(handlerOf(request).headers?.(request) ?? [])));
  sockets.on("connection", (socket, request) => {
    // A client that breaks the protocol is dropped by ws; there is nothing to add.
    socket.on("error", () => {});
    handlerOf(request).open?.(socket, request);
  });
  server.on("upgrade", (request, connection, first) => {
    connections.add(connection);
    connection.on("close", () => connections.delete(connection));
    connection.on("error", () => {});
    const handler = handlerOf(request);
    if (!handler) {
      const [path] = request.url.split("?");
      if (!absent.test(path)) missing.add(path);
      return connection.end(head("404 Not Found", "Content-Length: 0"));
    }
    const refusal = handler.refuse?.(request);
    if (refusal) return connection.end(refusal);
    if (handler.raw) return handler.raw(request, connection);
    const upgrade = () => sockets.handleUpgrade(request, connection, first, (socket) => sockets.emit("connection", socket, request));
    return handler.delay ? later(connection, handler.delay, upgrade) : upgrade();
  });
  return () => connections.forEach((connection) => connection.destroy());
}
