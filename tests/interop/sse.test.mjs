// Server-sent events from servers that others wrote, in Chromium: what the browser's own EventSource hears, every class and every rung of
// ours has to hear as well, and go on where it was after whatever breaks. `SERVERS=nchan` (or several, with commas) runs a part;
// `EVERWIRE_PKG=folder` has the package elsewhere than in pkg/.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CLIENTS, SEEING, STANDARD, hasClosed, hasHeard, helpers, key, listen, until } from "./clients.mjs";
import { openFront } from "./front.mjs";
import { TIMEOUT, folder, onEach, openPages } from "./pages.mjs";
import { SERVERS, startServer } from "./servers.mjs";

/** Data and type of events that a parser can get wrong. */
const SCRIPT = [
  ["plain"],
  ["two\nlines"],
  ["\nan empty line, and\n\nanother one"],
  ["naïve ☃ 日本語 😀 👩\u200d🚀"],
  ["\ufeffa byte order mark, a line separator\u2028 and a \t tab"],
  [" a space: and a colon"],
  ["id: 7\nevent: other\nretry: 1\n: comment"],
  [""],
  ["named", "tick"],
  ["named beyond ASCII", "täck☃"],
  ["last"],
];

/** Numbers from 0 to 1, the same for the same seed (xorshift). */
function seeded(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const pages = openPages(helpers);
let channels = 0;

for (const name of process.env.SERVERS?.split(",") ?? Object.keys(SERVERS)) {
  describe(name, () => {
    let server;
    /** The page's origin, and another one. */
    let front;
    let other;

    before(async () => {
      server = await startServer(name);
      front = await openFront(server, folder);
      other = await openFront(server, folder);
    });

    after(async () => {
      await front?.stop();
      await other?.stop();
      await server?.stop();
    });

    const join = (client, channel, how) => listen(pages, { server, front }, client, channel, how);

    /** A channel that no other test uses, with a list of what a client of it has to hear. */
    function script() {
      const channel = `channel-${channels += 1}`;
      const expected = [];
      // One after the other, whoever says it.
      let said = Promise.resolve();
      const say = (data, type = "message") => {
        said = said.then(async () => {
          const id = await server.publish(channel, data, type === "message" ? undefined : type);
          expected.push([type, server.heard(data), id]);
          return id;
        });
        return said;
      };
      return { channel, expected, say };
    }

    async function everyoneHears(at) {
      const { channel, expected, say } = script();
      for (const event of SCRIPT.slice(0, 5)) await say(...event);
      const listeners = await onEach(CLIENTS, (client) => join(client, channel, { at }));
      await onEach(listeners, (page) => hasHeard(page, expected));
      for (const event of SCRIPT.slice(5)) await say(...event);
      await onEach(listeners, (page) => hasHeard(page, expected));
    }

    test("everyone hears the same events, with the same types and ids", TIMEOUT, () => everyoneHears(front));

    test("so it is from the server itself, which is another origin", TIMEOUT, () => everyoneHears(server));

    test("a long event arrives whole", TIMEOUT, async () => {
      const { channel, say } = script();
      const data = "long ☃ ".repeat(50_000);
      await say(data);
      await onEach(CLIENTS, async (client) => {
        const page = await join(client, channel);
        await until(page, () => seen.length);
        assert.ok(await page.evaluate((data) => seen.length === 1 && seen[0][1] === data, data), client);
      });
    });

    test("events are the same however the bytes are cut", TIMEOUT, async () => {
      const { channel, expected, say } = script();
      for (const event of SCRIPT) await say(...event);
      await onEach(["witness", ...CLIENTS], async (client) => {
        front.plan(key(client, channel), () => ({ trickle: true }));
        if (client !== "witness") return hasHeard(await join(client, channel), expected);
        // That they do come in pieces is to be seen first; a busy machine may join them.
        const page = await pages.take(client, front.origin);
        const how = [`/events/${channel}?client=${key(client, channel)}`, "last"];
        let cuts;
        for (let tries = 0; tries < 10 && !(cuts?.inCharacter && (cuts.inLineEnd || !cuts.hasCrLf)); tries += 1) {
          cuts = await page.evaluate((how) => findCuts(...how), how);
        }
        assert.ok(cuts.inCharacter > 0 && (cuts.inLineEnd > 0 || !cuts.hasCrLf), JSON.stringify(cuts));
        return undefined;
      });
    });

    /** Breaks connections at random places; publishes before the server answers, or while it does. */
    const nothingIsLost = (at, clients, breaks, how) => onEach(clients, async (client, which) => {
      const random = seeded(1000 + which);
      const { channel, expected, say } = script();
      let number = 0;
      const some = async () => {
        for (let i = 0; i < 3; i += 1) await say(`${number += 1} ${"☃é.".repeat(10 + 30 * random())}`);
      };
      await say(server.asking("first"));
      let saying;
      at.plan(key(client, channel), async (request) => {
        await saying;
        if (request === breaks) await say("last");
        if (request >= breaks) return {};
        const early = random() < 0.5;
        if (early) await some();
        // Three events are more than that.
        return {
          after: Math.floor(400 * random()),
          how: random() < 0.5 ? "end" : "reset",
          answered: () => { if (!early) saying = some(); },
        };
      });
      const page = await join(client, channel, { at, ...how });
      await until(page, () => source.readyState === 2 || seen.at(-1)?.[1] === "last");
      await hasHeard(page, expected);
    });

    test("nothing is lost and nothing is repeated, wherever connections break", TIMEOUT, () => nothingIsLost(front, CLIENTS, 8));

    // There the strict class has to find out whether it was refused, which it cannot in such weather.
    test("nor from another origin", TIMEOUT, () => nothingIsLost(other, CLIENTS.filter((client) => client !== "strict"), 6));

    test("nor from another origin without the id in the query, for there the browser's own class goes on by itself", TIMEOUT, () => (
      nothingIsLost(other, ["all"], 4, { query: false })));

    // Where the header is not allowed, a request without the id is all that a script has left.
    const resuming = CLIENTS.filter((client) => client !== "strict" || SERVERS[name].allowsHeader);

    test("a request to another origin that gets no answer is made again", TIMEOUT, () => onEach(resuming, async (client) => {
      const { channel, expected, say } = script();
      await say(server.asking("first"));
      const faults = [{ after: 0, how: "reset" }, { until: (answer) => answer.includes("first") }, { after: 0, how: "reset" }];
      other.plan(key(client, channel), async (number) => {
        if (number === faults.length) await say("second");
        return faults[number];
      });
      const page = await join(client, channel, { at: other });
      await until(page, () => source.readyState === 2 || seen.length >= 2);
      await hasHeard(page, expected);
    }));

    test("a response that is finished is followed by a request with the last id", TIMEOUT, () => onEach(CLIENTS, async (client) => {
      const { channel, expected, say } = script();
      front.plan(key(client, channel), async (number) => {
        if (number < 4) await say(number === 0 ? server.asking("0") : String(number));
        return {};
      });
      const page = await join(client, channel, { what: "ending" });
      await until(page, () => seen.length >= 4);
      await hasHeard(page, expected);
      const ids = expected.map(([, , id]) => id);
      const resumes = front.requests(key(client, channel)).slice(0, 4).map(({ resume }) => resume);
      assert.deepEqual(resumes, [null, ...ids.slice(0, 3)], client);
      const continuities = await page.evaluate(() => continuities);
      assert.ok(continuities.every((continuity) => continuity === "resumed"), `${client}: ${continuities}`);
    }));

    test("it begins after an id that it is given, in the header or in the query", TIMEOUT, async () => {
      const { channel, expected, say } = script();
      const lastEventId = await say("old");
      for (const data of ["new", "newer"]) await say(data);
      const ways = [...SEEING.map((client) => [client, false]), ["eventsource", true], ["all", true], ["long-poll", true]];
      await onEach(ways, async ([client, query]) => hasHeard(await join(client, channel, { lastEventId, query }), expected.slice(1)));
    });

    /** Lets a client hear an event, and breaks its connection in another mood. */
    async function darken(client, mood) {
      const { channel, expected, say } = script();
      await say(server.asking("first"));
      const page = await join(client, channel);
      await hasHeard(page, expected);
      await server.setMood(channel, mood);
      const before = front.requests(key(client, channel)).length;
      front.drop(key(client, channel));
      return { page, channel, expected, say, after: () => front.requests(key(client, channel)).length - before };
    }

    test("status 204 stops whoever sees it", TIMEOUT, () => onEach([...STANDARD, ...SEEING], async (client) => {
      const { page, after } = await darken(client, "204");
      const { status } = await hasClosed(page);
      assert.deepEqual([status, after()], [SEEING.includes(client) ? 204 : undefined, 1], client);
    }));

    test("another content type stops it, and the error names what came", TIMEOUT, () => onEach([...STANDARD, ...SEEING], async (client) => {
      const { page, after } = await darken(client, "html");
      const { kind, message } = await hasClosed(page);
      assert.equal(after(), 1, client);
      if (SEEING.includes(client)) assert.match(`${kind}: ${message}`, /^content-type: .*text\/html/, client);
    }));

    test("status 500 ends what follows the standard, and is tried again by the rest", TIMEOUT, () => onEach(CLIENTS, async (client) => {
      const { page, channel, expected, say, after } = await darken(client, "500");
      if (STANDARD.includes(client)) {
        await hasClosed(page);
        assert.equal(after(), 1, client);
        return;
      }
      front.plan(key(client, channel), async () => {
        if (after() < 4) return {};
        front.plan(key(client, channel), () => {});
        await say("second");
        await server.setMood(channel);
        return {};
      });
      await until(page, () => seen.length >= 2);
      await hasHeard(page, expected);
      const statuses = await page.evaluate(() => errors.map(({ status }) => status).filter(Boolean));
      assert.deepEqual(new Set(statuses), new Set(SEEING.includes(client) ? [500] : []), client);
    }));

    test("keep-alives are signs of life, and silence is noticed", TIMEOUT, () => onEach(["fetch-stream", "xhr-stream"], async (client) => {
      const { channel } = script();
      front.plan(key(client, channel), () => ({ until: (answer) => answer.split(server.ping).length > server.pings }));
      const alive = await join(client, channel, { what: "pinged", options: { silenceTimeout: 2_000 } });
      const silent = await join(client, `${channel}-silent`, { options: { silenceTimeout: 500 } });
      for (const page of [alive, silent]) await until(page, () => errors.length);
      assert.notEqual(await alive.evaluate(() => errors[0].kind), "silence", client);
      assert.equal(await silent.evaluate(() => errors[0].kind), "silence", client);
    }));

    if (name === "nchan") {
      test("a keep-alive that is an event without an id does not move the cursor", TIMEOUT, () => onEach(CLIENTS, async (client) => {
        const { channel, expected, say } = script();
        front.plan(key(client, channel), async (number) => {
          if (number === 1) await say(server.asking("first"));
          if (number === 3) await say("second");
          return { until: (answer) => answer.includes(server.ping) };
        });
        const page = await join(client, channel, { what: "pinged" });
        await until(page, () => seen.length >= 6);
        const [first, second] = expected;
        const kept = (id) => ["message", "keepalive", id];
        const wanted = [kept(""), first, kept(first[2]), kept(first[2]), second, kept(second[2])];
        assert.deepEqual(await page.evaluate(() => seen.slice(0, 6)), wanted, client);
        const resumes = front.requests(key(client, channel)).slice(0, 4).map(({ resume }) => resume);
        assert.deepEqual(resumes, [null, null, first[2], first[2]], client);
      }));
    }
  });
}
