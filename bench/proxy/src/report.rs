//! The report, in Markdown: a section of the file of results.

use std::fmt::{self, Write};

use firstseen_bench_common::machine::Machine;
use firstseen_bench_common::numbers::{grouped, median};

use crate::bars::{self, Bar};
use crate::figures::{By, Figures, Rules, What};

/// All that is told of a run.
pub(crate) struct Report<'a> {
    pub(crate) machine: &'a Machine,
    pub(crate) rounds: usize,
    pub(crate) connections: usize,
    pub(crate) figures: &'a Figures,
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
        let Machine { cpu, cores, rustc, peers } = self.machine;
        writeln!(out, "# The proxy beside nginx\n")?;
        writeln!(out, "Written by `make bench-proxy`. {cpu}, {cores} cores; {rustc}; {}.", peers.join(", "))?;
        writeln!(
            out,
            "`_bulk` bodies of generated endpoint events of 3.2 KB; medians of {} rounds, all in turn on the same bodies.\n",
            self.rounds
        )?;
        for remark in self.remarks {
            writeln!(out, "- {remark}")?;
        }
        if !self.remarks.is_empty() {
            writeln!(out)?;
        }
        self.bars(out)?;
        self.throughputs(out)?;
        self.latencies(out)?;
        self.indexing(out)?;
        let megabytes = self.figures.peak_bytes as f64 / 1e6;
        writeln!(out, "Peak memory of `firstseen serve` through all of it, indexing left out: {megabytes:.0} MB.\n")?;
        let notes = NOTES.replace("{connections}", &self.connections.to_string());
        out.write_str(&notes)
    }

    fn bars(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(out, "| what | bar | measured | by the time on the core | nginx | |\n|---|---|---|---|---|---|")?;
        for Bar { what, bar, measured, by_core, nginx, is_reached } in bars::of(self.figures) {
            let (measured, verdict) = match measured {
                Some(measured) => (measured, if is_reached { "reached" } else { "**missed**" }),
                None => ("–".to_owned(), "not measured"),
            };
            let [by_core, nginx] = [&by_core, &nginx].map(|text| text.as_deref().unwrap_or("–"));
            writeln!(out, "| {what} | {bar} | {measured} | {by_core} | {nginx} | {verdict} |")?;
        }
        writeln!(out)
    }

    fn throughputs(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(
            out,
            "| bodies | what | requests/s | documents/s | GB/s | ± | of its core | of nginx | of the library |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|---|---|---|")?;
        for throughput in &self.figures.throughputs {
            let library = match throughput.what {
                What::Serve(rules) => Some(What::Library(rules)),
                _ => None,
            };
            let nginx = Some(What::Nginx).filter(|&nginx| throughput.what != nginx);
            let of = |other: Option<What>| {
                let ratio = self.figures.ratio(throughput.what, other?, throughput.kind, By::Wall);
                ratio.map(|ratio| format!("{ratio:.2}"))
            };
            let core = match throughput.what {
                What::Direct => None,
                _ => Some(format!("{:.0} %", throughput.core_share() * 100.0)),
            };
            writeln!(
                out,
                "| {} | {} | {} | {} | {:.3} | {:.0} % | {} | {} | {} |",
                throughput.kind.name(),
                self.name(throughput.what),
                grouped(throughput.requests(By::Wall).round() as u64),
                grouped(throughput.documents_per_second() as u64),
                throughput.gigabytes(),
                throughput.spread() * 100.0,
                core.as_deref().unwrap_or("–"),
                of(nginx).as_deref().unwrap_or("–"),
                of(library).as_deref().unwrap_or("–"),
            )?;
        }
        writeln!(out)
    }

    fn latencies(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(out, "| bodies | what | requests/s | p50, ms | p99, ms | added, p50, ms | added, p99, ms |")?;
        writeln!(out, "|---|---|---|---|---|---|---|")?;
        for latency in &self.figures.latencies {
            let added = self.figures.added_ms(latency.what, latency.kind);
            let added = added.filter(|_| matches!(latency.what, What::Nginx | What::Serve(_)));
            let shown = |ms: Option<f64>| ms.map_or("–".to_owned(), |ms| format!("{ms:.2}"));
            writeln!(
                out,
                "| {} | {} | {} | {:.2} | {:.2} | {} | {} |",
                latency.kind.name(),
                self.name(latency.what),
                latency.per_second.map_or("one at a time".to_owned(), |rate| grouped(rate.round() as u64)),
                latency.p50_ms(),
                latency.p99_ms(),
                shown(added.map(|(p50_ms, _)| p50_ms)),
                shown(added.map(|(_, p99_ms)| p99_ms)),
            )?;
        }
        writeln!(out)
    }

    fn indexing(&self, out: &mut impl Write) -> fmt::Result {
        if self.figures.indexing.is_empty() {
            return Ok(());
        }
        writeln!(out, "| indexed by Elasticsearch | cores | directly, documents/s | through the proxy | ratio |")?;
        writeln!(out, "|---|---|---|---|---|")?;
        for indexing in &self.figures.indexing {
            writeln!(
                out,
                "| {} | {} | {} | {} | {:.3} |",
                indexing.kind.name(),
                if indexing.is_shared { "all, with proxy and clients" } else { "one of its own" },
                grouped(median(&indexing.direct) as u64),
                grouped(median(&indexing.proxied) as u64),
                indexing.ratio()
            )?;
        }
        writeln!(out)
    }

    fn name(&self, what: What) -> String {
        let rules = |rules| match (rules, self.figures.all_rules) {
            (Rules::All, Some(count)) => format!("{count} rules"),
            (Rules::All, None) => "all rules".to_owned(),
            (Rules::One, _) => "1 rule".to_owned(),
        };
        match what {
            What::Direct => "nobody between".to_owned(),
            What::Nginx => "nginx".to_owned(),
            What::Serve(count) => format!("`firstseen serve`, {}", rules(count)),
            What::Library(count) => format!("library by itself, {}", rules(count)),
        }
    }
}

