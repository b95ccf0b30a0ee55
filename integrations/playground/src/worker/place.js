/** Where in its document a fault of a rule stands, as far as it can be told: line, column and the character. */
export function placeOf({ document, line, text }, refusal) {
  const start = document.content.indexOf(text);
  if (start < 0) {
    return { document: document.name, line };
  }
  const within = offsetIn(text, refusal);
  if (within === undefined) {
    return { document: document.name, line };
  }
  const before = document.content.slice(0, start + within);
  const newline = before.lastIndexOf("\n");
  const column = [...before.slice(newline + 1)].length + 1;
  return { document: document.name, line: before.split("\n").length, column, at: before.length };
}

function offsetIn(text, { field, offset, query }) {
  if (field === null && offset !== null) {
    return characters(text, offset);
  }
  if (field !== "query" || offset === null || query === undefined) {
    return undefined;
  }
  const until = query.slice(0, characters(query, offset));
  // As TOML writes it mostly, or as JSON does.
  return once(text, query, until) ?? once(text, inner(query), inner(until));
}

/** Where a text ends that `part` begins with, if `part` stands in a text once. */
function once(text, part, until) {
  const place = part === "" ? -1 : text.indexOf(part);
  return place < 0 || text.indexOf(part, place + 1) >= 0 ? undefined : place + until.length;
}

function inner(text) {
  return JSON.stringify(text).slice(1, -1);
}

/** How many characters so many bytes are. */
function characters(text, bytes) {
  return new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, bytes)).length;
}
