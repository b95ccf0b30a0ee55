//! The report, in Markdown: a section of the file of results.

use std::fmt::{self, Write};

use firstseen_bench_common::machine::Machine;
use firstseen_bench_common::numbers::grouped;

use crate::figures::{By, Figures};

/// All that is told of a run.
pub(crate) struct Report<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) events: u64,
    pub(crate) event_bytes: u64,
    pub(crate) rounds: usize,
    /// The same hosts in each.
    pub(crate) loads: &'a [Figures],
    /// What was left out, one sentence each.
    pub(crate) remarks: &'a [String],
}

impl Report<'_> {
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, out: &mut impl Write) -> fmt::Result {
        let Machine { cpu, cores, rustc, .. } = self.machine;
        writeln!(out, "# The module in other hosts\n")?;
        writeln!(out, "Written by `make bench-hosts`. {cpu}, {cores} cores; {rustc}.")?;
        writeln!(
            out,
            "{} generated endpoint events of {:.1} KB; the best of {} rounds, all in turn on the same bytes.\n",
            grouped(self.events),
            self.event_bytes as f64 / self.events.max(1) as f64 / 1e3,
            self.rounds
        )?;
        for remark in self.remarks {
            writeln!(out, "- {remark}")?;
        }
        if !self.remarks.is_empty() {
            writeln!(out)?;
        }
        self.table(out)?;
        out.write_str(NOTES)
    }

    fn table(&self, out: &mut impl Write) -> fmt::Result {
        write!(out, "| host | runtime | shape |")?;
        for load in self.loads {
            let rules = if load.rules == 1 { "1 rule".to_owned() } else { format!("{} rules", load.rules) };
            write!(out, " {rules}: events/s | ± | of `firstseen` | by the time on the core | ready, s |")?;
        }
        writeln!(out, "\n|---|---|---|{}", "---|---|---|---|---|".repeat(self.loads.len()))?;
        for place in 0..self.loads.first().map_or(0, |load| load.figures.len()) {
            for (number, load) in self.loads.iter().enumerate() {
                let Some(figure) = load.figures.get(place) else { continue };
                if let (0, Some(said)) = (number, figure.rounds.first()) {
                    write!(out, "| {} | {} | {} |", said.host, said.runtime, figure.shape)?;
                }
                write!(
                    out,
                    " {} | {:.0} % | {:.2} | {:.2} | {:.1} |",
                    grouped(figure.best(By::Wall) as u64),
                    figure.spread() * 100.0,
                    load.of_library(figure, By::Wall),
                    load.of_library(figure, By::Core),
                    figure.ready_s(),
                )?;
            }
            writeln!(out)?;
        }
        writeln!(out)
    }
}

const NOTES: &str = "\
How to read it:

- Each host is a process of its own with one core, but for `firstseen`, which is the library in the process of the bench: one
  worker, with all limits. Python and Node have the module bounded in memory alone, or not at all. What the command's reading
  and writing costs is in the table of `make bench`.
- All do the same: batches of about 256 KiB of whole lines, a fixed time of arrival, the memory store of the host. They pass
  over the events again and again: once, and all have the same alerts then; for a second to warm up, Java for ten; for two
  more, which are measured. ± is half the way from the fastest to the slowest round. \"By the time on the core\" compares what
  the hosts took of their cores, which leaves out others who use the machine.
- Ready: from the start of the work, compiling and rules included, to the end of the first batch; of Java to the end of its
  warm-up, for until then it is slower.
- Without deadlines Go cannot end a call that is under way, see [its page](../integrations/go/README.md). Java gets the module
  compiled to classes. With one rule Python's time goes to what its Wasmtime package does around each call: larger batches
  would help it most.
- The browser is not in the table: the playground judges line by line.
";

#[cfg(test)]
mod tests {
    use firstseen_tests::golden;

    use super::*;
    use crate::figures::tests::figures;

    #[test]
    fn the_report() {
        let machine =
            Machine { cpu: "A Processor".to_owned(), cores: 2, rustc: "rustc 1.0.0".to_owned(), ..Machine::default() };
        let one = Figures { rules: 1, ..figures() };
        let remarks = ["Node was left out.".to_owned()];
        let report = Report {
            machine: &machine,
            events: 10_000,
            event_bytes: 31_000_000,
            rounds: 3,
            loads: &[one, figures()],
            remarks: &remarks,
        };
        golden::check_text("bench-hosts-report.md", &report.markdown()).unwrap();
    }
}
