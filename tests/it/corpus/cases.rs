//! `new-terms-cases.json`: what Kibana's runs give, and what a stream gives.
//!
//! Each execution case is replayed by [`firstseen::schedule`] and compared with
//! what Kibana gave, then streamed and compared again.
//! `tests/data/corpus/new-terms-cases.json` says which cases differ and why:
//! the table of how a stream differs from Kibana's schedule. `BLESS=1` rewrites
//! the verdicts in it from what comes out; the sentences are written by hand.

mod case;
mod compare;
mod generated;
mod inputs;
mod reasons;
mod replay;
mod stream;
mod table;

use std::fs;

use anyhow::{Context, Result, ensure};
use case::Case;
use firstseen::Module;
use replay::Replayed;
use table::{Table, Verdict};

use super::{corpus, say};

fn cases() -> Result<Option<Vec<Case>>> {
    let Some(path) = corpus("new-terms-cases.json")? else { return Ok(None) };
    let text = fs::read_to_string(&path)?;
    Ok(Some(serde_json::from_str(&text).with_context(|| path.display().to_string())?))
}

/// What came of some cases.
#[derive(Default)]
struct Tally {
    passed: usize,
    skipped: Vec<String>,
    failed: Vec<String>,
}

impl Tally {
    fn add(&mut self, name: &str, problem: Result<Option<String>>) {
        match problem {
            Ok(None) => self.passed += 1,
            Ok(Some(problem)) => self.failed.push(format!("{name}: {problem}")),
            Err(error) => self.failed.push(format!("{name}: {error:#}")),
        }
    }

    fn skip(&mut self, name: &str, reason: &str) {
        self.skipped.push(format!("{name} ({reason})"));
    }

    /// Says what came of them, and fails if one did.
    fn finish(self, what: &str) -> Result<()> {
        let Self { passed, skipped, failed } = self;
        say(&format!("{what}: {passed} passed, {} failed, {} skipped", failed.len(), skipped.len()))?;
        skipped.iter().try_for_each(|name| say(&format!("  skipped: {name}")))?;
        ensure!(failed.is_empty(), "{} of the {what} fail:\n\n{}\n", failed.len(), failed.join("\n\n"));
        Ok(())
    }
}

#[test]
fn the_schedule_gives_what_kibana_gives() -> Result<()> {
    let Some(cases) = cases()? else { return Ok(()) };
    let (module, mut table) = (Module::built_in()?, Table::read()?);
    let mut tally = Tally::default();
    for case in cases.iter().filter(|case| case.kind == "execution") {
        match case.skip() {
            Some(reason) => tally.skip(&case.name, reason),
            None => tally.add(&case.name, scheduled(&module, case, &mut table)),
        }
    }
    table.bless(|table| &mut table.schedule)?;
    tally.finish("execution cases on Kibana's schedule")
}

/// Replays a case; the problem with it, if there is one.
fn scheduled(module: &Module, case: &Case, table: &mut Table) -> Result<Option<String>> {
    let replayed = Replayed::run(module, case)?;
    let difference = compare::difference(case, &replayed.found())
        .or_else(|| compare::warnings(&case.expected, &replayed.warnings));
    let reason = case.is_defect().then_some(reasons::DEFECT);
    Ok(Verdict { difference, reason }.check(&case.name, &mut table.schedule))
}

#[test]
fn the_stream_differs_from_the_schedule_only_as_the_table_says() -> Result<()> {
    let Some(cases) = cases()? else { return Ok(()) };
    let (module, mut table) = (Module::built_in()?, Table::read()?);
    let mut tally = Tally::default();
    for case in cases.iter().filter(|case| case.kind == "execution") {
        match case.skip() {
            Some(reason) => tally.skip(&case.name, reason),
            None => tally.add(&case.name, streamed(&module, case, &mut table)),
        }
    }
    table.bless(|table| &mut table.stream)?;
    tally.finish("execution cases streamed")
}

/// Streams a case; the problem with it, if there is one.
fn streamed(module: &Module, case: &Case, table: &mut Table) -> Result<Option<String>> {
    let replayed = Replayed::run(module, case)?;
    let streamed = stream::run(module, case, &replayed)?;
    let difference = compare::difference(case, &streamed.found(case));
    let reason = reasons::explain(case, &replayed, &streamed);
    Ok(Verdict { difference, reason }.check(&case.name, &mut table.stream))
}

#[test]
fn a_run_catches_up_as_kibana_does() -> Result<()> {
    let Some(cases) = cases()? else { return Ok(()) };
    let module = Module::built_in()?;
    let mut tally = Tally::default();
    for case in cases.iter().filter(|case| case.function() == Some("rule_range_tuples")) {
        tally.add(&case.name, replay::range_tuples(&module, case));
    }
    tally.finish("cases of run ranges")
}

#[test]
fn the_table_has_a_sentence_for_each_reason() -> Result<()> {
    Table::read()?.check()
}
