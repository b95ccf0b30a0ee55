//! Index and prefilter change nothing: with `FIRSTSEEN_NO_INDEX` the same alerts
//! come out of all events of the corpus.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::corpus;

use super::pairs::document_files;
use super::say;

#[test]
fn shortcuts_change_nothing() -> Result<()> {
    let (Some(rules), Some(events)) = (corpus("elastic")?, corpus("events")?) else { return Ok(()) };
    let scratch = tempfile::tempdir()?;
    let stream = scratch.path().join("events.ndjson");
    let mut all = Vec::new();
    let files = document_files(&events)?;
    for file in files.keys() {
        all.extend(fs::read(file)?);
        if !all.ends_with(b"\n") {
            all.push(b'\n');
        }
    }
    fs::write(&stream, &all)?;

    let built_in: &[&Path] = &[];
    for rules in [built_in, &[&rules]] {
        let run = |no_index: &str| -> Result<Vec<u8>> {
            let mut filter = Firstseen::filter()?.args(["--only-alerts", "--clock", "event"]);
            for path in rules {
                filter = filter.arg("--rules").arg(path);
            }
            // Without an index a call takes its time.
            let filter = filter.args(["--call-timeout", "60s"]).env("FIRSTSEEN_NO_INDEX", no_index);
            Ok(filter.stdin_file(&stream)?.run(b"")?.expect_code(0)?.stdout)
        };
        let (with, without) = (run("")?, run("1")?);
        ensure!(!with.is_empty(), "there are no alerts");
        ensure!(with == without, "with and without index and prefilter the alerts differ");
        let alerts = with.iter().filter(|&&byte| byte == b'\n').count();
        say(&format!("{} files, {} bytes: {alerts} alerts with and without index", files.len(), all.len()))?;
    }
    Ok(())
}
