//! How events are evaluated.

use anyhow::{Result, ensure};
use clap::builder::NonEmptyStringValueParser;
use firstseen::Batch;
use jiff::Timestamp;

use super::values;

/// Longest line that `--max-line` may allow; some of them are in memory at
/// once, in the module too.
const LINE_BYTES_MAX: usize = 32 << 20;

/// Events.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Events")]
pub(crate) struct EvaluationArgs {
    /// The index or data stream the events are bound for, matched with the
    /// rules' index patterns. Else an event's data_stream.* fields say it; with
    /// neither it is unknown and passes any pattern.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) index: Option<String>,
    /// Take this as the arrival time of all events, and as `now` in queries,
    /// instead of the system's clock, so that runs can be repeated:
    /// 2026-11-24T12:00:00Z.
    #[arg(long = "now", value_name = "TIME", value_parser = values::time_ms)]
    pub(crate) now_ms: Option<i64>,
    /// Greatest length of a line, at most 32MiB; a longer one is not judged.
    #[arg(long = "max-line", value_name = "BYTES", value_parser = line_bytes, default_value = "1MiB")]
    pub(crate) line_bytes_max: usize,
}

impl EvaluationArgs {
    /// Lines that have just arrived, as a batch.
    pub(crate) fn batch<'a>(&self, lines: &'a [u8]) -> Batch<'a> {
        let batch = Batch::new(lines, self.now_ms.unwrap_or_else(|| Timestamp::now().as_millisecond()));
        match &self.index {
            Some(index) => batch.bound_for(index),
            None => batch,
        }
    }
}

/// The value of `--max-line`.
pub(crate) fn line_bytes(text: &str) -> Result<usize> {
    let bytes = values::bytes(text)?;
    ensure!((1..=LINE_BYTES_MAX).contains(&bytes), "a line has at least 1 byte and at most 32MiB");
    Ok(bytes)
}
