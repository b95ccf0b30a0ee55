//! The options by which rules and what belongs to them are given.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result, ensure};

use super::rule_types::RuleTypes;
use firstseen::printable;
use firstseen::sources::{
    LoadedDocuments, LoadedRules, RulePaths, Runs, SourceProblem, SourceRule, load_exceptions, load_mappings,
    load_rules_to_run, load_value_lists,
};
use firstseen::{Builder, Module, Reason, Refusal, Shortcuts};

/// Set to 1, it leaves out all ways round work.
const NO_INDEX: &str = "FIRSTSEEN_NO_INDEX";

/// Rules, exceptions and mappings.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct RuleArgs {
    /// Run these rules instead of the built-in one: a file or a folder of
    /// detection-rules TOML, a Kibana export (NDJSON), or rule JSON. Can be
    /// given more than once.
    #[arg(long, value_name = "PATH")]
    pub(super) rules: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) with: WithArgs,
}

/// What comes with rules.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct WithArgs {
    /// Exception lists and their items as Kibana exports them (NDJSON). A rule
    /// has those that its exceptions_list names, and those whose list_id is its
    /// rule_id. Can be given more than once.
    #[arg(long, value_name = "FILE")]
    exceptions: Vec<PathBuf>,
    /// A value list that exceptions name: one value a line; the file's name is
    /// the list's id, as in Kibana. Can be given more than once.
    #[arg(long, value_name = "FILE")]
    value_list: Vec<PathBuf>,
    /// Field types that win over the built-in ones: an index template, a
    /// mapping, or an answer of _field_caps (JSON). The last one wins.
    #[arg(long, value_name = "FILE")]
    mapping: Vec<PathBuf>,
}

/// What was loaded.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    /// The files that rules were looked for in, in order.
    pub(super) files: Vec<PathBuf>,
    pub(super) rules: Vec<SourceRule>,
    pub(super) problems: Vec<SourceProblem>,
    exceptions: Vec<firstseen::Document>,
    value_lists: Vec<firstseen::Document>,
    mappings: Vec<firstseen::Document>,
}

impl RuleArgs {
    /// Reads all of it, to run it in the module that `module` gives. What cannot
    /// be used is among the problems.
    pub(super) fn load(&self, module: impl FnOnce() -> Result<Module> + Send) -> Result<(Module, Loaded)> {
        thread::scope(|scope| {
            // Both take their time.
            let module = thread::Builder::new().spawn_scoped(scope, module).context("cannot start a thread")?;
            let paths = RulePaths::find(&self.rules);
            let module = module.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            let types = RuleTypes::of(&module);
            let loaded = self.with.load_to_run(paths, &|kind| types.run(kind));
            Ok((module, loaded))
        })
    }
}

impl WithArgs {
    /// Reads all of it, to look into it.
    pub(super) fn load(&self, rules: &[PathBuf]) -> Loaded {
        self.load_to_run(RulePaths::find(rules), &|_| true)
    }

    fn load_to_run(&self, paths: RulePaths, runs: &Runs<'_>) -> Loaded {
        let LoadedRules { files, rules, exceptions, problems, .. } = load_rules_to_run(paths, runs);
        let mut loaded = Loaded { files, rules, exceptions, problems, ..Loaded::default() };
        let mut take = |LoadedDocuments { documents, problems, .. }: LoadedDocuments| {
            loaded.problems.extend(problems);
            documents
        };
        let exceptions = take(load_exceptions(&self.exceptions));
        loaded.value_lists = take(load_value_lists(&self.value_list));
        loaded.mappings = take(load_mappings(&self.mapping));
        loaded.exceptions.extend(exceptions);
        loaded
    }
}

impl Loaded {
    /// Gives all of it to a detector.
    pub(super) fn apply(&self, builder: Builder) -> Builder {
        builder
            .rules(self.rules.iter().map(SourceRule::document))
            .exceptions(self.exceptions.iter().cloned())
            .value_lists(self.value_lists.iter().cloned())
            .mappings(self.mappings.iter().cloned())
            .shortcuts(shortcuts())
    }

    /// Something must be there to run where rules were asked for; else the
    /// built-in rule would run in their place.
    pub(super) fn ensure_rules(&self, asked_for: &[PathBuf]) -> Result<()> {
        ensure!(
            asked_for.is_empty() || !self.rules.is_empty(),
            "there is no rule to run{}",
            self.problems.iter().map(|problem| format!("\n  {}", printable(&problem.to_string()))).collect::<String>()
        );
        Ok(())
    }
}

/// Whether somebody has to do something: all that was given should work.
pub(super) fn faults<'a>(
    problems: &'a [SourceProblem],
    refusals: impl IntoIterator<Item = &'a Refusal>,
) -> Vec<String> {
    let refusals = refusals.into_iter().filter(|refusal| refusal.reason.is_fault());
    problems.iter().map(|problem| printable(&problem.to_string())).chain(refusals.map(ToString::to_string)).collect()
}

/// One line on the rules that are not ours to run, if there are any: how many
/// of which type.
pub(super) fn not_run(refusals: &[Refusal]) -> Option<String> {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let mut disabled = 0;
    for refusal in refusals {
        match refusal.reason {
            Reason::NotOurs => *kinds.entry(refusal.rule_type.as_deref().unwrap_or("unknown")).or_default() += 1,
            Reason::Disabled => disabled += 1,
            Reason::Unsupported | Reason::Invalid => {}
        }
    }
    let mut parts: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    if disabled > 0 {
        parts.push(format!("{disabled} switched off"));
    }
    (!parts.is_empty())
        .then(|| format!("rules that are not run here: {}; `firstseen check` names them", parts.join(", ")))
}

/// All of them, unless `FIRSTSEEN_NO_INDEX` is set: for whoever suspects that
/// one of them changes what comes out.
fn shortcuts() -> Shortcuts {
    match std::env::var_os(NO_INDEX) {
        Some(value) if !value.is_empty() && value != "0" => Shortcuts { index: false, prefilter: false },
        _ => Shortcuts::default(),
    }
}
