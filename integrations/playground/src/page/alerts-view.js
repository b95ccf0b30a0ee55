import { indented } from "../json.js";
import { ALERTS_SHOWN_MAX } from "../limits.js";
import { button, byId, disclosure, el } from "./dom.js";
import { treeOf } from "./tree.js";

const FORMS = [
  ["tree", "Tree"],
  ["json", "JSON"],
  ["raw", "Raw"],
];

/** The alerts, each with its document as a tree, as JSON over several lines, or byte for byte. */
export class AlertsView {
  #panel = byId("alerts-panel");
  #form = "tree";
  /** Those that are not as they are at first: the first one open, the others closed. */
  #turned = new Set();
  #result;
  #goToLine;

  constructor(goToLine) {
    this.#goToLine = goToLine;
  }

  show(result) {
    this.#result = result;
    const { alerts, counts, rules } = result;
    byId("alerts-count").textContent = counts.alerts;
    const nothing =
      rules.length === 0 ? "No rule runs." : "Nothing alerts. Events says what matched, and why it did not alert.";
    if (alerts.length === 0) {
      this.#panel.replaceChildren(el("p", { class: "empty" }, nothing));
      return;
    }
    const left = counts.alerts - alerts.length;
    this.#panel.replaceChildren(
      this.#choice(),
      ...alerts.map((alert, place) => this.#alert(alert, rules[alert.rule], place)),
      left > 0 ? el("p", { class: "hint" }, `The first ${ALERTS_SHOWN_MAX} are shown; ${left} more were raised.`) : "",
    );
  }

  #choice() {
    const radios = FORMS.map(([value, name]) => {
      const radio = el("input", { type: "radio", name: "form", value, checked: value === this.#form });
      radio.addEventListener("change", () => {
        this.#form = value;
        this.show(this.#result);
        this.#panel.querySelector(`input[value="${value}"]`).focus();
      });
      return el("label", {}, radio, name);
    });
    return el("fieldset", {}, el("legend", {}, "Documents as"), radios);
  }

  #alert(alert, rule, place) {
    const name = rule?.name ?? "An event was not judged in full";
    const title = [
      el("span", { class: "badge bad" }, "alert"),
      el("span", { class: "title" }, name),
      el("span", { class: "number" }, `line ${alert.number}`),
    ];
    const isFirst = place === 0;
    const isOpen = isFirst !== this.#turned.has(alert.id);
    const details = disclosure(title, () => this.#body(alert), { isOpen, class: "card row" });
    details.addEventListener("toggle", () => this.#turned[details.open === isFirst ? "delete" : "add"](alert.id));
    return details;
  }

  #body(alert) {
    const copy = button(
      "Copy",
      async () => {
        copy.textContent = (await copied(alert.document)) ? "Copied" : "Not copied: select the raw text";
      },
      { "aria-label": "Copy the document as it is, byte for byte" },
    );
    const line = button(`line ${alert.number}`, () => this.#goToLine(alert.number), { class: "link" });
    const term = alert.term === "[]" ? [] : ["; term ", el("code", {}, alert.term)];
    return el(
      "div",
      { class: "body" },
      el("p", { class: "meta" }, "From ", line, ...term, "; id ", el("code", { class: "id" }, alert.id)),
      el("div", {}, copy),
      this.#document(alert.document),
    );
  }

  #document(text) {
    switch (this.#form) {
      case "tree":
        return treeOf(text);
      case "json":
        return el("pre", { tabindex: "0" }, indented(text) ?? text);
      default:
        return el("pre", { class: "wrap raw", tabindex: "0" }, text);
    }
  }
}

/** Copies a text, where the browser lets a page do so. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
