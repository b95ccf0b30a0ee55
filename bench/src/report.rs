//! The report, in Markdown.

#[cfg(test)]
mod tests;

use std::fmt::{self, Write};

use firstseen_bench_common::machine::Machine;
use firstseen_bench_common::numbers::grouped;

use crate::bars::{self, Bar};
use crate::figures::{By, Figure, Figures, Memory, What};

/// All that is told of a run.
pub(crate) struct Report<'a> {
    pub(crate) machine: &'a Machine,
    /// The events of the run.
    pub(crate) events: u64,
    pub(crate) event_bytes: u64,
    pub(crate) rounds: usize,
    pub(crate) figures: &'a Figures,
    /// What was left out, one sentence each.
    pub(crate) remarks: &'a [String],
}

impl Report<'_> {
    /// The report; `plot` is where it finds its picture.
    pub(crate) fn markdown(&self, plot: Option<&str>) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text, plot);
        text
    }

    fn write(&self, out: &mut impl Write, plot: Option<&str>) -> fmt::Result {
        let machine = self.machine;
        let bytes = self.event_bytes as f64;
        writeln!(out, "# Firstseen beside its peers\n")?;
        writeln!(out, "Written by `make bench`. {}, {} cores; {}.", machine.cpu, machine.cores, machine.rustc)?;
        writeln!(
            out,
            "{} generated endpoint events of {:.1} KB, {:.0} MB; medians of {} rounds, all in turn on the same bytes.",
            grouped(self.events),
            bytes / self.events.max(1) as f64 / 1e3,
            bytes / 1e6,
            self.rounds
        )?;
        if !machine.peers.is_empty() {
            writeln!(out, "Peers: {}.", machine.peers.join(", "))?;
        }
        writeln!(out)?;
        for remark in self.remarks {
            writeln!(out, "- {remark}")?;
        }
        if !self.remarks.is_empty() {
            writeln!(out)?;
        }
        self.bars(out)?;
        if let Some(plot) = plot {
            writeln!(out, "![Gigabytes a second of each contender]({plot})\n")?;
        }
        self.table(out)?;
        self.command(out)?;
        self.notes(out)
    }

    fn bars(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(out, "| what | bar | measured | by the fastest rounds | |\n|---|---|---|---|---|")?;
        for Bar { what, bar, measured, fastest, reached } in bars::of(self.figures) {
            let (measured, verdict) = match measured {
                Some(measured) => (measured, if reached { "reached" } else { "**missed**" }),
                None => ("–".to_owned(), "not measured"),
            };
            let fastest = fastest.as_deref().unwrap_or("–");
            writeln!(out, "| {what} | {bar} | {measured} | {fastest} | {verdict} |")?;
        }
        writeln!(out)
    }

    fn table(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(
            out,
            "| rules | what | events/s | GB/s | ± | GB/s, fastest | of native | × VRL | × rsigma-eval | × sigma-rust | × jq \
             | matches of 1,000 events | |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|---|---|---|---|---|---|")?;
        for figure in self.figures.figures.iter().filter(|figure| figure.ran.events > 0) {
            let native = match figure.what {
                What::ProjectionComponent | What::ProjectionNative => What::ProjectionNative,
                _ => What::Native,
            };
            writeln!(
                out,
                "| {} | {} | {} | {:.3} | {:.0} % | {:.3} | {} | {} | {} | {} | {} | {} | {} |",
                if figure.rules == 0 { "–".to_owned() } else { grouped(figure.rules as u64) },
                figure.what.name(),
                grouped(figure.events_per_second() as u64),
                figure.gigabytes(By::Median),
                figure.spread() * 100.0,
                figure.gigabytes(By::Fastest),
                self.times(figure, native, figure.rules),
                self.times(figure, What::Vrl, 1),
                self.times(figure, What::Rsigma, figure.rules),
                self.times(figure, What::SigmaRust, figure.rules),
                self.times(figure, What::Jq, 1),
                matches(figure),
                figure.note,
            )?;
        }
        writeln!(out)
    }

    /// How many times as fast Firstseen is as another; nothing of a peer.
    fn times(&self, figure: &Figure, other: What, rules: usize) -> String {
        let other = self.figures.get(other, rules).filter(|_| figure.what.is_ours() && figure.what != other);
        other.map_or("–".to_owned(), |other| short(figure.gigabytes(By::Median) / other.gigabytes(By::Median)))
    }

    fn command(&self, out: &mut impl Write) -> fmt::Result {
        let is_start = |figure: &&Figure| matches!(figure.what, What::CommandStart(..));
        for figure in self.figures.figures.iter().filter(is_start) {
            writeln!(
                out,
                "- {}, {}: {:.0} ms",
                figure.what.name(),
                bars::rules(figure.rules),
                figure.median_s() * 1e3
            )?;
        }
        if let Some(Memory { rules, small_input_bytes, small_peak_bytes, large_input_bytes, large_peak_bytes }) =
            self.figures.memory
        {
            let inputs = [(small_input_bytes, small_peak_bytes), (large_input_bytes, large_peak_bytes)];
            for (input, peak) in inputs {
                writeln!(
                    out,
                    "- `firstseen filter`, {}, {:.0} MB of input: peak memory {:.0} MB",
                    bars::rules(rules),
                    input as f64 / 1e6,
                    peak as f64 / 1e6
                )?;
            }
        }
        writeln!(out)
    }

    fn notes(&self, out: &mut impl Write) -> fmt::Result {
        out.write_str(NOTES)
    }
}

const NOTES: &str = "\
How to read it:

- One core each, pinned, but for the rows that say two. A slow contender judges fewer of the same events. ± is half the
  way from the fastest to the slowest round. Bars and ratios go by medians; on a machine that others use too, the fastest
  round of each contender is nearer to what it does undisturbed.
- Firstseen: batches of 256 KiB of whole lines, a fresh memory store each round, index patterns, terms, state and alerts
  included. Native is the same crate without the sandbox, built with the same profile.
- The projection alone is one rule that reads every field that the KQL rules read, or those of EQL too, and matches
  nothing.
- VRL, jq: the built-in rule's query as a filter, whatever the number of rules. VRL's program begins with
  `. = parse_json!(.message)`; parse alone is that line. jq is a process of its own, its start-up included.
- rsigma-eval, sigma-rust: events parsed by serde_json; queries turned to Sigma where Sigma can express them, which
  leaves rules out as the last column tells. No index patterns, so more matches; no state, no alerts. sigma-rust does
  not look into arrays, so it finds next to nothing. Sequences and samples of EQL are not among the rules.
- The command reads a file and writes a file; its rows include its start-up, its bars do not, but for the pipe's. With an
  empty input it starts, finds the module compiled, reads and loads the rules, and ends.
- The command's memory is asked for with the events over and over through a pipe: the input grows, the state does not.
";

fn matches(figure: &Figure) -> String {
    match figure.what {
        What::VrlParse | What::Newlines | What::Literal | What::Command(..) | What::Piped | What::Pipe => {
            "–".to_owned()
        }
        _ => format!("{:.1}", figure.ran.matches as f64 * 1e3 / figure.ran.events.max(1) as f64),
    }
}

/// Three digits or so.
fn short(ratio: f64) -> String {
    match ratio {
        10.0.. => format!("{ratio:.0}"),
        _ => format!("{ratio:.2}"),
    }
}
