// <everwire-inspector>: the connections of a page, at a glance. Here are its life, its parts and what it listens to; inspector-history.js
// has what it knows of a connection, inspector-lane.js and inspector-card.js what is shown of that.

import { Card } from "./inspector-card.js";
import { h, write } from "./inspector-dom.js";
import { History, keep } from "./inspector-history.js";
import { Lane, Notes, describe } from "./inspector-lane.js";
import { style } from "./inspector-style.js";
import { time } from "./inspector-words.js";
import { fail } from "./options.js";

/** How often the time line moves, in milliseconds: by less than a pixel, on most screens. What is new is drawn then as well. */
const STEP = 100;
/** How often all of it is drawn, if nothing is new. */
const REFRESH = 500;
/** And how often what came is counted. */
const COUNT = 1_000;
/** Seconds of the time line, and the fewest. */
const SECONDS = 120;
const LEAST_SECONDS = 10;
const NOTES_KEPT = 100;
const LINES_SHOWN = 100;
/** In letters: longer names are cut. */
const LONGEST_NAME = 16;

/** The key to the colours. */
const LEGEND = {
  native: "native", stream: "fetch, XHR", poll: "long-poll", connecting: "connecting", waiting: "waiting", lost: "lost", resumed: "resumed",
  gap: "gap", fresh: "fresh start",
};

const isConnection = (given) => typeof given?.stats === "function" && typeof given.addEventListener === "function";

const pathOf = ({ url }) => (url ? new URL(url).pathname : "connection");

/** In a host without a document the class is there, and nothing can be made of it. */
export class EverwireInspector extends (globalThis.HTMLElement ?? Object) {
  static observedAttributes = ["seconds"];

  /** By connection: `{ name, history, lane, card }`. */
  #watched = new Map();
  #notes = [];
  #lines = new WeakMap();
  #isSeen = true;
  #isPaused = false;
  #life;
  #timer = 0;
  #drawnAt = 0;
  /** Something happened since it was drawn. */
  #isNew = false;
  #countedAt = 0;
  /** What the tip is about: an element of a lane. */
  #pointed;

  #chart = h("div", { class: "chart" });
  #ruler = new Notes();
  #axis = h("div", { class: "axis", "aria-hidden": "true" });
  #cards = h("div", { class: "cards" });
  #log = h("ol", { class: "log", part: "log", tabindex: "0", "aria-label": "What happened, newest first" });
  #tip = h("div", { class: "tip", role: "tooltip", hidden: "" });
  #pause = h("button", { type: "button", "aria-pressed": "false" }, "Pause");

