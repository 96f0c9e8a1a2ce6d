// ReconnectingWebSocket over Engine.IO, in Chromium, against the server of the crate engineioxide: by WebSocket, by polling, and from the one
// to the other.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

/** What the test asked for, oldest first: the requests with its channel in the path or the query. */
const asked = async () => (await scene.fixture.journal("/engine.io/")).filter(
  ({ path, query, method }) => method !== "OPTIONS" && `${path}?${query}`.includes(scene.channel));
const kinds = async () => [...new Set((await asked()).map(({ kind, method }) => (kind === "websocket" ? kind : method)))].sort();
const sidOf = ({ query }) => new URLSearchParams(query).get("sid");
const sids = async () => [...new Set((await asked()).map(sidOf).filter(Boolean))];
/** What the server has been told by this name. */
const collected = async (name = scene.channel) => {
  const all = await (await fetch(`${scene.fixture.origin}/relay/${name}/all`)).json();
  return all.map(({ text }) => text);
};

const BY = { websocket: ["websocket"], polling: ["long-poll"] };

for (const [name, transports] of Object.entries(BY)) {
  test(`by ${name} alone, text, bytes, blobs, what is empty and what is large come as they were sent`, async () => {
    const seen = await inPage(async ([channel, transports]) => {
      const socket = new ReconnectingWebSocket(`/engine.io/echo?maxPayload=4000000&${channel}`, [], {
        wire: "engine.io", transports, outbox: { maxBytes: 4_000_000 } });
      socket.binaryType = "arraybuffer";
      // With what Engine.IO puts before it, that is what the server takes.
      const large = "é".repeat(512 * 1024 - 1);
      const largeBytes = new Uint8Array(1024 * 1024 - 1).map((_, i) => i * 7);
      const given = [
        "text", "", "\u2028\u2029\0\n", "4", "b", new Uint8Array([0, 30, 255]), new ArrayBuffer(0), new DataView(new ArrayBuffer(2), 1),
        new Blob(["b\u001elob"]), large, largeBytes, "last",
      ];
      const came = take(socket, given.length);
      const deliveries = given.map((data) => socket.send(data));
      await next(socket, "open");
      const bytes = async (data) => (typeof data === "string" ? data : [...new Uint8Array(await new Response(data).arrayBuffer())].join());
      const [sent, back] = await Promise.all([given, await came].map((all) => Promise.all(all.map(bytes))));
      return {
        deliveries: [...new Set(deliveries)],
        wrong: sent.flatMap((data, i) => (data === back[i] ? [] : [[i, String(back[i]).slice(0, 80)]])),
        transport: socket.transport, attempts: socket.stats().attempts, protocol: socket.protocol,
        types: (await came).map((data) => (typeof data === "string" ? "text" : data.constructor.name)).join(" "),
      };
    }, [scene.channel, transports]);
    const types = "text text text text text ArrayBuffer ArrayBuffer ArrayBuffer ArrayBuffer text ArrayBuffer text";
    assert.deepEqual(seen, { deliveries: ["queued"], wrong: [], transport: transports[0], attempts: 1, protocol: "", types });
    assert.deepEqual(await kinds(), name === "polling" ? ["GET", "POST"] : ["websocket"]);
  });

  test(`by ${name}, a text with U+001E is refused with a clear error, and what the server does not take as well`, async () => {
    const seen = await inPage(async ([channel, transports]) => {
      const socket = new ReconnectingWebSocket(`/engine.io/echo?maxPayload=1000&${channel}`, [], { wire: "engine.io", transports });
      const dropped = givenUp(socket);
      const attempt = (data) => {
        try {
          return socket.send(data);
        } catch (error) {
          return `${error.name}: ${error.message}`;
        }
      };
      const separator = "a\u001eb";
      // How much the server takes is not known before it is open.
      const told = [attempt(separator), attempt("x".repeat(2_000)), attempt("small")];
      const came = await take(socket, 1);
      told.push(attempt(separator), attempt("x".repeat(2_000)), attempt("é".repeat(600)), attempt(new Float64Array(200)));
      return { told, came, dropped: dropped.map(([data, why]) => [data.length, why]), state: socket.state };
    }, [scene.channel, transports]);
    const error = "TypeError: send: a text with U+001E, or more than the server takes was given; expected what Engine.IO can carry";
    assert.deepEqual(seen, {
      told: [error, "queued", "queued", error, error, error, error], came: ["small"], dropped: [[2_000, "refused"]], state: "open" });
  });

  test(`by ${name}, the server's pings are answered, so the session lasts`, async () => {
    const seen = await inPage(async ([channel, transports]) => {
      const socket = new ReconnectingWebSocket(`/engine.io/numbers?ms=100&pingInterval=100&pingTimeout=1000&${channel}`, [], {
        wire: "engine.io", transports, reconnect: far });
      await take(socket, 30);
      return [socket.state, socket.stats().drops];
    }, [scene.channel, transports]);
    assert.deepEqual(seen, ["open", 0]);
  });

  test(`by ${name}, a server that has died is noticed by what it said of its pings`, async () => {
    await inPage(async ([channel, transports]) => {
      window.socket = new ReconnectingWebSocket(`/engine.io/echo?pingInterval=500&pingTimeout=2500&${channel}`, [], {
        wire: "engine.io", transports, reconnect: quick });
      await next(socket, "open");
      window.lost = next(socket, "reconnecting");
    }, [scene.channel, transports]);
    await scene.fixture.control("stall");
    assert.equal(await inPage(async () => (await lost).cause.kind), "silence");
    await scene.fixture.reset();
    const seen = await inPage(async () => {
      const came = take(socket, 1);
      socket.send("back");
      return came;
    });
    assert.deepEqual(seen, ["back"]);
  });

  test(`by ${name}, a session that the server ends or does not know any more is followed by a fresh one`, async () => {
    await inPage(async ([channel, transports]) => {
      window.socket = new ReconnectingWebSocket(`/engine.io/echo?${channel}`, [], { wire: "engine.io", transports, reconnect: quick });
      await next(socket, "open");
      window.told = next(socket, "reconnected");
      // Something that only the session knows.
      const came = take(socket, 1);
      socket.send("first");
      await came;
    }, [scene.channel, transports]);
    if (name === "polling") {
      const [sid] = await sids();
      const { path, query } = (await asked()).find((entry) => sidOf(entry) === sid);
      await fetch(`${scene.fixture.origin}${path}?${query}`, { method: "POST", body: "1" });
    } else {
      await scene.fixture.control("drop?path=/engine.io/");
    }
    const seen = await inPage(async () => {
      const { continuity, transport } = await told;
      const came = take(socket, 1);
      socket.send("second");
      return { continuity, transport, came: await came, attempts: socket.stats().attempts };
    });
    assert.deepEqual(seen, { continuity: "fresh", transport: transports[0], came: ["second"], attempts: 2 });
  });
}

