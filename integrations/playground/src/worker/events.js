import { EVENTS_BYTES_MAX, EVENT_LINES_MAX, LINE_BYTES_MAX, sizeText } from "../limits.js";
import { isObject, records, tryParse } from "../json.js";

const NEWLINE = 10;
const encoder = new TextEncoder();

/** What is too much; the message says how much it may be. */
export class TooMuchError extends Error {}

/**
 * Makes a batch of bytes: one event a line. `numbers` are the lines' numbers where they came from, `apart` those that
 * are not shown to the module, `folded` whether events stood over several lines or in an array, `areHits` whether they
 * are hits of a search, which have their events in `_source`.
 */
export function batchOf(given) {
  if (given.length > EVENTS_BYTES_MAX) {
    throw new TooMuchError(`the events have ${sizeText(given.length)}; the page takes ${sizeText(EVENTS_BYTES_MAX)}`);
  }
  const unfolded = unfold(given);
  const lines = linesOf(unfolded?.bytes ?? given);
  if (lines.length > EVENT_LINES_MAX) {
    throw new TooMuchError(`there are ${lines.length} lines of events; the page takes ${EVENT_LINES_MAX}`);
  }
  const apart = [];
  const kept = lines.map((line, place) => {
    const cause = faultOf(line);
    if (cause) {
      apart.push({ line: place, cause });
    }
    return cause ? new Uint8Array() : line;
  });
  const numbers = unfolded?.numbers ?? lines.map((_, place) => place + 1);
  return {
    lines: kept,
    numbers,
    apart,
    folded: unfolded !== undefined,
    areHits: isHit(kept.find((line) => line.length > 0)),
  };
}

/** Puts each event on one line, where the first line is no event by itself and the whole is JSON. */
function unfold(given) {
  const first = linesOf(given.subarray(0, LINE_BYTES_MAX)).find((line) => line.length > 0);
  if (!first || isObject(tryParse(text(first)))) {
    return undefined;
  }
  const found = records(text(given));
  if (found.length === 0 || !found.every((record) => isObject(tryParse(record.text)))) {
    return undefined;
  }
  // A newline within JSON stands between its parts, never in a text.
  const bytes = encoder.encode(found.map((record) => record.text.replace(/\s*\n\s*/g, " ")).join("\n"));
  return { bytes, numbers: found.map((record) => record.line) };
}

function isHit(line) {
  const event = line && tryParse(text(line));
  return isObject(event) && isObject(event._source) && typeof event._index === "string";
}

function linesOf(bytes) {
  const lines = [];
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  for (let end = bytes.indexOf(NEWLINE, start); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return start < bytes.length ? [...lines, bytes.subarray(start)] : lines;
}

function faultOf(line) {
  if (line.length > LINE_BYTES_MAX) {
    return `it is longer than ${sizeText(LINE_BYTES_MAX)}`;
  }
  return isUtf8(line) ? undefined : "it is not UTF-8";
}

const strict = new TextDecoder("utf-8", { fatal: true });
const lenient = new TextDecoder("utf-8");

function isUtf8(line) {
  try {
    strict.decode(line);
    return true;
  } catch {
    return false;
  }
}

/** A line as text; what is not UTF-8 replaced. */
export function text(line) {
  return lenient.decode(line);
}

/** Lines as one batch. */
export function joined(lines) {
  const bytes = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, 0));
  let at = 0;
  for (const line of lines) {
    bytes.set(line, at);
    bytes[at + line.length] = NEWLINE;
    at += line.length + 1;
  }
  return bytes;
}
