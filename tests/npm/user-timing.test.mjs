// `everwire/user-timing`, in Chromium: what stands on the time line of the browser's performance panel.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

// The page's `timed(name)` is what was written of this connection, oldest first.
beforeEach(() => inPage(async () => {
  window.userTiming = (await import("/pkg/user-timing.js")).userTiming;
  window.timed = (name) => performance.getEntries()
    .filter((entry) => entry.name.startsWith(`${name}: `))
    .map(({ name: label, entryType, startTime, duration, detail }) => (
      { what: label.slice(name.length + 2), entryType, startTime, duration, detail }));
}));

test("states are measures, one after the other without a hole, and what happens is a mark, each with its cause", async () => {
  const entries = await inPage(async () => {
    const socket = new ReconnectingWebSocket("/ws/echo", [], { reconnect: quick, debug: userTiming("chat") });
    await socket.opened;
    const again = next(socket, "reconnected");
    await cut(socket, "/ws/echo");
    await again;
    socket.close();
    await socket.closed;
    return timed("chat");
  });
  const measures = entries.filter(({ entryType }) => entryType === "measure");
  const states = measures.filter(({ what }) => what !== "downtime");
  assert.deepEqual(states.map(({ what }) => what), ["connecting", "open", "waiting", "connecting", "open"]);
  for (const [i, { startTime, duration }] of states.slice(0, -1).entries()) {
    assert.ok(Math.abs(startTime + duration - states[i + 1].startTime) < 0.01, `${states[i].what} ends where ${states[i + 1].what} begins`);
  }
  assert.deepEqual([states[0].detail.transport, states[2].detail.cause.kind], ["websocket", "network"]);

  const downtime = measures.find(({ what }) => what === "downtime");
  // As long as the connection says that it was, until it is said to be back.
  assert.ok(downtime.duration > 0 && Math.abs(downtime.duration - downtime.detail.downtime) < 0.01, `${downtime.duration} ms`);
  assert.ok(downtime.startTime + downtime.duration >= states[4].startTime, "it ends when it is back");
  assert.equal(downtime.detail.continuity, "fresh");

  const marks = entries.filter(({ entryType }) => entryType === "mark");
  assert.deepEqual(marks.map(({ what }) => what), ["reconnecting", "close"]);
  assert.equal(marks[0].detail.cause.message, "the network failed");
  assert.deepEqual(marks[0].detail.devtools, {
    dataType: "marker", track: "chat", trackGroup: "everwire", color: "error",
    properties: [["attempt", "1"], ["delay", "20"], ["cause", "the network failed"]],
  });
});

test("an event stream and a socket that does not reconnect are told of as well", async () => {
  const seen = await inPage(async (channel) => {
    const source = new ReconnectingEventSource(`/sse/${channel}`, { debug: userTiming("feed") });
    const plain = new ReconnectingWebSocket("/ws/echo", [], { reconnect: false, debug: userTiming("plain") });
    await Promise.all([source.opened, next(plain, "open")]);
    source.close();
    plain.close(3000);
    await Promise.all([source.closed, next(plain, "close")]);
    return ["feed", "plain"].map((name) => timed(name).map(({ what }) => what).toSorted());
  });
  assert.deepEqual(seen, Array(2).fill(["close", "connecting", "open"]));
});

test("of one connection no more than a thousand entries are kept, and none of another's are taken", async () => {
  const seen = await inPage(() => {
    const [busy, calm] = [userTiming("busy"), userTiming("calm")];
    calm({ time: 1, type: "gap", after: "7" });
    const most = [];
    for (let i = 0; i < 2_500; i += 1) {
      busy({ time: i, type: "gap", after: String(i) });
      most.push(timed("busy").length);
    }
    return [Math.max(...most), most.at(-1), timed("calm").length];
  });
  assert.deepEqual(seen, [1000, 500, 1]);
});

test("without a name it says what it needs", async () => {
  const why = await inPage(() => {
    try {
      return userTiming();
    } catch ({ name, message }) {
      return `${name}: ${message}`;
    }
  });
  assert.equal(why, "TypeError: userTiming: undefined was given; expected a name for the connection");
});
