// Links that someone made who means harm, and events; and what the policy holds off.

import assert from "node:assert/strict";
import { deflateRawSync } from "node:zlib";
import { paste, settled } from "./browser.js";

const MARKUP = [
  "<script>window.pwned = 1</script>",
  "</script><script>window.pwned = 1</script>",
  "<img src=x onerror=window.pwned=1>",
  "javascript:window.pwned=1",
  '"><svg onload=window.pwned=1>',
  "{{APP}}",
  "<!--",
  "\u2028\u202e\0",
];

const hashOf = (text) => `#1.${deflateRawSync(text).toString("base64url")}`;
const linkOf = (value) => hashOf(JSON.stringify(value));

/** Nothing of what came in is anything but text. */
async function isHarmless(page) {
  const found = await page.evaluate(() => [
    globalThis.pwned,
    {}.polluted,
    [].polluted,
    document.querySelectorAll("script").length,
    document.querySelectorAll("img, svg, iframe, object, embed, a[href^=javascript]").length,
  ]);
  assert.deepEqual(found, [undefined, undefined, undefined, 3, 0]);
}

const BROKEN = [
  "#",
  "#1.",
  "#1.!!!!",
  "#2.AAAA",
  "#constructor",
  "#__proto__",
  "#%00",
  "#1.AAAA",
  hashOf(Buffer.from([0xff, 0xfe])),
  hashOf("null"),
  hashOf("[]"),
  hashOf('{"rules":{},"exceptions":[],"query":""}'),
  hashOf("{".repeat(100_000)),
  linkOf({ rules: [1], exceptions: [], query: "" }),
  linkOf({ rules: [], exceptions: [], query: { toString: "x" } }),
  linkOf({ rules: Array(101).fill({ name: "", content: "" }), exceptions: [], query: "" }),
  // More than a link may hold, as it is written and unpacked.
  `#1.${"A".repeat(1 << 20)}`,
  hashOf(Buffer.alloc(40 << 20)),
];

export const hostile = {
  "a link fills the boxes, and nothing else": async (browser) => {
    for (const url of [browser.fileUrl, browser.httpUrl]) {
      const rules = MARKUP.map((text) => ({ name: text, content: text }));
      const json = JSON.stringify({ rule_id: MARKUP[1], name: MARKUP[2], type: "query", query: MARKUP[0] });
      const link = { rules: [...rules, { name: "x.json", content: json }], exceptions: rules, query: MARKUP[2] };
      await browser.with({ url, hash: linkOf(link) }, async (page) => {
        assert.match(await page.textContent("#notice"), /A link filled/);
        const value = (name) => page.locator(name).evaluateAll((boxes) => boxes.map((box) => box.value));
        const kept = link.rules.map(({ content }) => content);
        assert.deepEqual(await value("#rules-list textarea"), kept);
        assert.equal(await page.inputValue("#query"), MARKUP[2]);
        for (const tab of ["#rules-tab", "#exceptions-tab", "#lines-tab", "#reports-tab", "#alerts-tab"]) {
          await page.click(tab);
        }
        await isHarmless(page);
        await page.getByRole("button", { name: "Undo" }).click();
        assert.match(await settled(page), /^1 alert from 9 events/);
      });
    }
    // The part behind the `#` stays where it is.
    const asked = browser.takeAsked();
    assert.deepEqual(asked, ["/playground.html"]);
  },

  "keys that mean something in JavaScript are names": (browser) => {
    const polluting =
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"rules":[],"exceptions":[],"query":""}';
    return browser.with({ hash: hashOf(polluting) }, async (page) => {
      await isHarmless(page);
      await page.click("#rules-tab");
      for (const [name, text] of [
        [
          "a.toml",
          "[rule]\nrule_id = 'r'\nname = 'R'\n" +
            ["rule.__proto__", "__proto__", "transform.__proto__"].map((key) => `[${key}]\npolluted = 1\n`).join(""),
        ],
        [
          "b.json",
          '{"rule_id":"__proto__","name":"constructor","type":"query","query":"a:1","__proto__":{"polluted":1}}',
        ],
        ["__proto__", '{"rule_id":"c","name":"toString","__proto__":{"polluted":1}}'],
      ]) {
        await page.click("#rules-add");
        await page.fill("#rules-list input >> nth=-1", name);
        await paste(page, "#rules-list textarea >> nth=-1", text);
      }
      await page.click("#reports-tab");
      await isHarmless(page);
    });
  },

  "a broken link is named, and changes nothing": async (browser) => {
    for (const hash of BROKEN) {
      await browser.with({ hash }, async (page) => {
        assert.match(await settled(page), /^1 alert from 9 events/, hash.slice(0, 40));
        const notice = await page.textContent("#notice");
        assert.match(
          notice,
          hash === "#" ? /^$/ : /^This link cannot be used: .+ Nothing was changed\./,
          hash.slice(0, 40),
        );
        await isHarmless(page);
      });
    }
  },

  "a copied link brings everything but the events": (browser) =>
    browser.with({}, async (page) => {
      await page.selectOption("#example", "1");
      await settled(page);
      await page.click("#copy-link");
      await page.getByText("Copied. The link holds").waitFor();
      const link = await page.evaluate(() => navigator.clipboard.readText());
      assert.ok(link.startsWith(`${browser.fileUrl}#1.`) && link.length < 4_000, link);
      await browser.with({ hash: new URL(link).hash }, async (other) => {
        assert.match(await settled(other), /^0 alerts from 9 events/);
        assert.equal(await other.inputValue("#query"), "user.name: mara and not source.geo.country_iso_code: AT");
        assert.equal(await other.inputValue("#rules-list input"), "first-country.toml");
        assert.equal(await other.inputValue("#exceptions-list input"), "known-scanner.ndjson");
      });
      const noise = Array.from({ length: 40_000 }, (_, place) =>
        String.fromCodePoint(0x4e00 + ((place * 7919) % 20_000)),
      ).join("");
      await paste(page, "#query", "");
      await page.click("#rules-tab");
      await paste(page, "#rules-list textarea", noise);
      await page.click("#copy-link");
      await page.getByText("too much for a link").waitFor();
    }),

  "events are text": (browser) =>
    browser.with({}, async (page) => {
      const lines = MARKUP.map((text) =>
        JSON.stringify({
          "@timestamp": "2026-11-24T12:00:00Z",
          [text]: text,
          host: { os: { type: "linux" } },
          event: { category: ["process"], type: ["start"], action: "exec" },
          process: { name: "dpkg", args: ["-i"], parent: { executable: text } },
        }),
      );
      assert.match(
        await paste(page, "#events", [...lines, ...MARKUP].join("\n")),
        new RegExp(`from ${MARKUP.length * 2} events`),
      );
      for (const tab of ["#lines-tab", "#alerts-tab"]) {
        await page.click(tab);
        await page.locator(".row:visible").evaluateAll((rows) => rows.forEach((row) => (row.open = true)));
      }
      assert.match(await page.textContent("#alerts-panel"), /<img src=x onerror=window\.pwned=1>/);
      await isHarmless(page);
    }),

  "the policy lets nothing out and nothing in": async (browser) => {
    for (const url of [browser.fileUrl, browser.httpUrl]) {
      await browser.with({ url }, async (page, { wrong, requests }) => {
        const target = browser.httpUrl.replace("playground.html", "out");
        const failed = await page.evaluate(tryEverything, target);
        assert.deepEqual(
          failed.filter(([, outcome]) => outcome !== "refused"),
          [],
        );
        const inWorker = await page.workers()[0].evaluate(tryInWorker, target);
        assert.deepEqual(
          inWorker.filter(([, outcome]) => outcome !== "refused"),
          [],
        );
        await isHarmless(page);
        // What was provoked was said; nothing else was.
        assert.ok(
          wrong.every((text) => /Content Security Policy|Trusted(HTML|Script)/i.test(text)),
          wrong.join("\n"),
        );
        wrong.length = 0;
        // Chromium tells of requests that it then does not make; the server knows.
        requests.splice(0, requests.length, url);
        await page.evaluate(() => (globalThis.violations.length = 0));
      });
    }
    assert.deepEqual(browser.takeAsked(), ["/playground.html"]);
  },
};

