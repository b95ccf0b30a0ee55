//! `firstseen state import`.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow, bail};
use firstseen::ledger::{Imported, RECORDS_MAX, Record, Upkeep};
use jiff::Timestamp;

use super::{line, open};
use crate::args::{self, Input};

/// Longest line. A term is 32 KiB at most, and no way to write it takes six times that.
const LINE_BYTES_MAX: usize = 256 << 10;

/// Bytes of lines that are imported together, beside [`RECORDS_MAX`].
const BATCH_BYTES: usize = 8 << 20;

/// Put into a state what `export` wrote, beside what is there.
///
/// A term is known then as if the state had had the sightings of both. A rule is
/// known since the earlier of both times, so one that has learned elsewhere does not
/// learn again. A term whose rule is met only now, without a line of its own, makes
/// it a new rule. What has expired is left out, and counted.
///
/// It goes on in batches, each whole or not at all: at a faulty line, which is named,
/// it ends, and what came before its batch stays. To import something twice does no
/// harm. The state is made if there is none.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The state.
    #[arg(value_name = "DIR")]
    state: PathBuf,
    /// Files that `export` wrote, in gzip or zstd too; `-` is standard input, and so
    /// are none.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Take this as the time by which terms have expired, instead of the system's
    /// clock: 2026-11-24T12:00:00Z.
    #[arg(long = "now", value_name = "TIME", value_parser = args::time_ms)]
    now_ms: Option<i64>,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen state export seen | firstseen state import other
  firstseen state import merged node-1.ndjson.zst node-2.ndjson.zst

Exit status:
  0  all is well      2  an error";

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let inputs = args::inputs(&self.files);
        inputs.iter().try_for_each(Input::ensure_readable)?;
        let state = open(&self.state)?;
        let now_ms = self.now_ms.unwrap_or_else(|| Timestamp::now().as_millisecond());
        let mut import =
            Import { state: &*state, now_ms, batch: Vec::new(), bytes: 0, rules: 0, imported: Imported::default() };
        let result = inputs.iter().try_for_each(|input| import.read(input)).and_then(|()| import.commit());
        let Imported { new, widened, unchanged, expired } = import.imported;
        writeln!(
            anstream::stdout(),
            "{} rules and {} terms imported: {new} new, {widened} widened, {unchanged} known already, {expired} expired",
            import.rules,
            new + widened + unchanged + expired,
        )?;
        match result {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(anyhow!("{error:#}; nothing of its batch is in the state, what came before it is")),
        }
    }
}

/// An import on its way.
struct Import<'s> {
    state: &'s dyn Upkeep,
    now_ms: i64,
    /// What is not in the state yet, and how long its lines are.
    batch: Vec<Record>,
    bytes: usize,
    rules: u64,
    imported: Imported,
}

impl Import<'_> {
    fn read(&mut self, input: &Input) -> Result<()> {
        let stream = input.open().with_context(|| format!("cannot read {input}"))?;
        let mut lines = BufReader::with_capacity(64 << 10, stream);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            // One byte more shows that it is longer.
            let mut limited = (&mut lines).take(LINE_BYTES_MAX as u64 + 1);
            let length = limited.read_until(b'\n', &mut line).with_context(|| format!("cannot read {input}"))?;
            if length == 0 {
                break;
            }
            self.line(&line).with_context(|| format!("{input}:{number}"))?;
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<()> {
        if line.len() > LINE_BYTES_MAX {
            bail!("longer than 256 KiB, which no line of an export is");
        }
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        self.batch.push(line::read(line)?);
        self.bytes += line.len();
        if self.batch.len() >= RECORDS_MAX || self.bytes >= BATCH_BYTES {
            self.commit()?;
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.imported += self.state.import(&self.batch, self.now_ms)?;
        self.rules += self.batch.iter().filter(|record| matches!(record, Record::Rule { .. })).count() as u64;
        self.batch.clear();
        self.bytes = 0;
        Ok(())
    }
}
