import { Detector, MemoryStore, NotConfiguredError, PlainModule } from "../../../node/src/index.js";
import { contextOf } from "./context.js";
import { joined } from "./events.js";
import { Witness } from "./witness.js";

/** So many bytes and lines are matched at once. */
const PIECE_BYTES = 1 << 20;
const PIECE_LINES = 1_000;
/** A run that finds more ends there. */
const MATCHES_MAX = 500_000;

/**
 * Judges lines of events. Which rules match is asked of many lines at once; what comes of a line that any matches is
 * asked of this line alone, so that it is known what the module asks about it and why.
 */
export class Judge {
  #module;
  #detector;
  #witness = new Witness(new MemoryStore());
  #matches = 0;
  /** Whether a run ended before all lines were judged. */
  isCut = false;

  static async start(wasm, configuration) {
    return new Judge(await PlainModule.start(wasm), configuration);
  }

  constructor(module, configuration) {
    this.#module = module;
    this.#detector = new Detector(module, configuration, this.#witness);
  }

  get reports() {
    return this.#detector.reports;
  }

  /** The rules that run, in order. */
  get rules() {
    return this.reports.flatMap((report) => report.loaded ?? []);
  }

  /** Hands over each line that has anything to say: its matches, sightings, alerts, remarks and what was not judged. */
  async evaluate({ lines, numbers }, context, take) {
    for (const [line, found] of this.match(lines, context)) {
      this.#witness.turnTo(numbers[line]);
      const given = await this.#detector.evaluate(joined([lines[line]]), contextOf(context, line, line + 1));
      const { alerts, remarks, unjudged } = given;
      take({ line, matches: found.matches, sightings: this.#witness.heard, alerts, remarks, unjudged });
    }
  }

  /** The lines that any rule matches, or that were not judged, each with the places of the rules. */
  *match(lines, context) {
    for (const [start, end] of pieces(lines)) {
      for (const [line, found] of this.#piece(lines.slice(start, end), contextOf(context, start, end))) {
        this.#matches += found.matches.length;
        if (this.#matches > MATCHES_MAX) {
          this.isCut = true;
          return;
        }
        yield [start + line, found];
      }
    }
  }

  #piece(lines, context) {
    const found = new Map();
    const at = (line) => found.get(line) ?? found.set(line, { matches: [], unjudged: [] }).get(line);
    for (const { match, unjudged } of this.#matched(lines, context)) {
      if (match) {
        at(match.line).matches.push(match.rule);
      }
      if (unjudged) {
        at(unjudged.line).unjudged.push(unjudged);
      }
    }
    // What is set apart is not in what a match gives, and alerts all the same.
    context["set-apart"].forEach(({ line }) => at(line));
    return [...found].sort(([one], [other]) => one - other);
  }

  #matched(lines, context) {
    try {
      return this.#module.matchEvents(joined(lines), context);
    } catch (error) {
      if (error instanceof NotConfiguredError) {
        return [];
      }
      throw error;
    }
  }
}

/** Ranges of lines. */
function* pieces(lines) {
  let start = 0;
  let bytes = 0;
  for (let line = 0; line < lines.length; line += 1) {
    bytes += lines[line].length;
    if (bytes >= PIECE_BYTES || line + 1 - start >= PIECE_LINES || line + 1 === lines.length) {
      yield [start, line + 1];
      start = line + 1;
      bytes = 0;
    }
  }
}
