//! Findings for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use firstseen::Reason;

use super::finding::{Finding, Status};

/// Width of the longest status.
const STATUS_WIDTH: usize = 8;

/// The statuses as they are shown.
fn word(status: Status) -> (&'static str, Style) {
    match status {
        Status::Runs => ("runs", AnsiColor::Green.on_default()),
        Status::Refused(Reason::NotOurs) => ("not ours", Style::new()),
        Status::Refused(Reason::Disabled) => ("off", Style::new()),
        Status::Refused(Reason::Unsupported | Reason::Invalid) => ("refused", AnsiColor::Red.on_default().bold()),
        Status::Unusable => ("unusable", AnsiColor::Red.on_default().bold()),
    }
}

/// One line each, `status  type  place  name`, with what there is to say
/// beneath, and an empty line after all of them.
pub(super) fn write<'a>(out: &mut impl Write, findings: impl Iterator<Item = &'a Finding<'a>>) -> io::Result<()> {
    let findings: Vec<&Finding<'_>> = findings.collect();
    let kinds = findings.iter().filter_map(|finding| finding.rule_type.as_deref());
    // A type is anything that its author wrote.
    let width = kinds.map(|kind| kind.chars().count()).max().unwrap_or(0).min(20);
    findings.iter().try_for_each(|finding| write_one(out, finding, width))?;
    if findings.is_empty() { Ok(()) } else { writeln!(out) }
}

fn write_one(out: &mut impl Write, finding: &Finding<'_>, width: usize) -> io::Result<()> {
    let (word, style) = word(finding.status);
    write!(out, "{style}{word:STATUS_WIDTH$}{style:#}  ")?;
    if width > 0 {
        write!(out, "{:width$}  ", finding.rule_type.as_deref().unwrap_or("-"))?;
    }
    write!(out, "{}", finding.file)?;
    // A rule that has its file for itself is found without them.
    if finding.is_fault() || finding.shares_file {
        for number in [finding.line, finding.column].into_iter().flatten() {
            write!(out, ":{number}")?;
        }
    }
    match &finding.name {
        Some(name) => writeln!(out, "  {name}")?,
        None => writeln!(out)?,
    }
    if let Some(cause) = finding.cause.as_deref().filter(|_| !goes_without_saying(finding)) {
        let field = finding.field.as_deref().map(|field| format!("{field}: ")).unwrap_or_default();
        let hint = finding.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        writeln!(out, "    {}", format!("{field}{cause}{hint}").replace('\n', "\n    "))?;
    }
    let yellow = AnsiColor::Yellow.on_default();
    finding.warnings.iter().try_for_each(|warning| writeln!(out, "    {yellow}warning{yellow:#}: {warning}"))
}

/// A rule's type stands beside it, and who switched it off knows.
fn goes_without_saying(finding: &Finding<'_>) -> bool {
    match finding.status {
        Status::Refused(Reason::NotOurs) => finding.field.as_deref() == Some("type"),
        Status::Refused(Reason::Disabled) => finding.field.as_deref() == Some("enabled"),
        _ => false,
    }
}
