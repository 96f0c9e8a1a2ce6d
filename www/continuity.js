// Proof that nothing was lost or doubled, from ids alone.
//
// The server numbers each channel without holes: an id is `E:N`, with E the start of the server's history and N = 1, 2, 3 …
// So a hole in N is an event that was missed, and an N seen before is one that was repeated. The page counts both itself,
// and does not ask the library, which might be wrong about itself.

const ID = /^(\d+):(\d+)$/;

/** @typedef {"first" | "next" | "gap" | "repeat" | "new-history" | "unnumbered"} Sight */

export class Continuity {
  received = 0;
  missed = 0;
  repeated = 0;
  /** How often the server came back without what it knew before. */
  newHistories = 0;

  #epoch = 0;
  #last = 0;

  /**
   * An event that must follow the one before it.
   * @param {string} id
   * @returns {Sight}
   */
  see(id) {
    this.received += 1;
    const at = this.#read(id);
    if (typeof at === "string") return at;
    const ahead = at.n - this.#last;
    if (ahead <= 0) {
      this.repeated += 1;
      return "repeat";
    }
    this.#last = at.n;
    if (ahead === 1) return "next";
    this.missed += ahead - 1;
    return "gap";
  }

  /**
   * A snapshot carries the id of the newest event that it includes, and is no event of its own. It may stand still; but where
   * it jumps ahead, the events between were never shown, and that is a loss like any other.
   * @param {string} id
   * @returns {Sight}
   */
  seeSnapshot(id) {
    this.received += 1;
    const at = this.#read(id);
    if (typeof at === "string") return at;
    const ahead = at.n - this.#last;
    if (ahead <= 0) return "next";
    this.#last = at.n;
    this.missed += ahead;
    return "gap";
  }

  /** Where the id is in the history we are in, or what it is instead. @returns {{n: number} | Sight} */
  #read(id) {
    const [, e, n] = ID.exec(id) ?? [];
    if (!e) return "unnumbered";
    const epoch = Number(e);
    if (epoch === this.#epoch) return { n: Number(n) };
    // Epochs only grow. An older one is an event from a past that we have left: it was shown before.
    if (epoch < this.#epoch) {
      this.repeated += 1;
      return "repeat";
    }
    const first = this.#epoch === 0;
    this.#epoch = epoch;
    this.#last = Number(n);
    if (first) return "first";
    this.newHistories += 1;
    return "new-history";
  }
}
