//! What a module returns is not trusted: it is checked before it is used.

use serde::de::IgnoredAny;

use crate::outcome::{EventMatch, Fault, MalformedLine, Matching};
use crate::reports::RuleSummary;
use crate::text::Text;
use crate::wasm::{Trap, detector as wit};

pub(crate) fn malformed(line: wit::MalformedLine, first_line: usize) -> MalformedLine {
    MalformedLine {
        line: line.line as usize + first_line,
        offset: line.offset as usize,
        fault: match line.fault {
            wit::Fault::NotAnObject => Fault::NotAnObject,
            wit::Fault::Syntax => Fault::Syntax,
            wit::Fault::Incomplete => Fault::Incomplete,
            wit::Fault::TooDeep => Fault::TooDeep,
        },
    }
}

/// Matches must point into the batch and at rules that run, in order.
pub(crate) fn matching(matching: wit::Matching, text: &Text<'_>, rules: usize) -> Result<Matching, Trap> {
    let lines = memchr::memchr_iter(b'\n', text.text.as_bytes()).count() + 1;
    let beyond = |line: u32| line as usize >= lines;
    if matching.matches.iter().any(|one| beyond(one.line) || one.rule as usize >= rules)
        || matching.malformed.iter().any(|line| beyond(line.line))
    {
        return Err(Trap::contract("it names a line or a rule that is not there"));
    }
    if !matching.matches.is_sorted_by_key(|one| (one.line, one.rule)) {
        return Err(Trap::contract("its matches are not in order"));
    }
    let matches = matching.matches.iter().map(|one| EventMatch { line: one.line as usize, rule: one.rule as usize });
    let mut lines: Vec<MalformedLine> = matching.malformed.into_iter().map(|line| malformed(line, 0)).collect();
    let events = u64::from(matching.events) + text.set_apart.len() as u64;
    lines.extend(&text.set_apart);
    lines.sort_by_key(|line| line.line);
    Ok(Matching { events, matches: matches.collect(), malformed: lines })
}

/// What a module returns is not trusted: alerts must point into the batch, in
/// order, be of rules that run, and be one JSON object on one line each.
pub(crate) fn check(evaluation: &wit::Evaluation, text: &str, rules: &[RuleSummary]) -> Result<(), Trap> {
    let line_count = memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1;
    let events = u64::from(evaluation.events);
    if events > line_count as u64 || u64::from(evaluation.matched) > events * rules.len() as u64 {
        return Err(Trap::contract("it counts more events or matches than there can be"));
    }
    let last_lines = [
        evaluation.alerts.iter().map(|alert| alert.line).max(),
        evaluation.malformed.iter().map(|line| line.line).max(),
    ];
    if last_lines.into_iter().flatten().max().is_some_and(|last| last as usize >= line_count) {
        return Err(Trap::contract("it names a line beyond the end of the batch"));
    }
    if !evaluation.alerts.is_sorted_by_key(|alert| alert.line) {
        return Err(Trap::contract("its alerts are not in the order of their lines"));
    }
    for alert in &evaluation.alerts {
        let object = serde_json::from_str::<IgnoredAny>(&alert.document);
        if object.is_err() || !alert.document.starts_with('{') || alert.document.contains('\n') {
            return Err(Trap::contract("an alert document is not one JSON object on one line"));
        }
        if !rules.iter().any(|rule| rule.rule_id == alert.rule_id) {
            return Err(Trap::contract("an alert is of a rule that does not run"));
        }
        if ![40, 64].contains(&alert.id.len()) || !alert.id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Trap::contract("the id of an alert is not 40 or 64 hexadecimal digits"));
        }
    }
    Ok(())
}
