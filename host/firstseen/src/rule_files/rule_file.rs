//! What a rule file holds.

use std::ops::ControlFlow;
use std::path::Path;

use serde::de::IgnoredAny;

use super::Runs;
use super::json::{NotJson, Page, Record, records};
use super::lines::{Lines, Ndjson};
use super::position::{QueryText, line_and_column, offset_in};
use super::problem::{FileFault, FileProblem, PROBLEMS_MAX};
use super::read::Format;
use super::rule::{FileRule, Head};
use super::{detection_rules, toml_exceptions};

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
            Format::Toml if toml_exceptions::are_in(text) => match toml_exceptions::read(path, text) {
                Ok(exceptions) => file.exceptions = exceptions,
                Err(problem) => file.problems.push(problem),
            },
            Format::Toml => match detection_rules::read(path, text, RULE_BYTES_MAX, runs) {
                Ok(rule) => file.rules.push(rule),
                Err(problem) => file.problems.push(problem),
            },
            Format::Json => file.read_json(path, text, rules_max),
        }
        file
    }

    fn read_json(&mut self, path: &Path, text: &str, rules_max: usize) {
        let lines = Lines::new(text);
        let mut reader = RecordReader {
            file: self,
            path,
            text,
            lines,
            rules_max,
            used: false,
            count: 0,
            in_page: false,
            others: Others::default(),
        };
        records(text, &mut |record| reader.take(record));
        let RecordReader { used, count, others, .. } = reader;
        self.problems.extend(others.problem(path));
        if !used && self.problems.is_empty() {
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
    rules_max: usize,
    /// Whether there was a rule or an exception.
    used: bool,
    /// How many records there were.
    count: usize,
    /// Whether they are those of an answer of `_find`.
    in_page: bool,
    others: Others,
}

/// Objects of other kinds, such as dashboards. A file may have many of them, so
/// they are named together.
#[derive(Default)]
struct Others {
    count: usize,
    /// The line of the first one.
    line: usize,
    /// Its `type`, if it has one.
    kind: Option<String>,
}

impl Others {
    fn problem(self, path: &Path) -> Option<FileProblem> {
        let kind = self.kind.map(|kind| format!(" (type {})", kind.escape_debug())).unwrap_or_default();
        let cause = match self.count {
            0 => return None,
            1 => format!("the object{kind} has no rule_id"),
            count => format!("{count} objects, the first of them here{kind}, have no rule_id"),
        };
        Some(FileProblem::at(path, self.line, None, FileFault::NotOne { wanted: "rule", cause }))
    }
}

impl<'t> RecordReader<'_, 't> {
    /// Takes a record; stops when there is too much of anything.
    fn take(&mut self, record: Result<&'t str, NotJson>) -> ControlFlow<()> {
        self.count += 1;
        match record.map_err(syntax).and_then(|record| self.record(record)) {
            Ok(None) => {}
            Ok(Some(page)) => {
                self.in_page = true;
                page.data.iter().try_for_each(|object| self.take(Ok(object.get())))?;
                self.in_page = false;
            }
            Err((offset, fault)) => {
                let (line, column) = line_and_column(self.text, offset);
                // The fault is about the whole record, or about a byte in it.
                let column = matches!(fault, FileFault::Syntax { .. }).then_some(column);
                self.file.problems.push(FileProblem::at(self.path, line, column, fault));
            }
        }
        if self.file.problems.len() >= PROBLEMS_MAX {
            let fault = FileFault::TooManyProblems { max: PROBLEMS_MAX };
            self.file.problems.push(FileProblem::new(self.path, fault));
            return ControlFlow::Break(());
        }
        match self.file.rules.len() > self.rules_max {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// Keeps what a record is; an answer of `_find` is for the caller to take apart.
    fn record(&mut self, record: &'t str) -> Result<Option<Page<'t>>, Wrong> {
        let start = offset_in(self.text, record);
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
            Record::Rule(_) | Record::Exception if record.len() > RULE_BYTES_MAX => {
                return Err((start, FileFault::RuleTooLarge { bytes_max: RULE_BYTES_MAX }));
            }
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
            Record::Summary(missing) => {
                if let Some(fault) = missing.fault() {
                    return Err((start, fault));
                }
            }
            Record::Page(page) if !self.in_page => {
                self.used = true;
                if let Some(fault) = page.fault() {
                    self.file.problems.push(FileProblem::at(self.path, self.lines.position(start).0, None, fault));
                }
                return Ok(Some(page));
            }
            Record::Page(_) => self.other(start, None),
            Record::Other(kind) => self.other(start, kind),
        }
        Ok(None)
    }

    fn other(&mut self, start: usize, kind: Option<&str>) {
        self.others.count += 1;
        if self.others.count == 1 {
            self.others.line = self.lines.position(start).0;
            self.others.kind = kind.and_then(|kind| serde_json::from_str(kind).ok());
        }
    }
}
