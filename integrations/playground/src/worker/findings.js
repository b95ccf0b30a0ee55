import { ALERTS_SHOWN_MAX, LINES_SHOWN_MAX } from "../limits.js";
import { text } from "./events.js";

/** An event is shown up to here. */
const LINE_SHOWN_BYTES = 32 << 10;

/** What came of the lines of all batches: counts of everything, and the first of it in full. */
export class Findings {
  alerts = [];
  counts = { alerts: 0, matched: 0, excepted: 0, seen: 0, deferred: 0, unjudged: 0, queried: 0 };
  #open = new Map();

  /** What is noted about a line. `number` is what people call it by, `bytes` are its own. */
  at(key, number, bytes) {
    if (!this.#open.has(key)) {
      this.#open.set(key, { number, bytes, rules: [], unjudged: [] });
    }
    return this.#open.get(key);
  }

  alert(alert, number) {
    this.counts.alerts += 1;
    if (this.alerts.length < ALERTS_SHOWN_MAX) {
      const { rule, term, id, document } = alert;
      this.alerts.push({ rule, term, id, document, number });
    }
  }

  /** Everything, with no more lines than are shown. */
  finish() {
    const sorted = [...this.#open].sort(([one], [other]) => one - other).slice(0, LINES_SHOWN_MAX);
    const lines = sorted.map(([, { bytes, ...line }]) => ({
      ...line,
      text: text(bytes.subarray(0, LINE_SHOWN_BYTES)),
      isCut: bytes.length > LINE_SHOWN_BYTES,
    }));
    return { alerts: this.alerts, lines, counts: { ...this.counts, listed: this.#open.size } };
  }
}
