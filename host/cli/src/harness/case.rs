//! Cases: finding and reading them.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::own_files::own_files;
use crate::args::{Input, OwnFiles};
use crate::stream::{BYTE_ORDER_MARK, Beginning};

/// How deep below the given folder cases are looked for.
const MAX_DEPTH: usize = 8;

/// Largest `events.ndjson` in bytes: all of it is one batch.
const EVENTS_BYTES_MAX: u64 = 32 << 20;

/// A case as it lies on disk.
pub(crate) struct Case {
    pub(crate) name: String,
    folder: PathBuf,
    pub(crate) events: Vec<u8>,
    /// `None`: there is no `expected.ndjson` yet.
    pub(crate) expected: Option<Vec<Map<String, Value>>>,
    /// What is its own of all that events are judged with.
    pub(crate) own: OwnFiles,
    pub(crate) state: Vec<KnownTerm>,
    /// The arrival time of the events, if it says that.
    now_ms: Option<i64>,
}

/// A term known beforehand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnownTerm {
    /// Which rule knows it; may be left out where only one rule runs.
    pub(crate) rule_id: Option<String>,
    /// The values, one for each of the rule's new-terms fields.
    pub(crate) term: Vec<String>,
    /// When it was sighted.
    pub(crate) at: Timestamp,
}

/// The folders at and below `root` that hold an `events.ndjson`, sorted.
///
/// # Errors
///
/// When a folder cannot be read, or there is no case.
pub(crate) fn find_cases(root: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    collect(root, 0, &mut folders)?;
    ensure!(!folders.is_empty(), "{}: no case here; a case is a folder with an events.ndjson", root.display());
    folders.sort();
    Ok(folders)
}

fn collect(folder: &Path, depth: usize, folders: &mut Vec<PathBuf>) -> Result<()> {
    if folder.join("events.ndjson").is_file() {
        folders.push(folder.to_owned());
    }
    if depth == MAX_DEPTH {
        return Ok(());
    }
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), depth + 1, folders)?;
        }
    }
    Ok(())
}

/// What a case is called: its path below the folder the cases were looked for in.
pub(crate) fn case_name(root: &Path, folder: &Path) -> String {
    let name = folder.strip_prefix(root).unwrap_or(folder).display().to_string();
    if name.is_empty() { folder.display().to_string() } else { name }
}

impl Case {
    /// Reads a case that was found below `root`.
    ///
    /// # Errors
    ///
    /// Names the file and line at fault.
    pub(crate) fn read(root: &Path, folder: &Path, name: &str) -> Result<Self> {
        let events_path = folder.join("events.ndjson");
        let events = read_events(&events_path)?;
        let expected_path = folder.join("expected.ndjson");
        Ok(Self {
            name: name.to_owned(),
            expected: expected_path.exists().then(|| read_lines(&expected_path)).transpose()?,
            own: own_files(root, folder)?,
            state: match folder.join("state.ndjson") {
                path if path.exists() => read_lines(&path)?,
                _ => Vec::new(),
            },
            now_ms: match folder.join("now") {
                path if path.exists() => Some(read_time(&path)?),
                _ => None,
            },
            folder: folder.to_owned(),
            events,
        })
    }

    /// The arrival time of the events: its own, else `default_ms`, else as if they
    /// had arrived when the last of them happened.
    pub(crate) fn arrival_ms(&self, default_ms: Option<i64>) -> i64 {
        self.now_ms.or(default_ms).unwrap_or_else(|| latest_timestamp_ms(&self.events))
    }

    /// Replaces `expected.ndjson`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub(crate) fn bless(&self, lines: &[String]) -> Result<()> {
        let path = self.folder.join("expected.ndjson");
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The events of a file, which may be compressed.
fn read_events(path: &Path) -> Result<Vec<u8>> {
    let context = || path.display().to_string();
    let stream = Input::File(path.to_owned()).open().with_context(context)?;
    let mut events = Vec::new();
    stream.take(EVENTS_BYTES_MAX + 1).read_to_end(&mut events).with_context(context)?;
    ensure!(events.len() as u64 <= EVENTS_BYTES_MAX, "{}: larger than 32 MiB", path.display());
    let mut beginning = Beginning::default();
    if let Some(impression) = beginning.push(&events).or_else(|| beginning.end()) {
        bail!("{}: {impression}", path.display());
    }
    Ok(events.strip_prefix(BYTE_ORDER_MARK).map(<[u8]>::to_vec).unwrap_or(events))
}

/// The lines of an NDJSON file; blank ones are skipped.
fn read_lines<T: serde::de::DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| format!("{}: line {}", path.display(), number + 1))
    };
    lines.map(parse).collect()
}

fn read_time(path: &Path) -> Result<i64> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    match text.trim().parse::<Timestamp>() {
        Ok(time) => Ok(time.as_millisecond()),
        Err(error) => bail!("{}: {error}; write a time such as 2026-11-24T12:00:00Z", path.display()),
    }
}

/// The latest `@timestamp` of events, in epoch milliseconds.
fn latest_timestamp_ms(events: &[u8]) -> i64 {
    let timestamp = |line: &[u8]| {
        let event: Map<String, Value> = serde_json::from_slice(line).ok()?;
        event.get("@timestamp")?.as_str()?.parse::<Timestamp>().ok()
    };
    let latest = events.split(|&byte| byte == b'\n').filter_map(timestamp).max();
    latest.map_or(0, |time| time.as_millisecond())
}
