/** From what people paste to the documents that the module takes. */

import { DOCUMENTS_BYTES_MAX, DOCUMENTS_MAX, PROBLEMS_SHOWN_MAX, RULES_MAX, sizeText } from "../limits.js";
import { DocumentError, fromToml } from "./detection-rules.js";
import { TooMuchError } from "./events.js";
import { isObject, records, tryParse } from "../json.js";

/**
 * Takes documents apart. `rules` and `exceptions` are for the module, `sources` has where each of them stood, by its
 * name; `problems` is what cannot be used, `remarks` what should be known.
 */
export class Documents {
  rules = [];
  exceptions = [];
  sources = new Map();
  problems = [];
  remarks = [];
  /** How many more there are than are kept. */
  left = { problems: 0, remarks: 0 };
  #ids = new Map();
  #includesDisabled = false;

  static of(rules, exceptions, { includesDisabled = false } = {}) {
    bounded("rules", rules);
    bounded("exceptions", exceptions);
    const documents = new Documents();
    documents.#includesDisabled = includesDisabled;
    rules.forEach((document) => documents.#read(document, true));
    exceptions.forEach((document) => documents.#read(document, false));
    return documents;
  }

  #read(document, takesRules) {
    try {
      const { name, content } = document;
      const text = content.replace(/^\uFEFF/, "");
      if (text.trim() === "") {
        return;
      }
      const used = isToml(name, text) ? this.#toml(document, text, takesRules) : this.#json(document, text, takesRules);
      if (!used) {
        this.#problem(document, 1, `no ${takesRules ? "rule" : "exception list"} in it`);
      }
    } catch (error) {
      if (!(error instanceof DocumentError)) {
        throw error;
      }
      this.#problem(document, error.line, error.message, error.column);
    }
  }

  #toml(document, text, takesRules) {
    const { rule, exceptions } = fromToml(text);
    if (exceptions) {
      this.#except(
        document,
        exceptions.map((one) => ({ text: JSON.stringify(one), line: 1 })),
      );
      return true;
    }
    if (takesRules) {
      this.#rule({ document, line: 1, text, shares: false }, JSON.stringify(rule), rule);
    }
    return takesRules;
  }

  #json(document, text, takesRules) {
    const found = records(text).flatMap((record) => paged(record));
    const exceptions = [];
    let used = false;
    for (const { text: content, line } of found) {
      const value = tryParse(content);
      const kind = kindOf(value);
      used ||= kind === "exception" || (kind === "rule" && takesRules) || value === undefined;
      if (kind === "exception" || (value === undefined && !takesRules)) {
        exceptions.push({ text: content, line });
      } else if (kind === "rule" && takesRules) {
        const rule = isObject(value?.attributes) ? value.attributes : value;
        const written = rule === value ? content : JSON.stringify(rule);
        this.#rule({ document, line, text: content, shares: found.length > 1 }, written, rule);
      } else if (kind === "summary") {
        this.#missing(document, line, value);
      } else if (kind === "other") {
        this.#problem(document, line, takesRules ? "no rule: it has no rule_id" : "neither a list nor an item");
        used = true;
      } else if (value === undefined) {
        this.#rule({ document, line, text: content, shares: found.length > 1 }, content);
      }
    }
    this.#except(document, exceptions);
    return used;
  }

  #rule(source, content, rule) {
    if (this.rules.length >= RULES_MAX) {
      throw new TooMuchError(`there are more than ${RULES_MAX} rules; the page takes no more`);
    }
    const { document, line } = source;
    const id = typeof rule?.rule_id === "string" ? rule.rule_id : undefined;
    if (id !== undefined && this.#ids.has(id)) {
      const first = this.#ids.get(id);
      this.#problem(document, line, `rule_id ${id} is that of the rule in ${first}, and only that one is used`);
      return;
    }
    const name = this.#named(source);
    if (id !== undefined) {
      this.#ids.set(id, name);
    }
    this.rules.push({ name, content: this.#switchedOn(source, content, rule) });
  }

  /** A rule that is switched off may be here to be tried. */
  #switchedOn({ document, line }, content, rule) {
    if (rule?.enabled !== false || !this.#includesDisabled) {
      return content;
    }
    const name = String(rule.name ?? rule.rule_id).slice(0, 200);
    this.#remark(document, line, `the rule ${name} is switched off, or deprecated; here it runs all the same`);
    // The order of members is that of the text.
    return JSON.stringify({ ...rule, enabled: true });
  }

  /** Exceptions keep their lines, which the module names. */
  #except(document, found) {
    if (found.length === 0) {
      return;
    }
    const lines = [];
    for (const { text, line } of found) {
      while (lines.length < line - 1) {
        lines.push("");
      }
      lines.push(text.replace(/\s*\n\s*/g, " "));
    }
    const name = this.#named({ document, line: 1, text: document.content, shares: false });
    this.exceptions.push({ name, content: lines.join("\n") });
  }

  /** The name that the module calls a document by. */
  #named(source) {
    const { document, line, shares } = source;
    const wanted = shares ? `${document.name}:${line}` : document.name;
    let name = wanted;
    for (let count = 2; this.sources.has(name); count += 1) {
      name = `${wanted} (${count})`;
    }
    this.sources.set(name, source);
    return name;
  }

  #missing(document, line, counts) {
    const names = ["missing_rules_count", "missing_exception_lists_count", "missing_exception_list_item_count"];
    if (names.some((name) => counts[name] > 0)) {
      this.#problem(document, line, "not all that should be there: the export says that it lacks some");
    }
  }

  #problem(document, line, cause, column) {
    this.#keep("problems", { document: document.name, line, column, cause });
  }

  #remark(document, line, text) {
    this.#keep("remarks", { document: document.name, line, text });
  }

  #keep(kind, one) {
    if (this[kind].length < PROBLEMS_SHOWN_MAX) {
      this[kind].push(one);
    } else {
      this.left[kind] += 1;
    }
  }
}

