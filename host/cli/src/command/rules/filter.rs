//! Which rules are asked for.

use clap::builder::NonEmptyStringValueParser;
use firstseen::rule_files::FileRule;
use serde_json::{Map, Value};

use super::index;
use super::object::{same, texts, threats};

/// What a rule must have. Several options must all hold. Of an option that is
/// given more than once any value will do; tags must all be there.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Filter {
    /// Rules with this tag, in any case: the whole tag, or what follows its
    /// colon, as in `linux` for `OS: Linux`. More than one: rules with all.
    #[arg(short, long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    tag: Vec<String>,
    /// Rules about this technique of MITRE ATT&CK, by id or name, with its
    /// subtechniques: T1059, T1059.004, PowerShell.
    #[arg(long, value_name = "ID|NAME", value_parser = NonEmptyStringValueParser::new())]
    technique: Vec<String>,
    /// Rules about this tactic of MITRE ATT&CK, by id or name: TA0002, Execution.
    #[arg(long, value_name = "ID|NAME", value_parser = NonEmptyStringValueParser::new())]
    tactic: Vec<String>,
    /// Rules of this type: new_terms, query, eql, …
    #[arg(long = "type", value_name = "TYPE", value_parser = NonEmptyStringValueParser::new())]
    kind: Vec<String>,
    /// Rules whose index patterns take this index or data stream, such as
    /// logs-endpoint.events.process-default. A rule without patterns takes any,
    /// unless it says in another way where it reads: in ES|QL, by a data view,
    /// by a machine learning job.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    index: Vec<String>,
    /// Rules with this text in their names, in any case.
    #[arg(short, long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    name: Vec<String>,
}

impl Filter {
    /// Whether a rule is asked for.
    pub(super) fn selects(&self, rule: &FileRule, object: &Map<String, Value>) -> bool {
        any(&self.name, |name| contains(rule.name.as_deref().unwrap_or_default(), name))
            && any(&self.kind, |kind| rule.kind.as_deref().is_some_and(|own| same(own, kind)))
            && self.has_tags(&texts(object.get("tags")))
            && any(&self.index, |name| reads(rule, object, name))
            && self.is_about_threats(object)
    }

    fn has_tags(&self, tags: &[&str]) -> bool {
        let is_called = |tag: &str, text: &str| {
            same(tag, text) || tag.split_once(':').is_some_and(|(_, value)| same(value.trim(), text))
        };
        self.tag.iter().all(|text| tags.iter().any(|tag| is_called(tag, text.trim())))
    }

    fn is_about_threats(&self, object: &Map<String, Value>) -> bool {
        let threats = threats(object);
        let (tactics, techniques): (Vec<_>, Vec<_>) = threats.iter().partition(|threat| threat.is_tactic());
        any(&self.tactic, |tactic| tactics.iter().any(|threat| threat.is_called(tactic)))
            && any(&self.technique, |technique| {
                techniques.iter().any(|threat| threat.is_called(technique) || threat.is_below(technique))
            })
    }
}

/// Whether any value of an option will do, or the option was not given.
fn any(values: &[String], fits: impl Fn(&str) -> bool) -> bool {
    values.is_empty() || values.iter().any(|value| fits(value))
}

fn contains(text: &str, part: &str) -> bool {
    text.to_lowercase().contains(&part.to_lowercase())
}

/// Whether a rule reads an index of this name.
fn reads(rule: &FileRule, object: &Map<String, Value>, name: &str) -> bool {
    let patterns = texts(object.get("index"));
    if !patterns.is_empty() {
        return index::takes(patterns, name);
    }
    let is_elsewhere = matches!(rule.kind.as_deref(), Some("esql" | "machine_learning"));
    !is_elsewhere && object.get("data_view_id").is_none_or(Value::is_null)
}
