//! The rules that are measured.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use firstseen::rule_files::load_rules;
use firstseen_eql::CATEGORY;
use firstseen_eql::ast::QueryKind;
use firstseen_guest::mapping::built_in;
use firstseen_query::{Clause, RegexBudget};
use serde_json::{Map, Value};

/// A rule as Kibana rule JSON.
#[derive(Clone, Debug)]
pub struct Rule {
    pub name: String,
    pub json: String,
    /// What its query asks of events, in whichever language it says so, by the mapping that is built in.
    pub clause: Clause,
    pub new_terms_fields: Vec<String>,
}

/// Rules that run together.
#[derive(Clone, Debug)]
pub struct RuleSet {
    pub title: String,
    pub rules: Vec<Rule>,
}

/// The rules of a corpus, in sets that grow.
#[derive(Clone, Debug)]
pub struct Corpus {
    /// 10 and 100 of the `new_terms` rules.
    pub some: [RuleSet; 2],
    pub new_terms: RuleSet,
    /// These, and the `query` rules.
    pub kql: RuleSet,
    /// These, and the EQL rules on single events.
    pub all: RuleSet,
}

impl Rule {
    /// # Errors
    ///
    /// A rule that does not run, and one that cannot be read.
    pub fn of(json: String) -> Result<Self> {
        Self::if_it_runs(json)?.context("a rule in a language that does not run, or on several events")
    }

    /// None of a rule in a language that does not run, and of one on several events, in order or not: what
    /// does not run is not measured.
    ///
    /// # Errors
    ///
    /// A rule or query that cannot be read.
    pub fn if_it_runs(json: String) -> Result<Option<Self>> {
        let object: Map<String, Value> = serde_json::from_str(&json)?;
        let text = |member: &str| object.get(member).and_then(Value::as_str);
        let query = text("query").unwrap_or_default();
        let clause = match (text("type"), text("language")) {
            (Some("new_terms" | "query"), Some("kuery")) => Some(kql(query)?),
            (Some("eql"), _) => eql(query, text("event_category_override").unwrap_or(CATEGORY))?,
            _ => None,
        };
        let new_terms_fields = object.get("new_terms_fields").and_then(Value::as_array).into_iter().flatten();
        let new_terms_fields = new_terms_fields.filter_map(Value::as_str).map(str::to_owned).collect();
        let name = text("name").unwrap_or_default().to_owned();
        Ok(clause.map(|clause| Self { name, json, clause, new_terms_fields }))
    }
}

/// # Errors
///
/// What is no KQL, with its place.
pub fn kql(query: &str) -> Result<Clause> {
    let parsed = firstseen_kql::parse(query).map_err(|error| anyhow!(error.render(query)))?;
    Ok(Clause::from(&parsed))
}

/// None of a query on several events.
///
/// # Errors
///
/// What is no EQL, or not for the fields that it asks, with its place.
pub fn eql(query: &str, category_field: &str) -> Result<Option<Clause>> {
    let parsed = firstseen_eql::parse(query).map_err(|error| anyhow!(error.render(query)))?;
    let QueryKind::Event(filter) = parsed.kind else { return Ok(None) };
    let clause = firstseen_eql::clause(&filter, built_in(), category_field, &RegexBudget::of_query());
    clause.map(Some).map_err(|error| anyhow!(error.render(query)))
}

impl RuleSet {
    /// The built-in rule.
    pub fn one() -> Result<Self> {
        let rule = Rule::of(firstseen_guest::rule::BUILT_IN.to_owned())?;
        Ok(Self { title: "the built-in rule".to_owned(), rules: vec![rule] })
    }

    pub fn count(&self) -> usize {
        self.rules.len()
    }
}

