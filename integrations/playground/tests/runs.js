// Long runs: newer input ends them, and so does a while.

import assert from "node:assert/strict";
import { paste, settled } from "./browser.js";

const RULE = JSON.stringify({
  rule_id: "r",
  name: "R",
  description: "Invented.",
  risk_score: 21,
  severity: "low",
  type: "query",
  language: "kuery",
  query: "*",
  index: ["logs-*"],
});
/** So many events that match take seconds. They are too many for the box. */
const LONG = Buffer.from('{"@timestamp":"2026-11-24T12:00:00Z"}\n'.repeat(100_000));

/** Has a long run begin, and waits until the worker has it. */
async function startLong(page) {
  await page.click("#rules-tab");
  await page.click("#rules-add");
  await paste(page, "#rules-list textarea", RULE);
  await page.click("#events-tab");
  const posted = page.evaluate(
    () =>
      new Promise((resolve) => {
        const { postMessage } = Worker.prototype;
        Worker.prototype.postMessage = function (...message) {
          Worker.prototype.postMessage = postMessage;
          this.postMessage(...message);
          resolve();
        };
      }),
  );
  await page.setInputFiles("#events-file", { name: "long.ndjson", mimeType: "", buffer: LONG });
  await posted;
}

export const runs = {
  "newer input ends an older run, and the page goes on": (browser) =>
    browser.with({}, async (page) => {
      const ended = new Promise((resolve) => page.workers()[0].on("close", resolve));
      await startLong(page);
      assert.equal(await page.getAttribute("#results", "aria-busy"), "true");
      await page.locator("#events-kept button").click();
      await paste(page, "#events", '{"@timestamp":"2026-11-24T12:00:00Z"}');
      await ended;
      assert.match(await settled(page), /^1 alert from 1 event;/);
    }),

  "a run that takes too long is stopped with a word": (browser) =>
    browser.with({}, async (page) => {
      await page.evaluate(() => {
        const { setTimeout } = globalThis;
        globalThis.setTimeout = (call, ms) => setTimeout(call, ms === 20_000 ? 50 : ms);
      });
      await startLong(page);
      assert.match(await settled(page), /^Nothing was judged: it took over 20 seconds and was stopped\.$/);
    }),

  "a run that fails is said, and the next one works": (browser) =>
    browser.with({}, async (page) => {
      await page.workers()[0].evaluate(() => {
        WebAssembly.instantiate = () => Promise.reject(new WebAssembly.RuntimeError("unreachable"));
      });
      assert.match(await paste(page, "#events", "{}"), /^The run failed: unreachable$/);
      assert.match(await paste(page, "#events", "{}\n{}"), /^0 alerts from 2 events;/);
    }),
};