function bounded(what, documents) {
  const bytes = documents.reduce((sum, { content }) => sum + content.length, 0);
  if (documents.length > DOCUMENTS_MAX) {
    throw new TooMuchError(`there are ${documents.length} documents of ${what}; the page takes ${DOCUMENTS_MAX}`);
  }
  if (bytes > DOCUMENTS_BYTES_MAX) {
    throw new TooMuchError(`the ${what} have ${sizeText(bytes)}; the page takes ${sizeText(DOCUMENTS_BYTES_MAX)}`);
  }
}

/** By the name's ending, or by how the text begins: `[metadata]` is TOML, `[{` an array of rules. */
function isToml(name, text) {
  const [, ending = ""] = /\.([a-z]+)$/i.exec(name) ?? [];
  if (["toml", "json", "ndjson", "jsonl"].includes(ending.toLowerCase())) {
    return ending.toLowerCase() === "toml";
  }
  return !/^\s*(\{|\[\s*[{\]])/.test(text);
}

/** The objects of an answer of `_find`, or the record itself. */
function paged(record) {
  const value = tryParse(record.text);
  const isPage =
    isObject(value) && Array.isArray(value.data) && value.total !== undefined && value.rule_id === undefined;
  return isPage ? value.data.map((one) => ({ text: JSON.stringify(one), line: record.line })) : [record];
}

/** What a record of one of Kibana's exports is; nothing if it is not JSON. */
function kindOf(value) {
  if (value === undefined) {
    return undefined;
  }
  if (!isObject(value)) {
    return "other";
  }
  const has = (...names) => names.some((name) => Object.hasOwn(value, name));
  if (isObject(value.attributes)) {
    return { "security-rule": "rule", action: "connector" }[value.type] ?? "other";
  }
  if (has("rule_id")) {
    return "rule";
  }
  if (has("list_id", "item_id")) {
    return "exception";
  }
  if (has("exported_count", "exported_exception_list_count")) {
    return "summary";
  }
  return has("name") && has("type") ? "rule" : "other";
}
