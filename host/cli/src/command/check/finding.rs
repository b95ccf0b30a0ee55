//! What became of a rule, or of something that should have been one.

use std::collections::HashMap;
use std::path::Path;

use firstseen::rule_files::{FileProblem, FileRule};
use firstseen::{Reason, Refusal, RuleReports, RuleSummary, printable};
use serde_json::{Map, Value, json};

use super::history;
use crate::args::RuleSet;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Runs,
    /// A rule that does not run.
    Refused(Reason),
    /// No rule at all: a file that is none, a mapping that is none.
    Unusable,
}

/// A rule, or something that should have been one, and what became of it. All
/// texts are fit for a terminal.
#[derive(Debug)]
pub(super) struct Finding<'a> {
    pub(super) status: Status,
    pub(super) file: String,
    /// Where the fault is, else where the rule begins.
    pub(super) line: Option<usize>,
    pub(super) column: Option<usize>,
    pub(super) rule_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) rule_type: Option<String>,
    /// The field at fault.
    pub(super) field: Option<String>,
    /// Why it does not run. Further lines of it begin with a gutter.
    pub(super) cause: Option<String>,
    pub(super) hint: Option<&'static str>,
    pub(super) warnings: Vec<String>,
    /// Whether the file holds anything else, so that its name says too little.
    pub(super) shares_file: bool,
    summary: Option<&'a RuleSummary>,
}

impl Status {
    /// As it is called in JSON.
    fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Refused(Reason::NotOurs) => "not_ours",
            Self::Refused(Reason::Disabled) => "disabled",
            Self::Refused(Reason::Unsupported) => "unsupported",
            Self::Refused(Reason::Invalid) => "invalid",
            Self::Unusable => "unusable",
        }
    }
}

/// All of them: rules and what is wrong in their files in the order of the
/// files, then what is wrong elsewhere.
pub(super) fn findings<'a>(rule_set: &'a RuleSet, reports: &'a RuleReports) -> Vec<Finding<'a>> {
    let places: HashMap<&Path, usize> =
        rule_set.files.iter().enumerate().rev().map(|(place, path)| (path.as_path(), place)).collect();
    let place = |path: &Path| places.get(path).copied().unwrap_or(usize::MAX);
    let reports_of_rules = RuleReportIndex::new(reports).of(&rule_set.rules);
    let rules = rule_set.rules.iter().zip(reports_of_rules);
    let rules = rules.map(|(rule, report)| (place(&rule.path), rule.line, Finding::of_rule(rule, report)));
    let problems = rule_set
        .problems
        .iter()
        .map(|problem| (place(&problem.path), problem.line.unwrap_or(0), Finding::of_problem(problem)));
    let mut findings: Vec<(usize, usize, Finding<'_>)> = rules.chain(problems).collect();
    findings.sort_by_key(|&(file, line, _)| (file, line));
    let findings = findings.into_iter().map(|(_, _, finding)| finding);
    findings.chain(reports.unusable.iter().map(Finding::of_document)).collect()
}

/// What the module reports of a rule; nothing, if it breaks its contract.
type RuleReport<'a> = Option<Result<&'a RuleSummary, &'a Refusal>>;

/// What the module reports of the rules, to be found by rule.
struct RuleReportIndex<'a> {
    rules: std::slice::Iter<'a, RuleSummary>,
    refusals: HashMap<&'a str, Vec<&'a Refusal>>,
}

impl<'a> RuleReportIndex<'a> {
    fn new(reports: &'a RuleReports) -> Self {
        let mut refusals: HashMap<&str, Vec<&Refusal>> = HashMap::new();
        for refusal in &reports.refusals {
            refusals.entry(&refusal.document).or_default().push(refusal);
        }
        Self { rules: reports.rules.iter(), refusals }
    }

    /// The reports of these rules, each a document of its own, in their order.
    fn of(mut self, rules: &'a [FileRule]) -> impl Iterator<Item = RuleReport<'a>> {
        rules.iter().map(move |rule| self.next(rule))
    }

    fn next(&mut self, rule: &FileRule) -> RuleReport<'a> {
        let rule_id = printable(&rule.rule_id);
        // Rules that stand in one line have documents of one name.
        let document = self.refusals.get(&*printable(&rule.document_name()));
        let document: &[&Refusal] = document.map_or(&[], Vec::as_slice);
        if let Some(refusal) = document.iter().find(|refusal| refusal.rule_id.as_deref() == Some(&*rule_id)) {
            return Some(Err(refusal));
        }
        // The module may not have been able to read the id of a rule it refused.
        let runs = self.rules.as_slice().first().is_some_and(|summary| summary.rule_id == rule.rule_id);
        match runs {
            true => self.rules.next().map(Ok),
            false => document.iter().find(|refusal| refusal.rule_id.is_none()).copied().map(Err),
        }
    }
}

