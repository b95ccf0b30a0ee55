import install from "../../../../tests/data/dpkg-i-recorded.ndjson";
import brokenLines from "../samples/broken-lines.ndjson";
import brokenRule from "../samples/broken-rule.toml";
import firstCountry from "../samples/first-country.toml";
import knownScanner from "../samples/known-scanner.ndjson";
import logins from "../samples/logins.ndjson";
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
