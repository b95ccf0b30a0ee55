//! `firstseen match`.

use std::fs::File;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use jiff::Timestamp;
use serde_json::json;

use super::module::load;
use super::printing::json_line;
use super::rule_args::{Loaded, RuleArgs, faults, not_run};
use super::{EXIT_DIFFERENT, EXIT_ERROR, say};
use crate::pipeline::{Chunk, Intake};
use firstseen::printable;
use firstseen::{Batch, Detector, Document, LogLevel, RuleSummary, Worker};

/// Greatest length of a line that is looked at.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Say which rules match which events: grep for ECS events.
///
/// Nothing is remembered and nothing alerts: an event matches a rule if it
/// meets the rule's query, filters, exceptions and index patterns. With --query
/// the events that match are written as they came.
///
/// Events are NDJSON, from files or standard input.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(super) struct Args {
    /// Files of events; standard input if there are none.
    files: Vec<PathBuf>,
    #[command(flatten)]
    rules: RuleArgs,
    /// A KQL query instead of rules.
    #[arg(short, long, value_name = "KQL", conflicts_with = "rules")]
    query: Option<String>,
    /// Form of the output: text by default, with --query the events themselves.
    #[arg(long, value_enum)]
    output: Option<Report>,
    /// The index or data stream the events are bound for. Else an event's
    /// data_stream.* fields say it; with neither it passes any index pattern.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    index: Option<String>,
    /// What `now` means in queries, instead of the system's clock.
    #[arg(long, value_name = "TIME", value_parser = super::values::time_ms)]
    now: Option<i64>,
    /// Any rule that should run and does not is an error.
    #[arg(long)]
    strict: bool,
    /// Run this component instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen match --query 'process.name:dpkg and process.args:(-i or --install)' events.ndjson
  firstseen match --query 'source.ip:10.0.0.0/8 and not user.name:*' < events.ndjson
  firstseen match --rules detection-rules/rules --output json events/*.ndjson

Exit status:
  0  something matched      1  nothing did      2  an error";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Report {
    /// `file:line: rule name (rule_id)`.
    Text,
    /// {"file","line","rule_id","rule_name"}, one object a line; lines count
    /// from 1.
    Json,
    /// The events themselves, once each.
    Events,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let detector = self.detector()?;
        let default = if self.query.is_some() { Report::Events } else { Report::Text };
        let mut search = Search {
            worker: detector.worker()?,
            rules: detector.rules(),
            index: self.index.as_deref(),
            now_ms: self.now,
            report: self.output.unwrap_or(default),
            out: BufWriter::with_capacity(256 << 10, io::stdout().lock()),
            matched: false,
            malformed: 0,
        };
        if self.files.is_empty() {
            search.read(io::stdin(), Path::new("-"))?;
        }
        let mut unread = false;
        for path in &self.files {
            match File::open(path) {
                Ok(file) => unread |= search.read(file, path)?,
                Err(error) => {
                    say(&format!("error: cannot read {}: {error}", path.display()));
                    unread = true;
                }
            }
        }
        search.out.flush()?;
        if search.malformed > 0 {
            let lines = match search.malformed {
                1 => "1 line is no event".to_owned(),
                count => format!("{count} lines are no events"),
            };
            say(&format!("warning: {lines}; nothing was looked for there"));
        }
        if unread {
            return Ok(ExitCode::from(EXIT_ERROR));
        }
        Ok(if search.matched { ExitCode::SUCCESS } else { ExitCode::from(EXIT_DIFFERENT) })
    }

    fn detector(&self) -> Result<Detector> {
        let (module, loaded) = self.rules.load(|| load(self.module.as_ref()))?;
        let builder = Detector::builder(module).line_bytes_max(LINE_BYTES_MAX).log(|message| {
            if message.level >= LogLevel::Warn {
                say(&format!("warning: {}", message.text));
            }
        });
        loaded.ensure_rules(&self.rules.rules)?;
        let builder = loaded.apply(builder);
        let builder = match &self.query {
            Some(query) => builder.rules([rule_of(query)]),
            None => builder,
        };
        let detector = builder.build()?;
        tell(&loaded, &detector, self.strict)?;
        Ok(detector)
    }
}

/// Warns of what was given and does not run.
pub(super) fn tell(loaded: &Loaded, detector: &Detector, strict: bool) -> Result<()> {
    let faults = faults(&loaded.problems, detector.refusals().iter().chain(detector.unusable()));
    if strict && !faults.is_empty() {
        anyhow::bail!("--strict, and not all that was given can be used:\n  {}", faults.join("\n  "));
    }
    faults.iter().for_each(|fault| say(&format!("warning: not used: {fault}")));
    if let Some(line) = not_run(detector.refusals()) {
        say(&line);
    }
    Ok(())
}

/// A rule that is nothing but a query.
fn rule_of(query: &str) -> Document {
    let rule = json!({
        "rule_id": "query", "name": "query", "type": "query", "language": "kuery", "query": query,
        "severity": "low", "risk_score": 0, "from": "now-5m",
    });
    Document { name: "--query".to_owned(), content: rule.to_string() }
}

struct Search<'a> {
    worker: Worker,
    rules: &'a [RuleSummary],
    index: Option<&'a str>,
    now_ms: Option<i64>,
    report: Report,
    out: BufWriter<StdoutLock<'static>>,
    matched: bool,
    malformed: u64,
}

impl Search<'_> {
    /// Looks at all events of a stream; answers whether it could not be read to
    /// its end, which has been said then.
    fn read(&mut self, stream: impl AsFd + Send + 'static, path: &Path) -> Result<bool> {
        let (mut intake, _stopper) = Intake::start(stream, LINE_BYTES_MAX)?;
        let mut first_line = 1;
        let mut spare = Vec::new();
        loop {
            let chunk = match intake.next(std::mem::take(&mut spare)) {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok(false),
                Err(error) => {
                    say(&format!("error: cannot read {}: {error}", path.display()));
                    return Ok(true);
                }
            };
            match chunk {
                Chunk::Lines(lines) => {
                    first_line += self.batch(&lines, path, first_line)?;
                    spare = lines;
                }
                Chunk::Overlong { ends, .. } => {
                    self.malformed += u64::from(ends);
                    first_line += usize::from(ends);
                }
            }
        }
    }

    /// Looks at some lines; answers how many they are.
    fn batch(&mut self, lines: &[u8], path: &Path, first_line: usize) -> Result<usize> {
        let now_ms = self.now_ms.unwrap_or_else(|| Timestamp::now().as_millisecond());
        let batch = Batch::new(lines, now_ms);
        let batch = match self.index {
            Some(index) => batch.bound_for(index),
            None => batch,
        };
        let matching = self.worker.match_events(&batch)?;
        self.malformed += matching.malformed.len() as u64;
        self.matched |= !matching.matches.is_empty();
        let file = path.display().to_string();
        let mut last = None;
        let mut line_starts = LineStarts::new(lines);
        for one in &matching.matches {
            let line = first_line + one.line;
            let Some(rule) = self.rules.get(one.rule) else { continue };
            match self.report {
                Report::Text => {
                    let text = format!("{file}:{line}: {} ({})", rule.name, rule.rule_id);
                    writeln!(self.out, "{}", printable(&text))?;
                }
                Report::Json => {
                    let found = json!({"file": file, "line": line, "rule_id": rule.rule_id, "rule_name": rule.name});
                    writeln!(self.out, "{}", json_line(&found.to_string()))?;
                }
                Report::Events if last == Some(one.line) => {}
                Report::Events => {
                    self.out.write_all(line_starts.line(one.line))?;
                    self.out.write_all(b"\n")?;
                }
            }
            last = Some(one.line);
        }
        Ok(memchr::memchr_iter(b'\n', lines).count())
    }
}

/// Finds lines of a text by their numbers, in ascending order.
struct LineStarts<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> LineStarts<'a> {
    fn new(text: &'a [u8]) -> Self {
        Self { rest: text, number: 0 }
    }

    fn line(&mut self, number: usize) -> &'a [u8] {
        loop {
            let end = memchr::memchr(b'\n', self.rest).unwrap_or(self.rest.len());
            let (line, rest) = self.rest.split_at(end);
            if self.number >= number || rest.is_empty() {
                return line;
            }
            self.rest = rest.get(1..).unwrap_or_default();
            self.number += 1;
        }
    }
}
