import { DOCUMENTS_BYTES_MAX, DOCUMENTS_MAX } from "../limits.js";
import { button, byId, el } from "./dom.js";
import { textOf } from "./files.js";

/** A list of documents that can be written, opened, renamed and removed. */
export class DocumentsInput {
  #id;
  #list;
  #changed;
  #example;
  #count = 0;

  /** `example` is the name that a document has at first. */
  constructor(id, example, changed) {
    this.#id = id;
    this.#list = byId(`${id}-list`);
    this.#example = example;
    this.#changed = changed;
    byId(`${id}-add`).addEventListener("click", () => this.#add({ name: this.#example, content: "" }, true));
    this.set([]);
  }

  get value() {
    const value = (document, kind) => document.querySelector(kind).value;
    const documents = [...this.#list.querySelectorAll(".document")];
    return documents.map((document) => ({ name: value(document, "input"), content: value(document, "textarea") }));
  }

  set(documents) {
    this.#list.replaceChildren();
    documents.forEach((document) => this.#add(document));
    this.#tell();
  }

  /** Adds files; fails with a word for one that cannot be taken. */
  async open(files) {
    for (const file of files) {
      const document = { name: file.name.replace(/\.gz$/, ""), content: await textOf(file, DOCUMENTS_BYTES_MAX) };
      this.#add(document);
    }
    this.#tell();
  }

  /** Puts the cursor at a place in a document: a character, or a line and a column, from 1. */
  goTo({ document: name, at, line, column = 1 }) {
    const place = this.value.findIndex((document) => document.name === name);
    const text = this.#list.children[place]?.querySelector("textarea");
    const before = text?.value.split("\n").slice(0, line - 1) ?? [];
    const start = at ?? before.reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
    text?.focus();
    text?.setSelectionRange(start, start + 1);
  }

  #add({ name, content }, isNew = false) {
    if (this.#list.children.length >= DOCUMENTS_MAX) {
      throw new RangeError(`the page takes ${DOCUMENTS_MAX} documents`);
    }
    const id = `${this.#id}-${(this.#count += 1)}`;
    const field = el("input", {
      type: "text",
      id: `${id}-name`,
      maxlength: "200",
      spellcheck: "false",
      autocomplete: "off",
    });
    field.value = name;
    const text = el("textarea", {
      id,
      class: "code",
      wrap: "off",
      spellcheck: "false",
      autocomplete: "off",
      autocapitalize: "off",
    });
    text.value = content;
    const remove = button("Remove", () => this.#remove(document));
    const label = el("label", { for: `${id}-name` }, "Name");
    const hidden = el("label", { for: id, class: "hidden" }, "Text of the document");
    const document = el("div", { class: "document" }, el("div", { class: "bar" }, label, field, remove), hidden, text);
    field.addEventListener("input", () => this.#tell());
    text.addEventListener("input", () => this.#tell());
    this.#list.append(document);
    if (isNew) {
      text.focus();
      this.#tell();
    }
  }

  #remove(document) {
    document.remove();
    byId(`${this.#id}-add`).focus();
    this.#tell();
  }

  #tell() {
    byId(`${this.#id}-count`).textContent = this.#list.children.length || "";
    this.#changed();
  }
}