const NOTES: &str = "\
How to read it:

- Whoever is measured has one core, clients and upstream have another: so all have the same, and a ratio says what a core
  is worth. The clients send from a file in memory, and the upstream reads without copying, so that they need little of
  theirs; \"nobody between\" is what they can do. \"Of its core\" is how much of its core a contender took. One that took less
  waited for them, for the disk, or for others who use the machine; \"by the time on the core\" leaves that out. A bar on
  throughput is reached if it is so by both. GB/s are of bodies before they were packed.
- The column nginx says what bounds a bar: of throughputs what the time of nginx and that of the library would leave
  together, of latencies what nginx adds, which judges nothing.
- Throughput: {connections} connections, each sends its next request when it has its answer.
- Latency: requests at fixed times, half as many a second as the proxy can take, counted from when each was due, whether or
  not earlier ones were answered. Of the library: one body at a time, from its bytes to its alerts. \"Added\" is what is
  beyond the median of \"nobody between\" and the median of the library, round by round.
- `firstseen serve`: state on disk (`--state`), `--learn 0s`, alerts to a file, all else as it is by default. It finds one core
  and starts one worker.
- Library by itself: inflating with the same crate, splitting, `Pool` with one worker, a state on disk too.
- nginx: one process, `proxy_request_buffering off`, connections kept on both sides.
- Null upstream: answers each action with `201`, as short as Filebeat wants it.
- Indexing: the proxy with all rules; `dynamic: false`, into empty indices each time, directly and through the proxy in turn.
";

#[cfg(test)]
mod tests {
    use firstseen_tests::golden;

    use super::*;
    use crate::figures::tests::figures;

    #[test]
    fn the_report() {
        let machine = Machine {
            cpu: "A Processor".to_owned(),
            cores: 2,
            rustc: "rustc 1.0.0".to_owned(),
            peers: vec!["nginx 1.0.0".to_owned()],
        };
        let remarks = ["Nothing was left out.".to_owned()];
        let report = Report { machine: &machine, rounds: 3, connections: 8, figures: &figures(), remarks: &remarks };
        golden::check_text("bench-proxy-report.md", &report.markdown()).unwrap();
    }
}
