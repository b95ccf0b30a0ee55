// Writes the page, one file: node build.js TOOLS PLAIN OUTPUT
//
// TOOLS is the folder that tools.sh made, PLAIN what `firstseen module --plain` writes. The same files, versions and
// Node give the same bytes.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const [tools, plain, output] = process.argv.slice(2).map((path) => resolve(path));
const esbuild = createRequire(join(tools, "package.json"))("esbuild");
const here = fileURLToPath(new URL(".", import.meta.url));

/** A script with all that it imports. Minified, it says nothing of where its parts lay. */
function bundled(entry) {
  const built = esbuild.buildSync({
    entryPoints: [join(here, entry)],
    bundle: true,
    write: false,
    minify: true,
    charset: "utf8",
    format: "iife",
    target: "es2022",
    // Licences of others stay, at the end.
    legalComments: "eof",
    loader: { ".ndjson": "text", ".toml": "text", ".json": "text" },
    nodePaths: [join(tools, "node_modules")],
    logLevel: "warning",
  });
  return built.outputFiles[0].text.trim();
}

/** A text that an element can hold as it is: it neither ends the element nor is changed by the parser. */
function inElement(text) {
  if (/<\/(script|style)|<!--|\r|\0/i.test(text)) {
    throw new Error("this text cannot stand in an element");
  }
  return text;
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const sheets = ["theme", "page", "results", "narrow"].map((name) => join(here, `src/style/${name}.css`));
const style = inElement(sheets.map((sheet) => readFileSync(sheet, "utf8")).join("\n"));
const app = inElement(bundled("src/page/app.js"));
const worker = inElement(bundled("src/worker/worker.js"));
const icon = readFileSync(join(here, "src/icon.svg"), "utf8").trim();
const policy = [
  "default-src 'none'",
  `script-src ${hash(app)} 'wasm-unsafe-eval'`,
  `style-src ${hash(style)}`,
  "img-src data:",
  "worker-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types worker",
];
const parts = {
  POLICY: policy.join("; "),
  ICON: `data:image/svg+xml,${encodeURIComponent(icon)}`,
  STYLE: style,
  MODULE: gzipSync(readFileSync(plain), { level: 9 }).toString("base64"),
  WORKER: worker,
  APP: app,
};
const page = readFileSync(join(here, "src/page.html"), "utf8");
writeFileSync(
  output,
  page.replace(/\{\{([A-Z]+)\}\}/g, (_, name) => parts[name]),
);
