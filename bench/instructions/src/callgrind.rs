//! Counting by valgrind.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

/// Says how to get valgrind if it is not there.
pub(crate) fn ensure_installed() -> Result<()> {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    ensure!(version.is_ok_and(|status| status.success()), "valgrind is not installed: apt-get install valgrind");
    Ok(())
}

/// The instructions that the work of a case takes.
pub(crate) fn count(case: &str, rules: Option<&Path>) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let profile = folder.path().join("callgrind.out");
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--quiet", "--tool=callgrind", "--toggle-collect=*evaluate_counted*"])
        .arg(format!("--callgrind-out-file={}", profile.display()))
        .arg(env::current_exe()?)
        .args(["--work", case]);
    if let Some(rules) = rules {
        valgrind.arg("--rules").arg(rules);
    }
    let output = valgrind.stderr(Stdio::inherit()).output().context("valgrind")?;
    ensure!(output.status.success(), "valgrind: {}", output.status);
    match total(&fs::read_to_string(&profile)?) {
        Some(count @ 1..) => Ok(count),
        _ => bail!("callgrind counted nothing of {case}"),
    }
}

/// The instructions of a profile.
fn total(profile: &str) -> Option<u64> {
    profile.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_found() {
        assert_eq!(total("version: 1\nevents: Ir\nsummary: 12\n\nfn=(1)\n1 2\n\ntotals: 12\n"), Some(12));
        assert_eq!(total("version: 1\n"), None);
    }
}
