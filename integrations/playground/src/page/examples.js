import install from "../../../../tests/data/dpkg-i-recorded.ndjson";
import brokenLines from "../samples/broken-lines.ndjson";
import brokenRule from "../samples/broken-rule.toml";
import firstCountry from "../samples/first-country.toml";
import knownScanner from "../samples/known-scanner.ndjson";
import logins from "../samples/logins.ndjson";
import office from "../samples/office.ndjson";
import scriptByOffice from "../samples/script-by-office.toml";
import typographicQuotes from "../samples/typographic-quotes.json";

/** What the boxes can be filled with. */
export const EXAMPLES = [
  { name: "A recorded dpkg -i, the built-in rule", events: install, rules: [], exceptions: [], query: "" },
  {
    name: "Logins: a new terms rule in TOML, with an exception",
    events: logins,
    rules: [{ name: "first-country.toml", content: firstCountry }],
    exceptions: [{ name: "known-scanner.ndjson", content: knownScanner }],
    query: "user.name: mara and not source.geo.country_iso_code: AT",
  },
  {
    name: "Office programs: a rule in EQL",
    events: office,
    rules: [{ name: "script-by-office.toml", content: scriptByOffice }],
    exceptions: [],
    query: "process.parent.name: WINWORD.EXE and event.type: start",
  },
  {
    name: "What goes wrong: broken rules, broken lines",
    events: brokenLines,
    rules: [
      { name: "broken-rule.toml", content: brokenRule },
      { name: "typographic-quotes.json", content: typographicQuotes },
    ],
    exceptions: [],
    query: "process.name: (dpkg or",
  },
];
