// The test application on npm's better-sse. Usage: node better-sse.mjs FOLDER, where the moods are; see servers.mjs.
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { createEventBuffer, createSession } from "better-sse";

const [, , moods] = process.argv;
/** By name: the events so far, and who hears the next one. */
const channels = new Map();

function channel(name) {
  if (!channels.has(name)) channels.set(name, { events: [], listeners: new Set() });
  return channels.get(name);
}

/** Its `push` would write a line break into the data as it is; one call for each line writes what the standard has. */
function encode({ id, type, data }) {
  const buffer = createEventBuffer({ serializer: String });
  if (type) buffer.event(type);
  buffer.id(id);
  for (const line of data.split("\n")) buffer.data(line);
  return buffer.dispatch();
}

async function subscribe(request, response, name, { ending, pinged }) {
  const session = await createSession(request, response, { retry: 100, keepAlive: pinged ? 200 : null });
  const { events, listeners } = channel(name);
  const missed = events.slice(Number(session.lastId));
  for (const event of missed) session.batch(encode(event));
  if (ending && missed.length) return response.end();
  const hear = (event) => {
    session.batch(encode(event));
    if (ending) response.end();
  };
  listeners.add(hear);
  response.on("close", () => listeners.delete(hear));
}

async function publish(request, response, name) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  // Node.js reads headers as Latin-1.
  const type = Buffer.from(request.headers["x-eventsource-event"] ?? "", "latin1").toString();
  const { events, listeners } = channel(name);
  const event = { id: String(events.length + 1), type, data: Buffer.concat(chunks).toString() };
  events.push(event);
  for (const hear of [...listeners]) hear(event);
  response.end(JSON.stringify({ last_message_id: event.id }));
}

const server = createServer((request, response) => {
  const [, what, name] = new URL(request.url, "http://localhost").pathname.split("/");
  response.setHeader("Access-Control-Allow-Origin", "*");
  if (request.method === "OPTIONS") {
    response.setHeader("Access-Control-Allow-Headers", "Last-Event-ID");
    return response.end();
  }
  if (what === "publish") return publish(request, response, name);
  const mood = ["204", "500", "html"].find((mood) => existsSync(`${moods}/${name}-${mood}`));
  if (mood === "html") return response.writeHead(200, { "Content-Type": "text/html" }).end("<p>not events</p>");
  if (mood) return response.writeHead(Number(mood)).end();
  return subscribe(request, response, name, { ending: what === "ending", pinged: what === "pinged" });
});

server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
