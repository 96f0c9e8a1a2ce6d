// What a page of event-source-polyfill or @microsoft/fetch-event-source does comes to the same with everwire, row by row of
// docs/migration.md.
import { everwire, load, peer, tables, testTable } from "./migration/table.mjs";

const { ReconnectingEventSource } = everwire;
const MINUTE = 60_000;
let polyfills = 0;

/** The polyfill keeps the timers and the fetch that it finds when it is loaded, so each fake network has a fresh one. */
const polyfill = () => {
  const path = peer.resolve("event-source-polyfill");
  delete peer.cache[path];
  return peer(path);
};
const POLYFILL = {
  "event-source-polyfill": {
    prepare: polyfill,
    create: (url, options, { EventSourcePolyfill }) => new EventSourcePolyfill(url, options),
  },
};
const OURS = {
  prepare: () => ({
    EventSourcePolyfill: ReconnectingEventSource,
    // As the package's own name leads to it, and anew each time.
    install: () => load("polyfill.js", `?${polyfills += 1}`),
  }),
  create: (url, options) => new ReconnectingEventSource(url, options),
};

/** How a stream says after which id it goes on: the query and the header of each request. */
const goingOn = async ({ net, make, server, lose }) => {
  make();
  await net.advance();
  server.send("one", { id: "7" });
  await net.advance();
  await lose();
  return server.attempts.map(({ url, headers }) => [new URL(url).search, headers.get("last-event-id")]);
};

const POLYFILLED = {
  'new EventSourcePolyfill(url, { headers: { "X-Token": "x" } })': ["headers are sent", async ({ net, make, server }) => {
    make();
    await net.advance();
    return server.connection.headers.get("x-token");
  }, "x"],
  "new EventSourcePolyfill(url, { withCredentials: true })": ["credentials are asked for", ({ make }) => make().withCredentials, true],
  'es.onopen = () => show("open"); es.onerror = () => show("lost");': ["each connection and each loss is told",
    async ({ net, make, run, lose, shown }) => {
      make();
      run();
      await net.advance();
      await lose();
      return shown.flat();
    }, ["open", "lost", "open"]],
  'es.addEventListener("price", ({ data, lastEventId }) => show(data, lastEventId));': ["named events come under their names, with ids",
    async ({ net, make, run, server, shown }) => {
      make();
      run();
      await net.advance();
      server.send("100", { event: "price", id: "7" });
      server.send("101", { event: "price" });
      await net.advance();
      return shown;
    }, [["100", "7"], ["101", "7"]]],
  "es.onerror = ({ status }) => show(status, es.readyState === EventSourcePolyfill.CLOSED);": ["a refusal is told, with its status",
    async ({ net, make, run, server, shown }) => {
      server.refuse(401);
      make();
      run();
      await net.advance(MINUTE);
      return shown;
    }, [[401, true]]],
  "{ heartbeatTimeout: 10_000 }": ["a stream that is silent is opened anew", async ({ net, make, server }) => {
    server.silence().accept();
    make();
    await net.until(() => server.attempts.length === 2);
    return net.now >= 10_000 && net.now < 13_000;
  }, true],
  '{ lastEventIdQueryParameterName: "after" }': [
    "the last id goes in the query, under a name", goingOn, [["", null], ["?after=7", null]]],
  "{}": ["the last id goes in the query, under the usual name", goingOn, [["", null], ["?lastEventId=7", null]]],
  "globalThis.EventSource = NativeEventSource || EventSourcePolyfill;": ["a host without an EventSource gets one",
    async ({ net, run, server, url, scope, shown }) => {
      await run();
      new EventSource(url).onmessage = ({ data }) => scope.show(data);
      await net.advance();
      server.send("one");
      await net.advance();
      return shown;
    }, [["one"]], { options: { without: ["EventSource"] } }],
};

const { fetchEventSource } = peer("@microsoft/fetch-event-source");
/** What of the two a row's code has, and functions of the page. */
const page = (scope, own) => ({
  ...own,
  controller: new AbortController(),
  mine: (url, init) => {
    scope.show(init.credentials ?? "same-origin");
    return fetch(url, init);
  },
});
const FETCHED = {
  "@microsoft/fetch-event-source": {
    prepare: (scope) => page(scope, { fetchEventSource }),
  },
};
const OURS_FETCHED = {
  prepare: (scope) => page(scope, { ReconnectingEventSource }),
};
// It takes the timers and the fetch from there.
globalThis.window = globalThis;

