// The time line in words: for reading, and for those who cannot see the chart.

import { time } from "./format.js";

const KEPT = 60;

export class Happenings {
  #list;
  #newest = null;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /**
   * @param {string} who "stream", "socket", "task" or "you"
   * @param {string} text
   * @param {"good" | "bad" | "plain"} [tone]
   */
  add(who, text, tone = "plain") {
    // The same again is counted, not listed: a flood must not wash out what led to it.
    if (this.#newest?.who === who && this.#newest.text === text) {
      this.#newest.times += 1;
      this.#list.firstElementChild.lastElementChild.textContent = `${text} (${this.#newest.times} times)`;
      return;
    }
    this.#newest = { who, text, times: 1 };

    const now = Date.now();
    const item = document.createElement("li");
    item.dataset.who = who;
    item.dataset.tone = tone;

    const when = document.createElement("time");
    when.dateTime = new Date(now).toISOString();
    when.textContent = time(now);
    const name = document.createElement("b");
    name.textContent = who;
    const what = document.createElement("span");
    what.textContent = text;

    // Real spaces, so that the line reads and copies as a sentence.
    item.append(when, " ", name, " ", what);
    this.#list.prepend(item);
    while (this.#list.childElementCount > KEPT) this.#list.lastElementChild.remove();
  }
}
