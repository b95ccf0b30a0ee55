import { isNumeral, parsed } from "../json.js";
import { button, disclosure, el } from "./dom.js";

/** So many members are shown at once. */
const MEMBERS_MAX = 200;

/** A JSON text as a tree whose branches open and close; the text itself if it is not JSON. */
export function treeOf(text) {
  const value = parsed(text);
  return value === undefined ? el("pre", { class: "wrap" }, text) : el("div", { class: "box" }, membersOf(value));
}

function membersOf(value) {
  if (!isBranch(value)) {
    return el("div", { class: "tree" }, leaf(value));
  }
  const entries = Object.entries(value);
  const list = el("ul", { class: "tree" });
  const more = (start) => {
    list.append(...entries.slice(start, start + MEMBERS_MAX).map(([key, member]) => item(key, member)));
    const left = entries.length - start - MEMBERS_MAX;
    if (left > 0) {
      const rest = el(
        "li",
        {},
        button(`${left} more`, () => {
          rest.remove();
          more(start + MEMBERS_MAX);
        }),
      );
      list.append(rest);
    }
  };
  more(0);
  return list;
}

function item(key, value) {
  const name = el("span", { class: "key" }, key);
  if (!isBranch(value)) {
    return el("li", { class: "leaf" }, name, ": ", leaf(value));
  }
  const count = Object.keys(value).length;
  if (count === 0) {
    return el("li", { class: "leaf" }, name, ": ", Array.isArray(value) ? "[]" : "{}");
  }
  const size = Array.isArray(value) ? `[${count}]` : `{${count}}`;
  return el(
    "li",
    {},
    disclosure([name, " ", el("span", { class: "size" }, size)], () => membersOf(value)),
  );
}

function leaf(value) {
  if (isNumeral(value)) {
    return el("span", { class: "number" }, value.rawJSON);
  }
  const kind = typeof value === "string" ? "string" : typeof value === "number" ? "number" : "literal";
  return el("span", { class: kind }, JSON.stringify(value));
}

function isBranch(value) {
  return typeof value === "object" && value !== null && !isNumeral(value);
}
