//! Events: files of them, and small ones for tests that are about what goes on
//! around them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::json;

/// The files of events (`.ndjson`) in and below a folder, in order.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn files_of_events(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "ndjson") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A `dpkg -i` by a parent, as one line without newline. It matches the
/// built-in rule.
#[must_use]
pub fn install(parent: &str, at: &str) -> String {
    json!({
        "@timestamp": at,
        "event": {"kind": "event", "category": ["process"], "type": ["start"], "action": "exec"},
        "host": {"name": "host-1", "os": {"type": "linux"}},
        "process": {
            "name": "dpkg",
            "executable": "/usr/bin/dpkg",
            "args": ["dpkg", "-i", "hello.deb"],
            "parent": {"executable": parent},
        },
    })
    .to_string()
}

/// An event that matches no rule, as one line without newline.
#[must_use]
pub fn other(number: usize) -> String {
    json!({
        "@timestamp": "2026-11-24T12:00:00.000Z",
        "event": {"category": ["file"], "action": "creation"},
        "file": {"path": format!("/tmp/file-{number}")},
    })
    .to_string()
}

/// Lines, each with a newline.
#[must_use]
pub fn lines<T: AsRef<str>>(lines: impl IntoIterator<Item = T>) -> Vec<u8> {
    lines.into_iter().flat_map(|line| [line.as_ref().as_bytes(), b"\n"].concat()).collect()
}