// ---- polling ----

test("several messages go in one payload both ways, and no POST is longer than the server's maxPayload", async () => {
  const given = Array.from({ length: 60 }, (_, i) => `${i} ${"é".repeat(i % 20)}`);
  const seen = await inPage(async ([channel, given]) => {
    const url = `/engine.io/collect/${channel}?maxPayload=120`;
    const socket = new ReconnectingWebSocket(url, [], { wire: "engine.io", transports: ["long-poll"] });
    await next(socket, "open");
    const deliveries = given.map((data) => socket.send(data));
    // 87 bytes are 116 characters of base64, so this and its `b` fit; and no more does.
    deliveries.push(socket.send(new Uint8Array(87)), socket.send("last"));
    while (socket.bufferedAmount) await settle();
    const burst = new ReconnectingWebSocket(`/engine.io/burst?count=1000&${channel}`, [], {
      wire: "engine.io", transports: ["long-poll"] });
    const came = await take(burst, 1_000);
    return { deliveries: [...new Set(deliveries)].sort(), right: came.every((data, i) => data === `${i + 1}`) };
  }, [scene.channel, given]);
  assert.deepEqual(seen, { deliveries: ["queued", "sent"], right: true });
  await eventually(async () => (await collected()).length === 62, "all have arrived");
  assert.deepEqual(await collected(), [...given, undefined, "last"]);
  const posts = (await asked()).filter(({ method, path }) => method === "POST" && path.includes("collect"));
  const lengths = posts.map(({ headers }) => Number(headers["content-length"]));
  assert.ok(lengths.every((length) => length <= 120), lengths.join());
  // Some 20 bytes each.
  assert.ok(posts.length <= 25, `${posts.length} POSTs`);
  const polls = (await asked()).filter(({ method, path }) => method === "GET" && path.includes("burst"));
  assert.ok(polls.length <= 20, `${polls.length} polls`);
});

