// A long task: one request to start it, one stream of events until it is done, whatever happens in between.

import { Continuity } from "./continuity.js";
import { causeInShort, plural, seconds } from "./format.js";

const STEPS = 60;
const LASTS = 12_000;

export function mountTask(ReconnectingEventSource) {
  const start = document.getElementById("task-start");
  const bar = document.getElementById("task-progress");
  const squares = document.getElementById("task-steps");
  const counted = document.getElementById("task-count");
  const result = document.getElementById("task-result");
  let source = null;

  const empty = (of) => squares.replaceChildren(...Array.from({ length: of }, () => document.createElement("li")));
  empty(STEPS);

  start.addEventListener("click", async () => {
    if (start.hasAttribute("aria-disabled")) return;
    start.setAttribute("aria-disabled", "true");
    result.textContent = "Asking the server…";
    result.dataset.tone = "plain";
    try {
      follow(await request());
    } catch (error) {
      finish(`Not started: ${error.message}. Try again in a moment.`, "bad");
    }
  });

  async function request() {
    const answer = await fetch("/tasks", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ steps: STEPS, ms: LASTS }),
      signal: AbortSignal.timeout(10_000),
    }).catch(() => { throw new Error("the server did not answer"); });
    if (!answer.ok) throw new Error(`the server said ${answer.status}`);
    return answer.json();
  }

  function follow(task) {
    const counter = new Continuity();
    let breaks = 0;
    let seen = 0;
    let up = false;
    bar.max = STEPS;
    bar.value = 0;
    empty(STEPS);
    result.textContent = "Running. Break the connection as you like.";

    source = new ReconnectingEventSource(task.events);

    source.addEventListener("progress", (event) => {
      const { done, of } = JSON.parse(event.data);
      counter.see(event.lastEventId);
      seen += 1;
      bar.max = of;
      bar.value = done;
      if (squares.childElementCount !== of) empty(of);
      squares.children[done - 1]?.classList.add("done");
      counted.textContent = `${done} of ${of}`;
    });

    source.addEventListener("done", (event) => {
      counter.see(event.lastEventId);
      const { ms } = JSON.parse(event.data);
      const account = `${plural(seen, "step")} seen, ${counter.missed} missed, ${counter.repeated} repeated`;
      finish(`Done in ${seconds(ms)}: ${account}, ${breaks === 0 ? "without a break" : `through ${plural(breaks, "break")}`}.`, counter.missed + counter.repeated ? "bad" : "good");
      start.textContent = "Start another";
    });

    source.addEventListener("reconnecting", ({ attempt, delay, cause }) => {
      if (up) breaks += 1;
      up = false;
      result.textContent = `Connection lost (${causeInShort(cause)}), the task is not. Try ${attempt} in ${seconds(delay)}.`;
      // A notch where the wire was cut, between the last step before and the first after.
      squares.querySelector("li:not(.done)")?.classList.add("cut");
    });

    source.addEventListener("statechange", ({ state }) => {
      up ||= state === "open";
      // Closed, and not by us, means that trying again makes no sense: a restart without stored history forgets its tasks.
      if (state !== "closed" || !source) return;
      finish("The server does not know this task any more, as after a restart without stored history.", "bad");
    });

    source.addEventListener("reconnected", () => {
      result.textContent = "Back, and going on where it stopped.";
    });
  }

  function finish(text, tone) {
    const ended = source;
    source = null;
    ended?.close();
    result.textContent = text;
    result.dataset.tone = tone;
    start.removeAttribute("aria-disabled");
  }
}
