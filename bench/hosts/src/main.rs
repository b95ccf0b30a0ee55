//! The module in hosts of other languages measured beside the library.

mod args;
mod contenders;
mod figures;
mod inputs;
mod library;
mod report;
mod said;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use firstseen_bench_common::cores::Cores;
use firstseen_bench_common::machine::Machine;
use firstseen_bench_common::results;
use firstseen_bench_common::rules::Corpus;

use args::Args;
use contenders::Contender;
use figures::{Figure, Figures};
use inputs::{Load, Modules};
use report::Report;

fn main() -> ExitCode {
    match run(&Args::read()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<()> {
    // Before a core is chosen, for it counts them.
    let machine = Machine::read();
    let scratch = tempfile::tempdir()?;
    let events = scratch.path().join("events.ndjson");
    let event_bytes = inputs::write_event_file(args.events, args.seed, &events)?;
    let mut remarks = Vec::new();
    let mut loads = vec![Load::built_in()?];
    match args.corpus.as_deref().map(Corpus::load).transpose()?.flatten() {
        Some(corpus) => loads.push(Load::of(corpus.kql, scratch.path())?),
        None => remarks.push("There is no corpus: only the built-in rule was measured.".to_owned()),
    }

    let built = args.built.as_deref().unwrap_or(scratch.path());
    let modules = Modules::write(&args.firstseen, built)?;
    let (contenders, missing) = contenders::all(built, &modules);
    remarks.extend(missing.iter().map(|host| format!("{host} was left out: it is not there, or cannot be built.")));
    // Whoever runs, hosts too, has this one.
    Cores::of_process()?.keep_to_one(0)?;
    let loads =
        loads.iter().map(|load| measure(args.rounds, &contenders, &events, load)).collect::<Result<Vec<_>>>()?;

    let report = Report {
        machine: &machine,
        events: args.events,
        event_bytes,
        rounds: args.rounds,
        loads: &loads,
        remarks: &remarks,
    };
    let text = report.markdown();
    print!("{text}");
    loads.iter().try_for_each(Figures::agree)?;
    if let Some(folder) = output(args) {
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        results::put(&folder.join("results.md"), &text)?;
    }
    Ok(())
}

/// All contenders in turn, round after round.
fn measure(rounds: usize, contenders: &[Contender], events: &Path, load: &Load) -> Result<Figures> {
    let count = load.rules.count();
    let lines = fs::read(events)?;
    let mut figures: Vec<_> =
        contenders.iter().map(|contender| Figure { shape: contender.shape, rounds: Vec::new() }).collect();
    for round in 1..=rounds {
        eprintln!("rules: {count}, round {round} of {rounds}");
        for (contender, figure) in contenders.iter().zip(&mut figures) {
            let said = match &contender.program {
                Some(program) => said::run(program, events, load.path.as_deref()),
                None => library::run(&lines, &load.rules),
            };
            figure.rounds.push(said.with_context(|| format!("{}, {}", contender.host, contender.shape))?);
        }
    }
    Ok(Figures { rules: count, figures })
}

/// Where the report is written.
fn output(args: &Args) -> Option<PathBuf> {
    let default = || (!args.quick).then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    args.output.clone().or_else(default)
}
