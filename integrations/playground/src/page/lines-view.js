import { byId, button, disclosure, el } from "./dom.js";
import { treeOf } from "./tree.js";
import { counted, outcomes, unjudgedText } from "./words.js";

/** The lines that rules or the query match, or that were not judged, each with why. */
export class LinesView {
  #panel = byId("lines-panel");
  #open = new Set();
  #goToLine;

  constructor(goToLine) {
    this.#goToLine = goToLine;
  }

  show({ lines, counts, events, rules }) {
    byId("lines-count").textContent = counts.listed;
    const others = Math.max(0, events - counts.listed);
    const rest = counts.listed - lines.length;
    const says =
      others > 0 ? `${counted(others, "event")} without a match ${others === 1 ? "is" : "are"} not listed.` : "";
    this.#panel.replaceChildren(
      ...lines.map((line) => this.#line(line, rules)),
      rest > 0
        ? el("p", { class: "hint" }, `The first ${lines.length} lines are shown; ${rest} more have something to say.`)
        : "",
      el("p", { class: lines.length === 0 ? "empty" : "hint" }, says || (events === 0 ? "There are no events." : "")),
    );
  }

  #line(line, rules) {
    const causes = line.unjudged.map((one) => `${unjudgedText(one)}${ofRules(one, rules)}`);
    const own = ["The module raises an alert of its own about it."];
    const said = [
      ...causes.map((cause) => ({
        badge: ["not judged", "warn"],
        why: ["This line is not judged in full: ", cause, "."],
      })),
      ...(line.hasOwnAlert ? [{ badge: ["alert", "bad"], why: own }] : []),
      ...line.rules.flatMap((match) => reasons(match, rules[match.rule])),
      ...(line.isQueried ? [{ badge: ["query", "good"], why: ["The query matches."] }] : []),
    ];
    const badges = new Map(said.map(({ badge }) => [badge[0], badge]));
    const summary = [
      el("span", { class: "number" }, `line ${line.number}`),
      ...[...badges.values()].map(([name, kind]) => el("span", { class: `badge ${kind}` }, name)),
      causes.length > 0
        ? el("span", { class: "start" }, causes.join("; "))
        : el("code", { class: "start" }, line.text.slice(0, 300)),
    ];
    const details = disclosure(summary, () => this.#body(line, said), {
      isOpen: this.#open.has(line.number),
      class: "card row",
    });
    details.addEventListener("toggle", () => this.#open[details.open ? "add" : "delete"](line.number));
    return details;
  }

  #body(line, said) {
    const why = said.map((one) =>
      el(
        "li",
        {},
        one.why.map((part) => (part.code ? el("code", {}, part.code) : part)),
      ),
    );
    const goTo = button("Show it in the box", () => this.#goToLine(line.number), { class: "link" });
    const shown = line.isCut
      ? [el("pre", { class: "wrap" }, line.text), el("p", { class: "hint" }, "Its beginning.")]
      : treeOf(line.text);
    return el("div", { class: "body" }, el("ul", { class: "why" }, why), el("p", {}, goTo), shown);
  }
}

function reasons(match, rule) {
  const name = `“${rule?.name ?? "A rule"}”: `;
  const kind = match.sightings.length > 0 ? "remark" : "no alert";
  const remarks = match.remarks.map((text) => ({ badge: [kind, "warn"], why: ["the event ", text] }));
  const said = [...outcomes(match, rule), ...remarks];
  return said.map(({ badge, why }) => ({ badge, why: [name, ...why, "."] }));
}

function ofRules({ rules: places = [] }, rules) {
  const names = places.map((place) => rules[place]?.name).filter(Boolean);
  return names.length > 0 && names.length < rules.length ? `; of these rules: ${names.slice(0, 10).join(", ")}` : "";
}
