// The strict EventSource in Chromium: "The EventSource interface", WHATWG HTML 9.2.2, as Web IDL and the URL standard have it; its
// extensions; the polyfill; the classic script.
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually, setScene } from "./support.mjs";

const scene = setScene({ scripts: ["witness.js"] });
const { inPage, requests } = scene;

const publish = (data) => scene.fixture.publish(scene.channel, data);

/** What `script(Class)` gives for our class has to be what it gives for the browser's own; returns that. */
const same = async (script) => {
  const [ours, native] = await inPage(`[everwire.EventSource, EventSource].map(${script})`);
  assert.deepEqual(ours, native);
  return native;
};

// ---- the shape of the class ----

test("the class and its prototype have the properties that Web IDL gives them", async () => {
  const { Class, prototype } = await same((Class) => {
    const properties = (object) => Object.fromEntries(Reflect.ownKeys(object).filter((key) => key !== "prototype").map((key) => {
      const { value, get, set, ...flags } = Object.getOwnPropertyDescriptor(object, key);
      const made = typeof value === "function" ? [value.name, value.length] : value;
      return [String(key), { made, get: get && [get.name, get.length], set: set && [set.name, set.length], ...flags }];
    }).sort());
    return { Class: properties(Class), prototype: properties(Class.prototype) };
  });
  assert.deepEqual(Object.keys(Class), ["CLOSED", "CONNECTING", "OPEN", "length", "name"]);
  assert.deepEqual(Object.keys(prototype), ["CLOSED", "CONNECTING", "OPEN", "Symbol(Symbol.toStringTag)", "close", "constructor", "onerror",
    "onmessage", "onopen", "readyState", "url", "withCredentials"]);
});

test("it inherits from EventTarget, and is nothing but an object of its class", async () => {
  await same((Class) => {
    const one = new Class("/sse/numbers");
    one.close();
    return [Object.getPrototypeOf(Class) === EventTarget, Object.getPrototypeOf(Class.prototype) === EventTarget.prototype, String(one),
      one instanceof EventTarget, Object.getOwnPropertyNames(one), Object.keys(one), one.constructor === Class];
  });
});

test("the constants are 0, 1 and 2, and cannot be changed", async () => {
  const constants = await same((Class) => {
    "use strict";
    const one = new Class("/sse/numbers");
    one.close();
    const changed = [Class, Class.prototype, one].map((object) => {
      try {
        object.OPEN = 7;
        return "changed";
      } catch (error) {
        return error.name;
      }
    });
    return [[Class, Class.prototype, one].map(({ CONNECTING, OPEN, CLOSED }) => [CONNECTING, OPEN, CLOSED]), changed];
  });
  assert.deepEqual(constants, [Array(3).fill([0, 1, 2]), Array(3).fill("TypeError")]);
});

test("what belongs to an object refuses any other", async () => {
  const names = await same((Class) => {
    const name = (attempt) => {
      try {
        attempt();
        return "nothing";
      } catch (error) {
        return error.name;
      }
    };
    const { close } = Class.prototype;
    return [() => Class("/sse/numbers"), () => close.call({}), () => Class.prototype.url, () => Class.prototype.readyState,
      () => Class.prototype.onmessage, () => { Class.prototype.onmessage = () => {}; }].map(name);
  });
  assert.deepEqual(names, Array(6).fill("TypeError"));
});

test("attributes cannot be written to, and what tries is ignored", async () => {
  await same((Class) => {
    const one = new Class("/sse/numbers");
    one.close();
    for (const name of ["url", "readyState", "withCredentials"]) one[name] = "other";
    return [new URL(one.url).pathname, one.readyState, one.withCredentials];
  });
});

test("it can be extended", async () => {
  await publish("x");
  const seen = await inPage(async (channel) => {
    class Mine extends everwire.EventSource {
      constructor(url) {
        super(url);
        this.came = take(this, 1);
      }
    }
    const mine = new Mine(`/sse/${channel}?first=oldest`);
    return [await mine.came, mine instanceof everwire.EventSource, mine.constructor === Mine];
  });
  assert.deepEqual(seen, [["x"], true, true]);
});

// ---- the constructor ----

/** What the constructors make of these arguments: the error's class and name, or the URL and withCredentials. */
const made = (all, Class = "everwire.EventSource") => inPage(`(${(all, Class) => all.map((given) => {
  try {
    const one = new Class(...given);
    one.close();
    return [one.url, one.withCredentials];
  } catch (error) {
    return [error.constructor === DOMException ? "DOMException" : "", error.name];
  }
})})(${JSON.stringify(all)}, ${Class})`);

