// Events in, alerts out: node filter.js MODULE [RULE.json…] <events.ndjson >alerts.ndjson

import { readFile } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Detector, MemoryStore, PlainModule } from "../src/index.js";

/** Bytes in, alert documents out, a line each. */
class Alerts extends Transform {
  #detector;
  #rest = Buffer.alloc(0);

  constructor(detector) {
    super();
    this.#detector = detector;
  }

  async #evaluate(lines) {
    const given = await this.#detector.evaluate(lines, { arrival: Date.now() });
    given.alerts.forEach((alert) => this.push(`${alert.document}\n`));
    given.unjudged.forEach((line) => console.error("not judged:", line));
  }

  _transform(chunk, _encoding, done) {
    const bytes = Buffer.concat([this.#rest, chunk]);
    const end = bytes.lastIndexOf("\n") + 1;
    this.#rest = bytes.subarray(end);
    this.#evaluate(withoutForeignLines(bytes.subarray(0, end))).then(() => done(), done);
  }

  _flush(done) {
    this.#evaluate(withoutForeignLines(this.#rest)).then(() => done(), done);
  }
}

/** Lines that are not UTF-8 are left empty, so that the others keep their numbers. */
function withoutForeignLines(bytes) {
  const isUtf8 = (line) => Buffer.from(line.toString(), "utf8").equals(line);
  if (isUtf8(bytes)) {
    return bytes;
  }
  const lines = bytes.toString("latin1").split("\n").map((line) => Buffer.from(line, "latin1"));
  return lines.map((line) => (isUtf8(line) ? line.toString() : "")).join("\n");
}

const [path, ...rules] = process.argv.slice(2);
const documents = rules.map(async (name) => ({ name, content: await readFile(name, "utf8") }));
const configuration = { rules: await Promise.all(documents), clock: "event" };
const detector = new Detector(await PlainModule.start(await readFile(path)), configuration, new MemoryStore());
detector.reports.filter((report) => !report.loaded).forEach((report) => console.error(report));
await pipeline(process.stdin, new Alerts(detector), process.stdout);
