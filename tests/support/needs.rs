//! What tests need that is not in the repository.
//!
//! A test that lacks it says so and passes. With `CI=true` in the environment
//! it fails: continuous integration leaves nothing out.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::repository;

/// Takes note that something is not there, past the capture of the test's
/// output.
///
/// # Errors
///
/// With `CI=true`, and when standard error is closed.
pub fn missing(what: impl Display) -> Result<()> {
    if is_forbidden(std::env::var_os("CI").as_deref()) {
        bail!("CI=true, and {what}");
    }
    Ok(writeln!(std::io::stderr(), "SKIPPED: {what}")?)
}

/// A file or folder of the shared corpus: real rules, real events, and what
/// real engines say of them. `FIRSTSEEN_CORPUS` names its folder, and any folder
/// with files of the same form will do. `None` where it is missing.
///
/// # Errors
///
/// Those of [`missing`].
pub fn corpus(name: &str) -> Result<Option<PathBuf>> {
    let folder = match std::env::var_os("FIRSTSEEN_CORPUS") {
        // From the repository, wherever the test runs.
        Some(folder) => repository("").join(folder),
        None => repository("../shared/corpus"),
    };
    let path = folder.join(name);
    if path.exists() {
        return Ok(Some(path));
    }
    missing(format_args!("{} is not there (FIRSTSEEN_CORPUS names the folder)", path.display()))?;
    Ok(None)
}

fn is_forbidden(ci: Option<&OsStr>) -> bool {
    ci.is_some_and(|ci| ci == "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_with_ci_something_missing_is_a_failure() {
        let answers = [None, Some(""), Some("false"), Some("true")].map(|ci| is_forbidden(ci.map(OsStr::new)));
        assert_eq!(answers, [false, false, false, true]);
    }
}
