// Tests the built page in Chromium: node playground.js TOOLS PAGE CASES GROUP [NAME]
//
// Prints a line for each test of the group, and of the group `conformance` the digest of the cases as the other
// integrations do. With NAME only tests run that have it in their names.

import { access } from "./access.js";
import { Browser } from "./browser.js";
import { conformance } from "./conformance.js";
import { hostile } from "./hostile.js";
import { judging } from "./judging.js";
import { runs } from "./runs.js";

const [tools, page, cases, group, wanted = ""] = process.argv.slice(2);
const groups = {
  conformance: {
    "every case gives what every host gives": async (browser) => console.log(await conformance(browser, cases)),
  },
  judging,
  hostile,
  runs,
  access: access(tools),
};
const tests = Object.entries(groups[group]).filter(([name]) => name.includes(wanted));
const browser = await Browser.start(tools, page);
let failed = 0;
for (const [name, test] of tests) {
  try {
    await test(browser);
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
  }
}
await browser.close();
process.exitCode = failed > 0 ? 1 : 0;
