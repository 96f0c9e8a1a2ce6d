// The heat map: a hundred prices, and a feed of those that changed.
//
// Changes are gathered and drawn once per frame, so that the backlog after a break costs no more than a single event.

import { plural, time } from "./format.js";

/** A flash is set without a transition and taken away with one: the style sheet fades it, no script runs meanwhile. */
const FLASH = 130;
/** Half a percent: below it, all changes are small. */
const LEAST = 0.005;

export function mountPrices(stream) {
  const map = document.getElementById("map");
  const note = document.getElementById("prices-note");
  const cells = [];
  const changed = new Map();
  let changes = 0;
  let lastAt = 0;
  let frame = 0;
  // What counts as a large change: the tint is relative to it, so the map tells as much after an hour as after a minute.
  let usual = LEAST;

  function build(symbols) {
    if (cells.length === symbols.length) return;
    cells.length = 0;
    for (const symbol of symbols) cells.push(new Cell(symbol));
    map.replaceChildren(...cells.map((cell) => cell.element));
  }

  function enter(index, price) {
    changed.set(index, price);
    frame ||= requestAnimationFrame(draw);
  }

  function draw() {
    frame = 0;
    const flashed = [];
    for (const [index, price] of changed) {
      if (cells[index]?.show(price, usual)) flashed.push(cells[index]);
    }
    changed.clear();
    if (flashed.length > 0) setTimeout(() => flashed.forEach((cell) => cell.settle()), FLASH);
  }

  stream.addEventListener("snapshot", (event) => {
    const { symbols, prices } = JSON.parse(event.data);
    build(symbols);
    prices.forEach((price, index) => enter(index, price));
    lastAt = Date.now();
  });

  stream.addEventListener("prices", (event) => {
    const moves = JSON.parse(event.data);
    for (const [index, price] of moves) enter(index, price);
    changes += moves.length;
    lastAt = Date.now();
  });

  // Prices that are not live must not look as if they were.
  stream.addEventListener("statechange", () => {
    map.classList.toggle("stale", stream.state !== "open");
    describe();
  });

  function describe() {
    if (cells.length === 0) return;
    note.textContent = stream.state === "open"
      ? `${plural(changes, "change")} a second`
      : `as of ${time(lastAt)}, waiting for the rest`;
  }

  setInterval(() => {
    describe();
    changes = 0;
    const all = cells.reduce((sum, cell) => sum + Math.abs(cell.change), 0);
    usual = Math.max(LEAST, all / (cells.length || 1));
    for (const cell of cells) cell.tint(usual);
  }, 1000);
}

class Cell {
  /** Since the page opened, as a fraction. */
  change = 0;
  #opened = null;
  #price = null;
  #heat = "";
  #text;

  constructor(symbol) {
    this.element = document.createElement("li");
    const name = document.createElement("b");
    name.textContent = symbol;
    this.#text = document.createElement("span");
    this.element.append(name, " ", this.#text);
  }

  /**
   * @param {number} price
   * @param {number} usual a change of ordinary size
   * @returns {boolean} whether the cell flashes now, and has to settle
   */
  show(price, usual) {
    const before = this.#price;
    if (price === before) return false;
    this.#price = price;
    this.#opened ??= price;
    this.#text.textContent = short(price);

    this.change = price / this.#opened - 1;
    this.tint(usual);

    if (before === null) return false;
    this.element.dataset.flash = price < before ? "down" : "up";
    return true;
  }

  /** Steep at first, then flat: what is usual is plain to see, and ten times that is not off the scale. */
  tint(usual) {
    const heat = 1 - Math.exp(-Math.abs(this.change) / (1.5 * usual));
    // In steps of 4 %, which no eye tells apart: most calls then change nothing.
    const step = `${Math.round(heat * 25) * 4}%`;
    if (step !== this.#heat) this.element.style.setProperty("--heat", step);
    this.#heat = step;
    const trend = this.change < 0 ? "down" : "up";
    if (this.element.dataset.trend !== trend) this.element.dataset.trend = trend;
  }

  settle() {
    delete this.element.dataset.flash;
  }
}

/** Five figures at most: 1.234, 12.34, 123.4, 1234 */
function short(price) {
  return price < 10 ? price.toFixed(3) : price < 100 ? price.toFixed(2) : price < 1000 ? price.toFixed(1) : price.toFixed(0);
}
