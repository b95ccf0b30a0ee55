//! The rules that are measured.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use firstseen::rule_files::load_rules;
use serde_json::{Map, Value};

/// A rule as Kibana rule JSON.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: String,
    pub json: String,
    /// Its KQL.
    pub query: String,
    pub new_terms_fields: Vec<String>,
}

/// Rules that run together.
#[derive(Clone, Debug)]
pub struct RuleSet {
    pub title: String,
    pub rules: Vec<Rule>,
}

impl Rule {
    pub fn of(json: String) -> Result<Self> {
        let object: Map<String, Value> = serde_json::from_str(&json)?;
        let text = |member: &str| object.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        let new_terms_fields = object.get("new_terms_fields").and_then(Value::as_array).into_iter().flatten();
        let new_terms_fields = new_terms_fields.filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(Self { name: text("name"), query: text("query"), new_terms_fields, json })
    }

    fn built_in() -> Result<Self> {
        Self::of(firstseen_guest::rule::BUILT_IN.to_owned())
    }
}

impl RuleSet {
    /// The built-in rule.
    pub fn one() -> Result<Self> {
        Ok(Self { title: "the built-in rule".to_owned(), rules: vec![Rule::built_in()?] })
    }

    pub fn count(&self) -> usize {
        self.rules.len()
    }
}

/// The sets beyond the built-in rule, by size: 10 and 100 of the `new_terms`
/// rules, all of those, all KQL rules. None if there is no corpus.
pub fn of_corpus(corpus: &Path) -> Result<Vec<RuleSet>> {
    let folder = corpus.join("elastic");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let (mut new_terms, mut queries) = (Vec::new(), Vec::new());
    for source in load_rules(&[&folder]).rules {
        let object = source.object().with_context(|| source.document_name())?;
        let kql = object.get("language").and_then(Value::as_str) == Some("kuery");
        match source.kind.as_deref() {
            Some("new_terms") if kql && !source.deprecated => new_terms.push(Rule::of(source.json)?),
            Some("query") if kql && !source.deprecated => queries.push(Rule::of(source.json)?),
            _ => {}
        }
    }
    ensure!(new_terms.len() > 100 && !queries.is_empty(), "{} holds too few KQL rules", folder.display());
    let set = |title: &str, rules: Vec<Rule>| RuleSet { title: title.to_owned(), rules };
    let all = [&*new_terms, &*queries].concat();
    Ok(vec![
        set("new_terms, every n-th", spread(&new_terms, 10)),
        set("new_terms, every n-th", spread(&new_terms, 100)),
        set("all new_terms", new_terms),
        set("all KQL rules", all),
    ])
}

/// `count` rules from all over the list.
fn spread(rules: &[Rule], count: usize) -> Vec<Rule> {
    (0..count).map(|number| rules[number * rules.len() / count].clone()).collect()
}