test("there is never more than one GET and one POST of a session under way", async () => {
  const counting = () => {
    const most = { GET: 0, POST: 0 };
    const running = {};
    window.most = most;
    const { open, send } = XMLHttpRequest.prototype;
    XMLHttpRequest.prototype.open = function (method, url, ...rest) {
      // Heard before the package is told, and once, although it opens one several times.
      if (!this.lane) {
        this.addEventListener("readystatechange", () => {
          if (this.readyState === 4) running[this.lane] -= 1;
        });
      }
      this.lane = [method, new URL(url, location).searchParams.get("sid") ?? "new"].join();
      this.method = method;
      return open.call(this, method, url, ...rest);
    };
    XMLHttpRequest.prototype.send = function (body) {
      running[this.lane] = (running[this.lane] ?? 0) + 1;
      most[this.method] = Math.max(most[this.method], running[this.lane]);
      return send.call(this, body);
    };
  };
  await scene.reopen(counting);
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/engine.io/echo?pingInterval=50&pingTimeout=5000&${channel}`, [], {
      wire: "engine.io", transports: ["long-poll"], reconnect: quick });
    const came = take(socket, 200);
    for (let i = 0; i < 200; i += 1) {
      socket.send(String(i));
      if (i % 20 === 0) await settle();
    }
    await came;
    socket.reconnect();
    await next(socket, "reconnected");
    const { attempts } = socket.stats();
    return { most, attempts };
  });
  assert.deepEqual(seen, { most: { GET: 1, POST: 1 }, attempts: 2 });
});

test("close tells the server, so that no session is left there", async () => {
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/engine.io/echo?${channel}`, [], { wire: "engine.io", transports: ["long-poll"] });
    await next(socket, "open");
    const came = take(socket, 1);
    socket.send("x");
    await came;
    const end = next(socket, "close");
    socket.close();
    const { code, wasClean } = await end;
    return [code, wasClean];
  });
  assert.deepEqual(seen, [1000, true]);
  const [sid] = await sids();
  await eventually(async () => {
    const url = `${scene.fixture.origin}/engine.io/echo?EIO=4&transport=polling&sid=${sid}`;
    const { status } = await fetch(url, { method: "POST", body: "6" });
    return status === 400;
  }, "the server did not know the session any more");
});

test("what is on its way when the application closes arrives, and only then is the session closed", async () => {
  for (const data of ["last words", [1, 2, 3]]) {
    const before = (await collected()).length;
    const seen = await inPage(async ([channel, data]) => {
      const socket = new ReconnectingWebSocket(`/engine.io/collect/${channel}`, [], { wire: "engine.io", transports: ["long-poll"] });
      const dropped = givenUp(socket);
      let delivery;
      socket.onopen = () => {
        delivery = socket.send(typeof data === "string" ? data : new Uint8Array(data));
        socket.close();
      };
      await next(socket, "close");
      return { delivery, whys: dropped.map(([, why]) => why) };
    }, [scene.channel, data]);
    assert.deepEqual(seen, { delivery: "sent", whys: ["unknown"] }, "nobody waits for the answer");
    await eventually(async () => (await collected()).length > before, "it had arrived");
  }
  const posted = async () => (await asked()).filter(({ method }) => method === "POST");
  await eventually(async () => (await posted()).length === 4, "the server had been told of the end of each");
  const posts = await posted();
  for (const at of [0, 2]) assert.equal(sidOf(posts[at]), sidOf(posts[at + 1]), "its session's end came behind it");
});

