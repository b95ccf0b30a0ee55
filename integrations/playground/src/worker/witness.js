/** A store that takes note of what is asked and answered, and in which line a term was sighted last. */
export class Witness {
  #store;
  #lines = new Map();
  #line = 0;
  #heard = [];

  constructor(store) {
    this.#store = store;
  }

  /** From here on questions are about this line. */
  turnTo(line) {
    this.#line = line;
    this.#heard = [];
  }

  /** The questions about the line, each with its answer and the line that sighted the term before. */
  get heard() {
    return this.#heard;
  }

  begin() {
    this.#store.begin();
  }

  answers(questions) {
    const answers = this.#store.answers(questions);
    questions.forEach(({ sighting }, place) => {
      const { history, term, at, "window-ms": windowMs, quota } = sighting;
      const verdict = answers[place].sighting;
      const key = JSON.stringify([history, term]);
      this.#heard.push({ history, term, at, windowMs, quota, verdict, before: this.#lines.get(key) });
      if (verdict !== "deferred") {
        this.#lines.set(key, this.#line);
      }
    });
    return answers;
  }

  commit(alerts) {
    this.#store.commit(alerts);
  }

  rollback() {
    this.#store.rollback();
  }
}
