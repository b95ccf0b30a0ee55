//! `new-terms-cases.json`: what Kibana's runs give, and what a stream gives.
//!
//! Each execution case is replayed by [`firstseen_backtest`] and compared with
//! what Kibana gave, then streamed and compared again.
//! `tests/data/corpus/new-terms-cases.json` says which cases differ and why:
//! the table of how a stream differs from Kibana's schedule. `BLESS=1` sorts the
//! cases into it anew; its sentences are written by hand.

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
use firstseen_tests::needs::corpus;
use replay::Replayed;
use stream::Streamed;
use table::{Column, Table};

use super::say;

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
    /// Adds a case and the problem with it, if there is one.
    fn add(&mut self, name: &str, problem: Result<Option<String>>) {
        match problem {
            Ok(None) => self.passed += 1,
            Ok(Some(problem)) => self.failed.push(format!("{name}\n  {problem}")),
            Err(error) => self.failed.push(format!("{name}\n  {error:#}")),
        }
    }

    /// Says what came of them; the failures as one text.
    fn say(self, what: &str) -> Result<String> {
        let Self { passed, skipped, failed } = self;
        say(&format!("{what}: {passed} passed, {} failed, {} skipped", failed.len(), skipped.len()))?;
        skipped.iter().try_for_each(|name| say(&format!("  skipped: {name}")))?;
        Ok(failed.into_iter().map(|failure| format!("\n{what}: {failure}\n")).collect())
    }
}

#[test]
fn kibanas_runs_and_the_stream() -> Result<()> {
    let Some(cases) = cases()? else { return Ok(()) };
    let module = Module::built_in()?;
    let mut table = Table::read()?;
    let (mut scheduled, mut streamed) = (Tally::default(), Tally::default());
    for case in cases.iter().filter(|case| case.kind == "execution") {
        if let Some(reason) = case.skip() {
            scheduled.skipped.push(format!("{} ({reason})", case.name));
            continue;
        }
        let replayed = match Replayed::run(&module, case) {
            Ok(replayed) => replayed,
            Err(error) => {
                scheduled.add(&case.name, Err(error));
                continue;
            }
        };
        scheduled.add(&case.name, Ok(on_schedule(case, &replayed, &mut table.schedule)));
        streamed.add(&case.name, as_stream(&module, case, &replayed, &mut table.stream));
    }
    table.bless()?;
    let failures =
        scheduled.say("execution cases on Kibana's schedule")? + &streamed.say("execution cases streamed")?;
    ensure!(failures.is_empty(), "{failures}");
    Ok(())
}

/// What is wrong with the alerts of the runs.
fn on_schedule(case: &Case, replayed: &Replayed, column: &mut Column) -> Option<String> {
    let difference =
        compare::difference(case, &replayed.found()).or_else(|| compare::warnings(&case.expected, &replayed.warnings));
    column.check(&case.name, difference, reasons::of_schedule(case))
}

/// What is wrong with the alerts of the stream.
fn as_stream(module: &Module, case: &Case, replayed: &Replayed, column: &mut Column) -> Result<Option<String>> {
    let streamed = Streamed::run(module, case, replayed)?;
    let difference = compare::difference(case, &streamed.found(replayed));
    Ok(column.check(&case.name, difference, reasons::of_stream(case, replayed, &streamed)?))
}

#[test]
fn a_run_catches_up_as_kibana_does() -> Result<()> {
    let Some(cases) = cases()? else { return Ok(()) };
    let module = Module::built_in()?;
    let mut tally = Tally::default();
    for case in cases.iter().filter(|case| case.function() == Some("rule_range_tuples")) {
        tally.add(&case.name, replay::range_tuples(&module, case));
    }
    let failures = tally.say("cases of run ranges")?;
    ensure!(failures.is_empty(), "{failures}");
    Ok(())
}
