//! What tests need that is not in the repository.
//!
//! A test that lacks it says so and passes. With `CI=true` in the environment
//! it fails: continuous integration leaves nothing out.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::firstseen::binary;
use crate::{repository, say};

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
    say(&format!("SKIPPED: {what}"))
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

/// The folder in which `make test-e2e` or `make test-integrations` has put something together, such as
/// `servers/elasticsearch`. `None` where it has not.
///
/// # Errors
///
/// Those of [`missing`].
pub fn built(name: &str) -> Result<Option<PathBuf>> {
    let binary = binary()?;
    let target = binary.ancestors().nth(2).context("the command lies in no target folder")?;
    let built = target.join(name);
    // It is written last.
    if built.join("stamp").is_file() {
        return Ok(Some(built));
    }
    missing(format_args!(
        "{} is not there: `make test-e2e` or `make test-integrations` puts it together",
        built.display()
    ))?;
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
