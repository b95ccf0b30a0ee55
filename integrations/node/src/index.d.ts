/** Records of `wit/detector.wit` and `wit/state.wit`, with their names. Times are epoch milliseconds. */

export interface Document {
  name: string;
  content: string;
}

/** What is left out is as it usually is. */
export interface Configuration {
  rules?: Document[];
  exceptions?: Document[];
  "value-lists"?: Document[];
  mappings?: Document[];
  "data-views"?: { id: string; patterns: string[] }[];
  "event-id-field"?: string | null;
  clock?: "arrival" | "event";
  format?: "kibana" | "ecs";
  space?: string;
  shortcuts?: { index?: boolean; prefilter?: boolean };
  questions?: string[];
}

export interface Context {
  arrival: number;
  targets?: string[];
  "target-of"?: number[];
  ids?: string[];
  "line-work-max"?: number | null;
  "set-apart"?: { line: number; cause: "too-long" | "not-utf8" | "failed"; event: string; beginning: string }[];
}

export type Report = { loaded: RuleSummary } | { refused: Refusal } | { unusable: Refusal } | { warning: string };

export interface RuleSummary {
  "rule-id": string;
  version: number;
  name: string;
  type: string;
  language: string;
  kind: "query" | "eql" | { "new-terms": { fields: string[] } };
  history: string;
  "window-ms": number | null;
  warnings: string[];
  hints: string[];
}

export interface Refusal {
  document: string;
  position: number;
  "rule-id": string | null;
  name: string | null;
  type: string | null;
  reason: "not-ours" | "disabled" | "unsupported" | "invalid";
  field: string | null;
  offset: number | null;
  cause: string;
}

export interface Question {
  sighting: {
    history: string;
    term: string;
    at: number;
    "window-ms": number;
    event: string;
    quota: { max: number; "per-ms": number };
  };
}

export interface Answer {
  sighting: "unseen" | "seen" | "deferred" | "replayed";
}

interface Span {
  start: number;
  end: number;
}

export interface Alert {
  rule: number | null;
  term: string;
  id: string;
  /** JSON on one line; spans count its bytes in UTF-8. */
  document: string;
  sources: { line: number; id: Span; index: Span; "index-before": string }[];
}

export interface Unjudged {
  line: number;
  cause:
    | { malformed: { offset: number; fault: "not-an-object" | "syntax" | "incomplete" | "too-deep" } }
    | "work"
    | "terms";
  rules: number[];
}

export interface Remark {
  line: number;
  rule: number;
  text: string;
}

export interface Given {
  alerts: Alert[];
  unjudged: Unjudged[];
  remarks: Remark[];
  summary: { events: number; matches: { rule: number; events: number }[]; deferred: number };
}

export type Line =
  | { alert: Alert }
  | { unjudged: Unjudged }
  | { remark: Remark }
  | { match: { line: number; rule: number } }
  | { summary: Partial<Given["summary"]> & { events: number } };

export type Step = { step: "ask"; lines: Question[] } | { step: "done"; lines: Line[] };

/** A call did nothing. */
export class ModuleError extends Error {}
/** What it was given is wrong. */
export class InvalidError extends ModuleError {}
/** No rule is loaded. */
export class NotConfiguredError extends ModuleError {}

/** An instance of the plain module. After a `WebAssembly.RuntimeError` start another one. */
export class PlainModule {
  static start(wasm: BufferSource | WebAssembly.Module): Promise<PlainModule>;
  constructor(instance: WebAssembly.Instance);
  configure(configuration: Configuration): Report[];
  evaluate(batch: Uint8Array | string, context: Context): Step;
  resume(answers: Answer[]): Step;
  matchEvents(batch: Uint8Array | string, context: Context): Line[];
  describe(): { name: string; version: string; "rule-types": object[]; rules: RuleSummary[] };
}

/**
 * What answers questions. It keeps what a batch recorded together with its alerts when `commit` comes, or drops both
 * when `rollback` does. Between `begin` and either of them no other batch is answered.
 */
export interface Store {
  begin(): void | Promise<void>;
  answers(questions: Question[]): Answer[] | Promise<Answer[]>;
  commit(alerts: Alert[]): void | Promise<void>;
  rollback(): void | Promise<void>;
}

export class MemoryStore implements Store {
  begin(): void;
  answers(questions: Question[]): Answer[];
  commit(alerts: Alert[]): void;
  rollback(): void;
}

export class Detector {
  constructor(module: PlainModule, configuration: Configuration, store: Store);
  /** What became of each rule. */
  readonly reports: Report[];
  /** Evaluates NDJSON to its end; batches are evaluated in the order of the calls. */
  evaluate(batch: Uint8Array | string, context: Context): Promise<Given>;
}
