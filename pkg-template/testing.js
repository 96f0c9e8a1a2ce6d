// everwire/testing: a fake clock, a fake network and scripted servers, for unit tests of code that uses everwire.
//
//   import { fakeNetwork } from "everwire/testing";
//
//   const net = fakeNetwork({ seed: 1 });                      // from here on time and the network are fake
//   const server = net.server("wss://example.com/chat");
//   server.drop().drop().drop().close(4403, "banned");         // a step for each attempt, of which the last one stays
//   const chat = openChat();                                   // the code under test, which makes a ReconnectingWebSocket
//   await net.until(() => chat.state === "closed");            // time passes, and what becomes due happens in order
//   server.attempts.map(({ at }) => at);                       // when it tried
//   net.restore();                                             // the host's own are back
//
// The package is the real one, with its machine; only the host is fake. Nothing is done but while `advance` or `until` is awaited. What was
// not scripted is an error that says so: at once to the code that asks for it, and to the test from the next `advance`, `until` or `restore`.
//
// testing-clock.js is the time, testing-server.js the servers, and testing-wires.js those of the wires; testing-socket.js and
// testing-requests.js are the classes of the host, testing-page.js is what a page tells.

import { remembered } from "./connection.js";
import { fail } from "./options.js";
import { Clock } from "./testing-clock.js";
import { currentNetwork, installTime, randomFrom, Replacements, setCurrentNetwork } from "./testing-host.js";
import { installPage } from "./testing-page.js";
import { FakeEventSource, fakeFetch, FakeXMLHttpRequest } from "./testing-requests.js";
import { isLive, Server } from "./testing-server.js";
import { FakeCloseEvent, FakeWebSocket } from "./testing-socket.js";
import { EngineIoServer, RelayServer } from "./testing-wires.js";

const CLASSES = { WebSocket: FakeWebSocket, EventSource: FakeEventSource, XMLHttpRequest: FakeXMLHttpRequest, fetch: fakeFetch };
const START = "2026-01-01T00:00:00Z";
/** Lines of the log in an error. */
const LAST = 10;

/** The name of a class of the host. */
const known = (name) => (CLASSES[name] ? name : fail("class", name, Object.keys(CLASSES).join(" or ")));

/** A URL without what does not tell servers apart: the query, and whether it is of a WebSocket. */
const placeOf = ({ protocol, host, pathname }) => `${protocol.replace("ws", "http")}//${host}${pathname}`;

/**
 * Has a connection do nothing any more, and tell nobody. A URL that it waits for, or new credentials, may come from beyond the fake clock, and
 * long after it.
 */
const forsake = ([parts, queue, life]) => {
  // One that is closed may be opened again.
  if (life.signal.aborted) return;
  life.abort();
  queue.length = 0;
  queue.push = () => 0;
  // Nothing was opened for these yet.
  for (const { where, controller } of parts.values()) if (where.ready) controller.abort([]);
};