test("a URL that is none throws a SyntaxError at once", async () => {
  const urls = ["http://", "http://[", "http://a\u0000b/", "https://%/", "http://:80", "http://1.2.3.256/", "//", "http://a:99999/"];
  const all = urls.map((url) => [url]);
  const ours = await made(all);
  assert.deepEqual(ours, urls.map(() => ["DOMException", "SyntaxError"]));
  assert.deepEqual(ours, await made(all, "EventSource"));
});

test("a space or another forbidden character in a host is refused, also where the browser's URL parser lets it pass", async () => {
  const urls = ["http://this is invalid/", "http://a b/", "http://a<b/", "http://a%20b/", "http://a%5Eb/"].map((url) => [url]);
  assert.deepEqual(await made(urls), urls.map(() => ["DOMException", "SyntaxError"]));
});

test("no argument, and a second one that is no dictionary, throw a TypeError", async () => {
  const all = [[], ["/x", 1], ["/x", "x"], ["/x", true]];
  const ours = await made(all);
  assert.deepEqual(ours, all.map(() => ["", "TypeError"]));
  assert.deepEqual(ours, await made(all, "EventSource"));
  const symbol = await same((Class) => {
    try {
      return new Class(Symbol("x")) && "nothing";
    } catch (error) {
      return error.name;
    }
  });
  assert.equal(symbol, "TypeError");
});

test("a URL is made a string first, and resolved against the page", async () => {
  const all = ["/x", "x", "?q=1", "#f", "", "./../y", "//localhost:1/z", "\\x", " /sp ace\t", "/é?é#é", "HTTP://LocalHost:080/%7e", null,
    7, true, ["a", "b"], {}].map((url) => [url]);
  const ours = await made(all);
  assert.deepEqual(ours, await made(all, "EventSource"));
  assert.deepEqual(ours.slice(0, 3).map(([url]) => url.replace(scene.fixture.origin, "")), ["/x", "/www/x", "/www/blank.html?q=1"]);
  await same((Class) => {
    const one = new Class({ toString: () => "/from/an/object" });
    const two = new Class(new URL("/from/a/URL", location));
    const three = new Class(undefined);
    return [one, two, three].map((source) => {
      source.close();
      return source.url;
    });
  });
});

test("a base element is the base", async () => {
  const all = [["x"], ["/x"], ["?q"]];
  for (const href of ["/deep/down/", "http://localhost:1/elsewhere/", "data:x"]) {
    await inPage((href) => {
      document.querySelector("base")?.remove();
      document.head.append(Object.assign(document.createElement("base"), { href }));
    }, href);
    const ours = await made(all);
    assert.deepEqual(ours, await made(all, "EventSource"), href);
  }
});

test("withCredentials is what was asked for, as a boolean", async () => {
  const all = [["/x"], ["/x", {}], ["/x", null], ["/x", { withCredentials: true }], ["/x", { withCredentials: 0 }],
    ["/x", { withCredentials: "false" }], ["/x", []]];
  const ours = await made(all);
  assert.deepEqual(ours.map(([, withCredentials]) => withCredentials), [false, false, false, true, false, true, false]);
  assert.deepEqual(ours, await made(all, "EventSource"));
});

test("it connects at once, without being asked for anything", async () => {
  await inPage((channel) => {
    const source = new everwire.EventSource(`/sse/${channel}`);
    window.state = source.readyState;
  });
  assert.equal(await inPage(() => state), 0);
  await eventually(async () => (await requests()).length === 1, "a request came");
});

// ---- event handlers ----

test("an on… attribute takes a function or an object, and anything else is null", async () => {
  const taken = await same((Class) => {
    const one = new Class("/sse/numbers");
    one.close();
    const object = { handleEvent() {} };
    const kept = [null, undefined, "x", 1, Symbol("x"), object, () => {}].map((value) => {
      one.onopen = value;
      return one.onopen === value ? "kept" : one.onopen;
    });
    return kept;
  });
  assert.deepEqual(taken, ["kept", null, null, null, null, "kept", "kept"]);
});

test("a handler keeps its place among the listeners, is called once, and with the object as this", async () => {
  await same((Class) => {
    const one = new Class("/sse/numbers");
    one.close();
    const calls = [];
    one.addEventListener("message", () => calls.push("first"));
    one.onmessage = () => calls.push("replaced");
    one.addEventListener("message", () => calls.push("last"));
    one.onmessage = function (event) { calls.push(this === one, event.currentTarget === one); };
    one.dispatchEvent(new Event("message"));
    one.onmessage = null;
    one.dispatchEvent(new Event("message"));
    one.onmessage = () => calls.push("at the end");
    one.dispatchEvent(new Event("message"));
    one.onmessage = { handleEvent: () => calls.push("never") };
    one.dispatchEvent(new Event("message"));
    one.onerror = () => false;
    const error = new Event("error", { cancelable: true });
    one.dispatchEvent(error);
    return [...calls, error.defaultPrevented];
  });
});

