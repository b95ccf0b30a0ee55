//! The options by which rules and what belongs to them are given.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;

use anyhow::{Context, Result, ensure};
use firstseen::rule_files::{FileRule, LoadedDocuments, LoadedRules, RulePaths, Runs, load_rules_to_run};
use firstseen::rule_files::{load_exceptions, load_mappings, load_value_lists};
use firstseen::{DataView, Module, printable};

use super::module::ModuleArgs;
use super::rule_set::RuleSet;
use super::values;

/// Rules to run.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleArgs {
    /// Run these rules instead of the built-in one: a file or a folder of
    /// detection-rules TOML, a Kibana export (NDJSON), or rule JSON. Can be
    /// given more than once.
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
    #[command(flatten)]
    related: RelatedArgs,
    /// Do not start if any rule that should run does not, or anything else that
    /// was given cannot be used.
    #[arg(long)]
    pub(crate) strict: bool,
}

/// What belongs to rules, and whether they run.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RelatedArgs {
    /// Exception lists and their items as Kibana exports them (NDJSON), or as
    /// detection-rules keeps them (TOML). A rule
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
    /// The index patterns of a data view that rules name by data_view_id, where
    /// Kibana would look them up: security=logs-*,auditbeat-*. They win over the
    /// rule's own index. Can be given more than once.
    #[arg(long, value_name = "ID=PATTERN,PATTERN", value_parser = values::data_view)]
    data_view: Vec<DataView>,
    /// Rules that are switched off, or deprecated, too: to try them.
    #[arg(long)]
    include_disabled: bool,
}

/// Files that a rule test brings along.
#[derive(Debug, Default)]
pub(crate) struct OwnFiles {
    pub(crate) rules: Option<PathBuf>,
    pub(crate) exceptions: Option<PathBuf>,
    pub(crate) value_lists: Vec<PathBuf>,
    pub(crate) mapping: Option<PathBuf>,
}

impl OwnFiles {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { rules, exceptions, value_lists, mapping } = self;
        rules.is_none() && exceptions.is_none() && value_lists.is_empty() && mapping.is_none()
    }
}

impl RuleArgs {
    /// Reads all of it, to run it in the module, which is loaded meanwhile. What
    /// cannot be used is among the problems.
    ///
    /// # Errors
    ///
    /// When the module cannot be used, or rules were asked for and none is there:
    /// the built-in rule would run in their place.
    pub(crate) fn load(&self, module: &ModuleArgs) -> Result<(Module, RuleSet)> {
        self.load_for(|| module.load())
    }

    /// The same for a module that is loaded in another way.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub(crate) fn load_for(&self, load: impl FnOnce() -> Result<Module> + Send) -> Result<(Module, RuleSet)> {
        let (module, rule_set) = thread::scope(|scope| {
            let loading = thread::Builder::new().spawn_scoped(scope, load);
            let paths = RulePaths::find(&self.rules);
            let module = loading.context("cannot start a thread")?.join();
            let module = module.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            // A module that fails does so again on the rules, and is heard then.
            let types = OnceLock::new();
            let describe = || module.describe().map(|description| description.rule_types);
            let runs = |name: &str| match types.get_or_init(describe) {
                Ok(types) => types.iter().any(|own| own.name == name),
                Err(_) => true,
            };
            let rule_set = self.related.load_to_run(paths, &runs);
            anyhow::Ok((module, rule_set))
        })?;
        if !self.rules.is_empty() {
            ensure_rules(&rule_set)?;
        }
        Ok((module, rule_set))
    }

    /// Reads what a rule test brings along. Its rules are instead of those given,
    /// and run whether or not they are on; all else is beside what is given.
    ///
    /// # Errors
    ///
    /// When its file of rules holds none, and none that cannot be used: the
    /// built-in rule would run in their place.
    pub(crate) fn load_for_test(&self, own: &OwnFiles) -> Result<RuleSet> {
        let with = |given: &[PathBuf], own: &[PathBuf]| [given, own].concat();
        let related = RelatedArgs {
            exceptions: with(&self.related.exceptions, own.exceptions.as_slice()),
            value_list: with(&self.related.value_list, &own.value_lists),
            mapping: with(&self.related.mapping, own.mapping.as_slice()),
            data_view: self.related.data_view.clone(),
            include_disabled: self.related.include_disabled || own.rules.is_some(),
        };
        let rules = own.rules.as_ref().map_or(&*self.rules, std::slice::from_ref);
        let rule_set = related.load(rules);
        if let (Some(path), []) = (&own.rules, &*rule_set.rules) {
            ensure!(!rule_set.problems.is_empty(), "{}: no rule in it", path.display());
        }
        Ok(rule_set)
    }
}

impl RelatedArgs {
    /// Reads all of it with these rules, to look into it.
    pub(crate) fn load(&self, rules: &[PathBuf]) -> RuleSet {
        self.load_to_run(RulePaths::find(rules), &|_| true)
    }

    fn load_to_run(&self, paths: RulePaths, runs: &Runs<'_>) -> RuleSet {
        let LoadedRules { files, mut rules, exceptions, problems, .. } = load_rules_to_run(paths, runs);
        if self.include_disabled {
            rules.iter_mut().for_each(FileRule::switch_on);
        }
        let mut rule_set = RuleSet { files, rules, exceptions, problems, ..RuleSet::default() };
        let mut documents = |LoadedDocuments { documents, problems, .. }: LoadedDocuments| {
            rule_set.problems.extend(problems);
            documents
        };
        let exceptions = documents(load_exceptions(&self.exceptions));
        rule_set.value_lists = documents(load_value_lists(&self.value_list));
        rule_set.mappings = documents(load_mappings(&self.mapping));
        rule_set.data_views.clone_from(&self.data_view);
        rule_set.exceptions.extend(exceptions);
        rule_set
    }
}

/// Paths of rules that are arguments: `-` is standard input.
pub(crate) fn rule_paths(arguments: &[PathBuf]) -> Vec<PathBuf> {
    let path = |argument: &PathBuf| match argument == Path::new("-") {
        true => PathBuf::from("/dev/stdin"),
        false => argument.clone(),
    };
    arguments.iter().map(path).collect()
}

/// Fails if there is no rule.
///
/// # Errors
///
/// Says what became of all that was looked at.
pub(crate) fn ensure_rules(rule_set: &RuleSet) -> Result<()> {
    let problems = || {
        rule_set.problems.iter().map(|problem| format!("\n  {}", printable(&problem.to_string()))).collect::<String>()
    };
    ensure!(!rule_set.rules.is_empty(), "there is no rule to run{}", problems());
    Ok(())
}