class Network {
  /** What happened: `{ at, event, url, … }`, the oldest first. */
  log = [];
  /** For the classes of the host, and the servers. */
  clock = new Clock(() => this.#complain());
  #servers = new Map();
  #latency;
  #page;
  #replaced = new Replacements();
  /** The classes for which there is no way through. */
  #blocked = new Set();
  /** What has gone wrong where no test could see it. */
  #faults = [];
  /** What is on its way while there is no network. */
  #stuck = [];
  /** What each connection has that was begun, of connection.js: its parts, the queue of its effects, the controller of its life. */
  #begun = [];
  #slept = 0;
  /** When a client lost what it had there, or had tried, by the place. */
  #lostAt = new Map();

  constructor({ seed = 1, latency = 0, page, date = START, without = [] }) {
    if (!(latency >= 0)) fail("latency", latency, "a number of milliseconds");
    const start = new Date(date).getTime();
    if (Number.isNaN(start)) fail("date", date, "a date");
    without.forEach(known);
    this.#latency = latency;
    try {
      installTime(this.#replaced, this.clock, () => start + this.clock.now + this.#slept, randomFrom(seed));
      this.#page = installPage(this.#replaced, page);
      for (const [name, fake] of Object.entries(CLASSES)) {
        if (without.includes(name)) this.#replaced.remove(globalThis, name);
        else this.#replaced.put(globalThis, name, fake);
      }
      if (!globalThis.CloseEvent) this.#replaced.put(globalThis, "CloseEvent", FakeCloseEvent);
    } catch (error) {
      this.#replaced.restore();
      throw error;
    }
    remembered.clear();
    remembered.begun = (...connection) => this.#begun.push(connection);
  }

  /** Milliseconds since it was installed. */
  get now() { return this.clock.now; }

  /** The attempts at all servers, in order. */
  attempts = [];

  /** A server at this URL, whatever the query, for WebSocket and HTTP alike; `/*` at the end is for all below. `answer` is an HTTP API's. */
  server(url, answer) {
    const server = this.#found(Server, url);
    return answer === undefined ? server : server.respond(answer);
  }

  /** A push relay, as `wire: "relay"` needs it: it keeps what is published, and serves it on all transports. */
  relay(url) { return this.#found(RelayServer, url); }

  /** An Engine.IO server, as `wire: "engine.io"` needs it: `{ pingInterval, pingTimeout, maxPayload }`. */
  engineIo(url, options) { return this.#found(EngineIoServer, url, options); }

  #found(Class, url, options) {
    const { href } = this.resolve(url);
    const place = placeOf(new URL(href));
    if (this.#servers.has(place)) fail("server", url, "another URL, as there is a fake server at this one");
    const server = new Class(this, href, options);
    this.#servers.set(place, server);
    return server;
  }

  advance(ms) { return this.clock.advance(ms); }

  async until(condition, options) {
    try {
      return await this.clock.until(condition, options);
    } catch (error) {
      // What happened is what one wants to know then.
      if (error.message?.includes("fake clock")) error.message += this.#lastLines();
      throw error;
    }
  }

  hold(promise) { return this.clock.hold(promise); }

  // ---- the network, and the page ----

  /** Something on the way lets nothing of this class through, to any server: `WebSocket`, say. It takes no steps of a script. */
  block(name) {
    this.#blocked.add(known(name));
  }

  unblock(name) {
    this.#blocked.delete(known(name));
  }

  /** There is no network: what is open hears nothing, what is tried fails, and what is sent waits. */
  offline() {
    this.note("offline");
    this.#page.setOnline(false);
  }

  /** It is back, and what has waited comes. */
  online() {
    this.note("online");
    const stuck = this.#stuck;
    this.#stuck = [];
    this.#page.setOnline(true);
    for (const deliver of stuck) this.carry(deliver);
  }

  hide() {
    this.note("hide");
    this.#page.setHidden(true);
  }

  show() {
    this.note("show");
    this.#page.setHidden(false);
  }

  /** The page is frozen for so long: what becomes due comes late, after it. */
  async freeze(ms) {
    this.note("freeze");
    this.#page.tell("freeze");
    this.clock.isFrozen = true;
    await this.advance(ms);
    this.clock.isFrozen = false;
    this.note("resume");
    this.#page.tell("resume");
  }

  /** The machine sleeps for so long: only the wall clock goes on. */
  sleep(ms) {
    this.note("sleep", { ms });
    this.#slept += ms;
  }

  /** The page goes into the back/forward cache, where nothing happens, and what it has left open is lost; or, not `persisted`, away. */
  pagehide({ persisted = true } = {}) {
    this.note("pagehide", { persisted });
    this.#page.tell("pagehide", { persisted });
    for (const connection of this.attempts) if (connection.state === "open") connection.drop();
    this.clock.isFrozen = persisted;
  }

  /** It is back from there. */
  pageshow({ persisted = true } = {}) {
    this.note("pageshow", { persisted });
    this.clock.isFrozen = false;
    this.#page.tell("pageshow", { persisted });
  }

  /** Puts back what the host had. What code under test has left open is never heard of again. */
  restore() {
    if (currentNetwork() !== this) return;
    delete remembered.begun;
    this.#begun.forEach(forsake);
    this.#replaced.restore();
    this.clock.close();
    setCurrentNetwork(undefined);
    remembered.clear();
    this.#complain();
  }

  // ---- for the classes of the host ----

  resolve(url) {
    return new URL(url, globalThis.document?.baseURI ?? globalThis.location?.href);
  }

  /** An attempt to reach a server, by a fake class of the host, which `client` is. */
  attempt(request, client) {
    const { via, method, url, headers } = request;
    const server = this.#find(`a ${via === "WebSocket" ? via : `${method} by ${via}`} to ${url}`, url);
    const shown = via === "WebSocket" ? undefined : method;
    this.note("attempt", { via, method: shown, url, lastEventId: headers.get("last-event-id") ?? undefined });
    const lost = (tell) => (...how) => {
      this.lost(request);
      tell(...how);
    };
    // A response that is whole is no failure.
    const told = { ...client, fail: lost(client.fail), end: via === "WebSocket" ? lost(client.end) : client.end };
    if (!this.#page.isOnline || this.#blocked.has(via)) {
      this.pass(() => told.fail(false));
      return { abandon: () => this.lost(request), receive() {}, farewell() {} };
    }
    const connection = server.attempt(request, told);
    this.attempts.push(connection);
    return connection;
  }

  /** A client has lost what it had by this request, or gives it up. Only of connections does everwire ask why. */
  lost(request) { if (isLive(request)) this.#lostAt.set(placeOf(new URL(request.url)), this.now); }
  hasJustLost(url) { return this.#lostAt.get(placeOf(new URL(url))) === this.now; }

  /** Has somebody look what an HTTP client gets at this URL. Returns how to end that. */
  look(url, tell) {
    const server = this.#find(`a request to ${url}`, url);
    let isOver = false;
    const status = this.#page.isOnline ? server.look() : 0;
    this.note("look", { url, status });
    if (status !== undefined) this.carry(() => isOver || tell(status));
    return () => { isOver = true; };
  }

  /** Takes something over the network, which takes its time. */
  carry(deliver, delay = 0) {
    this.clock.deliver(this.#latency + delay, () => {
      if (this.#page.isOnline) deliver();
      else this.#stuck.push(deliver);
    });
  }

  /** The same for what comes also where there is no network: its failure. */
  pass(deliver) {
    this.clock.deliver(this.#latency, deliver);
  }

  note(event, details = {}) {
    const given = Object.entries(details).filter(([, value]) => value !== undefined);
    this.log.push({ at: this.now, event, ...Object.fromEntries(given) });
  }

  /** Runs what a test has given; what it throws is for the test, and not for the code under test. */
  guard(run) {
    const caught = (error) => { this.#faults.push(error); };
    try {
      run()?.catch?.(caught);
    } catch (error) {
      caught(error);
    }
  }

  #find(what, url) {
    const place = placeOf(new URL(url));
    let best = this.#servers.get(place);
    if (!best) {
      const below = [...this.#servers.keys()].filter((key) => key.endsWith("/*") && place.startsWith(key.slice(0, -1)));
      best = this.#servers.get(below.sort((one, other) => other.length - one.length)[0]);
    }
    if (best) return best;
    const known = [...this.#servers.values()].map((server) => server.url);
    const error = new Error(`everwire/testing: ${what} was attempted, and there is no fake server; expected `
      + `${known.length ? `${known.join(" or ")}, or ` : ""}net.server("${url.split("?")[0]}") before it`);
    this.#faults.push(error);
    throw error;
  }

  #complain() {
    const [fault] = this.#faults;
    this.#faults = [];
    if (fault) throw fault;
  }

  #lastLines() {
    const lines = this.log.slice(-LAST).map(({ at, event, ...details }) => `\n  ${at} ms: ${event} ${JSON.stringify(details)}`);
    return `; what happened last:${lines.join("") || " nothing"}`;
  }
}

if (Symbol.dispose) Network.prototype[Symbol.dispose] = Network.prototype.restore;

/**
 * Installs a fake network, until its `restore()`: `{ seed, latency, page, date, without }`.
 *
 * `seed`: of Math.random, by which delays are drawn. `latency`: milliseconds that everything takes from one end to the other; 0. `page`: the URL of the
 * page, where the host has none; null for no page. `date`: what Date.now() shows at first. `without`: classes that the host lacks.
 */
export const fakeNetwork = (options = {}) => {
  if (currentNetwork()) {
    throw new Error("everwire/testing: fakeNetwork() while there is one; expected restore() first: afterEach(() => net.restore())");
  }
  const network = new Network(options);
  setCurrentNetwork(network);
  return network;
};
