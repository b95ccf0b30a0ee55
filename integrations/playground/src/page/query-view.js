import { causeOf } from "./cause.js";
import { byId, el } from "./dom.js";
import { counted } from "./words.js";

/** So many line numbers are named. */
const NUMBERS_MAX = 20;

/** What the query finds, or what is wrong with it. */
export function showQuery({ query, lines, counts, events }) {
  const panel = byId("query-result");
  if (!query) {
    panel.replaceChildren();
    return;
  }
  if (query.refused) {
    panel.replaceChildren(causeOf(query.refused));
    return;
  }
  const numbers = lines.filter((line) => line.isQueried).map((line) => line.number);
  const named = numbers.slice(0, NUMBERS_MAX).join(", ");
  const which = numbers.length === 0 ? "" : `: line${numbers.length === 1 ? "" : "s"} ${named}`;
  const more = counts.queried > Math.min(numbers.length, NUMBERS_MAX) ? ", …" : "";
  panel.replaceChildren(
    el("p", {}, `The query matches ${counts.queried} of ${counted(events, "event")}${which}${more}.`),
    ...query.warnings.map((text) => el("p", { class: "warning" }, text)),
  );
}
