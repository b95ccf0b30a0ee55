import { RUN_MS_MAX, SUPERSEDE_MS } from "../limits.js";

/**
 * Has a worker judge requests, the newest one only: one that is under way is given a moment once there is a newer one,
 * and a while in any case. A worker that takes longer is ended, and another one takes its place.
 */
export class Runner {
  #url;
  #module;
  #worker;
  #running;
  #next;
  #last = 0;

  /** `module` is a promise of the module; `told` is given what becomes of requests. */
  constructor(source, module, told) {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    // Where the browser checks what may become a script, this one address may.
    const policy = globalThis.trustedTypes?.createPolicy("worker", {
      createScriptURL: (wanted) => {
        if (wanted !== url) {
          throw new TypeError("only the page's own worker runs");
        }
        return wanted;
      },
    });
    this.#url = policy ? policy.createScriptURL(url) : url;
    this.#module = module;
    this.told = told;
  }

  /** Whether nothing is under way or waits. */
  get isIdle() {
    return this.#running === undefined && this.#next === undefined;
  }

  /** Asks for a request to be judged; one that waits is forgotten. */
  async run(request) {
    const module = await this.#module;
    const next = { id: (this.#last += 1), request };
    if (!this.#running) {
      this.#start(module, next);
      return;
    }
    this.#next = next;
    this.#running.superseding ??= setTimeout(() => this.#replace(module), SUPERSEDE_MS);
  }

  #start(module, job) {
    this.#worker ??= this.#worked(module);
    const deadline = setTimeout(() => this.#stop(module), RUN_MS_MAX);
    this.#running = { id: job.id, deadline };
    this.#worker.postMessage(job);
  }

  #worked(module) {
    const worker = new Worker(this.#url);
    worker.onmessage = ({ data }) => this.#ended(module, data);
    worker.onerror = () => this.#ended(module, { id: this.#running?.id, failure: { text: "the worker failed" } });
    worker.postMessage({ module });
    return worker;
  }

  #ended(module, { id, result, failure }) {
    if (id !== this.#running?.id) {
      return;
    }
    // What a failed run left in memory goes with its worker.
    this.#forget(failure !== undefined);
    this.told[result ? "onresult" : "onfailure"](result ?? failure);
    this.#goOn(module);
  }

  #replace(module) {
    this.#forget(true);
    this.#goOn(module);
  }

  #stop(module) {
    this.#forget(true);
    this.told.onfailure({ text: `it took over ${RUN_MS_MAX / 1_000} seconds and was stopped`, isLimit: true });
    this.#goOn(module);
  }

  #forget(endsWorker) {
    clearTimeout(this.#running?.superseding);
    clearTimeout(this.#running?.deadline);
    this.#running = undefined;
    if (endsWorker) {
      this.#worker?.terminate();
      this.#worker = undefined;
    }
  }

  #goOn(module) {
    const next = this.#next;
    this.#next = undefined;
    if (next) {
      this.#start(module, next);
    }
  }
}
