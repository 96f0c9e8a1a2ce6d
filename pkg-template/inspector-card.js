// What one connection is like now, as <everwire-inspector> shows it.

import { h, write } from "./inspector-dom.js";
import { count, plural, size, span, time } from "./inspector-words.js";

/** Over how much time the pace of messages is taken, in milliseconds. */
const PACE = 5_000;

export class Card {
  #connection;
  #history;
  #values = {};
  #state = h("span", { class: "state" });
  #now = h("p", { class: "now" });
  #list = h("dl");

  constructor(name, connection, history) {
    this.#connection = connection;
    this.#history = history;
    const title = h("b", {}, name);
    this.element = h("div", { class: "card", part: "card", role: "group", "aria-label": name },
      h("p", { class: "title" }, title, this.#state), this.#now, this.#list);
  }

  draw() {
    const { state, transport, lastEventId } = this.#connection;
    const stats = this.#connection.stats();
    const { nextAt, failure } = this.#history;
    this.element.dataset.state = state;
    write(this.#state, state);
    write(this.#now, {
      open: `by ${transport}, for ${span(stats.uptime)}`,
      connecting: transport ? `trying ${transport}` : "waiting for new credentials",
      waiting: `next try in ${span(nextAt - Date.now())}`,
      offline: "the browser says that there is no network",
      closed: "for good",
    }[state]);

    const received = stats.messages ?? stats.events;
    const [what, pace] = ["messages" in stats ? "message" : "event", this.#pace(received)];
    this.#show("cursor", "Cursor", lastEventId || "none");
    this.#show("received", "Received", [plural(received, what), stats.bytes && size(stats.bytes), pace].filter(Boolean).join(", "));
    if ("queuedMessages" in stats) {
      const { queuedMessages, queuedBytes } = stats;
      const outbox = queuedMessages ? `${plural(queuedMessages, "message")}, ${size(queuedBytes)}` : "empty";
      this.#show("outbox", "Outbox", outbox).toggleAttribute("data-waits", queuedMessages > 0);
    }
    this.#show("attempts", "Attempts", `${count(stats.attempts)}, ${plural(stats.drops, "drop")}`);
    if (stats.duplicates) this.#show("duplicates", "Duplicates", count(stats.duplicates));
    const last = failure?.cause ?? stats.lastError;
    this.#show("error", "Last error", last ? `${failure ? `${time(failure.at)} ` : ""}${last.message}` : "none");
  }

  #pace(received) {
    const now = Date.now();
    const since = this.#history.rates.find(({ at }) => at > now - PACE);
    const pace = since && (received - since.total) / (now - since.at) * 1000;
    if (!pace || now - since.at < 900) return "";
    return `${pace < 9.95 ? pace.toFixed(1) : count(Math.round(pace))}/s`;
  }

  /** One reading, made when there is something to read. */
  #show(key, label, text) {
    let value = this.#values[key];
    if (!value) {
      value = this.#values[key] = h("dd", { "data-reading": key });
      this.#list.append(h("div", {}, h("dt", {}, label), value));
    }
    write(value, text);
    return value;
  }
}
