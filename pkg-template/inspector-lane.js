// The time line of <everwire-inspector>. What it shows lies on a strip, placed once; as time goes on, the strip moves.

import { h } from "./inspector-dom.js";
import { span, stateOf, time } from "./inspector-words.js";

/** After so many times what is shown the strip begins anew: far out, a browser's numbers are not exact. */
const LENGTHS_A_STRIP = 100;
/** Of what happens, what is drawn. */
const MARKS = ["lost", "failed", "resumed", "gap", "fresh", "missing", "closed"];
/** How much of a lane's height its fastest second takes, in percent. */
const RATE_HEIGHT = 62;

/** In pixels, what a label of so many letters takes. */
const roomFor = (label) => label.length * 7 + 18;

/** A strip, with an element for each item that is on it. */
export class Strip {
  #elements = new Map();
  #origin = 0;
  #length = 0;

  constructor(attributes) {
    this.strip = h("div", { class: "strip" });
    this.element = h("div", attributes, this.strip);
  }

  elementOf(item) {
    return this.#elements.get(item);
  }

  /** Where a time is on the strip, in percent of what is shown. */
  at(time) {
    return (time - this.#origin) / this.#length * 100;
  }

  /** So that `now` is at the right edge. */
  move(now) {
    this.strip.style.transform = `translateX(${(100 - this.at(now)).toFixed(3)}%)`;
  }

  /** Puts just these items on it; `length` is how much time is shown. What it needs for that, the classes below have. */
  sync(items, now, length, width) {
    if (length !== this.#length || this.at(now) > 100 * LENGTHS_A_STRIP) {
      this.#length = length;
      this.#origin = now - length;
    }
    const left = new Map(this.#elements);
    for (const item of items) {
      left.delete(item);
      if (!this.#elements.has(item)) {
        const element = this.make(item);
        this.#elements.set(item, element);
        this.strip.append(element);
      }
      this.fit(this.#elements.get(item), item, now, length, width);
    }
    for (const [item, element] of left) {
      this.#elements.delete(item);
      element.remove();
    }
    this.move(now);
  }
}

/** Of one connection: states as bars, events as marks on them, and how fast messages came. */
export class Lane extends Strip {
  #items = [];
  #rate = h("path");

  constructor(name) {
    super({ class: "track", role: "listbox", "aria-orientation": "horizontal", "aria-label": `Time line of ${name}` });
    // Of the height of the lane, and as wide as what is shown.
    this.strip.append(h("svg", { viewBox: "0 0 100 100", preserveAspectRatio: "none", "aria-hidden": "true" }, this.#rate));
    this.element.addEventListener("keydown", (event) => this.#go(event));
    this.element.addEventListener("focusin", ({ target }) => this.#point(target));
  }

  draw({ spans, events, rates }, now, length, width) {
    const since = now - length * 1.05;
    const focused = this.#items.find((item) => this.elementOf(item).matches(":focus"));
    this.#items = [
      ...spans.filter(({ to }) => !to || to > since),
      ...events.filter(({ at, kind }) => at > since && MARKS.includes(kind)),
    ].sort((a, b) => (a.from ?? a.at) - (b.from ?? b.at));
    this.sync(this.#items, now, length, width);
    // What had the focus has left: the oldest one that is there gets it.
    if (focused && !this.#items.includes(focused)) this.#focus(0);
    if (!this.#items.some((item) => this.elementOf(item).tabIndex === 0)) this.#point(this.elementOf(this.#items.at(-1)));
    this.#drawRate(rates, since);
  }

  make(item) {
    const { kind, state, transport } = item;
    const element = kind
      ? h("span", { class: `item mark ${kind}` })
      : h("span", { class: `item bar ${state} by-${transport}` }, h("span", { class: "label", "aria-hidden": "true" }, transport ?? ""));
    element.setAttribute("role", "option");
    element.setAttribute("aria-selected", "false");
    element.tabIndex = -1;
    return element;
  }

  fit(element, item, now, length, width) {
    const words = describe(item).join(", ");
    if (element.ariaLabel !== words) element.ariaLabel = words;
    if (item.kind) {
      element.style.left = `${this.at(item.at)}%`;
      return;
    }
    const { state, transport, from, to } = item;
    element.style.left = `${this.at(from)}%`;
    // What lasts goes on to the right, where it is not seen yet.
    element.style.width = `${this.at(to ?? now + length) - this.at(from)}%`;
    const pixels = (at) => Math.min(Math.max((at - now) / length + 1, 0), 1) * width;
    const label = element.firstElementChild;
    const [begin, end] = [pixels(from), pixels(to ?? now)];
    label.hidden = state !== "open" || end - begin < roomFor(transport);
    // Where the bar begins, or where it is cut off.
    label.style.left = `${begin - ((from - now) / length + 1) * width + 10}px`;
  }

  /** The item of this element. */
  itemOf(element) {
    return this.#items.find((item) => this.elementOf(item) === element);
  }

  #drawRate(rates, since) {
    const shown = rates.filter(({ at }) => at > since);
    const steps = shown.slice(1).map(({ at, total }, i) => {
      const before = shown[i];
      return { from: before.at, to: at, rate: (total - before.total) / (at - before.at) };
    });
    const most = Math.max(...steps.map(({ rate }) => rate), 1e-3);
    const path = steps.map(({ from, to, rate }) => {
      const y = 100 - rate / most * RATE_HEIGHT;
      return `L${this.at(from).toFixed(2)} ${y.toFixed(1)}L${this.at(to).toFixed(2)} ${y.toFixed(1)}`;
    });
    this.#rate.setAttribute("d", steps.length ? `M${this.at(steps[0].from)} 100${path.join("")}L${this.at(steps.at(-1).to)} 100Z` : "");
  }

  /** One item of a lane can be reached by Tab; from there, the arrow keys go on. */
  #point(element) {
    for (const item of this.#items) {
      const each = this.elementOf(item);
      each.tabIndex = each === element ? 0 : -1;
      each.setAttribute("aria-selected", String(each === element && each.matches(":focus")));
    }
  }

  #go(event) {
    const at = this.#items.indexOf(this.itemOf(event.target));
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: this.#items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#focus(Math.min(Math.max(to, 0), this.#items.length - 1));
  }

  #focus(at) {
    this.elementOf(this.#items[at])?.focus({ preventScroll: true });
  }
}

/** What somebody did, across all lanes. */
export class Notes extends Strip {
  constructor() {
    super({ class: "notes", "aria-hidden": "true" });
  }

  make({ text }) {
    return h("span", { class: "note" }, h("span", { class: "label" }, text));
  }

  fit(element, { at }) {
    element.style.left = `${this.at(at)}%`;
  }

  /** Newest first: a label that would run over the right edge turns round, and one that would run into a newer one gives way. */
  draw(notes, now, length, width) {
    const shown = notes.filter(({ at }) => at > now - length);
    this.sync(shown, now, length, width);
    let free = width;
    for (const note of shown.toReversed()) {
      const label = this.elementOf(note).firstElementChild;
      const at = ((note.at - now) / length + 1) * width;
      const room = roomFor(note.text);
      const turned = at + room > width;
      const left = turned ? at - room : at;
      label.classList.toggle("turned", turned);
      label.hidden = left + room > free || left < 0;
      if (!label.hidden) free = left;
    }
  }
}

/** An item in words: what it is, when it was, and why. */
export const describe = (item) => {
  const { kind, text, at, from, to, cause } = item;
  const why = cause ? [cause.message] : [];
  if (kind) return [text, time(at), ...why];
  return [stateOf(item), to ? `${time(from)} to ${time(to)}, ${span(to - from)}` : `since ${time(from)}`, ...why];
};
