/** What is said of events and rules, in sentences. */

/** A window, as rules write it. */
export function durationText(ms) {
  const units = [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
    ["second", 1_000],
  ];
  const [name, unit] = units.find(([, size]) => ms >= size && ms % size === 0) ?? ["millisecond", 1];
  return counted(ms / unit, name);
}

export function counted(count, name, names = `${name}s`) {
  return `${count} ${count === 1 ? name : names}`;
}

/** Why an event that matches a rule alerts, or does not; each is a badge and a sentence in parts. */
export function outcomes({ isExcepted, sightings, remarks }, rule) {
  if (isExcepted) {
    return [{ badge: ["excepted", "calm"], why: ["meets an exception: the rule does not see it at all"] }];
  }
  if (sightings.length === 0 && remarks.length > 0) {
    return [];
  }
  if (sightings.length === 0) {
    const fields = rule?.kind?.["new-terms"]?.fields?.join(", ") ?? "its fields";
    return [{ badge: ["no term", "calm"], why: [`matches, but has no term in ${fields}, so nothing can be new`] }];
  }
  return sightings.map((sighting) => outcome(sighting, rule?.kind?.["new-terms"] !== undefined));
}

function outcome({ verdict, term, windowMs, quota, before }, hasTerms) {
  const window = durationText(windowMs);
  const where = before === undefined ? "" : `, last in line ${before}`;
  const known = hasTerms
    ? [{ code: term }, ` was seen within ${window}${where}`]
    : [`is the same event as one before${where}; within ${window} it alerts once`];
  return {
    unseen: {
      badge: ["alert", "bad"],
      why: hasTerms ? ["alerts: ", { code: term }, ` was not seen within ${window}`] : ["matches, so it alerts"],
    },
    seen: { badge: ["seen", "calm"], why: ["matches without an alert: ", ...known] },
    replayed: { badge: ["replayed", "calm"], why: ["alerts again with the same id: ", ...known] },
    deferred: {
      badge: ["deferred", "warn"],
      why: [
        "matches, and is new, but the rule has raised its ",
        `${counted(quota.max, "alert")} in ${durationText(quota["per-ms"])} (max_signals)`,
      ],
    },
  }[verdict];
}

const FAULTS = {
  "not-an-object": "it is no JSON object",
  syntax: "it is not JSON",
  incomplete: "it ends before the object does",
  "too-deep": "its objects and arrays nest more than 100 deep",
};

/** Why a line was not judged in full. */
export function unjudgedText({ apart, cause }) {
  if (apart) {
    return `${apart}, and was not shown to the rules`;
  }
  if (cause?.malformed) {
    const { offset, fault } = cause.malformed;
    return `${FAULTS[fault] ?? fault} (byte ${offset + 1})`;
  }
  return cause === "terms"
    ? "it gives a rule more terms, or longer ones, than an event may give; those within the limits were judged"
    : "it would cost more work than a line may; it was not judged further";
}

/** What came of a run, in a sentence. */
export function summaryText({ events, counts, tookMs, folded, areHits, isCut, rules, reports, problems, left }) {
  if (rules.length === 0) {
    return "No rule runs; see Rules for the cause.";
  }
  const parts = [
    `${counted(counts.alerts, "alert")} from ${counted(events, "event")}`,
    counts.seen > 0 && `${counts.seen} seen before`,
    counts.deferred > 0 && `${counts.deferred} deferred`,
    counts.excepted > 0 && `${counts.excepted} excepted`,
    counts.unjudged > 0 && `${counted(counts.unjudged, "line")} not judged in full`,
  ];
  const refusals = reports.filter((report) => report.refused || report.unusable);
  const unused = problems.length + left.problems + refusals.length;
  const refused =
    unused > 0 ? ` ${counted(unused, "rule or document", "rules or documents")} not used: see Rules.` : "";
  const cut = isCut ? " There are too many matches: the run ended early, and later lines were not judged." : "";
  const fold = folded ? " Events over several lines were put on one each." : "";
  const hits = areHits ? " These are hits of a search, whose events are in _source: paste those." : "";
  return `${parts.filter(Boolean).join(", ")}; ${Math.max(1, Math.round(tookMs))} ms.${refused}${cut}${fold}${hits}`;
}
