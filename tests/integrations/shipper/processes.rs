//! Processes that a test did not start itself, as Linux shows them in `/proc`.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A process that is still in the table though it has ended.
const ZOMBIE: &str = "Z";
const STOPPED: &str = "T";

/// SIGTERM, which is 15, in a mask of signals.
const TERM: u64 = 1 << 14;

/// State and parent of a process. `None` where there is none.
fn state_and_parent(id: u32) -> Option<(String, u32)> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in front may hold anything.
    let mut rest = stat.rsplit_once(") ")?.1.split(' ');
    Some((rest.next()?.to_owned(), rest.next()?.parse().ok()?))
}

/// The processes that a process has started, as long as it runs.
///
/// # Errors
///
/// When there is no `/proc`.
pub(super) fn children(parent: u32) -> Result<Vec<u32>> {
    let entries = fs::read_dir("/proc").context("there is no /proc")?;
    let ids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(ids.filter(|&id| state_and_parent(id).is_some_and(|(_, of)| of == parent)).collect())
}

/// The name of a process.
pub(super) fn name(id: u32) -> Option<String> {
    Some(fs::read_to_string(format!("/proc/{id}/comm")).ok()?.trim_end().to_owned())
}

/// Whether a process has not ended: any of its threads, for each of them has its files
/// open.
pub(super) fn runs(id: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{id}/task")).map_or(0, Iterator::count);
    threads > 1 || state_and_parent(id).is_some_and(|(state, _)| state != ZOMBIE)
}

/// Whether a process is stopped.
pub(super) fn is_stopped(id: u32) -> bool {
    state_and_parent(id).is_some_and(|(state, _)| state == STOPPED)
}

/// Whether a process does something of its own when it is to end.
pub(super) fn catches_term(id: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & TERM != 0)
}

/// Bytes that a process has written so far, to whatever it was.
///
/// # Errors
///
/// When the system cannot say.
pub(super) fn written(id: u32) -> Result<u64> {
    let counts = fs::read_to_string(format!("/proc/{id}/io"))?;
    let count = counts.lines().find_map(|line| line.strip_prefix("wchar: ")).context("nothing is counted")?;
    Ok(count.parse()?)
}

/// Sends a signal: `STOP`, `KILL`.
///
/// # Errors
///
/// When there is no such process.
pub(super) fn signal(id: u32, name: &str) -> Result<()> {
    let status = Command::new("sh").args(["-c", r#"kill -s "$0" "$1""#, name, &id.to_string()]).status()?;
    ensure!(status.success(), "cannot send {name} to {id}");
    Ok(())
}
