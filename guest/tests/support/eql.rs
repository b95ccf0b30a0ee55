//! Conditions in EQL on events, answered in every way there is: the property that tests and fuzz
//! targets share.

#![allow(clippy::expect_used, clippy::panic, reason = "a failed assumption is a failed test")]

use firstseen_eql::ast::QueryKind;
use firstseen_eql::{CATEGORY, VerificationError, clause, parse};
use firstseen_guest::event::{Projection, Slots, scan};
use firstseen_guest::mapping::Fields;
use firstseen_query::{Clause, Error, Findings, Joint, Leaves, Mapping, Program, RegexBudget};
use serde_json::{Value, json};

/// 2026-11-24T12:00:00Z.
const NOW_MS: i64 = 1_795_521_600_000;

/// Fields that are not listed are in no mapping, but for those below `open`.
pub(super) fn mapping() -> Mapping {
    let document = json!({ "mappings": { "dynamic": "false", "properties": {
        "event": { "properties": { "category": { "type": "keyword" }, "type": { "type": "keyword" } } },
        "k": { "type": "keyword" },
        "k2": { "type": "keyword" },
        "short": { "type": "keyword", "ignore_above": 4 },
        "t": { "type": "text", "fields": { "raw": { "type": "keyword" } } },
        "words": { "type": "text" },
        "two": { "type": "text", "fields": { "a": { "type": "keyword" }, "b": { "type": "wildcard" } } },
        "n": { "type": "long" },
        "d": { "type": "double" },
        "b": { "type": "boolean" },
        "ip": { "type": "ip" },
        "ts": { "type": "date" },
        "c": { "type": "constant_keyword", "value": "same" },
        "flat": { "type": "flattened" },
        "place": { "type": "geo_point" },
        "nested": { "type": "nested", "properties": { "x": { "type": "keyword" } } },
        "open": { "type": "object", "dynamic": "true" },
    } } });
    let mut fields = Fields::default();
    fields.read(&document.to_string()).expect("a mapping");
    fields.mapping()
}

/// What a query asks of events of that mapping; none if it is no query of single events.
pub(super) fn clause_of(query: &str) -> Option<Result<Clause, VerificationError>> {
    let parsed = parse(query).ok()?;
    let QueryKind::Event(filter) = &parsed.kind else { return None };
    Some(clause(filter, &mapping(), CATEGORY, &RegexBudget::of_query()))
}

/// The verdict on an event, which is the same however conditions are answered, and which has what
/// is said to be required.
///
/// # Errors
///
/// A literal that means nothing to the type of its field.
pub(super) fn verdict(query: &str, clause: &Clause, event: &Value) -> Result<bool, Error> {
    let mut projection = Projection::default();
    let mut leaves = Leaves::default();
    let program = Program::compile_among(clause, &mapping(), &mut projection, &mut leaves)?;
    let line = event.to_string();
    let mut slots = Slots::new(&projection, NOW_MS);
    scan(&line, &mut slots).expect("an event");
    let alone = program.matches(&slots);
    let joint = Joint::new(&leaves);
    for together in [false, true] {
        let mut findings = Findings::default();
        findings.begin(line.len(), u64::MAX);
        if together {
            findings.answer_together();
        }
        assert_eq!(joint.judge(&program, &slots, &mut findings), Some(alone), "{query} {event}");
    }
    let missing = program.requirements().iter().find(|requirement| {
        let is_one = |text: &str| match requirement.ignore_case {
            true => requirement.texts.contains(&text.to_ascii_lowercase()),
            false => requirement.texts.iter().any(|one| one == text),
        };
        let mut values = slots.values(requirement.slot);
        !values.any(|value| requirement.texts.is_empty() || is_one(&value.text()))
    });
    assert!(!alone || missing.is_none(), "{query} matches {event} without {missing:?}");
    Ok(alone)
}
