//! What the operator is told while a stream passes.

use std::fmt::Display;

use firstseen::{Fault, NotJudged, Outcome, RuleSummary, Unjudged};
use firstseen_delivery::Tell;

/// How many lines of each kind of trouble are named; more are only counted.
const NAMED_LINES: usize = 5;

/// Names lines in trouble by where they stand.
pub(super) struct Notices {
    tell: Tell,
    /// The streams by name; one that has none goes without saying.
    names: Vec<Option<String>>,
    /// The stream that passes, from 0.
    stream: usize,
    /// Lines of it that have passed.
    lines: usize,
    malformed: usize,
    unjudged: usize,
    remarks: usize,
}

impl Notices {
    pub(super) fn new(names: Vec<Option<String>>, tell: Tell) -> Self {
        Self { tell, names, stream: 0, lines: 0, malformed: 0, unjudged: 0, remarks: 0 }
    }

    /// Tells something about the run as a whole.
    pub(super) fn tell(&self, text: &str) {
        (self.tell)(text);
    }

    /// What comes next is of another stream.
    pub(super) fn enter(&mut self, stream: usize) {
        self.stream = stream;
        self.lines = 0;
    }

    /// Lines have passed, with this outcome of these rules if they were judged.
    pub(super) fn pass(&mut self, lines: &[u8], outcome: Option<(&Outcome, &[RuleSummary])>) {
        if let Some((outcome, rules)) = outcome {
            for line in outcome.malformed.iter().take(NAMED_LINES.saturating_sub(self.malformed)) {
                match line.fault {
                    Fault::TooLong => self.line(line.line, "longer than --max-line; passed on, not judged"),
                    fault => {
                        self.line(line.line, format_args!("{fault} (byte {}); passed on, not judged", line.offset))
                    }
                }
            }
            for line in outcome.unjudged.iter().take(NAMED_LINES.saturating_sub(self.unjudged)) {
                self.line(line.line, not_judged(line, rules));
            }
            for remark in outcome.remarks.iter().take(NAMED_LINES.saturating_sub(self.remarks)) {
                let rule_id = rules.get(remark.rule).map_or("?", |rule| rule.rule_id.as_str());
                self.line(remark.line, format_args!("matches rule {rule_id}, but {}", remark.text));
            }
            self.malformed += outcome.malformed.len();
            self.remarks += outcome.remarks.len();
            self.unjudged += outcome.unjudged.len();
        }
        self.lines += memchr::memchr_iter(b'\n', lines).count();
    }

    /// Names a line by its place among those that come next.
    fn line(&mut self, line: usize, what: impl Display) {
        let number = self.lines + line + 1;
        let text = match self.names.get(self.stream) {
            Some(Some(name)) => format!("{name}: line {number}: {what}"),
            _ => format!("line {number}: {what}"),
        };
        self.tell(&text);
    }
}

/// What is said of an event that was not judged, or not by all rules.
fn not_judged(event: &Unjudged, rules: &[RuleSummary]) -> String {
    let ids: Vec<&str> = event.rules.iter().filter_map(|&rule| Some(&*rules.get(rule)?.rule_id)).collect();
    match (&event.cause, ids.as_slice()) {
        (cause, []) => format!("passed on, not judged: {cause}"),
        (NotJudged::Terms, ids) => {
            format!("passed on, not judged in full by rule {}: {}", ids.join(", "), NotJudged::Terms)
        }
        (cause, ids) => format!("passed on, not judged by rule {}: {cause}", ids.join(", ")),
    }
}
