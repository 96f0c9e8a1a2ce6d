// What the classes of a host tell, whichever they are: told by a browser's own against the fixture, and by the fake ones against scripted
// servers, it must be the same. `run(url)` resolves to what was told; `script(net, url, body)` has a fake server do what the fixture's route does.

/** All that a target tells of these types, as `[type, readyState, …]`, until the last of them. */
const tell = (target, types, last, read = () => []) => new Promise((resolve) => {
  const told = [];
  for (const type of types) {
    target.addEventListener(type, (event) => {
      told.push([type, target.readyState, ...read(event)]);
      if (type === last) resolve(told);
    });
  }
});

const dataOf = ({ data }) => (data instanceof ArrayBuffer ? [...new Uint8Array(data)] : String(data));
const SOCKET = ["open", "message", "error", "close"];
const tellSocket = (socket) => tell(socket, SOCKET, "close", (event) => {
  if (event.type === "message") return [dataOf(event), event.origin === new URL(socket.url).origin];
  return event.type === "close" ? [event.code, event.reason, event.wasClean] : [];
});
const nameOf = (run) => {
  try {
    return String(run());
  } catch ({ name }) {
    return name;
  }
};
const wsOf = (url) => url.replace("http", "ws");

const REQUEST = ["readystatechange", "loadstart", "progress", "load", "error", "abort", "timeout", "loadend"];
/** How often a response comes in parts is the network's business. */
const once = (told) => told.filter(([type, state], i) => i === 0 || type !== told[i - 1][0] || state !== told[i - 1][1]);
const request = async (method, url, { prepare = () => {}, body } = {}) => {
  const xhr = new XMLHttpRequest();
  const told = tell(xhr, REQUEST, "loadend");
  xhr.open(method, url);
  prepare(xhr);
  xhr.send(body);
  const events = once(await told);
  const { status, response, responseType } = xhr;
  return [events, status, responseType === "arraybuffer" && response ? response.byteLength : response, xhr.getResponseHeader("content-type")];
};

