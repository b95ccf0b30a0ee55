//! What a rule's author should know, though the rule runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use firstseen_query::{Clause, FieldType, Mapping, Name, Program, Resolved, same_text};
use serde_json::{Map, Value};

use super::fields::Fields;
use super::language::ParsedQuery;

/// One sentence each.
pub(super) fn of(
    object: &Map<String, Value>,
    fields: &Fields,
    query: &ParsedQuery,
    clause: &Clause,
    program: &Program,
    mapping: &Mapping,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if program.never_matches() {
        warnings.push("no event can match: every way through the query asks for something that cannot be".to_owned());
    }
    warnings.extend(query.warnings());
    let mut unmapped = names(fields, clause);
    unmapped.retain(|name| is_unmapped(name, mapping));
    let (multi, unmapped): (Vec<&str>, Vec<&str>) =
        unmapped.iter().map(|name| &**name).partition(|name| mapping.dynamic_multi(name).is_some());
    if !unmapped.is_empty() {
        let names = quoted(&unmapped);
        warnings
            .push(format!("the field types of {names} are not known; give a mapping, else each value says its own"));
    }
    if !multi.is_empty() {
        warnings.push(format!(
            "{} is in no mapping and stands for what Elasticsearch makes beside a text that it maps by itself: the \
             values of the field before `.keyword`, as keywords of up to 256 characters",
            quoted(&multi)
        ));
    }
    if object.get("alert_suppression").is_some_and(|suppression| !suppression.is_null()) {
        warnings.push(
            "alert_suppression has no effect: every alert is raised, as in Kibana without a licence for it".to_owned(),
        );
    }
    if fields.index.iter().any(|pattern| pattern.contains(".alerts-security")) {
        warnings.push("it reads Kibana's alerts, which do not come by here unless they are sent".to_owned());
    }
    warnings
}

/// Fields of the query and the terms.
fn names(fields: &Fields, clause: &Clause) -> BTreeSet<Arc<str>> {
    let mut names: BTreeSet<Arc<str>> =
        fields.kind.meaning().fields().iter().map(|name| name.as_str().into()).collect();
    let mut before: Arc<str> = "".into();
    clause.for_each_field(&mut |name| {
        // Most conditions are about the field of the one before.
        if let Name::Exact(name) = name
            && !same_text(name, &before)
        {
            before = Arc::clone(name);
            names.insert(Arc::clone(name));
        }
    });
    names
}

fn is_unmapped(name: &str, mapping: &Mapping) -> bool {
    match mapping.resolve(name) {
        Resolved::Unmapped => true,
        Resolved::Object => false,
        Resolved::Field(field) => field.field_type == FieldType::Dynamic || mapping.dynamic_multi(name).is_some(),
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
