import { LINE_WORK_MAX, QUERY_BYTES_MAX, sizeText } from "../limits.js";
import { AlertsView, copied } from "./alerts-view.js";
import { decompressed, fromBase64 } from "./bytes.js";
import { DocumentsInput } from "./documents-input.js";
import { button, byId, el } from "./dom.js";
import { EventsInput } from "./events-input.js";
import { EXAMPLES } from "./examples.js";
import { LinesView } from "./lines-view.js";
import { fromHash, toHash } from "./link.js";
import { notify } from "./notice.js";
import { showQuery } from "./query-view.js";
import { ReportsView } from "./reports-view.js";
import { Runner } from "./runner.js";
import { Tabs } from "./tabs.js";
import { summaryText } from "./words.js";

/** So long nothing must be typed before what was typed is judged. */
const TYPING_MS = 100;
let typing;

const [inputTabs] = [...document.querySelectorAll('[role="tablist"]')].map((list) => new Tabs(list));
const events = new EventsInput(changed);
const rules = new DocumentsInput("rules", "rule", changed);
const exceptions = new DocumentsInput("exceptions", "exceptions", changed);
const query = byId("query");
const views = [new AlertsView(goToLine), new LinesView(goToLine), new ReportsView(goToPlace)];
const runner = new Runner(byId("worker").textContent, compiled(), {
  onresult: shown,
  onfailure: ({ text, isLimit }) => say(isLimit ? `Nothing was judged: ${text}.` : `The run failed: ${text}`, true),
});

async function compiled() {
  const packed = fromBase64(byId("module").textContent);
  return WebAssembly.compile(await decompressed(packed, "gzip"));
}

function changed() {
  clearTimeout(typing);
  setBusy(true);
  typing = setTimeout(judge, TYPING_MS);
}

function judge() {
  clearTimeout(typing);
  typing = undefined;
  if (query.value.length > QUERY_BYTES_MAX) {
    say(`Nothing was judged: the query is longer than ${sizeText(QUERY_BYTES_MAX)}.`, true);
    return;
  }
  const index = byId("index").value.trim();
  const context = {
    arrival: Date.now(),
    targets: index ? [index] : [],
    "target-of": [],
    "line-work-max": LINE_WORK_MAX,
  };
  const configuration = { rules: rules.value, exceptions: exceptions.value, clock: "event" };
  const batches = [{ events: events.bytes, context }];
  const request = { configuration, batches, query: query.value.trim(), includesDisabled: byId("disabled").checked };
  runner.run(request).catch((error) => say(`The module cannot be started: ${error.message}`, true));
}

function shown(result) {
  views.forEach((view) => view.show(result));
  showQuery(result);
  say(summaryText(result), result.rules.length === 0);
}

function say(text, isBad = false) {
  byId("status").textContent = text;
  byId("status").classList.toggle("bad", isBad);
  setBusy(typing !== undefined || !runner.isIdle);
}

/** Results that are not those of what is in the boxes are dimmed, and not read out. */
function setBusy(isBusy) {
  byId("results").setAttribute("aria-busy", String(isBusy));
}

function goToLine(number) {
  inputTabs.show("events-tab");
  if (events.isInBox) {
    events.goTo(number);
  } else {
    notify(`It is line ${number} of the file.`);
  }
}

function goToPlace(place) {
  const isRule = rules.value.some(({ name }) => name === place.document);
  inputTabs.show(isRule ? "rules-tab" : "exceptions-tab");
  (isRule ? rules : exceptions).goTo(place);
}

/** Everything that was entered. */
function state() {
  return { events: events.state, rules: rules.value, exceptions: exceptions.value, query: query.value };
}

/** Fills the boxes; what is left out stays. */
function fill(filled) {
  if (filled.events !== undefined) {
    events.set(filled.events);
  }
  rules.set(filled.rules);
  exceptions.set(filled.exceptions);
  query.value = filled.query;
  changed();
}

/** Fills the boxes, and lets this be taken back. */
function replace(filled, text) {
  const before = state();
  fill(filled);
  notify(
    text,
    button("Undo", () => {
      fill(before);
      byId("notice").replaceChildren();
    }),
  );
}

async function followLink() {
  const hash = location.hash.slice(1);
  if (hash === "" || document.getElementById(hash)) {
    return;
  }
  try {
    replace(
      await fromHash(hash),
      "A link filled the rules, exceptions and query. Whoever made it knows nothing of your events.",
    );
  } catch (error) {
    notify(`This link cannot be used: ${error.message}. Nothing was changed.`);
  }
}

async function copyLink() {
  try {
    const address = location.href.replace(/#.*$/s, "");
    const link = `${address}#${await toHash({ rules: rules.value, exceptions: exceptions.value, query: query.value })}`;
    const local = location.protocol === "file:" ? " It opens where this page lies at the same place." : "";
    const done = `The link holds the rules, exceptions and query, not the events.${local}`;
    if (await copied(link)) {
      notify(`Copied. ${done}`);
      return;
    }
    const field = el("input", { type: "text", readonly: true, "aria-label": "The link" });
    field.value = link;
    notify(`Copy it from here. ${done}`, field);
    field.select();
  } catch (error) {
    notify(`There is no link: ${error.message}.`);
  }
}

/** The input that a tab is for. */
const INPUTS = { "events-tab": events, "rules-tab": rules, "exceptions-tab": exceptions };

async function open(input, files) {
  try {
    await input.open(input === events ? files[0] : files);
    if (input === events && files.length > 1) {
      notify("Only the first file was taken: events come from one file.");
    }
  } catch (error) {
    notify(`${error.message}.`);
  }
}

function listenToFiles() {
  for (const [tab, input] of Object.entries(INPUTS)) {
    byId(tab.replace("-tab", "-file")).addEventListener("change", async ({ target }) => {
      const files = [...target.files];
      // The same file can be chosen again.
      target.value = "";
      if (files.length > 0) {
        await open(input, files);
      }
    });
  }
  const panel = byId("inputs");
  const isOver = (event, over) => {
    event.preventDefault();
    panel.classList.toggle("dropping", over);
  };
  panel.addEventListener("dragover", (event) => event.dataTransfer.types.includes("Files") && isOver(event, true));
  panel.addEventListener("dragleave", (event) => isOver(event, false));
  panel.addEventListener("drop", (event) => {
    const files = [...event.dataTransfer.files];
    if (files.length > 0) {
      isOver(event, false);
      open(INPUTS[inputTabs.shown], files);
    }
  });
}

function listen() {
  query.addEventListener("input", changed);
  byId("index").addEventListener("input", changed);
  byId("disabled").addEventListener("change", changed);
  byId("copy-link").addEventListener("click", copyLink);
  addEventListener("hashchange", followLink);
  const example = byId("example");
  example.append(...EXAMPLES.map(({ name }, place) => el("option", { value: String(place) }, name)));
  example.addEventListener("change", () => {
    const chosen = EXAMPLES[example.value];
    example.value = "";
    if (chosen) {
      replace(chosen, `Filled with the example “${chosen.name}”.`);
    }
  });
}

listenToFiles();
listen();
fill(EXAMPLES[0]);
followLink().then(judge);
