//! The detecting proxy measured beside nginx and the library by itself.

mod args;
mod bars;
mod bodies;
mod contenders;
mod elasticsearch;
mod figures;
mod http1;
mod indexing;
mod library;
mod load;
mod nginx;
mod null_upstream;
mod report;
mod serve;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use firstseen_bench_common::cores::Cores;
use firstseen_bench_common::machine::Machine;
use firstseen_bench_common::results;
use firstseen_bench_common::rules::{Corpus, RuleSet};

use args::Args;
use bodies::{Bodies, Events, Kind};
use contenders::{Contenders, RuleFile};
use figures::{By, Figures, Latency, Percentiles, Rules, Throughput, What};
use indexing::Setup;
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
    let mut machine = Machine::read();
    machine.peers.push(nginx::version(&args.nginx)?);
    let scratch = match &args.scratch {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }?;
    let mut remarks = Vec::new();
    let all = args.corpus.as_deref().map(Corpus::load).transpose()?.flatten().map(|corpus| corpus.kql);
    if all.is_none() {
        remarks.push("There is no corpus: only the built-in rule was measured.".to_owned());
    }
    let all_path = all.as_ref().map(|set| write_rules(set, scratch.path())).transpose()?;

    let events = Events::generate(args.events, args.seed)?;
    let kinds =
        args.documents.iter().flat_map(|&documents| [false, true].map(|is_packed| Kind { documents, is_packed }));
    let bodies = kinds.map(|kind| Bodies::of(&events, kind)).collect::<Result<Vec<_>>>()?;
    let mut figures = Figures { kinds: bodies.iter().map(|bodies| bodies.kind).collect(), ..Figures::default() };
    figures.all_rules = all.as_ref().map(RuleSet::count);

    let one = RuleSet::one()?;
    let mut rule_files = vec![RuleFile { rules: Rules::One, set: &one, path: None }];
    rule_files.extend(all.as_ref().map(|set| RuleFile { rules: Rules::All, set, path: all_path.as_deref() }));
    let cores = Cores::of_process()?;
    let contenders =
        Contenders::start(&cores, &args.firstseen, &args.nginx, &rule_files, args.connections, scratch.path())?;
    for bodies in &bodies {
        measure(args, &contenders, bodies, &mut figures)?;
    }
    figures.peak_bytes = contenders.peak_bytes()?;
    drop(contenders);

    match &args.elasticsearch {
        Some(elasticsearch) => {
            let rules = all_path.as_deref();
            let (documents, rounds) = (args.indexed, args.rounds);
            let (firstseen, scratch) = (&args.firstseen, scratch.path());
            let setup = Setup { cores: &cores, elasticsearch, firstseen, rules, scratch, documents, rounds };
            let indexed = index(&setup, &bodies, &mut figures)?;
            machine.peers.push(indexed);
        }
        None => remarks.push("There is no Elasticsearch: nothing was indexed.".to_owned()),
    }

    let report = Report {
        machine: &machine,
        rounds: args.rounds,
        connections: args.connections,
        figures: &figures,
        remarks: &remarks,
    };
    let text = report.markdown();
    print!("{text}");
    if let Some(folder) = output(args) {
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        results::put(&folder.join("results.md"), &text)?;
    }
    Ok(())
}

/// Throughputs, then latencies at half of them.
fn measure(args: &Args, contenders: &Contenders<'_>, bodies: &Bodies, figures: &mut Figures) -> Result<()> {
    let kind = bodies.kind;
    let mut throughputs: Vec<_> = contenders
        .all()
        .into_iter()
        .map(|what| Throughput { what, kind, plain_bytes: bodies.plain_bytes, windows: Vec::new() })
        .collect();
    for round in 1..=args.rounds {
        eprintln!("{}: throughput, round {round} of {}", kind.name(), args.rounds);
        for throughput in &mut throughputs {
            let what = throughput.what;
            let window = contenders.throughput(what, bodies, args.duration());
            throughput.windows.push(window.with_context(|| format!("{what:?}"))?);
        }
    }
    figures.throughputs.extend(throughputs);

    let rules = if figures.all_rules.is_some() { Rules::All } else { Rules::One };
    let sustained = figures.throughput(What::Serve(rules), kind).map(|throughput| throughput.requests(By::Wall));
    let per_second = sustained.context("the proxy was not measured")? / 2.0;
    let contenders_of = [What::Direct, What::Nginx, What::Library(rules), What::Serve(rules)];
    let mut latencies = contenders_of.map(|what| {
        let per_second = Some(per_second).filter(|_| !matches!(what, What::Library(_)));
        Latency { what, kind, per_second, rounds: Vec::new() }
    });
    for round in 1..=args.rounds {
        eprintln!("{}: latency, round {round} of {}", kind.name(), args.rounds);
        for latency in &mut latencies {
            let what = latency.what;
            let took_ms = contenders.latencies(what, bodies, per_second, args.latency_duration());
            latency.rounds.push(Percentiles::of(&took_ms.with_context(|| format!("{what:?}"))?));
        }
    }
    figures.latencies.extend(latencies);
    Ok(())
}

/// Indexes the largest bodies. Answers with the version of the node.
fn index(setup: &Setup<'_>, bodies: &[Bodies], figures: &mut Figures) -> Result<String> {
    let largest = bodies.iter().map(|bodies| bodies.kind.documents).max().unwrap_or_default();
    let largest: Vec<_> = bodies.iter().filter(|bodies| bodies.kind.documents == largest).collect();
    let mut version = String::new();
    for is_shared in [false, true] {
        eprintln!("indexing, {}", if is_shared { "all cores" } else { "a core of its own" });
        let (indexing, of) = indexing::measure(setup, &largest, is_shared)?;
        figures.indexing.extend(indexing);
        version = of;
    }
    Ok(version)
}

/// So that both have the same rules.
fn write_rules(set: &RuleSet, scratch: &Path) -> Result<PathBuf> {
    let path = scratch.join("rules.ndjson");
    let mut file = BufWriter::new(File::create(&path)?);
    set.rules.iter().try_for_each(|rule| writeln!(file, "{}", rule.json))?;
    file.flush()?;
    Ok(path)
}

/// Where the report is written.
fn output(args: &Args) -> Option<PathBuf> {
    let default = || (!args.quick).then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    args.output.clone().or_else(default)
}
