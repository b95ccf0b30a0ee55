//! Golden files: what was found right once, to be compared with and to be
//! reviewed when it changes.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::data;

/// Compares a value with `tests/data/golden/<name>.json`. With `BLESS=1` in the
/// environment the file is rewritten instead.
///
/// # Errors
///
/// When they differ, member order included; both are in the error.
pub fn check(name: &str, actual: &Value) -> Result<()> {
    check_text(&format!("{name}.json"), &format!("{actual:#}\n"))
}

/// Compares a text with the file `tests/data/golden/<name>`, or rewrites it.
///
/// # Errors
///
/// When they differ; what came is in the error.
pub fn check_text(name: &str, actual: &str) -> Result<()> {
    check_file(&data("golden").join(name), actual)
}

/// Compares a text with a file that lies elsewhere, or rewrites it.
///
/// # Errors
///
/// When they differ; what came is in the error.
pub fn check_file(path: &Path, actual: &str) -> Result<()> {
    if std::env::var_os("BLESS").is_some_and(|bless| bless == "1") {
        return fs::write(path, actual).with_context(|| path.display().to_string());
    }
    let hint = || format!("{}; BLESS=1 writes it", path.display());
    let expected = fs::read_to_string(path).with_context(hint)?;
    let differing = expected.lines().zip(actual.lines()).position(|(left, right)| left != right);
    ensure!(
        expected == actual,
        "{} differs from line {} on; if that is right, BLESS=1 rewrites it. What came:\n{actual}",
        path.display(),
        differing.map_or(0, |place| place + 1)
    );
    Ok(())
}
