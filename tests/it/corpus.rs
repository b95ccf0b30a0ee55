//! The shared corpus: real rules, real events, and what real engines say of
//! them. It lies outside of the repository; `FIRSTSEEN_CORPUS` names its folder,
//! and any folder with files of the same form will do.

mod cases;
mod shortcuts;
mod vectors;
mod verdicts;

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use firstseen_tests::repository;

/// A file or folder of the corpus. `None`, said plainly, where it is absent.
///
/// # Errors
///
/// When that cannot be said.
pub(crate) fn corpus(name: &str) -> Result<Option<PathBuf>> {
    let folder = match std::env::var_os("FIRSTSEEN_CORPUS") {
        // From the repository, wherever the test runs.
        Some(folder) => repository("").join(folder),
        None => repository("../shared/corpus"),
    };
    let path = folder.join(name);
    if path.exists() {
        return Ok(Some(path));
    }
    say(&format!("SKIPPED: {} is not there (FIRSTSEEN_CORPUS names the folder)", path.display()))?;
    Ok(None)
}

/// Writes a line past the capture, so that it is seen without a failure too.
///
/// # Errors
///
/// When it cannot be written.
fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stderr(), "{line}")?)
}
