//! Firstseen measured beside its peers, on the same bytes in one run.

mod args;
mod bars;
mod clock;
mod contenders;
mod events;
mod figures;
mod line_up;
mod peers;
mod plot;
mod projection;
mod report;
mod rounds;
mod sigma;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use firstseen_bench_common::cores::Cores;
use firstseen_bench_common::machine::Machine;
use firstseen_bench_common::results;

use args::Args;
use contenders::jq::Jq;
use events::Events;
use figures::Figures;
use line_up::LineUp;
use report::Report;
use rounds::Rounds;

fn main() -> Result<()> {
    let args = Args::read();
    let scratch = match &args.scratch {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }?;
    let events = Events::generate(args.events, args.seed)?;
    let line_up = LineUp::of(&args, &events, scratch.path())?;
    let rounds = Rounds {
        events: &events,
        rounds: args.rounds,
        seconds: args.seconds,
        clock: args.clock(),
        progress: &|step| eprintln!("{step}"),
    };
    let mut figures = Figures { figures: rounds.run(line_up.entries)?, memory: None, corpus: line_up.corpus };
    if let Some((filter, rules)) = line_up.memory {
        eprintln!("the command's memory");
        Cores::of_process()?.keep_to(2)?;
        figures.memory = Some(filter.memory(events.all(), rules, args.memory_megabytes * 1_000_000)?);
    }

    let mut machine = Machine::read();
    if !args.no_peers {
        machine.peers = peers::versions(Jq::version());
    }
    let report = Report {
        machine: &machine,
        events: events.all().len() as u64,
        event_bytes: events.all().bytes().len() as u64,
        rounds: args.rounds,
        figures: &figures,
        remarks: &line_up.remarks,
    };
    print!("{}", report.markdown(None));
    figures.agree()?;
    if let Some(folder) = output(&args) {
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        write(&folder, "results.svg", &plot::svg(&figures))?;
        results::put(&folder.join("results.md"), &report.markdown(Some("results.svg")))?;
    }
    Ok(())
}

/// Where the report is written.
fn output(args: &Args) -> Option<PathBuf> {
    let default = || (!args.quick).then(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    args.output.clone().or_else(default)
}

fn write(folder: &Path, name: &str, text: &str) -> Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| path.display().to_string())?;
    eprintln!("written: {}", path.display());
    Ok(())
}
