//! Rules as the repository elastic/detection-rules keeps them: one TOML file
//! each.
//!
//! What comes out is the rule JSON that detection-rules itself exports for
//! Kibana, as far as it follows from the file:
//!
//! - `[rule.new_terms]` becomes `new_terms_fields` and `history_window_start`,
//!   with the first of its starts; the flat form of the API is taken too;
//! - texts are trimmed and their lines joined, but for `query`, `note` and
//!   `setup`;
//! - the guide's placeholders are filled in from `[transform]`;
//! - every `threat` has a `technique`, be it an empty one;
//! - `immutable` and `rule_source` are those of a rule of Elastic's package that
//!   is installed as it is, where the file does not say otherwise.
//!
//! Not in the file, and so not in the rule, are `version` (detection-rules
//! counts it in a file of its own), `required_fields` and
//! `related_integrations`. A guide's section on the setup stays in the guide,
//! where detection-rules moves it to `setup`.
//!
//! Of a rule whose type does not run there is only the head, as it stands: what
//! is wrong with the rest is nothing to those who run rules.
//!
//! Of `[metadata]` only `maturity` counts, and only `deprecated` of its values:
//! Elastic withdraws such rules, so they are switched off. A rule in development
//! is one that its author wants to try.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value, json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::head::RuleHead;
use super::position::{QueryText, line_and_column};
use super::problem::{FileFault, FileProblem};
use super::rule::{FileRule, Head};
use super::{Runs, guide};

/// Reads a file of at most `bytes_max` bytes.
pub(super) fn read(path: &Path, text: &str, bytes_max: usize, runs: &Runs<'_>) -> Result<FileRule, FileProblem> {
    if let Some(rule) = head_alone(path, text, bytes_max, runs) {
        return Ok(rule);
    }
    // Git writes `\r\n` into checkouts on Windows, and detection-rules reads
    // them as `\n`. Lines and columns stay.
    let text = match text.contains('\r') {
        true => Cow::Owned(text.replace("\r\n", "\n")),
        false => Cow::Borrowed(text),
    };
    rule_of(path, &text, bytes_max).map_err(|wrong| match wrong.span {
        Some(span) => {
            let (line, column) = line_and_column(&text, span.start);
            FileProblem::at(path, line, Some(column), wrong.fault)
        }
        None => FileProblem::new(path, wrong.fault),
    })
}

/// The head of a rule whose type does not run.
fn head_alone(path: &Path, text: &str, bytes_max: usize, runs: &Runs<'_>) -> Option<FileRule> {
    // Exceptions that a rule names are known to be used.
    if text.len() > bytes_max || memchr::memmem::find(text.as_bytes(), b"exceptions_list").is_some() {
        return None;
    }
    let RuleHead { offset, rule_id, name, kind } = RuleHead::of(text).filter(|head| !runs(head.kind))?;
    let json = json!({"name": name, "rule_id": rule_id, "type": kind}).to_string();
    let value = |text: &str| Some(Value::String(text.to_owned()));
    let head = Head { rule_id: value(rule_id), name: value(name), kind: value(kind) };
    FileRule::new(path, line_and_column(text, offset).0, head, json, None).ok()
}

/// A fault and where in the text.
pub(super) struct Wrong {
    pub(super) span: Option<Range<usize>>,
    pub(super) fault: FileFault,
}

impl Wrong {
    fn at(span: Range<usize>, fault: FileFault) -> Self {
        Self { span: Some(span), fault }
    }
}

fn rule_of(path: &Path, text: &str, bytes_max: usize) -> Result<FileRule, Wrong> {
    if text.len() > bytes_max {
        return Err(Wrong { span: None, fault: FileFault::RuleTooLarge { bytes_max } });
    }
    let mut root = DeTable::parse(text)
        .map_err(|error| Wrong {
            span: error.span(),
            fault: FileFault::Syntax { format: "TOML", cause: error.message().to_owned() },
        })?
        .into_inner();
    let deprecated = root
        .get("metadata")
        .and_then(|metadata| metadata.get_ref().get("maturity"))
        .is_some_and(|maturity| maturity.get_ref().as_str() == Some("deprecated"));
    let transform = root.remove("transform");
    let (span, table) = rule_table(root)?;
    let query = query_text(text, &table);
    let new_terms = table.get("new_terms").map_or(span.clone(), |table| table.span());

    let mut rule = object(table, false)?;
    flatten_new_terms(&mut rule)
        .map_err(|cause| Wrong::at(new_terms, FileFault::Field { field: "new_terms", cause }))?;
    name_techniques(&mut rule);
    rule.entry("immutable").or_insert(Value::Bool(true));
    rule.entry("rule_source").or_insert_with(prebuilt);
    if let Some(transform) = transform {
        fill_in_guide(&mut rule, transform, bytes_max)?;
    }
    // In Elastic's package `enabled` says what is switched on at first, and
    // nearly no rule is; whoever gives the file here wants the rule.
    rule.remove("enabled");
    if deprecated {
        rule.insert("enabled".to_owned(), Value::Bool(false));
    }
    rule.sort_keys();
    let line = line_and_column(text, span.start).0;
    let head = Head {
        rule_id: rule.get("rule_id").cloned(),
        name: rule.get("name").cloned(),
        kind: rule.get("type").cloned(),
    };
    // It cannot fail: all keys are strings, and a string is written to.
    let json = serde_json::to_string(&rule).unwrap_or_default();
    let mut rule = FileRule::new(path, line, head, json, query).map_err(|fault| Wrong::at(span, fault))?;
    rule.deprecated = deprecated;
    Ok(rule)
}

