// What a page of reconnecting-websocket or partysocket/ws does comes to the same with everwire, row by row of docs/migration.md.
import { everwire, peer, tables, testTable } from "./migration/table.mjs";

const reconnecting = peer("reconnecting-websocket");
const { default: party } = peer("partysocket/ws");

const host = (ReconnectingWebSocket) => ({
  prepare: (scope) => ({
    ReconnectingWebSocket,
    onStart: (start) => { scope.start = start; },
    WS: class extends EventTarget {
      static CLOSING = 2;

      constructor(url) {
        super();
        scope.show(url);
      }

      close() {}
    },
  }),
  create: (url, options) => new ReconnectingWebSocket(url, [], options),
});
const OLD = { "reconnecting-websocket": host(reconnecting), "partysocket/ws": host(party) };
const OURS = host(everwire.ReconnectingWebSocket);
const MINUTE = 60_000;

/** Runs the row's code, loses the connection twice, and closes it. What was shown. */
const throughLosses = async ({ net, make, run, lose, shown }) => {
  const ws = make();
  run();
  await net.advance();
  await lose();
  await lose();
  ws.close();
  await net.advance();
  return shown.flat();
};

/** Which retries in a row a page is told of, however that is done. */
const countRetries = (ws, told) => {
  ws.addEventListener("reconnecting", ({ attempt }) => told.push(attempt));
  ws.addEventListener("close", () => ws.retryCount !== undefined && told.push(ws.retryCount));
};

const gaps = ({ attempts }) => attempts.slice(1).map(({ at }, i) => at - attempts[i].at);

const BOTH = {
  "ws.onopen = hello;": ["what is done for each connection is done for each", throughLosses, ["hello", "hello", "hello"]],
  "ws.onclose = lost;": ["each loss is told, and the end", throughLosses, ["lost", "lost", "lost"]],
  "ws.onclose = ({ code, reason }) => show(code, reason);": ["the server's code and reason are told",
    async ({ net, make, run, server, shown }) => {
      make();
      run();
      await net.advance();
      server.connection.close(1012, "restart");
      await net.advance(MINUTE);
      return shown;
    }, [[1012, "restart"]]],
  "ws.onerror = failed;": ["an attempt that fails is told", async ({ net, make, run, server, shown }) => {
    server.refuse(503).accept();
    make();
    run();
    await net.advance(MINUTE);
    return shown;
  }, [["failed"]]],
  "ws.onclose = () => show(ws.retryCount);": ["retries in a row are counted", async (scene) => (
    // The end is no retry, and there the old class tells the last count again.
    (await throughLosses(scene)).slice(0, 2)), [1, 2]],
  "new ReconnectingWebSocket(url, null)": ["null is no subprotocol", async ({ net, make, server }) => {
    make();
    await net.advance();
    return server.attempts.map(({ protocols }) => protocols);
  }, [[]]],
  'new ReconnectingWebSocket(async () => url, "chat")': ["the URL may be a function", async ({ net, make, server, lose, url }) => {
    make();
    await net.advance();
    await lose();
    return server.attempts.map((attempt) => [attempt.url === url, attempt.protocols]);
  }, [[true, ["chat"]], [true, ["chat"]]]],
  "ws.onmessage = ({ data }) => show(data);": ["messages are told", async ({ net, make, run, server, lose, shown }) => {
    make();
    run();
    await net.advance();
    server.send("1");
    await lose();
    server.send("2");
    await net.advance();
    return shown.flat();
  }, ["1", "2"]],
  'ws.addEventListener("message", { handleEvent: ({ data }) => show(data) });': ["a listener may be an object",
    async ({ net, make, run, server, shown }) => {
      make();
      run();
      await net.advance();
      server.send("1");
      await net.advance();
      return shown.flat();
    }, ["1"]],
  'ws.send("early");': ["what is sent before it is open waits, and so does what is sent between", async ({ net, make, run, server }) => {
    make();
    run();
    await net.advance();
    server.connection.drop();
    await net.advance();
    run();
    await net.advance(MINUTE);
    return server.attempts.map(({ messages }) => messages);
  }, [["early"], ["early"]]],
  'ws.binaryType = "arraybuffer";': ["binary messages are what they are asked to be",
    async ({ net, make, run, server, lose, shown, scope }) => {
      const ws = make();
      run();
      ws.onmessage = ({ data }) => scope.show(data.byteLength);
      await net.advance();
      await lose();
      server.send(new Uint8Array(3));
      await net.advance();
      return [ws.binaryType, shown];
    }, ["arraybuffer", [[3]]]],
  'ws.close(4000, "bye");': ["closed is closed, with its code", async ({ net, make, run, server }) => {
    make();
    await net.advance();
    run();
    await net.advance(MINUTE);
    return [server.attempts.length, net.log.filter(({ event }) => event === "close").map(({ by, code, reason }) => [by, code, reason])];
  }, [1, [["client", 4000, "bye"]]]],
  "ws.reconnect();": ["it connects anew at once, and after the end", async ({ net, make, run, server }) => {
    const ws = make();
    await net.advance();
    run();
    await net.advance();
    const before = server.attempts.length;
    ws.close();
    await net.advance();
    run();
    await net.advance();
    return [before, server.attempts.length, server.connections.length, ws.readyState];
  }, [2, 3, 1, 1]],
  "show(ws.readyState === ReconnectingWebSocket.CONNECTING, ws.CLOSED);": ["states have their names and numbers",
    ({ make, run, shown }) => {
      make();
      run();
      return shown;
    }, [[true, 3]]],
  "{ connectionTimeout: 2_000 }": ["an attempt that is not answered is ended when it is said", async ({ net, make, server }) => {
    server.stall();
    make();
    await net.advance(3_000);
    return net.log.filter(({ event }) => event === "abort").map(({ at }) => at);
  }, [2_000]],
  "{ maxRetries: 3 }": ["after so many retries it is given up", async ({ net, make, server }) => {
    server.drop();
    make();
    await net.advance(10 * MINUTE);
    return server.attempts.length;
  }, 4],
  "{ minReconnectionDelay: 500, maxReconnectionDelay: 4_000, reconnectionDelayGrowFactor: 2 }": ["retries come within bounds that grow",
    async ({ net, make, server }) => {
      server.drop();
      make();
      await net.advance(MINUTE);
      const bounds = [500, 1_000, 2_000, 4_000];
      return gaps(server).map((gap, i) => gap <= (bounds[i] ?? 4_000)).every(Boolean) && server.attempts.length > 10;
    }, true],
  "{ minUptime: 1_000 }": ["a connection that has lasted is forgiven its failures", async ({ net, make, server }) => {
    server.drop({ after: 1_500 });
    const told = [];
    countRetries(make(), told);
    await net.until(() => told.length === 4);
    return told;
  }, [1, 1, 1, 1]],
  "{ maxEnqueuedMessages: 2 }": ["no more than so many messages wait", async ({ net, make, server }) => {
    const ws = make();
    for (const data of ["1", "2", "3"]) ws.send(data);
    await net.advance();
    return server.messages;
  }, ["1", "2"]],
  "const ws = new ReconnectingWebSocket(url, [], { startClosed: true }); onStart(() => ws.reconnect());": [
    "nothing connects before the page starts it", async ({ net, run, server, scope }) => {
      run();
      await net.advance(MINUTE);
      const before = server.attempts.length;
      scope.start();
      await net.advance();
      return [before, server.connections.length];
    }, [0, 1]],
  "{ debug: true }": ["what it does can be logged", async ({ net, make, shown }) => {
    make();
    await net.advance();
    return shown.length > 1;
  }, true],
  "{ WebSocket: WS }": ["where a host has no WebSocket, it can be given one", async ({ net, make, run, shown }) => {
    run();
    make();
    await net.advance();
    return shown.flat();
  }, ["wss://example.com/place"], { options: { without: ["WebSocket"] } }],
};

