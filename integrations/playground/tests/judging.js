// What is pasted is judged, and why is said.

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { paste, settled } from "./browser.js";

const event = (fields) => JSON.stringify({ "@timestamp": "2026-11-24T12:00:00Z", ...fields });
const rule = (fields) =>
  JSON.stringify({
    rule_id: "r",
    name: "R",
    description: "Invented.",
    risk_score: 21,
    severity: "low",
    type: "query",
    language: "kuery",
    query: "a: 1",
    index: ["logs-*"],
    ...fields,
  });

async function typeRule(page, name, text) {
  await page.click("#rules-tab");
  await page.click("#rules-add");
  await page.fill("#rules-list input >> nth=-1", name);
  return paste(page, "#rules-list textarea >> nth=-1", text);
}

export const judging = {
  "the recorded install alerts at once": (browser) =>
    browser.with({}, async (page) => {
      assert.match(await settled(page), /^1 alert from 9 events; \d+ ms\.$/);
      assert.match(
        await page.textContent("#alerts-panel .title"),
        /^DPKG Package Installed by Unusual Parent Process$/,
      );
    }),

  "typing an event raises an alert": (browser) =>
    browser.with({}, async (page) => {
      await page.click("#events-clear");
      assert.match(await settled(page), /^0 alerts from 0 events/);
      const parent = { process: { name: "dpkg", args: ["dpkg", "-i", "a.deb"], parent: { executable: "/opt/x" } } };
      const start = {
        event: { category: ["process"], type: ["start"], action: "exec" },
        host: { os: { type: "linux" } },
      };
      await page.locator("#events").pressSequentially(event({ ...start, ...parent }));
      assert.match(await settled(page), /^1 alert from 1 event;/);
      await page.locator("#events").pressSequentially("x");
      assert.match(await settled(page), /^1 alert from 1 event, 1 line not judged in full;/);
      await page.click("#lines-tab");
      assert.match(await page.textContent("#lines-panel summary"), /line 1.*not judged.*it (is|ends) .*\(byte \d+\)/);
    }),

  "all reasons for no alert are told apart": (browser) =>
    browser.with({}, async (page) => {
      await page.selectOption("#example", "1");
      assert.match(await settled(page), /^3 alerts from 8 events, 1 seen before, 1 deferred, 1 excepted;/);
      await page.click("#lines-tab");
      const rows = await page.locator("#lines-panel summary").allTextContents();
      const badges = rows.map((row) => row.replace(/\{.*/s, ""));
      assert.deepEqual(badges, [
        "line 1alert",
        "line 2alert",
        "line 3seen",
        "line 5excepted",
        "line 6alertquery",
        "line 8deferred",
      ]);
      await page.locator("#lines-panel summary").nth(2).click();
      assert.match(
        await page.textContent("#lines-panel .why"),
        /\["mara","AT"\] was seen within 14 days, last in line 1/,
      );
      assert.match(await page.textContent("#query-result"), /matches 1 of 8 events: line 6\./);
    }),

  "a rule in EQL is judged as a query rule is": (browser) =>
    browser.with({}, async (page) => {
      await page.selectOption("#example", "2");
      assert.match(await settled(page), /^2 alerts from 7 events, 1 seen before;/);
      await page.click("#lines-tab");
      const rows = await page.locator("#lines-panel summary").allTextContents();
      const badges = rows.map((row) => row.replace(/\{.*/s, ""));
      assert.deepEqual(badges, ["line 1alertquery", "line 2seenquery", "line 4alert", "line 5query"]);
      const reasons = page.locator("#lines-panel .why");
      await page.locator("#lines-panel .row > summary").nth(0).click();
      assert.match(await reasons.nth(0).textContent(), /“Script by an Office Program”: matches, so it alerts\./);
      await page.locator("#lines-panel .row > summary").nth(1).click();
      assert.match(
        await reasons.nth(1).textContent(),
        /is the same event as one before, last in line 1; within 9 minutes it alerts once/,
      );
      await page.click("#reports-tab");
      assert.match(await page.textContent("#reports-panel .meta"), /^eql · version 1 · /);
    }),

  "a broken rule has its caret and its place": (browser) =>
    browser.with({}, async (page) => {
      await page.selectOption("#example", "3");
      assert.match(await settled(page), / 1 rule or document not used: see Rules\.$/);
      await page.click("#reports-tab");
      const cause = page.locator("#reports-panel .cause").first();
      assert.match(await cause.locator("p").textContent(), /^query: expected .* found `\)`$/);
      const expected = `2 |   process.name:(dpkg or rpm)) and event.type:start\n  | ${" ".repeat(28)}^`;
      assert.equal(await cause.locator("pre").textContent(), expected);
      await page.getByRole("button", { name: "broken-rule.toml:12:29" }).click();
      const selected = await page.evaluate(() => {
        const { value, selectionStart, selectionEnd } = document.activeElement;
        return [value.slice(selectionStart - 5, selectionStart), value.slice(selectionStart, selectionEnd)];
      });
      assert.deepEqual(selected, [" rpm)", ")"]);
      assert.match(await page.textContent("#reports-panel"), /typographic quotes are a part of the text/);
      assert.match(await page.textContent("#query-result"), /expected .*1 \| process\.name: \(dpkg or\n  \| +\^/);
    }),

  "rules come in all forms": (browser) =>
    browser.with({}, async (page) => {
      await paste(page, "#events", `${event({ a: 1 })}\n${event({ a: 2 })}`);
      const list = { list_id: "r", type: "detection", namespace_type: "single", name: "l", description: "d" };
      const item = {
        ...list,
        item_id: "i",
        type: "simple",
        entries: [{ field: "b", type: "exists", operator: "included" }],
      };
      const forms = [
        ["rule.json", rule({})],
        ["pretty.json", JSON.stringify(JSON.parse(rule({})), null, 2)],
        ["array.json", `[${rule({})},${rule({ rule_id: "s", query: "a: 3" })}]`],
        [
          "export.ndjson",
          [rule({ enabled: false }), JSON.stringify(list), JSON.stringify(item), '{"exported_count":3}'].join("\n"),
        ],
        ["package.json", JSON.stringify({ type: "security-rule", attributes: JSON.parse(rule({})) })],
        [
          "rule.toml",
          "[rule]\nrule_id = 'r'\nname = 'R'\ndescription = 'd'\nrisk_score = 21\nseverity = 'low'\n" +
            "type = 'query'\nquery = 'a: 1'\n",
        ],
      ];
      for (const [name, text] of forms) {
        assert.match(await typeRule(page, name, text), /^1 alert from 2 events;/, name);
        await page.locator("#rules-list button").click();
        await settled(page);
      }
      assert.match(await typeRule(page, "two.json", `${rule({})}\n${rule({ name: "Other" })}`), /^1 alert/);
      await page.click("#reports-tab");
      assert.match(
        await page.textContent("#reports-panel"),
        /two\.json:2.*rule_id r is that of the rule in two\.json:1/s,
      );
    }),

  "what cannot be used is named": (browser) =>
    browser.with({}, async (page) => {
      const cases = [
        ["a.toml", "[rule]\nname = \n", /a\.toml:2:8.*not TOML.*\^/s],
        ["b.toml", "[metadata]\n", /no \[rule\] table/],
        ["c.json", "{}", /no rule: it has no rule_id/],
        ["d.json", '{"rule_id": "r",\n', /d\.json:2:1.*not JSON/s],
        ["e.json", rule({ type: "esql", language: "esql" }), /not ours.*rules of type `esql` are not run/s],
        [
          "f.json",
          rule({ type: "eql", language: "eql", query: "sequence by a [any where true] [any where true]" }),
          /not ours.*sequences are not run/s,
        ],
        [
          "g.json",
          rule({ type: "eql", language: "eql", query: "any where process.pid == 1\n  or process.pid : 2" }),
          /g\.json:1:\d+.*a text is needed here.*2 \|   or process\.pid : 2\n  \| {5,}\^/s,
        ],
      ];
      for (const [name, text, expected] of cases) {
        assert.match(await typeRule(page, name, text), /^No rule runs/, name);
        await page.click("#reports-tab");
        assert.match(await page.textContent("#reports-panel"), expected);
        await page.locator("#rules-list button").click();
        await settled(page);
      }
      await page.click("#exceptions-tab");
      await page.click("#exceptions-add");
      await paste(page, "#exceptions-list textarea", "{nope");
      assert.match(await page.textContent("#reports-panel"), /not JSON/);
      await paste(page, "#exceptions-list textarea", rule({}));
      assert.match(await page.textContent("#reports-panel"), /exceptions:1no exception list in it/);
      await page.click("#rules-tab");
      await page.click("#rules-add");
      await paste(page, "#rules-list textarea", "{}\n".repeat(60));
      assert.match(await page.textContent("#reports-panel"), /11 more problems are not listed\./);
    }),

  "events over several lines and in arrays are events": (browser) =>
    browser.with({}, async (page) => {
      await typeRule(page, "rule.json", rule({}));
      const pretty = JSON.stringify(JSON.parse(event({ a: 1 })), null, 2);
      for (const text of [
        `[${event({ a: 1 })},\n${event({ a: 2 })}]`,
        `${pretty}\n${event({ a: 2 })}`,
        `${pretty}\n${pretty.replace("1", "2")}`,
      ]) {
        assert.match(await paste(page, "#events", text), /^1 alert from 2 events;.* were put on one each\.$/);
      }
      const hit = JSON.stringify({ _index: "logs-x", _id: "1", _source: { a: 1 } });
      assert.match(await paste(page, "#events", hit), /^0 alerts from 1 event;.* hits of a search/);
    }),

  "files can be dropped, packed ones too": (browser) =>
    browser.with({}, async (page) => {
      const drop = (files) =>
        page.locator("#inputs").evaluate((inputs, given) => {
          const dataTransfer = new DataTransfer();
          for (const { name, base64 } of given) {
            const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
            dataTransfer.items.add(new File([bytes], name));
          }
          inputs.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        }, files);
      const file = (name, bytes) => ({ name, base64: Buffer.from(bytes).toString("base64") });
      await page.click("#rules-tab");
      await drop([file("one.json", rule({})), file("two.json", rule({ rule_id: "s", query: "a: 2" }))]);
      await page.locator("#rules-list textarea").nth(1).waitFor();
      await page.click("#events-tab");
      const changed = page.locator("#events-size", { hasText: /^8\d B/ }).waitFor();
      await drop([file("events.ndjson.gz", gzipSync(`${event({ a: 1 })}\n${event({ a: 2 })}\n`))]);
      await changed;
      assert.match(await settled(page), /^2 alerts from 2 events;/);
      await drop([file("bomb.gz", gzipSync(Buffer.alloc(17 << 20)))]);
      await page.getByText("bomb.gz cannot be unpacked: more than 16777216 bytes come out of it.").waitFor();
      await drop([file("broken.gz", "no gzip")]);
      await page.getByText("broken.gz cannot be unpacked").waitFor();
    }),

  "the index decides which rules look": (browser) =>
    browser.with({}, async (page) => {
      await paste(page, "#events", event({ a: 1 }));
      await typeRule(page, "rule.json", rule({}));
      await page.click("#events-tab");
      assert.match(await paste(page, "#index", "metrics-x"), /^0 alerts/);
      assert.match(await paste(page, "#index", "logs-x"), /^1 alert/);
    }),

  "a document is shown and copied as it is": (browser) =>
    browser.with({}, async (page) => {
      await typeRule(page, "rule.json", rule({}));
      await paste(
        page,
        "#events",
        `{"@timestamp":"2026-11-24T12:00:00Z","a":1.0,"big":12345678901234567890,"__proto__":{"x":1}}`,
      );
      await page.check('input[value="raw"]');
      const raw = await page.textContent("#alerts-panel .raw");
      assert.ok(
        raw.includes('"a":1.0,') && raw.includes('"big":12345678901234567890') && raw.includes('"__proto__":{"x":1}'),
        raw,
      );
      await page.getByRole("button", { name: /^Copy the document/ }).click();
      await page.getByText("Copied", { exact: true }).waitFor();
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), raw);
      await page.check('input[value="json"]');
      assert.match(await page.textContent("#alerts-panel pre"), /\n {2}"big": 12345678901234567890,\n/);
      await page.check('input[value="tree"]');
      assert.match(await page.textContent("#alerts-panel .tree"), /big: 12345678901234567890/);
    }),

  "what is too large is refused with a word": (browser) =>
    browser.with({}, async (page) => {
      const upload = (id, name, size) =>
        page.setInputFiles(id, { name, mimeType: "", buffer: Buffer.alloc(size, "{}\n") });
      await upload("#events-file", "big.ndjson", (16 << 20) + 1);
      assert.match(await page.textContent("#notice"), /big\.ndjson has 16 MiB; the page takes 16 MiB\./);
      await page.click("#rules-tab");
      await upload("#rules-file", "big.json", (4 << 20) + 1);
      assert.match(await page.textContent("#notice"), /big\.json has 4 MiB; the page takes 4 MiB\./);
      assert.match(await paste(page, "#query", "a".repeat((64 << 10) + 1)), /the query is longer than 64 KiB/);
      await page.fill("#query", "");
      assert.match(
        await paste(page, "#events", "{}\n".repeat(100_001)),
        /there are 100001 lines of events; the page takes 100000/,
      );
    }),

  "a file that is not UTF-8 costs only its line": (browser) =>
    browser.with({}, async (page) => {
      await typeRule(page, "rule.json", rule({}));
      await page.click("#events-tab");
      const buffer = Buffer.concat([
        Buffer.from('{"b":"'),
        Buffer.from([0xff]),
        Buffer.from(`"}\n${event({ a: 1 })}\n`),
      ]);
      await page.setInputFiles("#events-file", { name: "latin.ndjson", mimeType: "", buffer });
      await page.getByText("latin.ndjson").waitFor();
      assert.match(await settled(page), /^1 alert from 2 events, 1 line not judged in full/);
      await page.click("#lines-tab");
      assert.match(await page.textContent("#lines-panel"), /line 1.*it is not UTF-8/);
    }),
};
