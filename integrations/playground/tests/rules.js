// Rules in TOML become, to the byte, what the command makes of them: node rules.js TOOLS SCRATCH RULES WRITTEN
//
// RULES is a folder, WRITTEN what `firstseen rules --format json` gives for it.

import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [tools, scratch, folder, written] = process.argv.slice(2);
const esbuild = createRequire(join(tools, "package.json"))("esbuild");
const entryPoints = [fileURLToPath(new URL("../src/worker/documents.js", import.meta.url))];
const built = esbuild.buildSync({
  entryPoints,
  bundle: true,
  write: false,
  format: "esm",
  nodePaths: [join(tools, "node_modules")],
});
const path = join(scratch, "documents.mjs");
writeFileSync(path, built.outputFiles[0].text);
const { Documents } = await import(pathToFileURL(path));

const expected = new Map(
  readFileSync(written, "utf8")
    .trimEnd()
    .split("\n")
    .map((rule) => [JSON.parse(rule).rule_id, rule]),
);
const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".toml"));
for (const name of files) {
  const documents = Documents.of([{ name, content: readFileSync(join(folder, name), "utf8") }], []);
  assert.deepEqual(documents.problems, [], name);
  const [{ content }] = documents.rules;
  assert.equal(content, expected.get(JSON.parse(content).rule_id), name);
}
assert.equal(files.length, expected.size);
console.log(`toml: ${files.length} rules`);
