//! The whole command `firstseen filter`, from a file to a file, and its memory.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::thread;

use anyhow::{Context, Result, anyhow, bail, ensure};
use firstseen_bench_common::process::high_water_mark;
use firstseen_bench_common::rules::RuleSet;

use super::{Contender, Ran};
use crate::events::Portion;
use crate::figures::Memory;

/// The input with which a large one is compared.
const SMALL_INPUT_BYTES: u64 = 100_000_000;

/// How to call the command.
pub(crate) struct Filter {
    binary: PathBuf,
    /// None: the built-in rule.
    rules: Option<PathBuf>,
    /// For alerts that must not be among the events.
    alerts: PathBuf,
}

/// A run over a large file.
pub(crate) struct Whole {
    pub(crate) filter: Rc<Filter>,
    pub(crate) input: Rc<Input>,
    pub(crate) output: PathBuf,
}

/// A run over a large file that comes and goes through pipes.
pub(crate) struct Piped {
    /// None: nothing between the pipes.
    pub(crate) filter: Option<Rc<Filter>>,
    pub(crate) input: Rc<Input>,
}

/// A run over an empty input.
pub(crate) struct StartUp(pub(crate) Rc<Filter>);

/// Events on disk, over and over.
pub(crate) struct Input {
    path: PathBuf,
    events: u64,
    bytes: u64,
}

impl Filter {
    /// Rules beyond the built-in one are written to `scratch`.
    pub(crate) fn new(binary: &Path, set: &RuleSet, scratch: &Path) -> Result<Self> {
        let rules = match set.count() {
            1 => None,
            count => {
                let path = scratch.join(format!("rules-{count}.ndjson"));
                let mut file = BufWriter::new(File::create(&path)?);
                set.rules.iter().try_for_each(|rule| writeln!(file, "{}", rule.json))?;
                file.flush()?;
                Some(path)
            }
        };
        Ok(Self { binary: binary.to_owned(), rules, alerts: scratch.join("alerts.ndjson") })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(["filter", "--clock", "event", "--summary", "none"]);
        if let Some(rules) = &self.rules {
            command.arg("--rules").arg(rules);
        }
        command.stderr(Stdio::inherit());
        command
    }

    /// Its memory for a small input and for a large one.
    pub(crate) fn memory(&self, events: Portion<'_>, rules: usize, large_input_bytes: u64) -> Result<Memory> {
        Ok(Memory {
            rules,
            small_input_bytes: SMALL_INPUT_BYTES,
            small_peak_bytes: self.peak_memory(events, SMALL_INPUT_BYTES)?,
            large_input_bytes,
            large_peak_bytes: self.peak_memory(events, large_input_bytes)?,
        })
    }

    /// Most memory that it takes for at least `bytes` of input, in bytes.
    ///
    /// The kernel's high-water mark is read once everything came out again and
    /// before the input ends, while the process is still there to be asked.
    fn peak_memory(&self, events: Portion<'_>, bytes: u64) -> Result<u64> {
        let mut command = self.command();
        // Alerts apart, so that what comes out is what went in.
        command.arg("--alerts").arg(&self.alerts).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| self.binary.display().to_string())?;
        let peak = feed(&mut child, events, bytes);
        let status = child.wait()?;
        fs::remove_file(&self.alerts)?;
        ensure!(status.success(), "firstseen: {status}");
        peak
    }
}

/// Feeds the events over and over; `child`'s standard input is closed then.
fn feed(child: &mut Child, events: Portion<'_>, bytes: u64) -> Result<u64> {
    let pid = child.id();
    let mut input = child.stdin.take().context("no standard input")?;
    let mut output = child.stdout.take().context("no standard output")?;
    let rounds = bytes.div_ceil(events.bytes().len() as u64).max(1);
    let total = rounds * events.bytes().len() as u64;
    thread::scope(|scope| {
        let reader = scope.spawn(move || -> Result<u64> {
            let mut buffer = vec![0; 1 << 20];
            let mut left = total;
            while left > 0 {
                let read = output.read(&mut buffer)?;
                ensure!(read > 0, "the output ends {left} bytes early");
                left = left.checked_sub(read as u64).ok_or_else(|| anyhow!("more came out than went in"))?;
            }
            high_water_mark(pid)
        });
        let written = (0..rounds).try_for_each(|_| input.write_all(events.bytes()));
        let peak = reader.join().map_err(|_| anyhow!("the reader panicked"))?;
        drop(input);
        let peak = peak?;
        written?;
        Ok(peak)
    })
}

impl Input {
    /// Writes the events over and over, at least `bytes` of them.
    pub(crate) fn write(events: Portion<'_>, bytes: u64, scratch: &Path) -> io::Result<Self> {
        let path = scratch.join("input.ndjson");
        let mut file = File::create(&path)?;
        let rounds = bytes.div_ceil(events.bytes().len() as u64).max(1);
        (0..rounds).try_for_each(|_| file.write_all(events.bytes()))?;
        // What is still to be written would disturb what is measured.
        file.sync_all()?;
        Ok(Self { path, events: rounds * events.len() as u64, bytes: rounds * events.bytes().len() as u64 })
    }
}

impl Contender for Whole {
    fn prepare(&mut self, _events: Portion<'_>) -> Result<()> {
        match fs::remove_file(&self.output) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn run(&mut self, _events: Portion<'_>) -> Result<Ran> {
        let mut command = self.filter.command();
        command.stdin(File::open(&self.input.path)?).stdout(File::create(&self.output)?);
        let status = command.status().with_context(|| self.filter.binary.display().to_string())?;
        ensure!(status.success(), "firstseen: {status}");
        Ok(Ran { events: self.input.events, bytes: self.input.bytes, matches: 0 })
    }
}

impl Contender for Piped {
    /// What is still to be written would disturb what is measured.
    fn prepare(&mut self, _events: Portion<'_>) -> Result<()> {
        rustix::fs::sync();
        Ok(())
    }

    fn run(&mut self, _events: Portion<'_>) -> Result<Ran> {
        let mut cat = Command::new("cat").arg(&self.input.path).stdout(Stdio::piped()).spawn()?;
        let mut through = cat.stdout.take().context("no standard output")?.into();
        let mut running = vec![cat];
        if let Some(filter) = &self.filter {
            let mut child = filter.command().stdin(through).stdout(Stdio::piped()).spawn()?;
            through = Stdio::from(child.stdout.take().context("no standard output")?);
            running.push(child);
        }
        running.push(Command::new("cat").stdin(through).stdout(Stdio::null()).spawn()?);
        let statuses: Vec<_> = running.iter_mut().map(Child::wait).collect::<io::Result<_>>()?;
        // Those before one that died only followed it.
        if let Some(failed) = statuses.iter().rfind(|status| !status.success()) {
            bail!("a process of the pipe: {failed}");
        }
        Ok(Ran { events: self.input.events, bytes: self.input.bytes, matches: 0 })
    }
}

impl Contender for StartUp {
    fn run(&mut self, _events: Portion<'_>) -> Result<Ran> {
        let status = self.0.command().stdin(Stdio::null()).stdout(Stdio::null()).status()?;
        ensure!(status.success(), "firstseen: {status}");
        Ok(Ran::default())
    }
}
