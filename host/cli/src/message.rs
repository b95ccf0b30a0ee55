//! Messages for the operator, on standard error.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::printing::printable_text;

/// Says something that is no trouble.
pub(crate) fn say(text: &str) {
    write("", Style::new(), text);
}

/// Warns of something that does not stop the command.
pub(crate) fn warn(text: &str) {
    write("warning", AnsiColor::Yellow.on_default(), text);
}

/// Says what is the end of the command, or of a part of it.
pub(crate) fn error(text: &str) {
    write("error", AnsiColor::Red.on_default().bold(), text);
}

/// Writes a line for machines, as it is.
pub(crate) fn raw(line: &str) {
    // Standard error may be closed; there is no one to tell then.
    let _ = writeln!(io::stderr(), "{line}");
}

fn write(kind: &str, style: Style, text: &str) {
    // Names of files may be anybody's.
    let text = printable_text(text);
    let separator = if kind.is_empty() { "" } else { ": " };
    // As above.
    let _ = writeln!(anstream::stderr().lock(), "firstseen: {style}{kind}{style:#}{separator}{text}");
}