// ---- the extensions ----

test("headers, a method and a body go with the request, each time", async () => {
  const seen = await inPage(async (channel) => {
    const source = new everwire.EventSource(`/sse/tokens?ms=1&for=${channel}`, {
      method: "POST", headers: { "Content-Type": "application/json", "X-Mine": "1" }, body: JSON.stringify({ prompt: "one two" }) });
    return witness(source);
  });
  assert.deepEqual(seen.map(([type, data]) => [type, data]),
    [["open", 1], ["message", '{"token":"one "}'], ["message", '{"token":"two "}'], ["message", "[DONE]"], ["error", 0]]);
  const [{ method, headers, body }] = (await requests("/sse/tokens")).filter(({ query }) => query.includes(scene.channel));
  assert.deepEqual([method, headers["x-mine"], headers["content-type"], headers.accept, JSON.parse(body)],
    ["POST", "1", "application/json", "text/event-stream", { prompt: "one two" }]);
});

test("headers may be null, which is none", async () => {
  const told = await inPage((channel) => {
    const source = new everwire.EventSource(`/sse/${channel}`, { headers: null });
    return next(source, "open").then(() => source.close());
  });
  assert.equal(told, undefined);
});

test("fetch may be another one", async () => {
  const seen = await inPage(async (url) => {
    const asked = [];
    const source = new everwire.EventSource(url, { fetch: async (url, init) => {
      asked.push([url, init.cache, init.credentials, new Headers(init.headers).get("accept")]);
      return new Response("data: made up\n\n", { headers: { "Content-Type": "text/event-stream" } });
    } });
    const [, message] = await witness(source);
    return { asked, message };
  }, `${scene.fixture.origin}/sse/x`);
  assert.deepEqual(seen, {
    asked: [[`${scene.fixture.origin}/sse/x`, "no-store", "same-origin", "text/event-stream"]],
    message: ["message", "made up", "", scene.fixture.origin],
  });
});

test("a host without fetch, or whose fetch has no streams, gets it over XMLHttpRequest", async () => {
  await publish("x");
  const seen = await inPage(async (channel) => {
    const url = `/sse/${channel}?first=oldest`;
    const open = async () => {
      const source = new everwire.EventSource(url);
      const came = await take(source, 1);
      source.close();
      return came[0];
    };
    let requests = 0;
    window.XMLHttpRequest = class extends XMLHttpRequest {
      constructor() {
        super();
        requests += 1;
      }
    };
    delete Response.prototype.body;
    const came = [await open()];
    delete window.fetch;
    came.push(await open());
    return { came, requests };
  });
  assert.deepEqual(seen, { came: ["x", "x"], requests: 2 });
});

// ---- the polyfill, and the classic script ----

const native = (script) => inPage(`(() => { window.before = window.EventSource; })()`).then(() => inPage(script));

test("the polyfill leaves a host that has an EventSource as it is", async () => {
  const kept = await native(() => import("/pkg/polyfill.js").then(() => window.EventSource === before));
  assert.equal(kept, true);
});

test("the polyfill gives a host that has none the strict one, as a global class", async () => {
  const seen = await native(async () => {
    const { value, ...flags } = Object.getOwnPropertyDescriptor(window, "EventSource");
    delete window.EventSource;
    await import("/pkg/polyfill.js");
    const { value: installed, ...now } = Object.getOwnPropertyDescriptor(window, "EventSource");
    const came = await take(new EventSource("/sse/numbers"), 1);
    return [installed === everwire.EventSource, JSON.stringify(now) === JSON.stringify(flags), came.length];
  });
  assert.deepEqual(seen, [true, true, 1]);
});

test("the polyfill that forces takes the place of what there is", async () => {
  const replaced = await native(() => import("/pkg/polyfill-force.js").then(() => (
    window.EventSource === everwire.EventSource && window.EventSource !== before)));
  assert.equal(replaced, true);
});

test("the classic script has every public class on one global, and works from its first line", async () => {
  await publish("x");
  const seen = await inPage(async (channel) => {
    const frame = document.createElement("iframe");
    frame.src = `/www/classic.html?${channel}`;
    const names = Object.keys(everwire).sort();
    const said = next(window, "message");
    document.body.append(frame);
    return { ...(await said).data, names };
  });
  const names = ["EventSource", "ReconnectingEventSource", "ReconnectingWebSocket"];
  assert.deepEqual(seen, {
    globals: ["everwire"], names, classes: names, states: [0, "connecting", "connecting"], came: ["x", "x", "hello"],
  });
});
