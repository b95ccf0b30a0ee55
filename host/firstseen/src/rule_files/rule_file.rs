//! What a rule file holds.

use std::ops::ControlFlow;
use std::path::Path;

use serde::de::IgnoredAny;

use super::Runs;
use super::detection_rules;
use super::json::{NotJson, Record, records};
use super::lines::{Lines, Ndjson};
use super::position::{QueryText, line_and_column, offset_in};
use super::problem::{FileFault, FileProblem, PROBLEMS_MAX};
use super::read::Format;
use super::rule::{FileRule, Head};

/// Largest rule in bytes. The largest of Elastic's has 54 KiB.
pub(super) const RULE_BYTES_MAX: usize = 1 << 20;

/// What a rule file holds.
#[derive(Default)]
pub(super) struct RuleFile {
    pub(super) rules: Vec<FileRule>,
    /// Exception lists and items, each in the line it has in the file.
    pub(super) exceptions: Ndjson,
    pub(super) connectors: usize,
    pub(super) problems: Vec<FileProblem>,
}

impl RuleFile {
    /// Reads the text of a file; one rule more than `rules_max` at most, so that
    /// it shows. Of a TOML rule of a type that does not run the head is enough.
    pub(super) fn read(path: &Path, text: &str, rules_max: usize, runs: &Runs<'_>) -> Self {
        let mut file = Self::default();
        match Format::of(path, text) {
            Format::Toml => match detection_rules::read(path, text, RULE_BYTES_MAX, runs) {
                Ok(rule) => file.rules.push(rule),
                Err(problem) => file.problems.push(problem),
            },
            format => file.read_json(path, text, format == Format::Ndjson, rules_max),
        }
        file
    }

    fn read_json(&mut self, path: &Path, text: &str, lines: bool, rules_max: usize) {
        let mut reader = RecordReader { file: self, path, text, lines: Lines::new(text), used: false };
        let mut count = 0;
        records(text, lines, &mut |record| {
            count += 1;
            if let Err((offset, fault)) = record.map_err(syntax).and_then(|record| reader.record(record)) {
                let (line, column) = line_and_column(text, offset);
                // The fault is about the whole record, or about a byte in it.
                let column = matches!(fault, FileFault::Syntax { .. }).then_some(column);
                reader.file.problems.push(FileProblem::at(path, line, column, fault));
            }
            if reader.file.problems.len() == PROBLEMS_MAX {
                let fault = FileFault::TooManyProblems { max: PROBLEMS_MAX };
                reader.file.problems.push(FileProblem::new(path, fault));
                return ControlFlow::Break(());
            }
            if reader.file.rules.len() > rules_max {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        if !reader.used && self.problems.is_empty() {
            self.problems.push(FileProblem::new(path, FileFault::Nothing { wanted: "rule" }));
        }
        if count > 1 {
            self.rules.iter_mut().for_each(|rule| rule.shares_file = true);
        }
    }
}

/// A fault and its byte in the text.
type Wrong = (usize, FileFault);

fn syntax(error: NotJson) -> Wrong {
    (error.offset, FileFault::Syntax { format: "JSON", cause: error.cause })
}

struct RecordReader<'a, 't> {
    file: &'a mut RuleFile,
    path: &'a Path,
    text: &'t str,
    lines: Lines<'t>,
    /// Whether there was a rule or an exception.
    used: bool,
}

impl<'t> RecordReader<'_, 't> {
    fn record(&mut self, record: &'t str) -> Result<(), Wrong> {
        let start = offset_in(self.text, record);
        if record.len() > RULE_BYTES_MAX {
            return Err((start, FileFault::RuleTooLarge { bytes_max: RULE_BYTES_MAX }));
        }
        let not_json = |part: &str, error: &serde_json::Error| syntax(NotJson::new(self.text, part, error));
        let not_one = |cause: &str| (start, FileFault::NotOne { wanted: "rule", cause: cause.to_owned() });
        if !record.starts_with('{') {
            let value: Result<IgnoredAny, _> = serde_json::from_str(record);
            return Err(match value {
                Ok(_) => not_one("it is not a JSON object"),
                Err(error) => not_json(record, &error),
            });
        }
        match Record::of(record).map_err(|error| not_json(record, &error))? {
            Record::Rule(rule) => {
                self.used = true;
                let (line, _) = self.lines.position(start);
                let value = |member: Option<&str>| {
                    let value = |member| serde_json::from_str(member).map_err(|error| not_json(member, &error));
                    member.map(value).transpose()
                };
                let head = Head { rule_id: value(rule.rule_id)?, name: value(rule.name)?, kind: value(rule.kind)? };
                let query = rule
                    .query
                    .and_then(|literal| QueryText::json(self.lines.position(offset_in(self.text, literal)), literal));
                let rule = FileRule::new(self.path, line, head, rule.text.to_owned(), query);
                self.file.rules.push(rule.map_err(|fault| (start, fault))?);
            }
            Record::Exception => {
                self.used = true;
                self.file.exceptions.put(self.lines.position(start).0, record);
            }
            Record::Connector => self.file.connectors += 1,
            Record::Summary => {}
            Record::Other => return Err(not_one("the object has no rule_id")),
        }
        Ok(())
    }
}
