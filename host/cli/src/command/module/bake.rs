//! `firstseen module bake`.

use std::borrow::Cow;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::builder::NonEmptyStringValueParser;
use firstseen::Detector;
use serde_json::{Value, json};

use super::{PLAIN_SCALAR, baking, write_module};
use crate::args::{self, AlertArgs, RuleArgs, RuleSet, faults, load_module};
use crate::{EXIT_FOUND, message};

/// Write the plain module with rules inside, for a host that configures nothing, such as
/// Fluent Bit.
///
/// The host calls the export `firstseen` with a record at a time, and gets it back. One
/// that raises alerts has them in a member `firstseen`; all others are byte for byte as
/// they were. The module answers its own questions: what it has seen it keeps in its
/// memory, at most 100,000 terms, and forgets when the host ends.
/// integrations/fluent-bit shows how.
///
/// Rules that do not run are named here, and in the first record that comes out.
#[derive(Debug, clap::Args)]
#[command(after_long_help = AFTER_HELP)]
pub(super) struct Args {
    /// Write the module to this file, or to standard output if it is `-`.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Bake the rules into this module instead of the built-in one: one that
    /// `firstseen module --plain --scalar` wrote.
    #[arg(long, value_name = "FILE")]
    module: Option<PathBuf>,
    /// For this long after the first record, record what is seen but raise no
    /// alerts: 1d, 12h. Each start of the host begins anew.
    #[arg(long, value_name = "DURATION", value_parser = args::duration, default_value = "0s")]
    learn: Duration,
    /// The index or data stream that records are bound for, matched with the
    /// rules' index patterns. Else an event's data_stream.* fields say it; with
    /// neither it is unknown and passes any pattern.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    index: Option<String>,
    /// Greatest length of a record, at most 32MiB; a longer one is not judged.
    #[arg(long = "max-line", value_name = "BYTES", value_parser = args::line_bytes, default_value = "1MiB")]
    line_bytes_max: usize,
    /// Most work that a record may cost, in the units of `filter --max-work`; the
    /// host stands still meanwhile. A record over it raises the alert "Event Not
    /// Fully Judged".
    #[arg(long, value_name = "UNITS", default_value_t = 5_000_000)]
    max_work: u64,
    #[command(flatten)]
    rules: RuleArgs,
    #[command(flatten)]
    alert: AlertArgs,
}

const AFTER_HELP: &str = "\
Examples:
  firstseen module bake --output firstseen-fluent-bit.wasm
  firstseen module bake --rules my-rules/ --exceptions lists.ndjson --learn 1d --output my-rules.wasm

Exit status:
  0  every rule that should run does
  1  one does not, or something cannot be used; the others were baked
  2  an error: nothing was written
  64  wrong usage";

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let plain = match &self.module {
            Some(path) => Cow::Owned(fs::read(path).with_context(|| format!("cannot read {}", path.display()))?),
            None => Cow::Borrowed(PLAIN_SCALAR),
        };
        let (component, rule_set) = self.rules.load_for(|| load_module(None))?;
        let builder = rule_set.apply(self.alert.apply(Detector::builder(component)));
        let detector = rule_set.build(builder, self.rules.strict)?;
        let origin = self.module.as_ref().map_or("the built-in module".to_owned(), |path| path.display().to_string());
        let baked = baking::bake(&plain, self.text(&rule_set).as_bytes()).context(origin)?;
        write_module(&baked, &self.output)?;
        message::say(&format!("baked {} rules into {} bytes", detector.rules().len(), baked.len()));
        let faults = faults(&rule_set.problems, detector.refusals().iter().chain(detector.unusable()));
        Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FOUND) })
    }

    /// What is baked: two lines of JSON, as `wit/README.md` has them.
    fn text(&self, rule_set: &RuleSet) -> String {
        let mut configuration = rule_set.configuration();
        configuration.extend(self.alert.configuration());
        let settings = json!({
            "learn-ms": u64::try_from(self.learn.as_millis()).unwrap_or(u64::MAX),
            "line-bytes-max": self.line_bytes_max,
            "line-work-max": self.max_work,
            "index": self.index,
        });
        format!("{}\n{settings}\n", Value::Object(configuration))
    }
}
