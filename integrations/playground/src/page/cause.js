import { el } from "./dom.js";

/** A cause: its sentence, and below it the text that it is about, with a caret where there is one. */
export function causeOf(text) {
  const [sentence, ...quoted] = text.split("\n");
  const excerpt = quoted.length > 0 ? el("pre", { tabindex: "0" }, quoted.join("\n")) : "";
  return el("div", { class: "cause" }, el("p", {}, sentence), excerpt);
}
