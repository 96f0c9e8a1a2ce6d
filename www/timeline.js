// The last two minutes as a chart: one lane per connection, and above them what the reader broke.
//
// Plain SVG, so that style.css colours it for light and dark, and a pointer gets a tooltip from <title>.

const SPAN = 120_000;
const NS = "http://www.w3.org/2000/svg";

// In CSS pixels. The chart is as wide as its place, so that text and strokes keep their size on a phone.
const GUTTER = 52;
const TOP = 22;
const LANE = 20;
const STEP = 36;
const AXIS = 24;

/** Marks of these kinds are drawn as a shape on the lane; a drop is a stroke across it, a failed try a shorter one. */
const SHAPES = {
  resumed: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
  fresh: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0",
  gap: "M0-6L6 0L0 6L-6 0Z",
};

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export class Timeline {
  #svg;
  #plot;
  #width = 0;
  #grid = [];
  #lanes = new Map();
  /** Everything that moves with time. A segment has `to`, null while it lasts; a mark has only `from`. */
  #items = [];

  /**
   * @param {SVGSVGElement} svg
   * @param {string[]} lanes
   */
  constructor(svg, lanes) {
    this.#svg = svg;
    const bottom = TOP + lanes.length * STEP;
    svg.style.height = `${bottom + AXIS - 8}px`;

    // An inner <svg> clips what has moved out of the window.
    this.#plot = make("svg", { x: GUTTER, y: 0, height: bottom + AXIS });
    svg.append(hatching(), this.#plot);

    for (let minutes = 0; minutes <= 4; minutes += 1) {
      const line = make("line", { class: "grid", y1: TOP - 6, y2: bottom - 10 });
      const text = make("text", { class: "tick", y: bottom + 8 });
      text.textContent = ["now", "30 s", "1 min", "90 s", "2 min"][minutes];
      text.setAttribute("text-anchor", minutes === 0 ? "end" : minutes === 4 ? "start" : "middle");
      this.#plot.append(line, text);
      this.#grid.push({ line, text, ago: minutes * 30_000 });
    }
    lanes.forEach((name, i) => {
      const y = TOP + i * STEP;
      const label = make("text", { class: "lane", x: 0, y: y + LANE / 2 });
      label.textContent = name;
      const base = make("rect", { class: "base", y, height: LANE, rx: 4, width: "100%" });
      const bars = make("g");
      const marks = make("g");
      this.#plot.append(base, bars, marks);
      svg.append(label);
      this.#lanes.set(name, { y, bars, marks, current: null });
    });

    new ResizeObserver(([entry]) => {
      this.#width = Math.max(0, entry.contentRect.width - GUTTER);
      this.#plot.setAttribute("width", this.#width);
      this.#draw();
    }).observe(svg);
    this.#run();
  }

  /** A connection is in this state from now on. Said again, it changes nothing. */
  state(name, state, transport) {
    const lane = this.#lanes.get(name);
    const by = state === "open" ? transport ?? "open" : state;
    if (lane.current?.by === by) return;

    const now = Date.now();
    if (lane.current) lane.current.to = now;
    const group = make("g", { class: `segment ${state} by-${by}` });
    const rect = make("rect", { y: lane.y, height: LANE, rx: 4 });
    const text = make("text", { y: lane.y + LANE / 2 });
    text.textContent = by;
    group.append(rect, title(`${name}: ${state}${state === "open" ? ` by ${by}` : ""}`));
    // Only a transport is worth a label: the other states last moments, and have their colour.
    if (state === "open") group.append(text);
    lane.bars.append(group);
    lane.current = { by, from: now, to: null, element: group, rect, text, room: by.length * 6.6 + 22 };
    this.#items.push(lane.current);
    this.#draw();
  }

  /** Something happened on a connection: "drop", "failed" (a try), or what a reconnect meant ("resumed", "gap", "fresh"). */
  mark(name, kind, text) {
    const lane = this.#lanes.get(name);
    const group = make("g", { class: `mark ${kind}`, "data-lane": name });
    const reach = kind === "drop" ? 5 : -5;
    group.append(kind in SHAPES
      ? make("path", { d: SHAPES[kind], transform: `translate(0 ${lane.y + LANE / 2})` })
      : make("path", { d: `M0 ${lane.y - reach}v${LANE + 2 * reach}` }), title(text));
    lane.marks.append(group);
    this.#items.push({ from: Date.now(), element: group });
    this.#draw();
  }

  /** What the reader did, across all lanes: the cause above the effects. */
  note(text) {
    const group = make("g", { class: "mark note" });
    const label = make("text", { y: TOP - 11 });
    label.textContent = text;
    group.append(make("path", { d: `M0 ${TOP - 6}V${TOP + this.#lanes.size * STEP - 10}` }), label);
    this.#plot.append(group);
    this.#items.push({ from: Date.now(), element: group, label, room: text.length * 6.4 + 4 });
    this.#draw();
  }

  /** Ten frames a second move it by less than a pixel each; the browser stops them in a hidden tab. */
  #run() {
    let last = 0;
    const frame = (now) => {
      if (now - last >= (STILL.matches ? 1000 : 100)) {
        last = now;
        this.#draw();
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  #draw() {
    if (this.#width === 0) return;
    const now = Date.now();
    const x = (at) => this.#width - ((now - at) / SPAN) * this.#width;

    for (const { line, text, ago } of this.#grid) {
      const at = Math.min(Math.max(x(now - ago), 0.5), this.#width - 0.5);
      line.setAttribute("x1", at);
      line.setAttribute("x2", at);
      text.setAttribute("x", at);
    }

    // A margin, so that a mark leaves the window whole.
    const gone = now - SPAN * 1.1;
    this.#items = this.#items.filter((item) => {
      const over = item.to === undefined ? item.from < gone : item.to !== null && item.to < gone;
      if (over) item.element.remove();
      return !over;
    });

    for (const item of this.#items) {
      if (item.to === undefined) {
        item.element.setAttribute("transform", `translate(${x(item.from).toFixed(1)} 0)`);
        continue;
      }
      const left = Math.max(x(item.from), -8);
      const width = Math.max(x(item.to ?? now) - left, 2);
      item.rect.setAttribute("x", left.toFixed(1));
      item.rect.setAttribute("width", width.toFixed(1));
      // Clear of the marker that stands where the segment began.
      item.text.setAttribute("x", Math.max(left + 12, 7).toFixed(1));
      item.text.style.visibility = width - Math.max(0, -left) > item.room ? "" : "hidden";
    }
    this.#label(x);
  }

  /** Newest first: a label that would run over the right edge or into a newer one gives way, its line stays. */
  #label(x) {
    let free = this.#width;
    for (const { from, label, room } of this.#items.toReversed()) {
      if (!label) continue;
      const at = x(from);
      const flipped = at + room > this.#width;
      const left = flipped ? at - room : at;
      const fits = (flipped ? at : at + room) <= free;
      label.setAttribute("text-anchor", flipped ? "end" : "start");
      label.style.visibility = fits ? "" : "hidden";
      if (fits) free = left - 6;
    }
  }
}

function make(name, attributes = {}) {
  const element = document.createElementNS(NS, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function title(text) {
  const element = make("title");
  element.textContent = text;
  return element;
}

/** Waiting and offline are hatched: told apart without colour. */
function hatching() {
  const defs = make("defs");
  for (const kind of ["waiting", "offline"]) {
    const pattern = make("pattern", { id: `hatch-${kind}`, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(make("rect", { class: `hatch ${kind}`, width: 3, height: 6 }));
    defs.append(pattern);
  }
  return defs;
}
