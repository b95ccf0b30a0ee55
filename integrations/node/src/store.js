/** A store that lives as long as the process, and forgets nothing. */
export class MemoryStore {
  #times = new Map();
  #used = new Map();
  #undo = [];

  begin() {
    this.rollback();
  }

  answers(questions) {
    return questions.map(({ sighting }) => ({ sighting: this.#verdict(sighting) }));
  }

  commit() {
    this.#undo = [];
  }

  rollback() {
    this.#undo.reverse().forEach((undo) => undo());
    this.#undo = [];
  }

  #verdict({ history, term, at, quota, "window-ms": windowMs }) {
    const times = entry(this.#times, JSON.stringify([history, term]), []);
    if (times.findLast((time) => Math.abs(at - time) <= windowMs) !== undefined) {
      this.#record(times, at);
      return "seen";
    }
    const interval = JSON.stringify([history, Math.floor(at / quota["per-ms"])]);
    const used = entry(this.#used, interval, 0);
    if (used >= quota.max) {
      return "deferred";
    }
    this.#used.set(interval, used + 1);
    this.#undo.push(() => this.#used.set(interval, used));
    this.#record(times, at);
    return "unseen";
  }

  #record(times, at) {
    times.push(at);
    this.#undo.push(() => times.pop());
  }
}

/** What a map has at a key, put there if nothing is. */
function entry(map, key, initial) {
  if (!map.has(key)) {
    map.set(key, initial);
  }
  return map.get(key);
}
