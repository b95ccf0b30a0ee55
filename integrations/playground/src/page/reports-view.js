import { PROBLEMS_SHOWN_MAX } from "../limits.js";
import { causeOf } from "./cause.js";
import { byId, button, el } from "./dom.js";
import { durationText } from "./words.js";

/** So many rules that run are listed. */
const RULES_SHOWN_MAX = 200;
const STATUS = {
  "not-ours": ["not ours", "calm"],
  disabled: ["off", "calm"],
  unsupported: ["refused", "bad"],
  invalid: ["refused", "bad"],
};

/** What became of each rule, and what its author should know. */
export class ReportsView {
  #panel = byId("reports-panel");
  #goToPlace;

  constructor(goToPlace) {
    this.#goToPlace = goToPlace;
  }

  show({ reports, problems, remarks, left, rules, isBuiltIn }) {
    const refused = reports.filter((report) => report.refused || report.unusable);
    const unused = refused.length + problems.length + left.problems;
    byId("reports-count").textContent = unused > 0 ? `${rules.length} of ${rules.length + unused}` : rules.length;
    const loaded = reports.filter((report) => report.loaded);
    this.#panel.replaceChildren(
      ...problems.map((problem) =>
        this.#fault({ ...problem, name: "A document", badge: ["unusable", "bad"] }, problem),
      ),
      ...refused.slice(0, PROBLEMS_SHOWN_MAX).map((report) => this.#refused(report)),
      hidden(refused.length - PROBLEMS_SHOWN_MAX, "refused rules"),
      hidden(left.problems, "problems"),
      hidden(left.remarks, "remarks"),
      ...remarks.map((remark) =>
        el("p", { class: "card warning" }, `${remark.document}:${remark.line}: ${remark.text}`),
      ),
      ...reports.filter((report) => report.warning).map(({ warning }) => el("p", { class: "card warning" }, warning)),
      ...loaded.slice(0, RULES_SHOWN_MAX).map(({ loaded: rule }) => runs(rule, isBuiltIn)),
      hidden(loaded.length - RULES_SHOWN_MAX, "rules that run"),
    );
    if (this.#panel.textContent === "") {
      this.#panel.append(el("p", { class: "empty" }, "There is no rule."));
    }
  }

  #refused({ refused, unusable, place }) {
    const refusal = refused ?? unusable;
    const { name, type, field, cause, document } = refusal;
    const fault = {
      badge: unusable ? ["unusable", "bad"] : (STATUS[refusal.reason] ?? ["refused", "bad"]),
      name: name ?? refusal["rule-id"] ?? "A document",
      type,
      cause: field ? `${field}: ${cause}` : cause,
    };
    return this.#fault(fault, place ?? { document });
  }

  #fault({ badge: [word, kind], name, type, cause }, place) {
    const text = [place.document, place.line, place.column].filter((part) => part !== undefined).join(":");
    const where = place.line === undefined ? text : button(text, () => this.#goToPlace(place), { class: "link" });
    return el(
      "article",
      { class: "card" },
      el(
        "div",
        { class: "head" },
        badge(word, kind),
        el("h2", {}, name),
        type ? el("span", { class: "meta" }, type) : "",
        el("span", { class: "meta" }, where),
      ),
      causeOf(cause),
    );
  }
}

function runs(rule, isBuiltIn) {
  const { name, type, kind, warnings, hints, version } = rule;
  const fields = kind?.["new-terms"]?.fields;
  const window = rule["window-ms"] === null ? "by the calendar" : durationText(rule["window-ms"]);
  const facts = [
    type,
    fields && `first ${fields.join(", ")} in ${window}`,
    `version ${version}`,
    isBuiltIn && "built in",
    rule["rule-id"],
  ];
  const said = [...warnings, ...hints];
  return el(
    "article",
    { class: "card" },
    el("div", { class: "head" }, badge("runs", "good"), el("h2", {}, name)),
    el("p", { class: "meta" }, facts.filter(Boolean).join(" · ")),
    said.length > 0
      ? el(
          "ul",
          { class: "plain" },
          said.map((text) => el("li", { class: "warning" }, text)),
        )
      : "",
  );
}

function hidden(count, what) {
  return count > 0 ? el("p", { class: "hint" }, `${count} more ${what} are not listed.`) : "";
}

function badge(word, kind) {
  return el("span", { class: `badge ${kind}` }, word);
}
