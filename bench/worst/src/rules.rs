//! The rules that are loaded, and what they look for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use firstseen::rule_files::load_rules;
use firstseen_bench_common::rules::Rule;
use firstseen_query::{Clause, Condition, Like, Name, Part};

use crate::opening;

/// Rules, as Kibana rule JSON by their names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) documents: Vec<(String, String)>,
    /// What they look for, by field.
    pub(crate) literals: BTreeMap<String, BTreeSet<String>>,
    pub(crate) scripts: Vec<Script>,
}

/// Something that a rule computes of fields.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) rule: String,
    /// The fields whose values it combines.
    pub(crate) fields: BTreeSet<String>,
    /// Values of fields that have the rule come to it.
    pub(crate) opening: BTreeMap<String, String>,
}

impl Rules {
    /// The rules in files and folders that run, each of which must be taken.
    pub(crate) fn load(paths: &[PathBuf]) -> Result<Self> {
        let mut rules = Self::default();
        for file_rule in load_rules(paths).rules {
            let name = file_rule.document_name();
            let Some(rule) = Rule::if_it_runs(file_rule.json).with_context(|| name.clone())? else { continue };
            rules.note_literals(&rule.clause);
            rules.note_scripts(&rule, &rule.clause);
            rules.documents.push((name, rule.json));
        }
        ensure!(!rules.documents.is_empty(), "no rules that run in {paths:?}");
        Ok(rules)
    }

    fn note_literals(&mut self, clause: &Clause) {
        match clause {
            Clause::And(clauses) | Clause::Or(clauses) => clauses.iter().for_each(|clause| self.note_literals(clause)),
            Clause::Not(clause) | Clause::Nested { clause, .. } => self.note_literals(clause),
            Clause::Field { name: Name::Exact(name), condition, .. } => {
                literals(condition, self.literals.entry(name.to_string()).or_default());
            }
            _ => {}
        }
    }

    fn note_scripts(&mut self, rule: &Rule, clause: &Clause) {
        match clause {
            Clause::And(clauses) | Clause::Or(clauses) => {
                clauses.iter().for_each(|clause| self.note_scripts(rule, clause));
            }
            Clause::Not(clause) | Clause::Nested { clause, .. } => self.note_scripts(rule, clause),
            Clause::Script { expr, .. } => {
                let mut fields = BTreeSet::new();
                expr.for_each_field(&mut |name| {
                    fields.insert(name.to_string());
                });
                self.scripts.push(Script { rule: rule.name.clone(), fields, opening: opening::to(expr, &rule.clause) });
            }
            _ => {}
        }
    }

    /// The fields of the rules, those with most literals first.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let mut fields: Vec<_> =
            self.literals.iter().map(|(field, literals)| (literals.len(), field.as_str())).collect();
        fields.sort_by_key(|&(count, field)| (std::cmp::Reverse(count), field));
        fields.into_iter().map(|(_, field)| field).collect()
    }
}

/// Adds the texts that a condition looks for.
fn literals(condition: &Condition, found: &mut BTreeSet<String>) {
    match condition {
        Condition::Equals { value, .. } | Condition::Term { value, .. } => {
            found.insert(value.clone());
        }
        Condition::Like(Like { parts, .. }) => found.extend(parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(text.clone()),
            _ => None,
        })),
        Condition::Regex(regex) => {
            found.insert(regex.required().to_owned());
        }
        Condition::Range(bounds) => found.extend(bounds.iter().map(|(_, bound)| bound.clone())),
        Condition::OneOf(conditions) => conditions.iter().for_each(|condition| literals(condition, found)),
        _ => {}
    }
}