// ---- from the one to the other ----

test("where WebSocket is refused it polls, and moves up in the same session when WebSocket works again", async () => {
  const { clock } = scene.page;
  await clock.install();
  await scene.fixture.control("refuse-websocket");
  await inPage(async (channel) => {
    let tries = 0;
    const url = () => `/engine.io/echo?${channel}&try=${tries += 1}`;
    window.socket = new ReconnectingWebSocket(url, [], { wire: "engine.io", reconnect: quick });
    await next(socket, "open");
    window.events = record(socket);
    window.before = socket.url;
    window.change = next(socket, "transportchange");
  });
  assert.equal(await inPage(() => socket.transport), "long-poll");
  await scene.fixture.reset();
  await clock.fastForward(16_000);
  const seen = await inPage(async () => {
    const { from, to, why } = await change;
    const came = take(socket, 1);
    const delivery = socket.send("above");
    const urls = [before, socket.url].map((url) => new URL(url).searchParams.get("try"));
    return { from, to, why, delivery, came: await came, events: events.filter((type) => type !== "statechange"), urls };
  });
  const { urls: [first, last], ...rest } = seen;
  assert.deepEqual(rest, {
    from: "long-poll", to: "websocket", why: undefined, delivery: "sent", came: ["above"], events: ["transportchange", "message"] });
  assert.equal((await sids()).length, 1);
  assert.ok(Number(last) > Number(first), "its URL is where it is, which was asked for anew");
});

test("an upgrade that fails changes nothing", async () => {
  await scene.fixture.control("refuse-websocket");
  const seen = await inPage(async (channel) => {
    const socket = new ReconnectingWebSocket(`/engine.io/echo?${channel}`, [], {
      wire: "engine.io", transports: ["long-poll", "websocket"] });
    const came = take(socket, 30);
    for (let i = 0; i < 30; i += 1) {
      socket.send(String(i));
      await settle();
    }
    return { came: await came, transport: socket.transport, drops: socket.stats().drops };
  });
  assert.deepEqual(seen, { came: Array.from({ length: 30 }, (_, i) => String(i)), transport: "long-poll", drops: 0 });
  assert.deepEqual(await kinds(), ["GET", "POST", "websocket"]);
});

test("what begins by polling moves up under traffic: a thousand messages each way, none lost, doubled or out of order (T35)", async () => {
  const COUNT = 1_000;
  for (let round = 0; round < 3; round += 1) {
    const name = `${scene.channel}-${round}`;
    const seen = await inPage(async ([name, COUNT]) => {
      const socket = new ReconnectingWebSocket(`/engine.io/collect/${name}?ms=1&count=${COUNT}`, [], {
        wire: "engine.io", transports: ["long-poll", "websocket"] });
      const events = record(socket);
      const came = take(socket, COUNT);
      let before;
      let received = 0;
      socket.addEventListener("message", () => { received += 1; });
      socket.ontransportchange = () => { before = { sent, received }; };
      let sent = 0;
      await next(socket, "open");
      const deliveries = new Set();
      while (sent < COUNT) {
        for (let i = 0; i < 3 && sent < COUNT; i += 1) deliveries.add(socket.send(String(sent += 1)));
        await new Promise((resolve) => { setTimeout(resolve); });
      }
      const all = await came;
      while (socket.bufferedAmount) await settle();
      return {
        right: all.every((data, i) => data === String(i + 1)), transport: socket.transport,
        events: [...new Set(events)].sort(), before: before.sent > 0 && before.sent < COUNT && before.received < COUNT, counts: before,
      };
    }, [name, COUNT]);
    const { counts, ...rest } = seen;
    const events = ["message", "open", "statechange", "transportchange"];
    assert.deepEqual(rest, { right: true, transport: "websocket", before: true, events }, JSON.stringify(counts));
    await eventually(async () => (await collected(name)).length >= COUNT, "all have arrived");
    assert.deepEqual(await collected(name), Array.from({ length: COUNT }, (_, i) => String(i + 1)));
  }
  const sessions = await sids();
  assert.equal(sessions.length, 3);
});

