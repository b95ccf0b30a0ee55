// A Chromium that shows the page, and takes note of everything that it should not do.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const EXECUTABLE = "/usr/bin/chromium";
/** What takes longer hangs. */
const HANG_MS = 60_000;

export class Browser {
  #browser;
  #page;
  #server;
  #asked = [];

  /** `tools` has playwright-core, `page` is the built page. */
  static async start(tools, page) {
    const browser = new Browser();
    const { chromium } = createRequire(join(tools, "package.json"))("playwright-core");
    const args = process.getuid() === 0 ? ["--no-sandbox"] : [];
    browser.#browser = await chromium.launch({ executablePath: EXECUTABLE, args });
    browser.#page = page;
    browser.#server = createServer((request, response) => {
      browser.#asked.push(request.url);
      const isPage = request.url === "/playground.html";
      response.writeHead(isPage ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
      response.end(isPage ? readFileSync(page) : "");
    });
    await new Promise((resolve) => browser.#server.listen(0, "127.0.0.1", resolve));
    return browser;
  }

  get fileUrl() {
    return pathToFileURL(this.#page).href;
  }

  get httpUrl() {
    return `http://127.0.0.1:${this.#server.address().port}/playground.html`;
  }

  /** What the server was asked for since it was asked last. */
  takeAsked() {
    return this.#asked.splice(0);
  }

  /** Opens the page and hands it to `check`; then nothing must have gone wrong or out. */
  async with(options, check) {
    const { url = this.fileUrl, hash = "", ...others } = options;
    const context = await this.#browser.newContext({ permissions: ["clipboard-read", "clipboard-write"], ...others });
    context.setDefaultTimeout(HANG_MS);
    const page = await context.newPage();
    const wrong = [];
    const requests = [];
    page.on("pageerror", (error) => wrong.push(error.stack));
    page.on("console", (message) => wrong.push(`${message.type()}: ${message.text()}`));
    page.on("worker", (worker) => worker.on("console", (message) => wrong.push(message.text())));
    context.on("request", (request) => requests.push(request.url()));
    await page.addInitScript(() => {
      globalThis.violations = [];
      addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(event.violatedDirective));
    });
    await page.goto(url + hash);
    await settled(page);
    await check(page, { wrong, requests });
    assert.deepEqual(wrong, []);
    assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
    // The page itself, and its worker, which is a blob.
    const out = requests
      .map((request) => request.replace(/#.*/s, ""))
      .filter((request) => !request.startsWith("blob:"));
    assert.deepEqual(out, [url]);
    await context.close();
  }

  async close() {
    await this.#browser.close();
    this.#server.close();
  }
}

/** Waits until what is in the boxes was judged; answers what the page says then. */
export async function settled(page) {
  await page.locator('#results[aria-busy="false"]').waitFor();
  return page.locator("#status").textContent();
}

/** Puts a text into a box as if it were pasted, and waits until it was judged. */
export async function paste(page, selector, text) {
  await page.locator(selector).evaluate((box, pasted) => {
    box.value = pasted;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }, text);
  return settled(page);
}
