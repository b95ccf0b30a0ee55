//! How many there are of each kind.

use std::collections::BTreeMap;
use std::fmt;

use firstseen::Reason;

use super::finding::{Finding, Status};

/// The columns of the table.
const COLUMNS: [&str; 4] = ["runs", "refused", "off", "not ours"];

/// The summary: a table of types and statuses, and a sentence.
#[derive(Debug, Default)]
pub(super) struct Tally {
    types: BTreeMap<String, [usize; COLUMNS.len()]>,
    files: usize,
    unusable: usize,
    /// Rules that run with warnings.
    warned: usize,
}

impl Tally {
    pub(super) fn new(findings: &[Finding<'_>], files: usize) -> Self {
        let mut tally = Self { files, ..Self::default() };
        for finding in findings {
            let column = match finding.status {
                Status::Runs => 0,
                Status::Refused(Reason::Unsupported | Reason::Invalid) => 1,
                Status::Refused(Reason::Disabled) => 2,
                Status::Refused(Reason::NotOurs) => 3,
                Status::Unusable => {
                    tally.unusable += 1;
                    continue;
                }
            };
            let kind = finding.rule_type.as_deref().unwrap_or("no type");
            if let Some(count) = tally.types.entry(kind.to_owned()).or_default().get_mut(column) {
                *count += 1;
            }
            tally.warned += usize::from(!finding.warnings.is_empty());
        }
        tally
    }

    fn total(&self) -> [usize; COLUMNS.len()] {
        let mut total = [0; COLUMNS.len()];
        for counts in self.types.values() {
            total.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        total
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = self.total();
        if !self.types.is_empty() {
            let width = self.types.keys().map(|kind| kind.chars().count()).max().unwrap_or(0).max("total".len());
            let mut row = |kind: &str, cells: [String; COLUMNS.len()]| {
                write!(f, "{kind:width$}")?;
                cells.iter().try_for_each(|cell| write!(f, "  {cell:>8}"))?;
                writeln!(f)
            };
            let cells = |counts: [usize; COLUMNS.len()]| counts.map(|count| count.to_string());
            row("type", COLUMNS.map(str::to_owned))?;
            self.types.iter().try_for_each(|(kind, &counts)| row(kind, cells(counts)))?;
            if self.types.len() > 1 {
                row("total", cells(total))?;
            }
        }
        if !self.types.is_empty() {
            writeln!(f)?;
        }
        let rules = count(total.iter().sum(), "rule");
        write!(f, "{rules} in {}", count(self.files, "file"))?;
        let [_, refused, ..] = total;
        let parts = [(refused, "refused"), (self.unusable, "unusable"), (self.warned, "with warnings")];
        parts.iter().filter(|(count, _)| *count > 0).try_for_each(|(count, what)| write!(f, ", {count} {what}"))?;
        writeln!(f)
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
