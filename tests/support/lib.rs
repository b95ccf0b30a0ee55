//! What the tests from outside share: a generator of endpoint events, the
//! built `firstseen`, its output taken apart, golden files, vectors of the
//! corpus, and what to do without what they need.

pub mod cluster;
pub mod elasticsearch;
pub mod endpoint_events;
pub mod eql_sequences;
pub mod eql_vectors;
pub mod events;
pub mod firstseen;
pub mod golden;
pub mod mappings;
pub mod needs;
pub mod output;
pub mod plain_host;
pub mod proxy;
pub mod python;
pub mod rng;
pub mod running;
pub mod stored;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// A file or folder below `tests/data`.
#[must_use]
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// A file or folder of the repository.
#[must_use]
pub fn repository(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

/// The files with an extension in and below a folder, in order.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn files_below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Writes a line past the capture of the test's output, so that it is seen without a
/// failure too.
///
/// # Errors
///
/// When it cannot be written.
pub fn say(line: &str) -> Result<()> {
    Ok(writeln!(std::io::stderr(), "{line}")?)
}
