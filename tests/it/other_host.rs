//! The very component that `firstseen` embeds, in another host: Wasmtime for
//! Python, with state by `other_host.py` that answers late. The alerts are the
//! same to the byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use firstseen_tests::firstseen::{Firstseen, NOW, NOW_MS};
use firstseen_tests::needs::missing;
use firstseen_tests::output::id_of;
use firstseen_tests::running::Running;
use firstseen_tests::{data, python, repository};
use serde_json::Value;

#[test]
fn raises_the_same_alerts() -> Result<()> {
    let python = match python() {
        Ok(python) => python,
        Err(error) => return missing(format_args!("there is no Python with Wasmtime: {error:#}")),
    };
    let scratch = tempfile::tempdir()?;
    let component = scratch.path().join("firstseen.wasm");
    Firstseen::new("module")?.arg("--output").arg(&component).run(b"")?.expect_code(0)?;
    let files = event_files()?;

    let mut command = Command::new(python);
    command.arg(repository("tests/it/other_host.py")).arg(&component).arg(NOW_MS.to_string()).args(&files);
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let theirs = Running::new(child).finish()?.expect_code(0)?;
    let theirs: Vec<&str> = theirs.text()?.lines().collect();
    ensure!(theirs.len() == files.len(), "{} answers for {} files", theirs.len(), files.len());

    let (mut compared, mut asked) = (0, 0);
    for (file, theirs) in files.iter().zip(theirs) {
        let theirs: Value = serde_json::from_str(theirs)?;
        let ran = Firstseen::filter()?.args(["--clock", "event", "--only-alerts"]).stdin_file(file)?.run(b"")?;
        // There are lines that cannot be judged.
        let code = i32::from(ran.count("unjudged")? > 0);
        let ours: Vec<(String, String)> = ran
            .expect_code(code)?
            .split()
            .alerts
            .into_iter()
            .map(|document| Ok((id_of(&document)?, document)))
            .collect::<Result<_>>()?;
        compared += ours.len();
        asked += theirs.get("rounds").and_then(Value::as_u64).unwrap_or_default();
        assert_eq!(theirs.get("alerts"), Some(&serde_json::json!(ours)), "{}", file.display());
    }
    ensure!(compared > 100, "only {compared} alerts were compared");
    ensure!(asked >= 10, "the module asked only {asked} times");
    Ok(())
}

/// The constants say the same.
#[test]
fn now_is_now() {
    assert_eq!(NOW, "2026-11-24T12:00:00Z");
    // Days from 1970-01-01 to 2026-11-24, and half a day.
    let days = (0..56).map(|year| if (year + 2) % 4 == 0 { 366 } else { 365 }).sum::<i64>() + 327;
    assert_eq!(NOW_MS, days * 86_400_000 + 43_200_000);
}

/// The events of all cases, and the recorded ones.
pub(crate) fn event_files() -> Result<Vec<PathBuf>> {
    let mut files = vec![data("dpkg-i-recorded.ndjson")];
    for entry in fs::read_dir(data("dpkg"))? {
        files.push(entry?.path().join("events.ndjson"));
    }
    files.sort();
    Ok(files)
}

/// A file as text; a line that is not UTF-8 is left empty, as no string could hold it.
pub(crate) fn text_of(path: &Path) -> Result<String> {
    let content = fs::read(path)?;
    let lines: Vec<_> = content.split(|&byte| byte == b'\n').map(|line| str::from_utf8(line).unwrap_or("")).collect();
    Ok(lines.join("\n"))
}

/// An interpreter with Wasmtime in it.
pub(crate) fn python() -> Result<PathBuf> {
    python::environment(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-host"), &[python::WASMTIME])
}
