// Runs the cases of `integrations/conformance`: node conformance.js PLAIN CASES
//
// Ends with the SHA-256 of all ids and documents of alerts.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Detector, InvalidError, MemoryStore, NotConfiguredError, PlainModule } from "../src/index.js";

const [plain, cases] = process.argv.slice(2);
const wasm = await WebAssembly.compile(readFileSync(plain));
const ndjson = (path) => readFileSync(path, "utf8").split("\n").slice(0, -1).map((line) => JSON.parse(line));

async function transcript(folder) {
  const store = new MemoryStore();
  const module = await PlainModule.start(wasm);
  const found = module.configure(JSON.parse(readFileSync(join(folder, "configuration.json"), "utf8"))).map((report) => ({ report }));
  for (const [place, context] of ndjson(join(folder, "contexts.ndjson")).entries()) {
    const batch = `batch-${place + 1}.ndjson`;
    found.push({ batch });
    store.begin();
    let { step, lines } = module.evaluate(readFileSync(join(folder, batch)), context);
    while (step === "ask") {
      const answers = store.answers(lines);
      found.push(...lines.map((question, place) => ({ question, answer: answers[place] })));
      ({ step, lines } = module.resume(answers));
    }
    store.commit();
    found.push(...lines.map((given) => ({ given })));
  }
  return found;
}

const digest = createHash("sha256");
const folders = readdirSync(cases).sort();
for (const name of folders) {
  const found = await transcript(join(cases, name));
  assert.deepEqual(found, ndjson(join(cases, name, "transcript.ndjson")), name);
  for (const { given } of found) {
    if (given?.alert) {
      digest.update(`${given.alert.id}\t${given.alert.document}\n`);
    }
  }
}

// Errors are told apart, and what a failed batch recorded is forgotten.
const module = await PlainModule.start(wasm);
const event = JSON.parse(readFileSync(join(cases, "quota", "configuration.json"), "utf8"));
const batch = readFileSync(join(cases, "quota", "batch-1.ndjson"));
assert.throws(() => module.evaluate("{}", { arrival: 0 }), NotConfiguredError);
assert.throws(() => module.configure({ rule: [] }), InvalidError);
const store = new MemoryStore();
const commit = store.commit.bind(store);
const detector = new Detector(module, event, store);
store.commit = () => {
  throw new Error("the disk is full");
};
const tries = [detector.evaluate(batch, { arrival: 0 }), detector.evaluate(batch, { arrival: 0 })];
assert.deepEqual((await Promise.allSettled(tries)).map(({ status }) => status), ["rejected", "rejected"]);
store.commit = commit;
assert.equal((await detector.evaluate(batch, { arrival: 0 })).alerts.length, 3);
assert.equal((await detector.evaluate(batch, { arrival: 0 })).alerts.length, 0);

console.log(`plain: ${folders.length} cases, ${digest.digest("hex")}`);
