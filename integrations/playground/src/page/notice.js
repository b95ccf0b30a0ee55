import { button, byId } from "./dom.js";

/** Says something above the boxes, with what can be done about it. */
export function notify(text, ...actions) {
  const words = document.createElement("span");
  words.textContent = text;
  const close = button("Close", () => byId("notice").replaceChildren());
  byId("notice").replaceChildren(words, ...actions, close);
}
