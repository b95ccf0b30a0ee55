//! The very component that `firstseen` embeds, in another host: Wasmtime for
//! Python, with state by `other_host.py` that answers late. The alerts are the
//! same to the byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::{Firstseen, NOW, NOW_MS};
use firstseen_tests::needs::missing;
use firstseen_tests::output::id_of;
use firstseen_tests::running::Running;
use firstseen_tests::{data, repository};
use serde_json::Value;

const WASMTIME: &str = "wasmtime==50.0.1";

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

/// The interpreter of a virtual environment with Wasmtime in it, made at the
/// first run and kept beside the other build products.
pub(crate) fn python() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-host");
    let python = folder.join("bin/python");
    let has_wasmtime = |python: &Path| {
        let check = "import importlib.metadata as m; print('wasmtime==' + m.version('wasmtime'))";
        let output = Command::new(python).args(["-c", check]).output();
        output.is_ok_and(|output| output.stdout.trim_ascii() == WASMTIME.as_bytes())
    };
    if !has_wasmtime(&python) {
        succeed(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let pip =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "20", "--retries", "1"];
        succeed(Command::new(&python).args(pip).arg(WASMTIME))?;
        ensure!(has_wasmtime(&python), "{WASMTIME} was installed and is not there");
    }
    Ok(python)
}

fn succeed(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
