import { EVENTS_BYTES_MAX, sizeText } from "../limits.js";
import { button, byId } from "./dom.js";
import { bytesOf } from "./files.js";

/** A file of more than this is not put into the box, which would be slow. */
const BOX_BYTES_MAX = 1 << 20;

/** Events: the text in the box, or a file that is kept beside it. */
export class EventsInput {
  #box = byId("events");
  #kept = byId("events-kept");
  #file;
  #changed;

  constructor(changed) {
    this.#changed = changed;
    this.#box.addEventListener("input", () => this.#tell());
    byId("events-clear").addEventListener("click", () => {
      this.set("");
      this.#box.focus();
    });
  }

  /** The text, or the file. */
  get state() {
    return this.#file ?? this.#box.value;
  }

  get bytes() {
    return this.#file?.bytes ?? new TextEncoder().encode(this.#box.value);
  }

  set(state) {
    this.#file = typeof state === "string" ? undefined : state;
    this.#box.value = this.#file ? "" : state;
    this.#tell();
  }

  /** Takes a file; fails with a word if it is too large. */
  async open(file) {
    const bytes = await bytesOf(file, EVENTS_BYTES_MAX);
    const text = bytes.length <= BOX_BYTES_MAX ? textOf(bytes) : undefined;
    this.set(text ?? { name: file.name, bytes });
  }

  /** Selects a line of the box, from 1. */
  goTo(number) {
    const lines = this.#box.value.split("\n");
    const start = lines.slice(0, number - 1).reduce((sum, line) => sum + line.length + 1, 0);
    this.#box.focus();
    this.#box.setSelectionRange(start, start + (lines[number - 1] ?? "").length);
    // There is no other way to have a box show what is selected in it.
    const height = this.#box.scrollHeight / Math.max(lines.length, 1);
    this.#box.scrollTo(0, Math.max(0, (number - 3) * height));
  }

  get isInBox() {
    return this.#file === undefined;
  }

  #tell() {
    this.#box.hidden = !this.isInBox;
    this.#kept.hidden = this.isInBox;
    this.#kept.replaceChildren();
    if (this.#file) {
      const { name, bytes } = this.#file;
      const text = `${name}, ${sizeText(bytes.length)}, is judged as it is: too large for the box, or not UTF-8.`;
      this.#kept.append(
        text,
        button("Remove", () => this.set("")),
      );
    }
    byId("events-size").textContent = `${sizeText(this.bytes.length)} of ${sizeText(EVENTS_BYTES_MAX)}.`;
    this.#changed();
  }
}

function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