const PARTY = {
  "{ shouldReconnectOnClose: ({ code }) => code !== 4000 }": ["a page judges by the close code whether it goes on",
    async ({ net, make, server }) => {
      make();
      await net.advance();
      const seen = [];
      for (const code of [4001, 4000]) {
        server.connection.close(code);
        await net.advance(MINUTE);
        seen.push(server.attempts.length);
      }
      return seen;
    }, [2, 2]],
  'new ReconnectingWebSocket(url, async () => ["chat"])': ["subprotocols may be a function", async ({ net, make, server }) => {
    make();
    await net.advance();
    return server.connection.protocol;
  }, "chat"],
  'show(ws.send("early"));': ["send tells what waits from what has gone", async ({ net, make, run, shown }) => {
    make();
    run();
    await net.advance();
    run();
    return shown.flat();
  }, [false, true]],
  "show(ws.shouldReconnect);": ["a page can see whether it will go on", async ({ net, make, run, lose, shown }) => {
    const ws = make();
    await net.advance();
    await lose();
    run();
    ws.close();
    await net.advance();
    run();
    return shown.flat();
  }, [true, false]],
  "ws.close(); show(...ws.drainQueuedMessages());": ["a page gets back what was never sent", async ({ net, make, run, server, shown }) => {
    server.stall();
    const ws = make();
    for (const data of ["1", "2"]) ws.send(data);
    run();
    await net.advance();
    return shown.flat();
  }, ["1", "2"]],
  "{ debug: true, debugLogger: log }": ["what it does can be told to a function", async ({ net, make, shown }) => {
    make();
    await net.advance();
    return shown.length > 1;
  }, true],
};

testTable(tables[0], BOTH, OLD, OURS, { scheme: "wss" });
testTable(tables[1], PARTY, { "partysocket/ws": OLD["partysocket/ws"] }, OURS, { scheme: "wss" });
