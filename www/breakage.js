// The buttons that break things, for real: the server does it, to every tab that is open.

import { seconds } from "./format.js";

/** `what` is what the server does, `lasts` for how long. */
const BREAKS = [
  { key: "drop", name: "Drop connections", what: "Cuts every connection, with no goodbye.",
    path: "/control/drop", said: "Every connection was cut." },
  { key: "refuse", name: "Refuse WebSocket", what: "403 for 20 s. The chat goes by server-sent events and POST.",
    path: "/control/refuse-websocket?ms=20000", lasts: 20_000, said: "WebSocket is refused for 20 seconds." },
  { key: "stall", name: "Stall", what: "8 s of silence on open connections.",
    path: "/control/stall?ms=8000", lasts: 8000, said: "The server says nothing for 8 seconds." },
  { key: "503", name: "Answer 503", what: "10 s of “503, Retry-After” to everything.",
    path: "/control/unavailable?ms=10000", lasts: 10_000, said: "The server answers 503 for 10 seconds." },
  { key: "restart", name: "Restart server", what: "Stops it, starts it 1.5 s later.",
    path: "/control/restart?downMs=1500", lasts: 1500, said: "The server restarts.", after: comeBack },
  { key: "reset", name: "Reset", what: "Ends all of these at once.",
    path: "/control", method: "DELETE", said: "All faults ended." },
];

/** How long a request to the server's control may take, and how long we wait for it to come back. */
const PATIENCE = 5000;
const RETURN = 20_000;

/** Where orders go. See `findDoor`. */
let door = "";

/**
 * Over HTTP/1.1 a browser opens six connections to one host, for all tabs together. Streams and polls of a few tabs fill them, and
 * a button would wait behind the very connections that it is to break. The same server under its other name has six of its own.
 */
async function findDoor() {
  const twin = { "127.0.0.1": "localhost", localhost: "127.0.0.1" }[location.hostname];
  if (!twin) return;
  const other = new URL(location.origin);
  other.hostname = twin;
  try {
    if ((await fetch(`${other.origin}/health`, { cache: "no-store" })).ok) door = other.origin;
  } catch {
    // Not reachable by that name: the front door will do.
  }
}

/** What is pressed stands on the time lines of `inspector`. */
export function mountBreakage(inspector) {
  findDoor();
  const status = document.getElementById("break-status");
  const buttons = BREAKS.map((it) => new BreakButton(it));
  document.getElementById("break-buttons").append(...buttons.map((button) => button.item));

  for (const button of buttons) button.element.addEventListener("click", () => press(button));

  async function press(button) {
    const { it } = button;
    if (button.busy) return;
    button.busy = true;
    button.show("…");
    inspector.note(it.name);
    try {
      const before = it.after && await epoch();
      await order(it);
      status.textContent = it.said;
      if (it.key === "reset") for (const other of buttons) other.end();
      if (it.lasts) button.countDown(it.lasts);
      else button.show("✓", 1500);
      if (it.after) {
        status.textContent = await it.after(before);
        button.show("✓", 1500);
      }
    } catch (error) {
      status.textContent = `“${it.name}” did not reach the server: ${error.message}`;
      button.show("✗", 3000);
    } finally {
      button.busy = false;
    }
  }
}

/** Tells the server to break. A server that dies of it may not answer any more: for a restart, that is an answer. */
async function order({ path, method = "POST", after }) {
  let answer;
  try {
    answer = await fetch(door + path, { method, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    if (after) return;
    throw new Error("no answer. Is it restarting?");
  }
  if (!answer.ok) throw new Error(`it said ${answer.status}.`);
}

async function epoch() {
  try {
    const answer = await fetch(`${door}/health`, { cache: "no-store", signal: AbortSignal.timeout(1000) });
    return (await answer.json()).epoch;
  } catch {
    return undefined;
  }
}

/** Asks until the server is back, and says whether it still knows what it knew. */
async function comeBack(before) {
  const began = performance.now();
  await pause(1200);
  while (performance.now() - began < RETURN) {
    const now = await epoch();
    if (now !== undefined) {
      const kept = now === before ? "with its history kept" : "with a new history";
      return `The server is back after ${seconds(performance.now() - began)}, ${kept}.`;
    }
    await pause(250);
  }
  throw new Error("it did not come back within 20 s. Is it running?");
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class BreakButton {
  busy = false;
  #state;
  #timer = 0;

  constructor(it) {
    this.it = it;
    this.item = document.createElement("li");
    this.element = document.createElement("button");
    this.element.type = "button";
    this.element.dataset.testid = `break-${it.key}`;

    const name = document.createElement("b");
    name.textContent = it.name;
    // The count changes each second and is for the eye. The status line says it once, for all.
    this.#state = document.createElement("i");
    this.#state.setAttribute("aria-hidden", "true");
    const what = document.createElement("span");
    what.textContent = it.what;
    this.element.append(name, " ", this.#state, " ", what);
    this.item.append(this.element);
  }

  /** Shows a word in the corner, for a while or until the next. */
  show(word, ms = 0) {
    clearInterval(this.#timer);
    this.#state.textContent = word;
    this.element.classList.add("active");
    if (ms) this.#timer = setTimeout(() => this.end(), ms);
  }

  countDown(ms) {
    const until = performance.now() + ms;
    const tick = () => {
      const left = until - performance.now();
      if (left <= 0) return this.end();
      this.#state.textContent = `${Math.ceil(left / 1000)} s`;
    };
    clearInterval(this.#timer);
    this.element.classList.add("active");
    this.element.style.setProperty("--lasts", `${ms}ms`);
    // Taken away and given back in two steps, so that the bar starts anew when pressed again.
    this.element.classList.remove("running");
    void this.element.offsetWidth;
    this.element.classList.add("running");
    tick();
    this.#timer = setInterval(tick, 200);
  }

  end() {
    clearInterval(this.#timer);
    this.#state.textContent = "";
    this.element.classList.remove("active", "running");
  }
}