/** Runs the row's code and has the server send an event. What was shown. */
const price = async ({ net, run, server, shown }, fields) => {
  run();
  await net.advance();
  server.send("100", fields);
  await net.advance();
  return shown;
};
/** Runs the row's code where each response ends. The number of requests, and what was shown. */
const endings = async ({ net, run, server, shown }) => {
  server.close();
  run();
  await net.advance(MINUTE);
  return [server.attempts.length > 1, shown.flat()];
};
/** Runs the row's code and hides and shows the page. The number of streams while it was open, hidden and open again. */
const hiding = async ({ net, run, server }) => {
  run();
  await net.advance();
  const seen = [server.connections.length];
  server.send("one", { id: "7" });
  await net.advance();
  for (const change of ["hide", "show"]) {
    net[change]();
    await net.advance();
    seen.push(server.connections.length);
  }
  return [seen, server.connection.lastEventId];
};
/** The same with a stream that comes to its end after that; and how many requests there were, when the page was hidden and shown again. */
const hidingToTheEnd = async (scene) => {
  const { net, server } = scene;
  const seen = await hiding(scene);
  server.connection.close();
  await net.advance(MINUTE);
  for (const change of ["hide", "show"]) {
    net[change]();
    await net.advance(MINUTE);
  }
  return [...seen, server.attempts.length];
};
const shownWhenOpen = async ({ net, run, server, shown }) => {
  run();
  await net.advance();
  return [server.connections.length, shown.flat()];
};

const CALLED = {
  "fetchEventSource(url, { onmessage: ({ data }) => show(data) })": ["messages are told", (scene) => price(scene), [["100"]]],
  "fetchEventSource(url, { onmessage: ({ id, event, data }) => show(id, event, data) })": ["events are told with their ids and names",
    (scene) => price(scene, { id: "7", event: "price" }), [["7", "price", "100"]]],
  'fetchEventSource(url, { method: "POST", headers: { "X-Token": "x" }, body: "question" })': [
    "a POST is sent, and again after a failure, but not after the end",
    async ({ net, run, server }) => {
      server.refuse(500).accept();
      run();
      await net.until(() => server.connection);
      server.connection.close();
      await net.advance(MINUTE);
      return server.attempts.map(({ method, headers, text }) => [method, headers.get("x-token"), text]);
    }, [["POST", "x", "question"], ["POST", "x", "question"]]],
  ["fetchEventSource(url, { onopen: async ({ ok, status }) => { if (!ok) throw new Error(status); }, "
    + "onerror: (error) => { throw error; } }).catch(({ message }) => show(message))"]: ["what fails is not tried again, and is told", async ({ net, run, server, shown }) => {
      server.refuse(503);
      run();
      await net.advance(MINUTE);
      return [server.attempts.filter(({ via }) => via === "fetch").length, shown];
    }, [1, [["503"]]]],
  "fetchEventSource(url, { onerror: () => 5_000 })": ["a page says when to try again", async ({ net, run, server }) => {
    server.refuse(500).accept();
    run();
    await net.until(() => server.connection);
    return net.now >= 5_000 && net.now <= 7_500;
  }, true],
  'fetchEventSource(url, {}).then(() => show("over"))': ["the end of a response is the end, and a failure is none",
    async ({ net, run, server, shown, lose }) => {
      server.refuse(500).accept();
      run();
      await net.until(() => server.connection);
      await lose();
      const before = shown.flat();
      server.connection.close();
      await net.advance(MINUTE);
      return [server.attempts.length, before, shown.flat()];
    }, [3, [], ["over"]]],
  'fetchEventSource(url, { onclose: () => show("over") })': ["the end of a response is the end", endings, [false, ["over"]]],
  'fetchEventSource(url, { onclose: () => { throw new Error("again"); }, onerror: () => {} })': [
    "the end of a response is a loss", endings, [true, []]],
  'fetchEventSource(url, { signal: controller.signal }).then(() => show("over"))': ["a signal ends it",
    async ({ net, run, server, scope, shown }) => {
      run();
      await net.advance();
      scope.controller.abort();
      await net.advance(MINUTE);
      return [server.attempts.length, server.connections.length, shown];
    }, [1, 0, [["over"]]]],
  "fetchEventSource(url, { openWhenHidden: true })": ["a hidden page keeps its stream", hiding, [[1, 1, 1], ""]],
  'fetchEventSource(url, { method: "POST" })': ["a hidden page has no stream, and one that is shown goes on, unless that was over",
    hidingToTheEnd, [[1, 0, 1], "7", 2]],
  "fetchEventSource(url, { fetch: mine })": ["requests are made by the page's own function", shownWhenOpen, [1, ["same-origin"]]],
  'fetchEventSource(url, { credentials: "include", fetch: mine })': ["cookies go to another origin", shownWhenOpen, [1, ["include"]]],
};

testTable(tables[2], POLYFILLED, POLYFILL, OURS);
testTable(tables[3], CALLED, FETCHED, OURS_FETCHED);
