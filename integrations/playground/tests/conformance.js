// All cases of `integrations/conformance`, judged by the page's own worker, under the page's own policy.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const ndjson = (path) =>
  readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

function requestOf(folder) {
  const contexts = ndjson(join(folder, "contexts.ndjson"));
  const batches = contexts.map((context, place) => ({
    events: readFileSync(join(folder, `batch-${place + 1}.ndjson`)).toString("base64"),
    context,
  }));
  return { configuration: JSON.parse(readFileSync(join(folder, "configuration.json"), "utf8")), batches };
}

/** Runs in the page's worker: has it judge a request, and takes the answer that is for the page. */
async function judged(request) {
  const { postMessage } = self;
  const answered = new Promise((resolve) => (self.postMessage = resolve));
  const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const batches = request.batches.map(({ events, context }) => ({ events: bytes(events), context }));
  self.onmessage({ data: { id: 0, request: { ...request, batches } } });
  const { result, failure } = await answered;
  self.postMessage = postMessage;
  return { result, failure };
}

/** The SHA-256 of all ids and documents of alerts, as the other integrations print it. */
export async function conformance(browser, cases) {
  const digest = createHash("sha256");
  const folders = readdirSync(cases).sort();
  await browser.with({}, async (page) => {
    for (const name of folders) {
      const folder = join(cases, name);
      const { result, failure } = await page.workers()[0].evaluate(judged, requestOf(folder));
      assert.equal(failure, undefined, name);
      const given = ndjson(join(folder, "transcript.ndjson")).flatMap(({ given: line }) => line ?? []);
      const expected = given.flatMap((line) => line.alert ?? []);
      assert.deepEqual(
        result.alerts.map(({ id, document }) => [id, document]),
        expected.map(({ id, document }) => [id, document]),
        name,
      );
      assert.equal(result.counts.alerts, expected.length, name);
      assert.equal(
        result.counts.deferred,
        given.reduce((sum, line) => sum + (line.summary?.deferred ?? 0), 0),
        name,
      );
      const unjudged = new Set(given.flatMap((line) => (line.unjudged ? [line.unjudged.line] : [])));
      assert.equal(result.counts.unjudged, unjudged.size, name);
      result.alerts.forEach(({ id, document }) => digest.update(`${id}\t${document}\n`));
    }
  });
  return `plain: ${folders.length} cases, ${digest.digest("hex")}`;
}
