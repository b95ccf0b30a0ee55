//! `firstseen rules`.

mod filter;
mod index;
mod object;
mod show;

use std::io::{self, BufWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use firstseen::printable;
use firstseen::rule_files::FileRule;
use serde_json::{Map, Value};

use crate::args::{self, RelatedArgs, ensure_rules, faults, warn_of};
use crate::printing::json_line;
use crate::{EXIT_FOUND, message};
use filter::Filter;

/// List rules, find some of them, or show one with its guide.
///
/// Rules of all types are listed, whether or not they run here; `firstseen
/// check` says that. Several options must all hold.
///
/// With --format json it turns rules into Kibana rule JSON, whatever they were.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) struct Args {
    /// Files or folders of rules: detection-rules TOML, Kibana exports
    /// (NDJSON), or rule JSON; `-` is standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    filter: Filter,
    /// Show the rule of this id or name: what it looks for and where, and its
    /// guide.
    #[arg(short, long, value_name = "ID|NAME", value_parser = NonEmptyStringValueParser::new())]
    show: Option<String>,
    /// Form of the output: text by default.
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    format: Format,
    /// With --format files: end each name with a NUL byte instead of a newline, and
    /// leave it as it is, for xargs -0.
    #[arg(short = '0', long)]
    null: bool,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen rules --type new_terms --tag linux detection-rules/rules
  firstseen rules --technique T1059 --index logs-endpoint.events.process-default rules
  firstseen rules --show f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee rules | less
  firstseen rules --tactic Execution --format json rules > execution.ndjson
  firstseen rules --tag 'Data Source: AWS' -0 --format files rules | xargs -0 firstseen check

Exit status:
  0  there is such a rule      1  there is none      2  an error";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// `type  severity  file  name`, or with --show the rule for reading.
    #[default]
    Text,
    /// Kibana rule JSON, one rule a line.
    Json,
    /// The files that the rules stand in, once each.
    Files,
}

impl Args {
    pub(crate) fn run(self) -> Result<ExitCode> {
        ensure!(!self.null || self.format == Format::Files, "--null goes with --format files");
        let rule_set = RelatedArgs::default().load(&args::rule_paths(&self.paths));
        ensure_rules(&rule_set)?;
        warn_of(&faults(&rule_set.problems, []));
        let mut selection = Vec::new();
        for rule in &rule_set.rules {
            match rule.object() {
                Ok(object) if self.selects(rule, &object) => selection.push((rule, object)),
                Ok(_) => {}
                Err(error) => message::warn(&format!("not used: {}: {error}", printable(&rule.document_name()))),
            }
        }
        let mut out = BufWriter::new(anstream::stdout().lock());
        match self.format {
            Format::Text if self.show.is_some() => {
                let pages: Vec<String> = selection.iter().map(|(rule, object)| show::page(rule, object)).collect();
                write!(out, "{}", pages.join("\n"))?;
            }
            Format::Text => list(&mut out, &selection)?,
            Format::Json => selection.iter().try_for_each(|(rule, _)| writeln!(out, "{}", json_line(&rule.json)))?,
            Format::Files => {
                let mut files: Vec<_> = selection.iter().map(|(rule, _)| &rule.path).collect();
                files.dedup();
                match self.null {
                    true => write_names(&files)?,
                    false => {
                        files
                            .iter()
                            .try_for_each(|path| writeln!(out, "{}", printable(&path.display().to_string())))?;
                    }
                }
            }
        }
        out.flush()?;
        Ok(if selection.is_empty() { ExitCode::from(EXIT_FOUND) } else { ExitCode::SUCCESS })
    }

    fn selects(&self, rule: &FileRule, object: &Map<String, Value>) -> bool {
        let is_shown = self.show.as_deref().is_none_or(|wanted| {
            object::same(&rule.rule_id, wanted) || rule.name.as_deref().is_some_and(|name| object::same(name, wanted))
        });
        is_shown && self.filter.selects(rule, object)
    }
}

/// Names as they are, for other programs.
fn write_names(files: &[&PathBuf]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    files.iter().try_for_each(|path| {
        out.write_all(path.as_os_str().as_bytes())?;
        out.write_all(b"\0")
    })?;
    out.flush()
}

/// One line a rule.
fn list(out: &mut impl Write, selection: &[(&FileRule, Map<String, Value>)]) -> Result<()> {
    let rows: Vec<[String; 4]> = selection
        .iter()
        .map(|(rule, object)| {
            let text = |text: Option<&str>| printable(text.unwrap_or("-"));
            let severity = text(object.get("severity").and_then(Value::as_str));
            let place = printable(&rule.document_name());
            [text(rule.kind.as_deref()), severity, place, text(rule.name.as_deref())]
        })
        .collect();
    let width = |get: fn(&[String; 4]) -> &String| {
        // Anything may stand there.
        rows.iter().map(|row| get(row).chars().count()).max().unwrap_or(0).min(20)
    };
    let (kinds, severities) = (width(|[kind, ..]| kind), width(|[_, severity, ..]| severity));
    for [kind, severity, place, name] in &rows {
        writeln!(out, "{kind:kinds$}  {severity:severities$}  {place}  {name}")?;
    }
    Ok(())
}
