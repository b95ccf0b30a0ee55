//! Counts the instructions that the detection component, native, takes for a
//! fixed input, and fails if they have grown.

mod baseline;
mod callgrind;
mod work;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::Parser;

use baseline::{Baseline, Build, Change};
use work::Case;

/// Growth that is a regression, as a part of the baseline.
const GROWTH_MAX: f64 = 0.03;

/// Count instructions for a fixed input, and compare them with the baseline.
///
/// The same events and rules are judged under valgrind's callgrind, which counts
/// every instruction: a figure that a busy machine does not change. Loading the
/// rules is not counted. Exit status: 0 all is well, 1 a case takes over 3 %
/// more than in the baseline, 2 an error.
///
/// The baseline names the compiler and the processor's features. Where others
/// are in use the counts are shown and nothing is compared.
///
/// Examples:
///
///   firstseen-instructions             # compare
///
///   firstseen-instructions --bless     # what was counted becomes the baseline
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Args {
    /// Write what was counted as the baseline.
    #[arg(long)]
    bless: bool,
    /// The baseline.
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../baseline.json"))]
    baseline: PathBuf,
    /// Count these rules too (Kibana rule JSON); not compared.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Only do the work of a case: what runs under valgrind.
    #[arg(long, hide = true, value_name = "CASE")]
    work: Option<String>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(status) => status,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &Args) -> Result<ExitCode> {
    if let Some(name) = &args.work {
        let case = Case::of(name, args.rules.as_deref())?;
        let alerts = case.run()?;
        ensure!(alerts > 0 || name == work::GIVEN, "no alerts: nothing was judged");
        return Ok(ExitCode::SUCCESS);
    }
    callgrind::ensure_installed()?;
    let mut counted = Baseline { build: Build::current(), instructions: Default::default() };
    for name in work::COMPARED {
        counted.instructions.insert(name.to_owned(), callgrind::count(name, None)?);
    }
    if let Some(rules) = &args.rules {
        ensure!(rules.is_file(), "{} is not a file", rules.display());
        println!("{:<24} {:>16}  not compared", work::GIVEN, callgrind::count(work::GIVEN, Some(rules))?);
    }
    if args.bless {
        for (name, count) in &counted.instructions {
            println!("{name:<24} {count:>16}");
        }
        counted.write(&args.baseline)?;
        return Ok(ExitCode::SUCCESS);
    }
    let baseline = Baseline::read(&args.baseline).context("no baseline; --bless writes one")?;
    Ok(compare(&baseline, &counted))
}

fn compare(baseline: &Baseline, counted: &Baseline) -> ExitCode {
    let comparable = baseline.build == counted.build;
    let mut grown = false;
    for (name, &count) in &counted.instructions {
        let change = match baseline.instructions.get(name) {
            Some(&before) if comparable => Change::of(before, count),
            _ => Change::Unknown,
        };
        grown |= change.is_regression(GROWTH_MAX);
        println!("{name:<24} {count:>16}  {change}");
    }
    if !comparable {
        println!("\nNothing was compared: the baseline is of another build.");
        println!("baseline: {}\nthis:     {}", baseline.build, counted.build);
    }
    if grown {
        println!("\nThat is over {} % more. If it has to be, --bless makes it the baseline.", GROWTH_MAX * 100.0);
        return ExitCode::from(1);
    }
    ExitCode::SUCCESS
}