export const stories = {
  "a WebSocket's life": {
    path: "/ws/echo",
    async run(url) {
      const socket = new WebSocket(wsOf(url), ["a", "b"]);
      socket.binaryType = "arraybuffer";
      const early = [socket.readyState, socket.protocol, socket.url.startsWith("ws:"), nameOf(() => socket.send("x"))];
      const told = tellSocket(socket);
      let came = 0;
      socket.addEventListener("open", () => {
        socket.send("é");
        socket.send(new Uint8Array([1, 2, 3]));
        socket.send(new Blob(["blob"]));
        socket.send("after it");
      });
      socket.addEventListener("message", () => {
        came += 1;
        if (came < 4) return;
        socket.close(3000, "bye");
        early.push(socket.readyState, socket.protocol, socket.bufferedAmount);
      });
      return [await told, early, nameOf(() => socket.send("late"))];
    },
    script(net, url) { net.server(url).onmessage = (data, connection) => connection.send(data); },
  },
  "what a WebSocket refuses": {
    path: "/ws/echo",
    async run(url) {
      const socket = new WebSocket(wsOf(url));
      const told = tellSocket(socket);
      const names = [() => new WebSocket("wss://"), () => new WebSocket(`${url}#x`), () => new WebSocket("ftp://x/"), () => new WebSocket(url, ["a", "a"]),
        () => new WebSocket(url, "a b"), () => new WebSocket(), () => socket.close(1001), () => socket.close(3000, "x".repeat(124)),
        () => WebSocket.OPEN, () => socket.CLOSED, () => Object.prototype.toString.call(socket)].map(nameOf);
      socket.close();
      return [names, await told];
    },
    script(net, url) { net.server(url); },
  },
  "a WebSocket that the server closes": {
    path: "/ws/echo?close=4401&reason=who",
    run: (url) => tellSocket(new WebSocket(wsOf(url))),
    script(net, url) { net.server(url).close(4401, "who"); },
  },
  "a WebSocket that is refused": {
    path: "/ws/echo?refuse",
    run: (url) => tellSocket(new WebSocket(wsOf(url))),
    script(net, url) { net.server(url).refuse(403); },
  },
  "a WebSocket that is cut": {
    path: "/ws/burst?count=1&drop-after=1",
    run: (url) => tellSocket(new WebSocket(wsOf(url))),
    script(net, url) {
      net.server(url).accept((connection) => {
        connection.send("1");
        connection.drop();
      });
    },
  },
  "a request by XMLHttpRequest": {
    path: "/sse/bytes/NAME",
    run: (url) => request("GET", url, { prepare: (xhr) => xhr.overrideMimeType("text/plain;charset=utf-8") }),
    script(net, url, body) { net.server(url, { headers: { "content-type": "text/event-stream" }, body }); },
  },
  "one for bytes, that the server refuses": {
    path: "/sse/bytes/NAME?status=404",
    run: async (url) => (await request("GET", url, { prepare: (xhr) => { xhr.responseType = "arraybuffer"; } })).slice(0, 2),
    script(net, url) { net.server(url).refuse(404, { body: "{}" }); },
  },
  "one that finds no network": {
    path: "/sse/x?drop-after=0&silent=connect",
    async run(url) {
      const xhr = new XMLHttpRequest();
      const told = tell(xhr, REQUEST, "loadend");
      xhr.open("GET", url);
      xhr.timeout = 200;
      xhr.send();
      return [once(await told), xhr.status, xhr.getAllResponseHeaders()];
    },
    script(net, url) { net.server(url).stall(); },
  },
  "one that is given up": {
    path: "/sse/bytes/NAME?hold",
    async run(url) {
      const xhr = new XMLHttpRequest();
      const told = tell(xhr, REQUEST, "loadend");
      xhr.open("GET", url);
      xhr.onprogress = () => xhr.abort();
      xhr.send();
      return [once(await told), xhr.readyState, xhr.status, xhr.responseText];
    },
    script(net, url, body) { net.server(url).accept((connection) => connection.write(body)); },
  },
  "what fetch gives": {
    path: "/sse/bytes/NAME",
    async run(url) {
      const response = await fetch(url);
      const { status, ok, type, url: at } = response;
      const head = [status, ok, type, at === url, response.headers.get("content-type")];
      const reader = response.clone().body.getReader();
      let size = 0;
      for (let part; !(part = await reader.read()).done;) size += part.value.length;
      return [head, size, await response.text(), response.bodyUsed];
    },
    script(net, url, body) { net.server(url, { headers: { "content-type": "text/event-stream" }, body }); },
  },
  "a fetch that is aborted, before and after its head": {
    path: "/sse/bytes/NAME?hold",
    async run(url) {
      const names = [];
      for (const isLate of [false, true]) {
        const controller = new AbortController();
        const asked = fetch(url, { signal: controller.signal, headers: { Accept: "text/event-stream" } });
        if (!isLate) controller.abort();
        try {
          const reader = (await asked).body.getReader();
          await reader.read();
          controller.abort();
          await reader.read();
        } catch ({ name }) {
          names.push(name);
        }
      }
      return names;
    },
    script(net, url, body) { net.server(url).accept((connection) => connection.write(body)); },
  },
  "fetch with 204, and without a network": {
    path: "/sse/bytes/NAME?status=204",
    async run(url) {
      const { status } = await fetch(url);
      return [status, await fetch("http://127.0.0.1:1/").catch(({ name }) => name)];
    },
    script(net, url) {
      net.server(url).refuse(204);
      net.server("http://127.0.0.1:1/").drop();
    },
  },
  "an EventSource's life": {
    path: "/sse/bytes/NAME",
    async run(url) {
      const source = new EventSource(url);
      const told = [];
      await new Promise((resolve) => {
        for (const type of ["open", "message", "x", "error"]) {
          source.addEventListener(type, (event) => {
            told.push([type, source.readyState, event.data, event.lastEventId, event.origin === new URL(url).origin]);
            if (told.filter(([type]) => type === "open").length === 2) resolve();
          });
        }
      });
      source.close();
      return [told, source.readyState, source.url === url, source.withCredentials];
    },
    script(net, url, body) {
      net.server(url).accept((connection) => {
        connection.write(body);
        connection.close();
      });
    },
  },
  "an EventSource that is refused": {
    path: "/sse/bytes/NAME?status=500",
    async run(url) {
      const source = new EventSource(url);
      return tell(source, ["open", "error"], "error");
    },
    script(net, url) { net.server(url).refuse(500); },
  },
};

/** What the routes with a NAME serve. */
export const BODY = "retry: 100\n\n: é\n\nid: 1\ndata: one\n\nevent: x\ndata: two\n\n";

/** A story as the host's own classes tell it. */
export const tellOwn = async (name, origin) => {
  const { path, run } = stories[name];
  return JSON.parse(JSON.stringify(await run(origin + path.replace("NAME", "stories"))));
};

/** The same, as the fake ones do. */
export const tellFake = async (name, origin, fakeNetwork) => {
  const { path, run, script } = stories[name];
  const url = origin + path.replace("NAME", "stories");
  const net = fakeNetwork({ page: `${origin}/` });
  try {
    script(net, url, BODY);
    return JSON.parse(JSON.stringify(await net.until(run(url))));
  } finally {
    net.restore();
  }
};
