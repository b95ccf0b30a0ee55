/** JSON in the layouts that people keep and paste: objects one a line or over several, or an array of them. */

/** A value of a text, or nothing if that is not JSON. */
export function tryParse(text, reviver) {
  try {
    return JSON.parse(text, reviver);
  } catch {
    return undefined;
  }
}

/** Numbers stay as they are written, where the browser can say how. */
function asWritten(_key, value, context) {
  return typeof value === "number" && context?.source && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
}

/** A value of a text for showing it, or nothing if that is not JSON. */
export function parsed(text) {
  return tryParse(text, asWritten);
}

/** A JSON text over several lines, for people; nothing if it is not JSON. */
export function indented(text) {
  const value = parsed(text);
  return value === undefined ? undefined : JSON.stringify(value, null, 2);
}

/** Whether this is a number as it is written. */
export function isNumeral(value) {
  return JSON.isRawJSON?.(value) ?? false;
}

export function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isNumeral(value);
}

/**
 * The records of a text, each with the line it begins in, from 1. What is wrong with one is for whoever reads it, and
 * costs the text up to the next line that begins with an object.
 */
export function records(text) {
  const whole = tryParse(text);
  if (whole !== undefined) {
    return wholeOf(whole, text, 1);
  }
  const found = [];
  let line = 1;
  for (const piece of text.split(/\n(?=[{[])/)) {
    found.push(...recordsOf(piece, line));
    line += newlines(piece) + 1;
  }
  return found;
}

function recordsOf(piece, line) {
  const value = tryParse(piece);
  if (value !== undefined) {
    return wholeOf(value, piece, line);
  }
  // An object over several lines that is broken is one fault; lines that are none are one each.
  const isOne = piece.startsWith("{") && tryParse(piece.split("\n", 1)[0]) === undefined;
  return isOne ? [{ text: piece, line }] : lines(piece, line);
}

function wholeOf(value, piece, line) {
  const first = line + newlines(piece.slice(0, piece.length - piece.trimStart().length));
  if (Array.isArray(value)) {
    return parsed(piece).map((element) => ({ text: JSON.stringify(element), line: first }));
  }
  return [{ text: piece.trim(), line: first }];
}

function lines(piece, first) {
  const found = piece.split("\n").map((text, place) => ({ text, line: first + place }));
  return found.filter(({ text }) => text.trim() !== "");
}

function newlines(text) {
  return text.split("\n").length - 1;
}
