/** A module with its rules over a store. */
export class Detector {
  #module;
  #store;
  #last = Promise.resolve();

  constructor(module, configuration, store) {
    this.#module = module;
    this.#store = store;
    this.reports = module.configure(configuration);
  }

  /** Evaluates a batch once those before it are through: an instance has one under way, a store too. */
  evaluate(batch, context) {
    const evaluating = this.#last.then(() => this.#evaluate(batch, context));
    this.#last = evaluating.catch(() => {});
    return evaluating;
  }

  async #evaluate(batch, context) {
    await this.#store.begin();
    try {
      let { step, lines } = this.#module.evaluate(batch, context);
      while (step === "ask") {
        ({ step, lines } = this.#module.resume(await this.#store.answers(lines)));
      }
      const of = (kind) => lines.flatMap((line) => (kind in line ? [line[kind]] : []));
      const given = { alerts: of("alert"), unjudged: of("unjudged"), remarks: of("remark"), summary: of("summary")[0] };
      await this.#store.commit(given.alerts);
      return given;
    } catch (error) {
      await this.#store.rollback();
      throw error;
    }
  }
}
