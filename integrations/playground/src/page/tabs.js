/** Tabs as the ARIA practices have them: one of a list is reached with Tab, the others with arrows, Home and End. */
export class Tabs {
  #tabs;

  constructor(list) {
    this.#tabs = [...list.querySelectorAll('[role="tab"]')];
    for (const [place, tab] of this.#tabs.entries()) {
      tab.addEventListener("click", () => this.show(tab.id));
      tab.addEventListener("keydown", (event) => this.#key(event, place));
    }
    this.show(this.#tabs[0].id);
  }

  show(id) {
    for (const tab of this.#tabs) {
      const isShown = tab.id === id;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isShown;
    }
  }

  get shown() {
    return this.#tabs.find((tab) => tab.getAttribute("aria-selected") === "true").id;
  }

  #key(event, place) {
    const count = this.#tabs.length;
    const to = { ArrowRight: place + 1, ArrowLeft: place + count - 1, Home: 0, End: count - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const tab = this.#tabs[to % count];
      this.show(tab.id);
      tab.focus();
    }
  }
}
