import { PROBLEMS_SHOWN_MAX } from "../limits.js";
import { Documents } from "./documents.js";
import { batchOf } from "./events.js";
import { Findings } from "./findings.js";
import { Judge } from "./judge.js";
import { placeOf } from "./place.js";
import { ruleOf } from "./query.js";

/** All lines are looked at, so that what is wrong with one is said even if no rule could match it. */
const EVERY_LINE = { index: true, prefilter: false };

/**
 * Judges batches with rules. `configuration` is the module's, but for `rules` and `exceptions`, which are documents as
 * people have them; `query` is KQL, if any. With `includesDisabled` rules run that are switched off.
 */
export async function run(wasm, { configuration, batches, query, includesDisabled }) {
  const given = { rules: [], exceptions: [], ...configuration };
  const documents = Documents.of(given.rules, given.exceptions, { includesDisabled });
  const { rules, exceptions } = documents;
  // Rules were given, and none can be shown to the module, which would take its own then.
  const isEmpty = rules.length === 0 && given.rules.some(({ content }) => content.trim() !== "");
  const shown = { shortcuts: EVERY_LINE, ...configuration, rules, exceptions };
  const judge = isEmpty ? undefined : await Judge.start(wasm, shown);
  const asked = query ? await Judge.start(wasm, { ...shown, rules: [ruleOf(query)], exceptions: [] }) : undefined;
  const unexcepted = judge && exceptions.length > 0 ? await Judge.start(wasm, { ...shown, exceptions: [] }) : undefined;

  const findings = new Findings();
  const facts = { lineCount: 0, events: 0, folded: false, areHits: false };
  for (const { events, context } of batches) {
    const batch = batchOf(events);
    const lineAt = (line) => findings.at(facts.lineCount + line, batch.numbers[line], batch.lines[line]);
    await judgeBatch(judge, batch, context, lineAt, findings);
    noteExcepted(judge, unexcepted, batch, context, lineAt, findings);
    noteQueried(asked, batch, context, lineAt, findings);
    facts.lineCount += batch.lines.length;
    facts.events += batch.lines.filter((line) => !isBlank(line)).length + batch.apart.length;
    facts.folded ||= batch.folded;
    facts.areHits ||= batch.areHits;
  }
  return {
    ...findings.finish(),
    ...facts,
    isCut: [judge, asked, unexcepted].some((one) => one?.isCut),
    rules: judge?.rules ?? [],
    isBuiltIn: !isEmpty && rules.length === 0,
    reports: reportsOf(judge, documents),
    problems: documents.problems,
    remarks: documents.remarks,
    left: documents.left,
    query: asked && queryReport(asked),
  };
}

async function judgeBatch(judge, batch, context, lineAt, findings) {
  for (const { line, cause } of batch.apart) {
    lineAt(line).unjudged.push({ apart: cause });
    findings.counts.unjudged += 1;
  }
  const histories = judge?.rules.map((rule) => rule.history);
  await judge?.evaluate(batch, context, ({ line, matches, sightings, alerts, remarks, unjudged }) => {
    const found = lineAt(line);
    for (const rule of matches) {
      const own = sightings.filter(({ history }) => history === histories[rule]);
      const said = remarks.filter((remark) => remark.rule === rule).map((remark) => remark.text);
      found.rules.push({ rule, sightings: own, remarks: said });
      own.forEach(({ verdict }) => (findings.counts[verdict] += verdict === "unseen" ? 0 : 1));
    }
    found.unjudged.push(...unjudged);
    findings.counts.matched += matches.length > 0 ? 1 : 0;
    findings.counts.unjudged += unjudged.length > 0 ? 1 : 0;
    found.hasOwnAlert = alerts.some((alert) => alert.rule === null);
    alerts.forEach((alert) => findings.alert(alert, found.number));
  });
}

/** Of what matches without exceptions and not with them, an exception is the cause. */
function noteExcepted(judge, unexcepted, batch, context, lineAt, findings) {
  if (!unexcepted) {
    return;
  }
  const { rules } = unexcepted;
  const places = new Map(judge.rules.map((rule, place) => [rule["rule-id"], place]));
  for (const [line, { matches }] of unexcepted.match(batch.lines, context)) {
    const without = matches.map((rule) => places.get(rules[rule]["rule-id"])).filter((rule) => rule !== undefined);
    const with_ = without.length > 0 ? lineAt(line).rules.map(({ rule }) => rule) : [];
    const excepted = without.filter((rule) => !with_.includes(rule));
    excepted.forEach((rule) => lineAt(line).rules.push({ rule, isExcepted: true, sightings: [], remarks: [] }));
    findings.counts.excepted += excepted.length > 0 ? 1 : 0;
  }
}

function noteQueried(asked, batch, context, lineAt, findings) {
  for (const [line, { matches }] of asked?.match(batch.lines, context) ?? []) {
    if (matches.length > 0) {
      lineAt(line).isQueried = true;
      findings.counts.queried += 1;
    }
  }
}

function queryReport(asked) {
  const [{ loaded, refused }] = asked.reports;
  return { refused: refused?.cause, warnings: loaded ? [...loaded.warnings, ...loaded.hints] : [] };
}

/** The module's reports, with the places of faults in what people wrote. */
function reportsOf(judge, { rules, sources }) {
  let located = 0;
  return (judge?.reports ?? []).map((report) => {
    const refusal = report.refused ?? report.unusable;
    if (!refusal || !sources.has(refusal.document) || located >= PROBLEMS_SHOWN_MAX) {
      return report;
    }
    located += 1;
    const content = rules.find(({ name }) => name === refusal.document)?.content;
    return { ...report, place: placeOf(sources.get(refusal.document), { ...refusal, query: queryOf(content) }) };
  });
}

function queryOf(content) {
  try {
    const { query } = JSON.parse(content);
    return typeof query === "string" ? query : undefined;
  } catch {
    return undefined;
  }
}

function isBlank(line) {
  return line.every((byte) => byte === 32 || (byte >= 9 && byte <= 13));
}
