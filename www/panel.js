// The connection panel: what each connection is doing, and the account of what it did.
//
// It listens to the connections as any application could; nothing here is known to the library.

import { causeInShort, count, seconds, time } from "./format.js";

const ROWS = [
  ["state", "Status"],
  ["transport", "Transport"],
  ["attempt", "Attempt"],
  ["next", "Next try in"],
  ["last-id", "Last id"],
  ["received", "Events received"],
  ["missed", "Missed"],
  ["repeated", "Repeated"],
];

/** Four times a second is live enough for reading, and far from what the feeds would cause. */
const REFRESH = 250;

export function mountPanel({ stream, socket, counters, timeline, happenings, announce }) {
  const columns = [
    new Column("stream", "The stream", stream, counters.stream),
    new Column("socket", "The socket", socket, counters.socket),
  ];
  const shared = { timeline, happenings, announce, note: document.getElementById("history-note") };

  document.getElementById("readings").append(...ROWS.map(([key, label]) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = label;
    row.append(head, ...columns.map((column) => column.cell(key)));
    row.dataset.row = key;
    return row;
  }));

  for (const column of columns) column.listen(shared);

  // `prices` and chat messages are numbered; a `snapshot` is where the numbering starts.
  stream.addEventListener("snapshot", (e) => columns[0].counted(counters.stream.seeSnapshot(e.lastEventId)));
  stream.addEventListener("prices", (e) => columns[0].counted(counters.stream.see(e.lastEventId)));
  socket.addEventListener("message", (e) => columns[1].counted(counters.socket.see(e.lastEventId)));

  const totals = Object.fromEntries(["survived", "received", "missed", "repeated"]
    .map((key) => [key, document.querySelector(`[data-testid="total-${key}"]`)]));
  const sum = (key) => columns.reduce((all, column) => all + column[key], 0);
  const refresh = () => {
    for (const column of columns) column.refresh();
    for (const [key, element] of Object.entries(totals)) write(element, count(sum(key)));
    for (const key of ["missed", "repeated"]) totals[key].classList.toggle("broken", sum(key) > 0);
  };
  refresh();
  setInterval(refresh, REFRESH);
}

/** One connection: its cells in the table, its lane in the time line, its sentences. */
class Column {
  /** Reconnects that worked. */
  survived = 0;
  #cells = {};
  #attempt = 0;
  #nextAt = 0;
  #wasOpen = false;
  /** Open since the last loss. */
  #wasUp = false;
  #shared;

  constructor(name, title, connection, counter) {
    this.name = name;
    this.title = title;
    this.connection = connection;
    this.counter = counter;
  }

  get received() { return this.counter.received; }
  get missed() { return this.counter.missed; }
  get repeated() { return this.counter.repeated; }

  cell(key) {
    const cell = document.createElement("td");
    const value = document.createElement("span");
    value.dataset.testid = `${this.name}-${key}`;
    cell.append(value);
    this.#cells[key] = value;
    return cell;
  }

  listen(shared) {
    this.#shared = shared;
    const { connection } = this;
    const { happenings, timeline, announce } = shared;
    const tell = (text, tone) => happenings.add(this.name, text, tone);

    connection.addEventListener("statechange", ({ state }) => {
      this.#moved();
      if (state !== "closed") return;
      tell("closed for good", "bad");
      announce(`${this.title} is closed.`);
    });

    connection.addEventListener("open", () => {
      if (!this.#wasOpen) tell(`open by ${connection.transport}`, "good");
      this.#wasOpen = true;
      this.#moved();
    });

    connection.addEventListener("reconnecting", ({ attempt, delay, cause }) => {
      // The first one after a working connection is the drop itself; later ones are failures to come back. The number of the
      // attempt does not tell: it goes on counting until a connection has lived for a while.
      const dropped = this.#wasUp;
      this.#wasUp = false;
      this.#attempt = attempt;
      this.#nextAt = performance.now() + delay;
      const why = causeInShort(cause);
      tell(`${dropped ? "dropped" : "try failed"} (${why}), try ${attempt} in ${seconds(delay)}`, "bad");
      timeline.mark(this.name, dropped ? "drop" : "failed", `${dropped ? "dropped" : "failed"}: ${why}`);
      if (dropped) announce(`${this.title} dropped, reconnecting.`);
      this.#moved();
    });

    connection.addEventListener("reconnected", ({ continuity, transport, downtime }) => {
      this.survived += 1;
      const meaning = { resumed: "resumed", gap: "with a gap", fresh: "fresh start" }[continuity] ?? continuity;
      tell(`back by ${transport} after ${seconds(downtime)}: ${meaning}`, continuity === "resumed" ? "good" : "plain");
      timeline.mark(this.name, continuity, `back after ${seconds(downtime)}: ${meaning}`);
      announce(`${this.title} is back by ${transport}: ${meaning}.`);
      this.#moved();
    });

    connection.addEventListener("transportchange", ({ from, to, why }) => {
      tell(`now by ${to}${from ? ` instead of ${from}` : ""}${why ? ` (${causeInShort(why)})` : ""}`);
      if (to === "long-poll" || to === "websocket" || from === "websocket") announce(`${this.title} now goes by ${to}.`);
      this.#moved();
    });

    connection.addEventListener("dropped", ({ why }) => tell(`a message could not be sent (${causeInShort(why)})`, "bad"));

    this.#moved();
  }

  /** @param {import("./continuity.js").Sight} sight what the newest event was */
  counted(sight) {
    const { happenings, announce, note } = this.#shared;
    if (sight === "gap") happenings.add(this.name, "events are missing before this one", "bad");
    if (sight === "repeat") happenings.add(this.name, "an event came a second time", "bad");
    if (sight === "new-history") {
      happenings.add(this.name, "server restarted: new history");
      announce("The server restarted with a new history.");
      note.textContent = `${time(Date.now())} server restarted: new history`;
    }
  }

  #moved() {
    const { state, transport } = this.connection;
    if (state === "open") {
      this.#wasUp = true;
      this.#attempt = 0;
    }
    this.#shared.timeline.state(this.name, state, transport);
    this.refresh();
  }

  refresh() {
    const { connection, counter } = this;
    const { state } = connection;
    const waiting = state === "waiting" && this.#nextAt > 0;
    const cells = this.#cells;

    write(cells.state, state);
    cells.state.dataset.state = state;
    // What carries, or is being tried. While it waits nothing carries, though the connection remembers what did.
    const transport = (state === "open" || state === "connecting") && connection.transport || "none";
    write(cells.transport, transport);
    cells.transport.dataset.transport = transport;
    write(cells.attempt, state === "open" ? "0" : String(this.#attempt));
    write(cells.next, waiting ? seconds(this.#nextAt - performance.now()) : state === "connecting" ? "now" : "–");
    write(cells["last-id"], connection.lastEventId || "none yet");
    write(cells.received, count(counter.received));
    for (const key of ["missed", "repeated"]) {
      write(cells[key], count(counter[key]));
      cells[key].classList.toggle("broken", counter[key] > 0);
    }
  }
}

/** Touches the document only where something changed: a text node set to what it was still costs a layout. */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
