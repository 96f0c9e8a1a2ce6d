// The entry with the raw wire alone, in Chromium: the same classes, but for the other wires.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setScene } from "./support.mjs";

const scene = setScene();
const { inPage } = scene;

test("its socket and its event stream are lost, and go on", async () => {
  await scene.fixture.publish(scene.channel, "1");
  const seen = await inPage(async (channel) => {
    const raw = await import("/pkg/raw.js");
    const socket = new raw.ReconnectingWebSocket("/ws/echo", [], { reconnect: quick });
    const source = new raw.ReconnectingEventSource(`/sse/${channel}?first=oldest`, { reconnect: quick, transports: ["fetch-stream"] });
    const came = follow(source);
    await Promise.all([socket.opened, next(source, "message")]);
    // From before the cuts on, for one of them is back before the other is lost.
    const again = [next(socket, "reconnected"), next(source, "reconnected")];
    await Promise.all([cut(socket, "/ws/echo"), cut(source, `/sse/${channel}`)]);
    await fetch(`/relay/${channel}`, { method: "POST", body: "2" });
    const continuities = (await Promise.all(again)).map(({ continuity }) => continuity);
    if (came.length < 2) await next(source, "message");
    socket.send("hello");
    return [continuities, came, await take(socket, 1), raw.EventSource === everwire.EventSource];
  });
  assert.deepEqual(seen, [["fresh", "resumed"], ["1", "2"], ["hello"], true]);
});

test("it refuses the wires that it does not have", async () => {
  const why = await inPage(async () => {
    const { ReconnectingWebSocket } = await import("/pkg/raw.js");
    return ["relay", "engine.io"].map((wire) => {
      try {
        return new ReconnectingWebSocket("/ws/echo", [], { wire });
      } catch ({ name, message }) {
        return `${name}: ${message}`;
      }
    });
  });
  assert.deepEqual(why, ["relay", "engine.io"].map((wire) => `TypeError: wire: ${wire} was given; expected raw`));
});
