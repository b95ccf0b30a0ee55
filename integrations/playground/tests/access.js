// For everyone: by keyboard, with a screen reader, on a phone, in the dark.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { settled } from "./browser.js";

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** What has the focus: its id, or its text. */
function focused() {
  const { activeElement: element } = document;
  const style = getComputedStyle(element);
  const around = getComputedStyle(element.closest(".file") ?? element);
  const isSeen = [style, around].some(
    ({ outlineStyle, outlineWidth }) => outlineStyle !== "none" && parseFloat(outlineWidth) >= 2,
  );
  return { name: element.id || element.textContent.trim().slice(0, 40) || element.value, isSeen };
}

async function walk(page, steps) {
  const found = [];
  for (let step = 0; step < steps; step += 1) {
    await page.keyboard.press("Tab");
    found.push(await page.evaluate(focused));
  }
  return found;
}

export const access = (tools) => ({
  "everything is reached with the keyboard, and seen": (browser) =>
    browser.with({}, async (page) => {
      const found = await walk(page, 17);
      assert.deepEqual(
        found.filter(({ isSeen }) => !isSeen),
        [],
      );
      assert.deepEqual(found.map(({ name }) => name).slice(0, 13), [
        "Skip to the results",
        "example",
        "copy-link",
        "events-tab",
        "events-file",
        "events-clear",
        "index",
        "events",
        "query",
        "alerts-tab",
        "alerts-panel",
        "tree",
        "alertDPKG Package Installed by Unusual P",
      ]);
    }),

  "tabs turn with arrows, branches open with Enter": (browser) =>
    browser.with({}, async (page) => {
      await page.focus("#events-tab");
      for (const [key, tab] of [
        ["ArrowRight", "rules"],
        ["End", "exceptions"],
        ["ArrowRight", "events"],
        ["ArrowLeft", "exceptions"],
        ["Home", "events"],
      ]) {
        await page.keyboard.press(key);
        assert.equal((await page.evaluate(focused)).name, `${tab}-tab`);
        assert.equal(await page.getAttribute(`#${tab}-tab`, "aria-selected"), "true");
        assert.ok(await page.isVisible(`#${tab}-panel`));
      }
      const branch = page.locator("#alerts-panel .tree summary", { hasText: "process" }).first();
      await branch.focus();
      await page.keyboard.press("Enter");
      await page.locator("#alerts-panel .tree .tree", { hasText: "command_line" }).first().waitFor();
      await page.keyboard.press("Space");
      assert.equal(await branch.evaluate((summary) => summary.parentElement.open), false);
    }),

  "nothing is against the rules of axe, in light, dark and on a phone": async (browser) => {
    const axe = readFileSync(createRequire(join(tools, "package.json")).resolve("axe-core/axe.min.js"), "utf8");
    for (const options of [{ colorScheme: "light" }, { colorScheme: "dark" }, { colorScheme: "dark", ...PHONE }]) {
      await browser.with(options, async (page) => {
        await page.evaluate(axe);
        for (const example of ["0", "1", "2", "3"]) {
          await page.selectOption("#example", example);
          await settled(page);
          for (const tabs of [
            ["events", "alerts"],
            ["rules", "lines"],
            ["exceptions", "reports"],
          ]) {
            for (const tab of tabs) {
              await page.click(`#${tab}-tab`);
            }
            await page.locator(".row:visible").evaluateAll((rows) => rows.forEach((row) => (row.open = true)));
            const { violations, passes } = await page.evaluate(() => globalThis.axe.run());
            assert.deepEqual(
              violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
              [],
            );
            assert.ok(passes.some(({ id }) => id === "color-contrast"));
          }
        }
      });
    }
  },

  "a phone needs no scrolling sideways": (browser) =>
    browser.with(PHONE, async (page) => {
      for (const example of ["0", "1", "2", "3"]) {
        await page.selectOption("#example", example);
        await settled(page);
        for (const tab of ["rules", "exceptions", "events", "lines", "reports", "alerts"]) {
          await page.click(`#${tab}-tab`);
          const width = await page.evaluate(() => document.documentElement.scrollWidth);
          assert.ok(width <= 390, `${tab}: ${width}`);
        }
      }
    }),

  "the page is dark where that is wanted": async (browser) => {
    const grounds = [];
    for (const colorScheme of ["light", "dark"]) {
      await browser.with({ colorScheme }, async (page) => {
        const colour = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        grounds.push(colour.match(/\d+/g).reduce((sum, part) => sum + Number(part), 0));
      });
    }
    assert.ok(grounds[0] > 600 && grounds[1] < 150, String(grounds));
  },
});
