//! `firstseen rules`.

mod filter;
mod index;
mod object;
mod show;

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use serde_json::{Map, Value};

use super::printing::json_line;
use super::rule_args::{WithArgs, faults};
use super::{EXIT_DIFFERENT, say};
use filter::Filter;
use firstseen::printable;
use firstseen::sources::SourceRule;

/// List rules, find some of them, or show one with its guide.
///
/// Rules of all types are listed, whether or not they run here; `firstseen
/// check` says that. Several options must all hold.
///
/// With --output json it turns rules into Kibana rule JSON, whatever they were.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(super) struct Args {
    /// Files or folders of rules: detection-rules TOML, Kibana exports
    /// (NDJSON), or rule JSON.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    filter: Filter,
    /// Show the rule of this id or name: what it looks for and where, and its
    /// guide.
    #[arg(short, long, value_name = "ID|NAME", value_parser = NonEmptyStringValueParser::new())]
    show: Option<String>,
    /// Form of the output: text by default.
    #[arg(long, value_enum, default_value_t)]
    output: Report,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen rules --type new_terms --tag linux detection-rules/rules
  firstseen rules --technique T1059 --index logs-endpoint.events.process-default rules
  firstseen rules --show f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee rules | less
  firstseen rules --tactic Execution --output json rules > execution.ndjson
  firstseen rules --tag 'Data Source: AWS' --output files rules | xargs firstseen check

Exit status:
  0  there is such a rule      1  there is none      2  an error";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Report {
    /// `type  severity  file  name`, or with --show the rule for reading.
    #[default]
    Text,
    /// Kibana rule JSON, one rule a line.
    Json,
    /// The files that the rules stand in, once each.
    Files,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let loaded = WithArgs::default().load(&self.paths);
        loaded.ensure_rules(&self.paths)?;
        faults(&loaded.problems, []).iter().for_each(|fault| say(&format!("warning: not used: {fault}")));
        let mut found = Vec::new();
        for rule in &loaded.rules {
            match rule.object() {
                Ok(object) if self.takes(rule, &object) => found.push((rule, object)),
                Ok(_) => {}
                Err(error) => say(&format!("warning: not used: {}: {error}", printable(&rule.document_name()))),
            }
        }
        let mut out = BufWriter::new(anstream::stdout().lock());
        match self.output {
            Report::Text if self.show.is_some() => {
                let pages: Vec<String> = found.iter().map(|(rule, object)| show::page(rule, object)).collect();
                write!(out, "{}", pages.join("\n"))?;
            }
            Report::Text => list(&mut out, &found)?,
            Report::Json => found.iter().try_for_each(|(rule, _)| writeln!(out, "{}", json_line(&rule.json)))?,
            Report::Files => {
                let mut files: Vec<_> = found.iter().map(|(rule, _)| &rule.path).collect();
                files.dedup();
                files.iter().try_for_each(|path| writeln!(out, "{}", printable(&path.display().to_string())))?;
            }
        }
        out.flush()?;
        Ok(if found.is_empty() { ExitCode::from(EXIT_DIFFERENT) } else { ExitCode::SUCCESS })
    }

    fn takes(&self, rule: &SourceRule, object: &Map<String, Value>) -> bool {
        let is_shown = self.show.as_deref().is_none_or(|wanted| {
            object::same(&rule.rule_id, wanted) || rule.name.as_deref().is_some_and(|name| object::same(name, wanted))
        });
        is_shown && self.filter.takes(rule, object)
    }
}

/// One line a rule.
fn list(out: &mut impl Write, found: &[(&SourceRule, Map<String, Value>)]) -> Result<()> {
    let rows: Vec<[String; 4]> = found
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
