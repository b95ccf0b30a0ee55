/**
 * TOML of elastic/detection-rules as the JSON that Kibana takes, in the way of `host/firstseen/src/rule_files`, which
 * says why; a test compares both.
 */

import { TomlDate, parse } from "smol-toml";
import { fillIn } from "./guide.js";
import { isObject } from "../json.js";

/** A document cannot be used; `line` and `column` say where, if that is known. */
export class DocumentError extends Error {
  constructor(message, line, column) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** Texts under these keys stay as they are written. */
const KEPT = new Set(["query", "note", "setup"]);
/** Of a rule that Elastic wrote and nobody changed. */
const PREBUILT = { type: "external", is_customized: false };
/** Deeper ones than a rule could need. */
const DEPTH_MAX = 80;

/** What a TOML document holds: `{ rule }` or `{ exceptions }`. */
export function fromToml(text) {
  const root = table(text.replaceAll("\r\n", "\n"));
  if (root.exceptions !== undefined && root.rule === undefined) {
    return { exceptions: exceptionsOf(root.exceptions) };
  }
  return { rule: ruleOf(root) };
}

function table(text) {
  try {
    return parse(text, { maxDepth: DEPTH_MAX, integersAsBigInt: "asNeeded" });
  } catch (error) {
    // The first paragraph of the parser's message is the cause, the rest the place.
    const [cause, ...place] = String(error.message)
      .replace(/^Invalid TOML document: /, "")
      .trimEnd()
      .split("\n\n");
    throw new DocumentError(`not TOML: ${cause}\n${place.join("\n")}`.trimEnd(), error.line, error.column);
  }
}

function ruleOf(root) {
  const { rule: found = root.rule_id === undefined ? undefined : root, transform, metadata } = root;
  if (!isObject(found)) {
    throw new DocumentError("no rule: there is no [rule] table");
  }
  const rule = plain(found);
  delete rule.metadata;
  delete rule.transform;
  flattenNewTerms(rule);
  for (const threat of Array.isArray(rule.threat) ? rule.threat.filter(isObject) : []) {
    threat.technique ??= [];
  }
  rule.immutable ??= true;
  const source = rule.rule_source;
  rule.rule_source ??= {};
  if (isObject(transform) && typeof rule.note === "string") {
    rule.note = fillIn(rule.note, sorted(plain(transform, true)));
  }
  // In Elastic's package `enabled` says what is switched on at first, and nearly no rule is.
  delete rule.enabled;
  if (isObject(metadata) && metadata.maturity === "deprecated") {
    rule.enabled = false;
  }
  const written = sorted(rule);
  written.rule_source = source === undefined ? PREBUILT : written.rule_source;
  return written;
}

function exceptionsOf(lists) {
  if (!Array.isArray(lists)) {
    throw new DocumentError("no exception: there are no [[exceptions]]");
  }
  return lists.flatMap((list) => {
    if (!isObject(list) || !isObject(list.container)) {
      throw new DocumentError("no exception: there is no [exceptions.container]");
    }
    const { container, items = [], ...others } = list;
    if (!Array.isArray(items) || Object.keys(others).length > 0) {
      throw new DocumentError("no exception: a list has a `container` and `items`, and nothing else");
    }
    return [container, ...items].map((one) => renamed(sorted(plain(one, true))));
  });
}

/** An entry's `list` is called `list_vals` there. */
function renamed(item) {
  for (const entry of Array.isArray(item.entries) ? item.entries.filter(isObject) : []) {
    if (entry.list_vals !== undefined) {
      entry.list ??= entry.list_vals;
      delete entry.list_vals;
    }
  }
  return item;
}

/** A value of TOML as one of JSON; `kept`: its texts stay as they are. */
function plain(value, kept = false) {
  if (Array.isArray(value)) {
    return value.map((element) => plain(element, kept));
  }
  if (value instanceof TomlDate) {
    return value.toISOString();
  }
  if (isObject(value)) {
    // Without a prototype no key means anything.
    const members = Object.entries(value).map(([key, member]) => [key, plain(member, kept || KEPT.has(key))]);
    return members.reduce((object, [key, member]) => Object.assign(object, { [key]: member }), Object.create(null));
  }
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))) {
    throw new DocumentError(`not JSON: ${String(value).slice(0, 40)} is no number there`);
  }
  return typeof value === "string" && !kept ? inOneLine(value) : value;
}

function inOneLine(text) {
  return text
    .trim()
    .split("\n")
    .map((line) => line.trim())
    .join(" ");
}

/** From the TOML form of the new-terms fields to that of the API. What is there in the form of the API already wins. */
function flattenNewTerms(rule) {
  const { new_terms: terms } = rule;
  delete rule.new_terms;
  if (terms === undefined) {
    return;
  }
  if (!isObject(terms)) {
    throw new DocumentError("new_terms: not a table");
  }
  if (terms.field !== undefined && terms.field !== "new_terms_fields") {
    throw new DocumentError('new_terms: its `field` must be "new_terms_fields"');
  }
  rule.new_terms_fields ??= terms.value;
  const start = Array.isArray(terms.history_window_start) ? terms.history_window_start[0] : terms.history_window_start;
  rule.history_window_start ??= isObject(start) ? start.value : start;
}

/** The same with its members in order. */
function sorted(value) {
  if (Array.isArray(value)) {
    return value.map(sorted);
  }
  if (!isObject(value)) {
    return value;
  }
  const keys = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort();
  return keys.reduce((object, key) => Object.assign(object, { [key]: sorted(value[key]) }), Object.create(null));
}
