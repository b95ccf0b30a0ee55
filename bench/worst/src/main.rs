//! What the dearest events cost, beside ordinary ones: whoever writes events must not be able to buy silence with
//! them.

mod events;
mod measure;
mod opening;
mod rules;
mod search;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;

use events::{Growth, Nasty};
use measure::{Cost, Meter};
use rules::Rules;

/// How many of the dearest are shown, and kept as seeds.
const SHOWN: usize = 15;

/// Judge the nastiest events that could be thought of, and those that were found, with all rules, in the component.
///
/// For each the time for a KiB is shown as a multiple of what ordinary endpoint events take in the same moments; an
/// event shorter than a KiB counts as one. By themselves stand events of which rules compute something for each
/// combination of values: of these the time for all of the event is shown, since it is bounded by the work that a line
/// may take and not by its length. Exit status: 0 the dearest take at most 10 and 10,000 times as much, 1 one takes more,
/// 2 an error.
///
/// Examples:
///
///   firstseen-worst                     # what is known
///
///   firstseen-worst --search 600        # look for worse for ten minutes, and keep it
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
struct Args {
    /// Files and folders of rules; all that run are loaded, in KQL and EQL.
    #[arg(long, value_name = "PATH", required_unless_present = "corpus")]
    rules: Vec<PathBuf>,
    /// The corpus, whose rules are loaded if no others are given.
    #[arg(long, value_name = "DIR", env = "FIRSTSEEN_CORPUS")]
    corpus: Option<PathBuf>,
    /// For so many seconds, look for events that are dearer still, and keep the dearest as seeds.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    search: u64,
    /// Where events are kept that were found, one a file.
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/seeds"))]
    seeds: PathBuf,
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
    let of_corpus = args.corpus.iter().map(|corpus| corpus.join("elastic"));
    let paths = if args.rules.is_empty() { of_corpus.collect() } else { args.rules.clone() };
    let rules = Rules::load(&paths)?;
    let mut meter = Meter::new(&rules)?;
    println!("{} rules.", meter.rules());
    let mut nasty = events::all(&rules);
    nasty.extend(seeds(&args.seeds)?);
    let mut are_within = true;
    for growth in Growth::ALL {
        let events = nasty.iter().filter(|event| event.growth == growth).cloned().collect();
        let mut costs = measured(&mut meter, events)?;
        if args.search > 0 {
            costs = search::search(&mut meter, costs, Duration::from_secs(args.search))?;
            keep(&args.seeds, growth, &costs)?;
        }
        are_within &= say(growth, &costs);
    }
    Ok(if are_within { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What events cost, the dearest first.
fn measured(meter: &mut Meter, events: Vec<Nasty>) -> Result<Vec<(Cost, Nasty)>> {
    let mut costs = Vec::new();
    for event in events {
        let cost = meter.cost(&event, 3).with_context(|| event.what.clone())?;
        costs.push((cost, event));
    }
    // What was disturbed is measured again.
    search::sort(&mut costs);
    for (cost, event) in costs.iter_mut().take(4 * SHOWN) {
        *cost = meter.cost(event, 9)?;
    }
    search::sort(&mut costs);
    Ok(costs)
}

/// Says which events are the dearest. False if one is too dear.
fn say(growth: Growth, costs: &[(Cost, Nasty)]) -> bool {
    let (unit, _) = growth.names();
    let given_up = costs.iter().filter(|(cost, _)| !cost.is_in_full).count();
    println!("{} events, {given_up} of them not judged in full. The dearest, by {unit}:", costs.len());
    for (cost, event) in costs.iter().take(SHOWN) {
        println!(
            "{:10.2} µs {:6.1} × an ordinary one  {:8} bytes  {}{}",
            cost.us,
            cost.ratio,
            event.line.len(),
            event.what,
            if cost.is_in_full { "" } else { " (not judged in full)" }
        );
    }
    let Some((dearest, event)) = costs.first() else { return true };
    println!("The dearest begins: {}\n", event.line.chars().take(400).collect::<String>());
    dearest.ratio <= growth.ratio_max()
}

/// The events that were found before.
fn seeds(folder: &Path) -> Result<Vec<Nasty>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    let seed = |path: PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let line = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let growth = Growth::ALL.into_iter().find(|growth| name.starts_with(growth.names().1)).unwrap_or_default();
        Ok(Nasty { what: format!("seed {name}"), line: line.trim_end().to_owned(), growth })
    };
    paths.into_iter().map(seed).collect()
}

/// Keeps the dearest of the events that were changed, the short ones: a repository is no place for others.
fn keep(folder: &Path, growth: Growth, costs: &[(Cost, Nasty)]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let found = costs.iter().filter(|(_, event)| event.what.ends_with(", changed") && event.line.len() < 100_000);
    for (number, (_, event)) in found.take(SHOWN).enumerate() {
        fs::write(folder.join(format!("{}-{number:02}.json", growth.names().1)), format!("{}\n", event.line))?;
    }
    Ok(())
}
