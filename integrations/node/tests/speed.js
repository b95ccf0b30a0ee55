// How fast the module judges events: node speed.js PLAIN EVENTS [RULES]
//
// The events are passed over again and again. The first pass tells how many alerts there are, those of a second warm
// up, those of two more are measured. Prints a line of JSON.

import { readFileSync } from "node:fs";
import { Detector, MemoryStore, PlainModule } from "../src/index.js";

const ARRIVAL_MS = 1795500000000;
const BATCH_BYTES = 256 << 10;
const [WARM_UP_MS, MEASURED_MS] = [1000, 2000];

/** Whole lines, as many as make a batch. */
function batches(bytes) {
  const found = [];
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf("\n", Math.min(start + BATCH_BYTES, bytes.length) - 1) + 1;
    found.push(bytes.subarray(start, end || bytes.length));
    start = end || bytes.length;
  }
  return found;
}

const [plain, eventFile, ...ruleFiles] = process.argv.slice(2);
const wasm = readFileSync(plain);
const events = batches(readFileSync(eventFile));
const rules = ruleFiles.map((name) => ({ name, content: readFileSync(name, "utf8") }));

let began = performance.now();
const detector = new Detector(await PlainModule.start(wasm), { rules }, new MemoryStore());

/** How many events there were, and how many alerts. */
async function evaluated(batches) {
  const counts = { events: 0, alerts: 0 };
  for (const batch of batches) {
    const given = await detector.evaluate(batch, { arrival: ARRIVAL_MS });
    counts.events += given.summary.events;
    counts.alerts += given.alerts.length;
  }
  return counts;
}

let { alerts } = await evaluated(events.slice(0, 1));
const readyMs = performance.now() - began;
alerts += (await evaluated(events.slice(1))).alerts;
while (performance.now() - began < readyMs + WARM_UP_MS) {
  await evaluated(events);
}
began = performance.now();
const core = process.cpuUsage();
let [judged, tookMs] = [0, 0];
for (; tookMs < MEASURED_MS; tookMs = performance.now() - began) {
  judged += (await evaluated(events)).events;
}
const { user, system } = process.cpuUsage(core);
const said = {
  host: "Node",
  runtime: `Node ${process.versions.node}, V8 ${process.versions.v8.split(".", 2).join(".")}`,
  rules: detector.reports.filter((report) => report.loaded).length,
  events_per_second: (judged * 1000) / tookMs,
  core_share: (user + system) / 1000 / tookMs,
  alerts,
  ready_ms: readyMs,
};
console.log(JSON.stringify(said));
