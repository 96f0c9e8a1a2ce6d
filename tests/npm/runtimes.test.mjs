// Where there is no page: Node, Bun and Deno, with the package installed as a user has it. To import it does nothing, so a server that
// renders pages may; to connect works as far as the runtime goes. (More of Node is in hosts.test.mjs.)
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { makeProject, run, tool } from "./consumers/project.mjs";
import { startFixture } from "./support.mjs";

const project = makeProject();
let fixture;

before(async () => {
  fixture = await startFixture();
  await fixture.publish("greetings", "hi");
});
after(() => fixture.stop());

/** Runs this as a file of the project, with the fixture's address as its argument, and gives what it prints. */
const node = (name, source, ...flags) => {
  writeFileSync(join(project, name), source);
  return run(process.execPath, [...flags, name, fixture.origin], { cwd: project });
};

/** Runs src/process.js, and gives what it received. */
const receive = async (command, ...args) => JSON.parse(await run(command, [...args, "src/process.js", fixture.origin], { cwd: project }));

const EVENTS = { events: "hi", strict: "hi" };
const ALL = { socket: "hello", ...EVENTS };

test("Node: streams receive, and a socket where there is a WebSocket", async () => {
  assert.deepEqual(await receive(process.execPath), globalThis.WebSocket ? ALL : EVENTS);
});

test("Node 20: a socket receives with the WebSocket that it has behind a flag", async () => {
  assert.deepEqual(await receive(process.execPath, "--experimental-websocket"), ALL);
});

test("Node: without a WebSocket, a relay and Engine.IO are polled by fetch, through losses", { timeout: 20_000 }, async () => {
  const printed = await node("polls.mjs", `
    import { ReconnectingWebSocket } from "everwire";
    delete globalThis.WebSocket;
    const [server] = process.argv.slice(2);
    const next = (target, type) => new Promise((resolve) => { target.addEventListener(type, resolve, { once: true }); });
    const seen = {};
    for (const [wire, path] of [["relay", "/relay/node"], ["engine.io", "/engine.io/echo"]]) {
      const socket = new ReconnectingWebSocket(server + path, [], { wire, reconnect: { firstDelay: 20 } });
      socket.binaryType = "arraybuffer";
      socket.send("1 é");
      const came = [(await next(socket, "message")).data];
      const lost = next(socket, "reconnecting");
      await fetch(server + "/control/unavailable", { method: "POST" });
      await lost;
      await fetch(server + "/control", { method: "DELETE" });
      socket.reconnect();
      socket.send(new Uint8Array([0, 255]));
      came.push([...new Uint8Array((await next(socket, "message")).data)]);
      seen[wire] = { transport: socket.transport, came };
      socket.close();
    }
    console.log(JSON.stringify(seen));`);
  const all = { transport: "long-poll", came: ["1 é", [0, 255]] };
  assert.deepEqual(JSON.parse(printed), { relay: all, "engine.io": all });
});

test("Bun: a socket and streams receive", async () => {
  assert.deepEqual(await receive(tool("bun")), ALL);
});

test("Deno: a socket and streams receive", async () => {
  assert.deepEqual(await receive(tool("deno"), "run", "--no-remote", "--allow-net=127.0.0.1"), ALL);
});

test("Node: to import it makes no global, compiles nothing, and keeps nothing awake", { timeout: 20_000 }, async () => {
  const printed = await node("import.mjs", `
    const compiled = [];
    for (const name of ["Module", "Instance", "compile", "instantiate"]) {
      WebAssembly[name] = new Proxy(WebAssembly[name], {
        apply: (...call) => { compiled.push(name); return Reflect.apply(...call); },
        construct: (...call) => { compiled.push(name); return Reflect.construct(...call); },
      });
    }
    const globals = () => Reflect.ownKeys(globalThis).map(String).join();
    const before = globals();
    const names = Object.keys(await import("everwire"));
    console.log(JSON.stringify({ names, same: globals() === before, compiled }));`);
  const names = ["EventSource", "ReconnectingEventSource", "ReconnectingWebSocket"];
  assert.deepEqual(JSON.parse(printed), { names, same: true, compiled: [] });
});

test("Node: the polyfill is imported by name, and installs the class where there is none", async () => {
  const printed = await node("polyfill.mjs", `
    import "everwire/polyfill";
    import { EventSource } from "everwire";
    console.log(globalThis.EventSource === EventSource);`);
  assert.equal(printed, "true\n");
});

/** Since Node 20.19 and 22.12, without a condition of ours. */
test("Node: a CommonJS module may require it", async () => {
  const printed = await node("require.cjs", `
    const { ReconnectingWebSocket } = require("everwire");
    console.log(ReconnectingWebSocket.name);`, "--no-warnings");
  assert.equal(printed, "ReconnectingWebSocket\n");
});
