//! `firstseen match`.

use std::fmt;
use std::io::{self, BufWriter, StdoutLock, Write};
use std::iter;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use firstseen::{Detector, Document, Fault, LogLevel, MalformedLine, RuleSummary, Worker, printable};
use serde_json::json;

use crate::args::{self, EvaluationArgs, Input, ModuleArgs, RuleArgs};
use crate::pipeline::{Chunk, Intake, Piece};
use crate::printing::json_line;
use crate::{EXIT_ERROR, EXIT_FOUND, message};

/// Say which rules match which events: grep for ECS events.
///
/// Nothing is remembered and nothing alerts: an event matches a rule if it
/// meets the rule's query, filters, exceptions and index patterns. With --query
/// the events that match are written as they came.
///
/// Events are NDJSON, from files or standard input; a file in gzip or zstd is
/// read decompressed. Of a file that cannot be
/// read an error says so; the others are looked at all the same. So it is with
/// events that were not judged in full.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Files of events, one after the other; `-` is standard input, and so are
    /// none.
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A query instead of rules.
    #[arg(short, long, value_name = "QUERY", conflicts_with = "rules")]
    query: Option<String>,
    /// The language of --query. Pipes of EQL (`| head 5`) bound alerts, and so have no
    /// effect here, but for `| head 0`, of which nothing is left.
    #[arg(short, long, value_enum, value_name = "LANGUAGE", default_value = "kql", requires = "query")]
    language: Language,
    /// Form of the output: text by default, with --query the events themselves.
    #[arg(long, value_enum, value_name = "FORM")]
    format: Option<Format>,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    evaluation: EvaluationArgs,
    #[command(flatten)]
    module: ModuleArgs,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen match --query 'process.name:dpkg and process.args:(-i or --install)' events.ndjson
  firstseen match --query 'source.ip:10.0.0.0/8 and not user.name:*' < events.ndjson
  firstseen match --language eql --query 'process where process.args : \"*.onion*\"' events.ndjson
  firstseen match --rules detection-rules/rules --format json events/*.ndjson

Exit status:
  0  something matched      1  nothing did      2  an error";

/// The language of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Kibana Query Language.
    Kql,
    /// Event Query Language, queries of single events.
    Eql,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `file:line: rule name (rule_id)`.
    Text,
    /// {"file","line","rule_id","rule_name"}, one object a line; lines count
    /// from 1.
    Json,
    /// The events themselves, once each.
    Events,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        let detector = self.detector()?;
        let default = if self.query.is_some() { Format::Events } else { Format::Text };
        let mut search = Search {
            worker: detector.worker()?,
            rules: detector.rules(),
            evaluation: &self.evaluation,
            format: self.format.unwrap_or(default),
            out: BufWriter::with_capacity(256 << 10, io::stdout().lock()),
            has_matched: false,
            malformed: 0,
            unjudged: 0,
        };
        let mut is_complete = true;
        for input in args::inputs(&self.files) {
            is_complete &= search.read(&input)?;
        }
        search.out.flush()?;
        if search.malformed > 0 {
            let lines = match search.malformed {
                1 => "1 line is no event".to_owned(),
                count => format!("{count} lines are no events"),
            };
            message::warn(&format!("{lines}; nothing was looked for there"));
        }
        if search.unjudged > 0 {
            let events = match search.unjudged {
                1 => "1 event was".to_owned(),
                count => format!("{count} events were"),
            };
            message::error(&format!(
                "{events} not judged in full, so there may be more matches; see --max-work and --max-line"
            ));
            is_complete = false;
        }
        Ok(match (is_complete, search.has_matched) {
            (false, _) => ExitCode::from(EXIT_ERROR),
            (true, true) => ExitCode::SUCCESS,
            (true, false) => ExitCode::from(EXIT_FOUND),
        })
    }

    fn detector(&self) -> Result<Detector> {
        let (module, rule_set) = self.rules.load(&self.module)?;
        let builder = Detector::builder(module)
            .limits(self.module.limits())
            .line_bytes_max(self.evaluation.line_bytes_max)
            .log(|logged| {
                if logged.level >= LogLevel::Warn {
                    message::warn(&logged.text);
                }
            });
        let builder = rule_set.apply(builder);
        let builder = match &self.query {
            Some(query) => builder.rules([rule_of(query, self.language)]),
            None => builder,
        };
        rule_set.build(builder, self.rules.strict)
    }
}

/// A rule that is nothing but a query.
fn rule_of(query: &str, language: Language) -> Document {
    let (rule_type, language) = match language {
        Language::Kql => ("query", "kuery"),
        Language::Eql => ("eql", "eql"),
    };
    let rule = json!({
        "rule_id": "query", "name": "query", "type": rule_type, "language": language, "query": query,
        "severity": "low", "risk_score": 0, "from": "now-5m",
    });
    Document { name: "--query".to_owned(), content: rule.to_string() }
}

struct Search<'a> {
    worker: Worker,
    rules: &'a [RuleSummary],
    evaluation: &'a EvaluationArgs,
    format: Format,
    out: BufWriter<StdoutLock<'static>>,
    has_matched: bool,
    malformed: u64,
    unjudged: usize,
}

/// How many events that were not judged in full are named.
const NAMED_EVENTS: usize = 5;

impl Search<'_> {
    /// Looks at all events of a stream; answers whether it could be read to its
    /// end. If not, that has been said then.
    fn read(&mut self, input: &Input) -> Result<bool> {
        let name = input.path().map_or_else(|| "-".to_owned(), |path| path.display().to_string());
        let named = input.clone();
        let tell = move |_, text: &str| message::warn(&format!("{named}: {text}"));
        let (mut intake, _stopper) = Intake::start(iter::once(input.open()), self.evaluation.line_bytes_max, tell)?;
        let mut first_line = 1;
        let mut spare = Vec::new();
        loop {
            match intake.next(std::mem::take(&mut spare)) {
                Ok(Some(Piece { chunk: Chunk::Lines(lines), .. })) => {
                    first_line += self.batch(&lines, &name, first_line)?;
                    spare = lines;
                }
                Ok(Some(Piece { chunk: Chunk::Overlong { ends, .. }, .. })) => {
                    if ends {
                        self.not_judged(&name, first_line, format_args!(": {}", Fault::TooLong));
                    }
                    first_line += usize::from(ends);
                }
                Ok(Some(Piece { chunk: Chunk::Mark(_), .. })) => {}
                Ok(None) => return Ok(true),
                Err(error) => {
                    message::error(&format!("cannot read {input}: {}", error.cause));
                    return Ok(false);
                }
            }
        }
    }

    /// Looks at some lines; answers how many they are.
    fn batch(&mut self, lines: &[u8], file: &str, first_line: usize) -> Result<usize> {
        let matching = self.worker.match_events(&self.evaluation.batch(lines))?;
        let is_event = |line: &&MalformedLine| matches!(line.fault, Fault::TooDeep | Fault::TooLong);
        let (events, others): (Vec<&MalformedLine>, Vec<_>) = matching.malformed.iter().partition(is_event);
        for line in events {
            self.not_judged(file, first_line + line.line, format_args!(": {}", line.fault));
        }
        self.malformed += others.len() as u64;
        for event in &matching.unjudged {
            let ids: Vec<&str> = event.rules.iter().filter_map(|&rule| Some(&*self.rules.get(rule)?.rule_id)).collect();
            let by = match ids.as_slice() {
                [] => String::new(),
                [id] => format!(" by rule {id}"),
                [id, rest @ ..] => format!(" by rule {id} and {} more", rest.len()),
            };
            self.not_judged(file, first_line + event.line, format_args!("{by}: {}", event.cause));
        }
        self.has_matched |= !matching.matches.is_empty();
        let mut last = None;
        let mut line_starts = LineStarts::new(lines);
        for one in &matching.matches {
            let line = first_line + one.line;
            let Some(rule) = self.rules.get(one.rule) else { continue };
            match self.format {
                Format::Text => {
                    let text = format!("{file}:{line}: {} ({})", rule.name, rule.rule_id);
                    writeln!(self.out, "{}", printable(&text))?;
                }
                Format::Json => {
                    let object = json!({"file": file, "line": line, "rule_id": rule.rule_id, "rule_name": rule.name});
                    writeln!(self.out, "{}", json_line(&object.to_string()))?;
                }
                Format::Events if last == Some(one.line) => {}
                Format::Events => {
                    self.out.write_all(line_starts.line(one.line))?;
                    self.out.write_all(b"\n")?;
                }
            }
            last = Some(one.line);
        }
        Ok(memchr::memchr_iter(b'\n', lines).count())
    }

    /// Counts an event that was not judged in full; the first are named.
    fn not_judged(&mut self, file: &str, line: usize, by_whom_and_why: fmt::Arguments<'_>) {
        if self.unjudged < NAMED_EVENTS {
            message::warn(&format!("{file}:{line}: not judged{by_whom_and_why}"));
        }
        self.unjudged += 1;
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