/** Runs in the page. */
async function tryEverything(target) {
  const outcome = async (name, attempt) => {
    try {
      return [name, (await attempt()) ? "done" : "refused"];
    } catch {
      return [name, "refused"];
    }
  };
  const loads = (name, attributes) => () =>
    new Promise((resolve) => {
      const element = Object.assign(document.createElement(name), attributes);
      element.onload = () => resolve(true);
      element.onerror = () => resolve(false);
      document.body.append(element);
      element.src = target;
      setTimeout(() => resolve(false), 500);
    });
  const tries = [
    ["fetch", () => fetch(target)],
    ["image", loads("img")],
    ["script", loads("script")],
    ["beacon", () => navigator.sendBeacon(target) && globalThis.violations.length === 0],
    [
      "socket",
      () =>
        new Promise((resolve) => {
          const socket = new WebSocket(target.replace("http", "ws"));
          socket.onopen = () => resolve(true);
          socket.onerror = () => resolve(false);
        }),
    ],
    // Later, for what is run from outside may do more until it first waits.
    [
      "eval",
      () =>
        new Promise((resolve, reject) =>
          setTimeout(() => {
            try {
              resolve((0, eval)("1"));
            } catch (error) {
              reject(error);
            }
          }),
        ),
    ],
    ["markup", () => (document.body.innerHTML += "<b>1</b>")],
    [
      "inline script",
      () => {
        const script = document.createElement("script");
        script.append("window.pwned = 1");
        document.body.append(script);
        script.remove();
        return globalThis.pwned;
      },
    ],
    ["another worker", () => new Worker("blob:null/other")],
    ["another policy", () => trustedTypes.createPolicy("mine", {})],
    ["the same policy", () => trustedTypes.createPolicy("worker", {})],
    [
      "a base",
      () => {
        const base = document.createElement("base");
        base.href = target;
        document.head.append(base);
        const isSet = document.baseURI === target;
        base.remove();
        return isSet;
      },
    ],
  ];
  const found = [];
  for (const [name, attempt] of tries) {
    found.push(await outcome(name, attempt));
  }
  document.querySelectorAll("body > img, body > script:not([id]) ~ script").forEach((element) => element.remove());
  return found;
}

/** Runs in the worker. */
async function tryInWorker(target) {
  const tries = [
    ["fetch", () => fetch(target)],
    // Later, for what is run from outside may do more until it first waits.
    [
      "eval",
      () =>
        new Promise((resolve, reject) =>
          setTimeout(() => {
            try {
              resolve((0, eval)("1"));
            } catch (error) {
              reject(error);
            }
          }),
        ),
    ],
    ["script", () => importScripts(target)],
    [
      "socket",
      () =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(target.replace("http", "ws"));
          socket.onopen = resolve;
          socket.onerror = reject;
        }),
    ],
  ];
  const found = [];
  for (const [name, attempt] of tries) {
    try {
      await attempt();
      found.push([name, "done"]);
    } catch {
      found.push([name, "refused"]);
    }
  }
  return found;
}
