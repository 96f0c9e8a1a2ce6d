// The promise of ReconnectingEventSource: each event once and in order, through two hundred drops at moments that nobody chose.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setScene } from "./support.mjs";

const scene = setScene();
const { inPage, requests } = scene;

const COUNT = 10_000;
// Of a response that is cut, XHR gives what has come, but nothing of one that it reads whole. So a poll ends before it is likely to be cut.
const RUNGS = { eventsource: "", "fetch-stream": "", "xhr-stream": "", "long-poll": "&end-after=25" };

test("10,000 events through more than 200 random drops arrive once each and in order, on each rung", { timeout: 120_000 }, async () => {
  const path = `/sse/burst?count=${COUNT}&ids&hold&drop-random=40&key=`;
  const seen = await inPage(async ([path, COUNT, RUNGS]) => {
    const results = await Promise.all(Object.entries(RUNGS).map(async ([transport, fault]) => {
      const source = new ReconnectingEventSource(path + transport + fault, {
        transports: [transport], reconnect: { ...quick, maxDelay: 20 }, resume: { query: "last_event_id" } });
      let expected = 1;
      const wrong = [];
      await next(source, "message", ({ data, lastEventId }) => {
        if (parseInt(data) !== expected || Number(lastEventId) !== expected) wrong.push([data, lastEventId, expected]);
        expected += 1;
        return expected > COUNT;
      }, 100_000);
      const { events, duplicates, drops } = source.stats();
      source.close();
      return [transport, { wrong: wrong.slice(0, 10), events, duplicates, drops }];
    }));
    return Object.fromEntries(results);
  }, [path, COUNT, RUNGS]);
  const entries = await requests("/sse/burst");
  for (const transport of Object.keys(RUNGS)) {
    const { drops, ...rest } = seen[transport];
    assert.deepEqual(rest, { wrong: [], events: COUNT, duplicates: 0 }, transport);
    const count = entries.filter(({ query }) => query.includes(`key=${transport}`)).length;
    assert.ok(drops >= 150 && count >= 200, `${transport}: ${drops} drops, ${count} requests`);
  }
});