impl Corpus {
    /// None if there is no corpus.
    pub fn load(corpus: &Path) -> Result<Option<Self>> {
        let folder = corpus.join("elastic");
        if !folder.is_dir() {
            return Ok(None);
        }
        let (mut new_terms, mut queries, mut events) = (Vec::new(), Vec::new(), Vec::new());
        for source in load_rules(&[&folder]).rules.into_iter().filter(|source| !source.deprecated) {
            let name = source.document_name();
            let Some(rule) = Rule::if_it_runs(source.json).context(name)? else { continue };
            match source.kind.as_deref() {
                Some("new_terms") => new_terms.push(rule),
                Some("query") => queries.push(rule),
                _ => events.push(rule),
            }
        }
        let is_whole = new_terms.len() > 100 && !queries.is_empty() && !events.is_empty();
        ensure!(is_whole, "{} holds too few rules", folder.display());
        let set = |title: &str, rules: Vec<Rule>| RuleSet { title: title.to_owned(), rules };
        let kql = [&*new_terms, &*queries].concat();
        let all = [&*kql, &*events].concat();
        Ok(Some(Self {
            some: [10, 100].map(|count| set("new_terms, every n-th", spread(&new_terms, count))),
            new_terms: set("all new_terms", new_terms),
            kql: set("all KQL rules", kql),
            all: set("all KQL rules and EQL event queries", all),
        }))
    }

    /// All sets, by size.
    pub fn sets(&self) -> impl Iterator<Item = &RuleSet> {
        self.some.iter().chain([&self.new_terms, &self.kql, &self.all])
    }
}

/// `count` rules from all over the list.
fn spread(rules: &[Rule], count: usize) -> Vec<Rule> {
    (0..count).map(|number| rules[number * rules.len() / count].clone()).collect()
}

#[cfg(test)]
mod tests {
    use firstseen_query::{Condition, Name};
    use serde_json::json;

    use super::*;

    fn fields(rule: &Rule) -> Vec<String> {
        let mut fields = Vec::new();
        rule.clause.for_each_field(&mut |name| {
            if let Name::Exact(name) = name {
                fields.push(name.to_string());
            }
        });
        fields
    }

    #[test]
    fn a_query_in_either_language() {
        let kql = json!({"name": "a", "type": "new_terms", "language": "kuery", "query": "user.name:x",
            "new_terms_fields": ["host.id"]});
        let rule = Rule::of(kql.to_string()).unwrap();
        let is_x = Condition::Equals { value: "x".to_owned(), phrase: false };
        assert!(matches!(&rule.clause, Clause::Field { condition, .. } if *condition == is_x));
        assert_eq!((rule.name.as_str(), rule.new_terms_fields), ("a", vec!["host.id".to_owned()]));

        let eql = json!({"type": "eql", "language": "eql", "query": "process where user.name : \"x\""});
        assert_eq!(fields(&Rule::of(eql.to_string()).unwrap()), ["event.category", "user.name"]);
        let eql = json!({"type": "eql", "query": "start where true", "event_category_override": "event.type"});
        assert_eq!(fields(&Rule::of(eql.to_string()).unwrap()), ["event.type"]);
    }

    #[test]
    fn what_does_not_run_is_none() {
        for rule in [
            json!({"type": "eql", "query": "sequence by host.id [any where true] [any where true]"}),
            json!({"type": "eql", "query": "sample by host.id [any where true] [any where true]"}),
            json!({"type": "query", "language": "lucene", "query": "a:b"}),
            json!({"type": "esql", "language": "esql", "query": "from x"}),
            json!({"type": "threshold", "language": "kuery", "query": "a:b"}),
        ] {
            assert!(Rule::if_it_runs(rule.to_string()).unwrap().is_none(), "{rule}");
            assert!(Rule::of(rule.to_string()).is_err(), "{rule}");
        }
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let rule = json!({"type": "eql", "query": "any where process.pid : \"1\""});
        let error = Rule::if_it_runs(rule.to_string()).unwrap_err();
        assert!(error.to_string().contains("process.pid : \"1\""), "{error}");
    }
}