/// The table `[rule]`, or the whole file where it is the rule itself.
fn rule_table(mut root: DeTable<'_>) -> Result<(Range<usize>, DeTable<'_>), Wrong> {
    let not_one = |cause: &str| FileFault::NotOne { wanted: "rule", cause: cause.to_owned() };
    match root.remove("rule") {
        Some(rule) => {
            let span = rule.span();
            match rule.into_inner() {
                DeValue::Table(table) => Ok((span, table)),
                other => Err(Wrong::at(span, not_one(&format!("`rule` is a TOML {}", other.type_str())))),
            }
        }
        None if root.contains_key("rule_id") => {
            root.remove("metadata");
            Ok((0..0, root))
        }
        None => Err(Wrong { span: None, fault: not_one("there is no [rule] table") }),
    }
}

fn query_text(text: &str, table: &DeTable<'_>) -> Option<QueryText> {
    let query = table.get("query").filter(|query| query.get_ref().is_str())?;
    QueryText::toml(text, text.get(query.span())?)
}

/// A table as JSON. `kept`: its texts stay as they are.
pub(super) fn object(table: DeTable<'_>, kept: bool) -> Result<Map<String, Value>, Wrong> {
    let member = |(key, value): (Spanned<Cow<'_, str>>, Spanned<DeValue<'_>>)| {
        let key = key.into_inner();
        let kept = kept || matches!(&*key, "query" | "note" | "setup");
        Ok((key.into_owned(), json_of(value, kept)?))
    };
    table.into_iter().map(member).collect()
}

fn json_of(value: Spanned<DeValue<'_>>, kept: bool) -> Result<Value, Wrong> {
    let span = value.span();
    Ok(match value.into_inner() {
        DeValue::String(text) if kept => Value::String(text.into_owned()),
        DeValue::String(text) => Value::String(joined(text)),
        DeValue::Boolean(flag) => Value::Bool(flag),
        DeValue::Array(elements) => {
            Value::Array(elements.into_iter().map(|element| json_of(element, kept)).collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => Value::Object(object(table, kept)?),
        // JSON has no dates; detection-rules' own are texts.
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::from(number),
            Err(_) => return Err(no_number(span, number.as_str())),
        },
        DeValue::Float(number) => match number.as_str().parse().ok().and_then(serde_json::Number::from_f64) {
            Some(number) => Value::Number(number),
            None => return Err(no_number(span, number.as_str())),
        },
    })
}

fn no_number(span: Range<usize>, number: &str) -> Wrong {
    let number = number.get(..number.floor_char_boundary(40)).unwrap_or_default();
    Wrong::at(span, FileFault::Syntax { format: "JSON", cause: format!("{number} is no number there") })
}

/// A text in one line, as detection-rules writes it.
fn joined(text: Cow<'_, str>) -> String {
    if !text.contains('\n') && text.trim().len() == text.len() {
        return text.into_owned();
    }
    text.trim().lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// From the TOML form of the new-terms fields to that of the API. What is there
/// in the form of the API already wins.
fn flatten_new_terms(rule: &mut Map<String, Value>) -> Result<(), String> {
    let mut table = match rule.remove("new_terms") {
        Some(Value::Object(table)) => table,
        Some(_) => return Err("not a table".to_owned()),
        None => return Ok(()),
    };
    match table.get("field") {
        None => {}
        Some(Value::String(field)) if field == "new_terms_fields" => {}
        Some(_) => return Err("its `field` must be \"new_terms_fields\"".to_owned()),
    }
    if let Some(fields) = table.remove("value") {
        rule.entry("new_terms_fields").or_insert(fields);
    }
    let start = match table.remove("history_window_start") {
        Some(Value::Array(starts)) => starts.into_iter().next(),
        other => other,
    };
    let start = match start {
        Some(Value::Object(mut start)) => start.remove("value"),
        other => other,
    };
    if let Some(start) = start {
        rule.entry("history_window_start").or_insert(start);
    }
    Ok(())
}

/// `rule_source` of a rule that Elastic wrote and nobody changed.
fn prebuilt() -> Value {
    json!({"type": "external", "is_customized": false})
}

fn name_techniques(rule: &mut Map<String, Value>) {
    let threats = rule.get_mut("threat").and_then(Value::as_array_mut);
    for threat in threats.into_iter().flatten().filter_map(Value::as_object_mut) {
        threat.entry("technique").or_insert(Value::Array(Vec::new()));
    }
}

fn fill_in_guide(
    rule: &mut Map<String, Value>,
    transform: Spanned<DeValue<'_>>,
    bytes_max: usize,
) -> Result<(), Wrong> {
    let span = transform.span();
    if let (Value::Object(transform), Some(Value::String(note))) = (json_of(transform, true)?, rule.get_mut("note")) {
        *note = guide::fill_in(note, &transform, bytes_max)
            .ok_or_else(|| Wrong::at(span, FileFault::RuleTooLarge { bytes_max }))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