impl<'a> Finding<'a> {
    fn of_rule(rule: &FileRule, report: RuleReport<'a>) -> Self {
        let (status, refusal, summary) = match report {
            Some(Ok(summary)) => (Status::Runs, None, Some(summary)),
            Some(Err(refusal)) => (Status::Refused(refusal.reason), Some(refusal), None),
            None => (Status::Refused(Reason::Invalid), None, None),
        };
        let field = refusal.and_then(|refusal| refusal.field.as_deref());
        let place = rule.place(field, refusal.and_then(|refusal| refusal.offset));
        let cause = match report {
            Some(Ok(_)) => None,
            // The rule itself says no such thing.
            Some(Err(refusal)) if refusal.reason == Reason::Disabled && rule.deprecated => {
                Some("its file says that it is deprecated".to_owned())
            }
            Some(Err(refusal)) => Some(refusal.cause.clone()),
            None => Some("the module does not say what became of it".to_owned()),
        };
        let mut warnings = summary.map(|summary| summary.hints.clone()).unwrap_or_default();
        warnings.extend(summary.into_iter().flat_map(|summary| summary.warnings.iter().cloned()));
        warnings.extend(summary.and_then(|summary| history::warning(rule, summary)));
        Self {
            status,
            file: path_text(&rule.path),
            line: Some(place.line),
            column: place.column,
            rule_id: Some(printable(&rule.rule_id)),
            name: rule.name.as_deref().map(printable),
            rule_type: rule.kind.as_deref().map(printable),
            field: field.map(str::to_owned),
            cause,
            hint: None,
            warnings,
            shares_file: rule.document_name() != rule.path.display().to_string(),
            summary,
        }
    }

    fn of_problem(problem: &FileProblem) -> Self {
        Self {
            status: Status::Unusable,
            file: path_text(&problem.path),
            line: problem.line,
            column: problem.column,
            rule_id: None,
            name: None,
            rule_type: None,
            field: None,
            cause: Some(printable(&problem.fault.to_string())),
            hint: problem.hint(),
            warnings: Vec::new(),
            shares_file: true,
            summary: None,
        }
    }

    /// Of exceptions, a value list or a mapping.
    fn of_document(refusal: &Refusal) -> Self {
        Self {
            status: Status::Unusable,
            file: refusal.document.clone(),
            line: None,
            column: None,
            rule_id: None,
            name: refusal.name.clone(),
            rule_type: None,
            field: refusal.field.clone(),
            cause: Some(refusal.cause.clone()),
            hint: None,
            warnings: Vec::new(),
            shares_file: false,
            summary: None,
        }
    }

    /// Whether somebody has to do something about it.
    pub(super) fn is_fault(&self) -> bool {
        match self.status {
            Status::Runs => false,
            Status::Refused(reason) => reason.is_fault(),
            Status::Unusable => true,
        }
    }

    /// Whether somebody should have a look.
    pub(super) fn needs_attention(&self) -> bool {
        self.is_fault() || !self.warnings.is_empty()
    }

    pub(super) fn to_json(&self) -> Value {
        let mut object = Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            object.extend(value.map(|value| (name.to_owned(), value)));
        };
        put("file", Some(json!(self.file)));
        put("line", self.line.map(Value::from));
        put("column", self.column.map(Value::from));
        put("rule_id", self.rule_id.as_deref().map(Value::from));
        put("name", self.name.as_deref().map(Value::from));
        put("type", self.rule_type.as_deref().map(Value::from));
        put("status", Some(json!(self.status.name())));
        put("field", self.field.as_deref().map(Value::from));
        // Of use to a terminal only.
        put("cause", self.cause.as_deref().map(|cause| json!(cause.replace("\n  | ", "\n"))));
        put("hint", self.hint.map(Value::from));
        put("warnings", (self.status != Status::Unusable).then(|| json!(self.warnings)));
        let terms = self.summary.map(RuleSummary::new_terms_fields).filter(|fields| !fields.is_empty());
        put("new_terms_fields", terms.map(|fields| json!(fields)));
        put("window_ms", self.summary.and_then(|summary| summary.window_ms).map(Value::from));
        Value::Object(object)
    }
}

fn path_text(path: &Path) -> String {
    printable(&path.display().to_string())
}
