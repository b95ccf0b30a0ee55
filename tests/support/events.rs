//! Events: files of them, and small ones for tests that are about what goes on
//! around them.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::json;

use crate::files_below;

/// The files of events (`.ndjson`) in and below a folder, in order.
///
/// # Errors
///
/// When a folder cannot be read.
pub fn files_of_events(folder: &Path) -> Result<Vec<PathBuf>> {
    files_below(folder, "ndjson")
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
