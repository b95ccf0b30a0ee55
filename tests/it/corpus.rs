//! The shared corpus: real rules, real events, and what real engines say of
//! them.

mod answers;
mod cases;
mod shortcuts;
mod vectors;
mod verdicts;

use std::io::Write;

use anyhow::Result;

/// Writes a line past the capture, so that it is seen without a failure too.
///
/// # Errors
///
/// When it cannot be written.
fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stderr(), "{line}")?)
}