  constructor() {
    super();
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [style()];
    const legend = h("ul", { class: "legend", "aria-label": "Key to the time line" },
      ...Object.entries(LEGEND).map(([key, words]) => h("li", {}, h("i", { class: `key ${key}` }), words)));
    this.#chart.append(this.#ruler.element, this.#axis);
    root.append(
      h("div", { class: "all" }, this.#chart, h("div", { class: "foot" }, legend, this.#pause),
        h("p", { class: "empty" }, "No connection is watched yet."), this.#cards, this.#log),
      this.#tip,
    );
    this.#pause.addEventListener("click", () => {
      this.#isPaused = !this.#isPaused;
      this.#pause.setAttribute("aria-pressed", String(this.#isPaused));
      this.#run();
    });
    this.#listenForTips(root);
  }

  watch(connection, name) {
    if (!isConnection(connection)) fail("watch", connection, "a ReconnectingWebSocket or a ReconnectingEventSource");
    this.#forget(connection);
    const called = String(name ?? pathOf(connection));
    const history = new History(connection, () => this.#changed());
    const lane = new Lane(called);
    const label = h("span", { class: "name", title: called }, called);
    const card = new Card(called, connection, history);
    const watched = { name: called, connection, history, lane, label, card };
    this.#watched.set(connection, watched);
    this.#axis.before(label, lane.element);
    this.#cards.append(card.element);
    this.#sizeGutter();
    if (this.isConnected) history.listen();
    return () => this.#watched.get(connection) === watched && this.#forget(connection);
  }

  note(text) {
    keep(this.#notes, { at: Date.now(), kind: "note", text: String(text), tone: "plain", times: 1 }, NOTES_KEPT);
    this.#changed();
  }

  connectedCallback() {
    this.#life = new AbortController();
    const { signal } = this.#life;
    document.addEventListener("visibilitychange", () => this.#run(), { signal });
    const observer = new IntersectionObserver((entries) => {
      this.#isSeen = entries.at(-1).isIntersecting;
      this.#run();
    });
    observer.observe(this);
    signal.addEventListener("abort", () => observer.disconnect());
    for (const { history } of this.#watched.values()) history.listen();
    this.#run();
  }

  disconnectedCallback() {
    this.#life.abort();
    for (const { history } of this.#watched.values()) history.leave();
    this.#run();
  }

  attributeChangedCallback() {
    this.#changed();
  }

  /** In milliseconds, how much the time line shows. */
  get #length() {
    const seconds = Number(this.getAttribute("seconds") ?? SECONDS);
    return (seconds >= LEAST_SECONDS ? seconds : SECONDS) * 1000;
  }

  #forget(connection) {
    const watched = this.#watched.get(connection);
    if (!watched) return;
    const { history, lane, label, card } = watched;
    this.#watched.delete(connection);
    if (this.isConnected) history.leave();
    for (const element of [lane.element, label, card.element]) element.remove();
    this.#sizeGutter();
    this.#changed();
  }

  #sizeGutter() {
    const longest = Math.max(0, ...[...this.#watched.values()].map(({ name }) => name.length));
    const all = this.shadowRoot.firstElementChild;
    all.style.setProperty("--letters", Math.min(longest, LONGEST_NAME));
    all.classList.toggle("is-empty", !this.#watched.size);
  }

  /** Is there anybody to see it? Then it moves, and else nothing of it runs. */
  get #runs() {
    return this.isConnected && this.#isSeen && !this.#isPaused && document.visibilityState === "visible";
  }

  #run() {
    clearTimeout(this.#timer);
    if (!this.#runs) return;
    this.#isNew = true;
    this.#step();
  }

  /** However much happens, it is drawn once a step. */
  #changed() {
    this.#isNew = true;
  }

  #step() {
    const now = Date.now();
    this.#timer = setTimeout(() => this.#step(), STEP);
    if (now - this.#countedAt >= COUNT) {
      this.#countedAt = now;
      for (const { connection, history } of this.#watched.values()) {
        const { messages, events } = connection.stats();
        history.count(messages ?? events);
      }
    }
    if (this.#isNew || now - this.#drawnAt >= REFRESH) return this.#draw();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    for (const { lane } of this.#watched.values()) lane.move(now);
    this.#ruler.move(now);
    this.#placeTip();
  }

  #draw() {
    const now = Date.now();
    this.#drawnAt = now;
    const length = this.#length;
    const width = this.#axis.clientWidth;
    for (const { connection, history, lane, label, card } of this.#watched.values()) {
      label.dataset.state = connection.state;
      lane.draw(history, now, length, width);
      card.draw();
    }
    this.#ruler.draw(this.#notes, now, length, width);
    this.#drawAxis(length);
    if (this.#isNew) this.#drawLog();
    this.#placeTip();
  }

  #drawAxis(length) {
    const words = (ago) => (!ago ? "now" : ago % 60_000 && ago < 120_000 ? `${ago / 1000} s` : `${ago / 60_000} min`);
    const labels = [4, 3, 2, 1, 0].map((quarters) => words(length * quarters / 4));
    if (this.#axis.childElementCount !== labels.length) this.#axis.replaceChildren(...labels.map(() => h("span")));
    labels.forEach((label, i) => write(this.#axis.children[i], label));
  }

  #drawLog() {
    this.#isNew = false;
    const newest = (name, events) => events.slice(-LINES_SHOWN).map((event) => ({ name, event }));
    const lines = newest("note", this.#notes);
    for (const { name, history } of this.#watched.values()) lines.push(...newest(name, history.events));
    for (const { name, event } of lines.sort((a, b) => a.event.at - b.event.at).slice(-LINES_SHOWN)) {
      let line = this.#lines.get(event);
      if (!line) {
        const when = h("time", { datetime: new Date(event.at).toISOString() }, time(event.at));
        line = h("li", { "data-kind": event.kind, "data-tone": event.tone }, when, " ", h("b", {}, name), " ", h("span"));
        this.#lines.set(event, line);
        this.#log.prepend(line);
      }
      write(line.lastElementChild, event.times > 1 ? `${event.text} (${event.times} times)` : event.text);
    }
    while (this.#log.childElementCount > LINES_SHOWN) this.#log.lastElementChild.remove();
  }

  /** What a bar or mark means is told by a tip, for the pointer and for the focus, until Escape. */
  #listenForTips(root) {
    const about = (event) => event.target.closest?.(".item");
    const hide = () => this.#point(undefined);
    root.addEventListener("pointerover", (event) => {
      const item = about(event);
      if (item) this.#point(item);
      else if (!this.#tip.contains(event.target)) hide();
    });
    root.addEventListener("focusin", (event) => this.#point(about(event)));
    root.addEventListener("focusout", hide);
    root.addEventListener("keydown", ({ key }) => key === "Escape" && hide());
    this.addEventListener("pointerleave", hide);
  }

  #point(element) {
    this.#pointed = element;
    this.#placeTip();
  }

  #placeTip() {
    const element = this.#pointed;
    const lane = [...this.#watched.values()].map(({ lane }) => lane).find((each) => each.element.contains(element ?? null));
    const item = lane?.itemOf(element);
    this.#tip.hidden = !item;
    if (!item) return;
    const lines = describe(item);
    if (this.#tip.childElementCount !== lines.length) this.#tip.replaceChildren(...lines.map(() => h("p")));
    lines.forEach((line, i) => write(this.#tip.children[i], line));
    const [all, track, it] = [this, lane.element, element].map((each) => each.getBoundingClientRect());
    const middle = (Math.max(it.left, track.left) + Math.min(it.right, track.right)) / 2 - all.left;
    const most = Math.max(all.width - this.#tip.offsetWidth, 0);
    this.#tip.style.left = `${Math.min(Math.max(middle - this.#tip.offsetWidth / 2, 0), most)}px`;
    // Above, if the page has room there.
    const above = track.top - this.#tip.offsetHeight - 6;
    this.#tip.style.top = `${(above < 0 ? track.bottom + 6 : above) - all.top}px`;
  }
}
