//! Runs that are killed, and what their alerts must have in common.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::{id_of, split};
use tempfile::TempDir;

use super::stream;

/// Where alerts go.
#[derive(Clone, Copy)]
pub(super) enum Sink {
    Stdout,
    File,
}

/// When to kill.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// So long after the start.
    After(Duration),
    /// Once this share of the events has come out: a batch was just handed
    /// over, and it is not noted yet.
    Written(f64),
}

/// A folder with the events and all that the runs leave behind.
pub(super) struct Site {
    scratch: TempDir,
    events: Vec<u8>,
}

/// The alerts of one run, in order: those that were written to their ends.
pub(super) struct Run {
    /// Id and document.
    pub(super) alerts: Vec<(String, String)>,
    /// Whether the kill came before its end.
    pub(super) killed: bool,
}

impl Site {
    pub(super) fn new() -> Result<Self> {
        let scratch = tempfile::tempdir()?;
        let path = scratch.path().join("events.ndjson");
        stream::write(&path)?;
        Ok(Self { events: fs::read(&path)?, scratch })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn command(&self, sink: Sink, state: &str) -> Result<Firstseen> {
        let command = Firstseen::filter()?.args(["--clock", "event"]).arg("--state").arg(self.path(state));
        let command = match sink {
            Sink::Stdout => command,
            Sink::File => command.arg("--alerts").arg(self.path(state).with_extension("alerts")),
        };
        command.stdin_file(&self.path("events.ndjson"))?.stdout_file(&self.path("stdout"))
    }

    /// A run to its end.
    pub(super) fn run_whole(&self, sink: Sink, state: &str) -> Result<Run> {
        let before = self.length_of_alerts(state);
        self.command(sink, state)?.run(b"")?.expect_code(0)?;
        let run = self.read(sink, state, before, false)?;
        ensure!(split(&fs::read(self.path("stdout"))?).events == self.events, "the events came out changed");
        Ok(run)
    }

    /// A run that is killed.
    pub(super) fn run_and_kill(&self, sink: Sink, state: &str, moment: Moment) -> Result<Run> {
        let before = self.length_of_alerts(state);
        let mut running = self.command(sink, state)?.spawn()?;
        match moment {
            Moment::After(delay) => sleep(delay),
            Moment::Written(share) => {
                let wanted = (share * self.events.len() as f64) as u64;
                while fs::metadata(self.path("stdout"))?.len() < wanted && !running.has_ended()? {}
            }
        }
        let ran = running.kill()?;
        // Without a code: the kill was in time.
        let killed = ran.status.code().is_none();
        ensure!(killed || ran.code()? == 0, "it failed by itself: {}", ran.stderr);
        self.read(sink, state, before, killed)
    }

    fn length_of_alerts(&self, state: &str) -> usize {
        fs::read(self.path(state).with_extension("alerts")).map_or(0, |alerts| alerts.len())
    }

    /// What a run wrote; the file of alerts had `before` bytes already.
    fn read(&self, sink: Sink, state: &str, before: usize, killed: bool) -> Result<Run> {
        let stdout = fs::read(self.path("stdout"))?;
        let split_stdout = split(&stdout);
        // Up to its last newline: an alert may have been cut too.
        let whole = stdout.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        let events = split(stdout.get(..whole).unwrap_or_default()).events;
        ensure!(self.events.starts_with(&events), "the events came out changed");
        let alerts = match sink {
            Sink::Stdout => split_stdout.alerts,
            Sink::File => {
                let alerts = fs::read(self.path(state).with_extension("alerts")).unwrap_or_default();
                split(alerts.get(before..).unwrap_or_default()).alerts
            }
        };
        let alerts = alerts.into_iter().map(|alert| Ok((id_of(&alert)?, alert))).collect::<Result<_>>()?;
        Ok(Run { alerts, killed })
    }
}

/// All runs of one state together have the alerts of the unbroken one,
/// and raise one twice only where they cannot know that it was taken: it was
/// among the last that a killed run wrote, and the next run writes it again
/// before anything else. Answers with how many came twice.
pub(super) fn check(unbroken: &Run, runs: &[Run]) -> Result<usize> {
    let wanted: BTreeMap<&str, &str> = documents(unbroken);
    ensure!(wanted.len() == unbroken.alerts.len(), "the unbroken run raises an alert twice");
    let mut union: BTreeMap<&str, &str> = BTreeMap::new();
    for run in runs {
        union.extend(documents(run));
    }
    let missing: Vec<_> = wanted.keys().filter(|id| !union.contains_key(*id)).collect();
    let extra: Vec<_> = union.keys().filter(|id| !wanted.contains_key(*id)).collect();
    ensure!(missing.is_empty() && extra.is_empty(), "missing: {missing:?}, too many: {extra:?}");
    ensure!(wanted == union, "an alert has another document after a kill");

    for (number, run) in runs.iter().enumerate() {
        let earlier = runs.get(..number).unwrap_or_default();
        check_repeats(earlier, run).with_context(|| format!("run {number}"))?;
    }
    Ok(runs.iter().map(|run| run.alerts.len()).sum::<usize>() - union.len())
}

fn documents(run: &Run) -> BTreeMap<&str, &str> {
    run.alerts.iter().map(|(id, document)| (id.as_str(), document.as_str())).collect()
}

fn check_repeats(earlier: &[Run], run: &Run) -> Result<()> {
    let ids: Vec<&str> = run.alerts.iter().map(|(id, _)| id.as_str()).collect();
    ensure!(ids.iter().collect::<BTreeSet<_>>().len() == ids.len(), "an alert comes twice within one run");
    let known: BTreeSet<&str> = earlier.iter().flat_map(|run| &run.alerts).map(|(id, _)| id.as_str()).collect();
    let repeated = ids.iter().take_while(|id| known.contains(*id)).count();
    if let Some(late) = ids.iter().skip(repeated).find(|id| known.contains(*id)) {
        bail!("{late} is repeated after alerts that are new");
    }
    let repeated: BTreeSet<&str> = ids.into_iter().take(repeated).collect();
    if repeated.is_empty() {
        return Ok(());
    }
    // The last run that wrote any of them ended with them.
    let writer = earlier.iter().rfind(|run| run.alerts.iter().any(|(id, _)| repeated.contains(id.as_str())));
    let writer = writer.context("nobody wrote them")?;
    ensure!(writer.killed, "a run that came to its end had not noted what it handed over");
    let tail = writer.alerts.iter().skip_while(|(id, _)| !repeated.contains(id.as_str()));
    let taken = tail.clone().count();
    let noted = tail.filter(|(id, _)| !repeated.contains(id.as_str())).count();
    ensure!(noted == 0 && taken == repeated.len(), "{} repeated, the killed run ended with {taken}", repeated.len());
    Ok(())
}
