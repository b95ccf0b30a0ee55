//! Files of verdicts: which rule matches which document, asked of the built
//! command. The rules go in without index patterns and DSL filters, which the
//! verdicts leave out too.
//!
//! Beside each a file in `tests/data/corpus` lists the pairs that may differ, with
//! a reason each; a listed pair that does not differ fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use firstseen::rule_files::{FileRule, load_rules};
use firstseen_tests::data;
use firstseen_tests::events::files_of_events;
use firstseen_tests::firstseen::{Firstseen, NOW};
use firstseen_tests::needs::corpus;
use serde::Deserialize;

use super::say;

/// A rule and a line of a document file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Pair {
    rule_id: String,
    doc_file: String,
    doc_line: u64,
}

#[derive(Deserialize)]
struct Verdict {
    #[serde(flatten)]
    pair: Pair,
    basis: String,
}

#[derive(Deserialize)]
struct Difference {
    #[serde(flatten)]
    pair: Pair,
    reason: String,
}

/// What `firstseen match --format json` writes.
#[derive(Deserialize)]
struct Match {
    file: PathBuf,
    line: u64,
    rule_id: String,
}

/// Makes sure that those rules of the corpus that `is_judged` says match the
/// documents that the verdicts in `file` name, and no others. `excused` is the file of
/// pairs that may differ.
pub(super) fn check(file: &str, excused: &str, is_judged: impl Fn(&FileRule) -> bool) -> Result<()> {
    let (Some(verdicts), Some(rules), Some(events)) = (corpus(file)?, corpus("elastic")?, corpus("events")?) else {
        return Ok(());
    };
    let verdicts = fs::read_to_string(&verdicts)?;
    let verdicts: Vec<Verdict> = verdicts.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let listed: BTreeSet<&Pair> = verdicts.iter().map(|verdict| &verdict.pair).collect();
    let disputed: BTreeSet<&Pair> =
        verdicts.iter().filter(|verdict| verdict.basis == "disputed").map(|verdict| &verdict.pair).collect();
    let excused = fs::read_to_string(data(excused))?;
    let excused: Vec<Difference> = serde_json::from_str(&excused)?;
    ensure!(excused.iter().all(|one| !one.reason.is_empty()), "a difference has no reason");

    let scratch = tempfile::tempdir()?;
    let rule_file = scratch.path().join("rules.ndjson");
    let rule_count = write_rules(&rules, &rule_file, is_judged)?;
    let documents = document_files(&events)?;
    let found = matches(&rule_file, &events, &documents)?;

    let differing = |pair: &Pair| found.contains(pair) != listed.contains(pair) && !disputed.contains(pair);
    let mut differences: BTreeSet<&Pair> =
        found.iter().chain(listed.iter().copied()).filter(|pair| differing(pair)).collect();
    let mut failures = String::new();
    for one in &excused {
        if !differences.remove(&one.pair) && found.iter().chain(listed.iter().copied()).any(|pair| *pair == one.pair) {
            writeln!(failures, "{:?} is listed as a difference and is none", one.pair)?;
        }
    }
    for pair in &differences {
        let what = if found.contains(pair) { "matches and should not" } else { "should match and does not" };
        writeln!(failures, "{} line {} {what}: {}", pair.doc_file, pair.doc_line, pair.rule_id)?;
    }
    let pairs = rule_count * documents.values().sum::<usize>();
    say(&format!(
        "{file}: {pairs} pairs of {rule_count} rules and {} documents, {} match; {} failed, {} differ for a reason, \
         {} disputed",
        documents.values().sum::<usize>(),
        found.len(),
        differences.len(),
        excused.len(),
        disputed.len()
    ))?;
    ensure!(failures.is_empty(), "{failures}");
    Ok(())
}

/// Writes some of the rules without what the verdicts leave out, and counts them.
fn write_rules(folder: &Path, file: &Path, is_judged: impl Fn(&FileRule) -> bool) -> Result<usize> {
    let mut text = String::new();
    let mut count = 0;
    for rule in load_rules(&[folder]).rules.into_iter().filter(is_judged) {
        let mut object = rule.object()?;
        for member in ["index", "filters", "exceptions_list"] {
            object.remove(member);
        }
        writeln!(text, "{}", serde_json::Value::Object(object))?;
        count += 1;
    }
    ensure!(count > 0, "there is no such rule in {}", folder.display());
    fs::write(file, text)?;
    Ok(count)
}

/// The files of events below a folder, with the number of their lines.
pub(super) fn document_files(folder: &Path) -> Result<BTreeMap<PathBuf, usize>> {
    let count = |file: PathBuf| {
        let lines = fs::read(&file)?.iter().filter(|&&byte| byte == b'\n').count();
        Ok((file, lines))
    };
    files_of_events(folder)?.into_iter().map(count).collect()
}

fn matches(rules: &Path, events: &Path, documents: &BTreeMap<PathBuf, usize>) -> Result<BTreeSet<Pair>> {
    let command = Firstseen::new("match")?;
    let command = command.arg("--rules").arg(rules).args(["--strict", "--format", "json", "--now", NOW]);
    let ran = command.args(documents.keys()).run(b"")?;
    // Nothing at all may match.
    ensure!([0, 1].contains(&ran.code()?), "exit code {}: {}", ran.code()?, ran.stderr);
    let pair = |line: &str| {
        let found: Match = serde_json::from_str(line)?;
        let file = found.file.strip_prefix(events)?.to_str().context("a name in UTF-8")?.to_owned();
        Ok(Pair { rule_id: found.rule_id, doc_file: file, doc_line: found.line })
    };
    ran.text()?.lines().map(pair).collect()
}
