// The account that the page keeps for itself: what was received, missed, repeated and survived, by the ids alone; and what a screen reader
// is told. What each connection does, <everwire-inspector> shows.

import { count, seconds, time } from "./format.js";

/** Four times a second is live enough for reading, and far from what the feeds would cause. */
const REFRESH = 250;

export function mountAccount({ stream, socket, counters, inspector, announce }) {
  let survived = 0;
  for (const connection of [stream, socket]) connection.addEventListener("reconnected", () => { survived += 1; });
  tellChanges("The stream", stream, announce);
  tellChanges("The socket", socket, announce);

  // `prices` and chat messages are numbered; a `snapshot` is where the numbering starts.
  const tell = (name, sight) => tellSight(name, sight, inspector, announce);
  stream.addEventListener("snapshot", (e) => tell("stream", counters.stream.seeSnapshot(e.lastEventId)));
  stream.addEventListener("prices", (e) => tell("stream", counters.stream.see(e.lastEventId)));
  socket.addEventListener("message", (e) => tell("socket", counters.socket.see(e.lastEventId)));

  const totals = Object.fromEntries(["survived", "received", "missed", "repeated"]
    .map((key) => [key, document.querySelector(`[data-testid="total-${key}"]`)]));
  const sum = (key) => counters.stream[key] + counters.socket[key];
  const refresh = () => {
    write(totals.survived, count(survived));
    for (const key of ["received", "missed", "repeated"]) write(totals[key], count(sum(key)));
    for (const key of ["missed", "repeated"]) totals[key].classList.toggle("broken", sum(key) > 0);
  };
  refresh();
  setInterval(refresh, REFRESH);
}

/** Says in words when a connection is lost, is back, goes another way or is closed. */
function tellChanges(title, connection, announce) {
  let isUp = false;
  connection.addEventListener("statechange", ({ state }) => {
    isUp ||= state === "open";
    if (state === "closed") announce(`${title} is closed.`);
  });
  connection.addEventListener("reconnecting", () => {
    // What follows are failures to come back, until it is.
    if (isUp) announce(`${title} dropped, reconnecting.`);
    isUp = false;
  });
  connection.addEventListener("reconnected", ({ continuity, transport, downtime }) => {
    const meaning = { resumed: "resumed", gap: "with a gap", fresh: "a fresh start" }[continuity];
    announce(`${title} is back by ${transport} after ${seconds(downtime)}: ${meaning}.`);
  });
  connection.addEventListener("transportchange", ({ from, to }) => {
    if (to === "long-poll" || to === "websocket" || from === "websocket") announce(`${title} now goes by ${to}.`);
  });
}

/** @param {import("./continuity.js").Sight} sight what the newest event was */
function tellSight(name, sight, inspector, announce) {
  if (sight === "gap") inspector.note(`${name}: events are missing`);
  if (sight === "repeat") inspector.note(`${name}: an event came twice`);
  if (sight !== "new-history") return;
  inspector.note(`${name}: new history`);
  announce("The server restarted with a new history.");
  document.getElementById("history-note").textContent = `${time(Date.now())} server restarted: new history`;
}

/** Touches the document only where something changed: a text node set to what it was still costs a layout. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
