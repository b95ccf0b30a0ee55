//! The rules that are loaded, and what they look for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use firstseen::rule_files::load_rules;
use firstseen_kql::parse;
use firstseen_query::{Clause, Condition, Like, Name, Part};

/// Rules, as Kibana rule JSON by their names.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) documents: Vec<(String, String)>,
    /// What they look for, by field.
    pub(crate) literals: BTreeMap<String, BTreeSet<String>>,
}

impl Rules {
    /// The KQL rules in files and folders, each of which must run.
    pub(crate) fn load(paths: &[PathBuf]) -> Result<Self> {
        let mut rules = Self { documents: Vec::new(), literals: BTreeMap::new() };
        for file_rule in load_rules(paths).rules {
            let object = file_rule.object().with_context(|| file_rule.document_name())?;
            let text = |member: &str| object.get(member).and_then(|value| value.as_str());
            if text("language") != Some("kuery") || !matches!(text("type"), Some("query" | "new_terms")) {
                continue;
            }
            let query = text("query").unwrap_or_default();
            rules.note_literals(&Clause::from(&parse(query).map_err(|error| anyhow::anyhow!(error.render(query)))?));
            rules.documents.push((file_rule.document_name(), file_rule.json));
        }
        ensure!(!rules.documents.is_empty(), "no KQL rules in {paths:?}");
        Ok(rules)
    }

    fn note_literals(&mut self, clause: &Clause) {
        match clause {
            Clause::And(clauses) | Clause::Or(clauses) => clauses.iter().for_each(|clause| self.note_literals(clause)),
            Clause::Not(clause) | Clause::Nested { clause, .. } => self.note_literals(clause),
            Clause::Field { name: Name::Exact(name), condition, .. } => {
                let literals = self.literals.entry(name.to_string()).or_default();
                match condition {
                    Condition::Equals { value, .. } | Condition::Term { value, .. } => {
                        literals.insert(value.clone());
                    }
                    Condition::Like(Like { parts, .. }) => {
                        let texts = parts.iter().filter_map(|part| match part {
                            Part::Text(text) => Some(text.clone()),
                            _ => None,
                        });
                        literals.extend(texts);
                    }
                    Condition::Range(bounds) => literals.extend(bounds.iter().map(|(_, bound)| bound.clone())),
                    _ => {}
                }
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