/** Has one of thirty requests lost on its way, or its answer, as a script sees that. (A browser repeats by itself some that are cut.) */
const loseRequests = () => {
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (body) {
    const fate = Math.random() * 60;
    if (fate < 2) Object.defineProperty(this, "status", { value: 0 });
    if (fate < 1) setTimeout(() => this.onloadend());
    else send.call(this, body);
  };
};

const THROUGH = { websocket: ["websocket"], polling: ["long-poll"], both: ["long-poll", "websocket"] };
for (const [name, transports] of Object.entries(THROUGH)) {
  test(`by ${name}, a thousand messages each way come at most once and in order through fifty losses`, { timeout: 120_000 }, async () => {
    const COUNT = 1_000;
    await scene.reopen(loseRequests);
    await inPage(async ([channel, transports]) => {
      // Each session counts anew, so each has to be without a hole.
      window.sessions = [[]];
      window.continuities = new Set();
      window.socket = new ReconnectingWebSocket(`/engine.io/collect/${channel}?ms=2`, [], {
        wire: "engine.io", transports, reconnect: { firstDelay: 5, minDelay: 5, maxDelay: 20, minUptime: 0 } });
      socket.onmessage = ({ data }) => sessions.at(-1).push(Number(data));
      socket.onreconnected = ({ continuity }) => continuities.add(continuity) && sessions.push([]);
      window.dropped = givenUp(socket);
      await next(socket, "open");
      window.sent = 0;
      window.sending = setInterval(() => {
        if (sent < 1_000 && socket.bufferedAmount < 1_000) socket.send(String(sent += 1));
      }, 5);
    }, [scene.channel, transports]);
    for (let attempts = 1; attempts <= 50;) {
      await eventually(async () => {
        const now = await inPage(() => ({ ...socket.stats(), state: socket.state }));
        if (now.state === "open" && now.transport === "websocket") await scene.fixture.control("drop?path=/engine.io/");
        return now.attempts > attempts && (attempts = now.attempts);
      }, "a loss was noticed");
    }
    await scene.page.waitForFunction((count) => sent === count && !socket.bufferedAmount, COUNT);
    const { dropped, ...seen } = await inPage(async () => {
      clearInterval(sending);
      while (sessions.flat().length < 1_000) await settle();
      const holes = sessions.filter((numbers) => numbers.some((n, i) => n !== i + 1));
      return { holes, continuities: [...continuities], dropped };
    });
    assert.deepEqual(seen, { holes: [], continuities: ["fresh"] });
    assert.ok(dropped.every(([, why]) => why === "unknown"), JSON.stringify(dropped));
    if (name === "polling") {
      // A POST has an answer, so what did not arrive was reported.
      const reported = dropped.map(([data]) => data);
      await eventually(async () => new Set([...await collected(), ...reported]).size === COUNT, "each had arrived, or was reported");
    }
    const numbers = (await collected()).map(Number);
    assert.equal(new Set(numbers).size, numbers.length, "none came twice");
    // A POST that was given up, and reported, may still be on its way when the next session speaks.
    const unknown = new Set(dropped.map(([data]) => Number(data)));
    const sure = numbers.filter((n) => !unknown.has(n));
    assert.deepEqual(sure.filter((n, i) => i > 0 && n <= sure[i - 1]), [], "in order");
  });
}
