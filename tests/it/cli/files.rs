//! Files of events as arguments.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use firstseen_tests::data;
use firstseen_tests::events::{install, lines, other};
use firstseen_tests::firstseen::{Firstseen, NOW};
use serde_json::Value;
use tempfile::TempDir;

const AT: &str = "2026-11-24T11:59:00.000Z";

fn written(scratch: &TempDir, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf> {
    let path = scratch.path().join(name);
    fs::write(&path, content)?;
    Ok(path)
}

#[test]
fn files_and_standard_input_are_one_stream() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let parts = [
        lines([install("/usr/bin/a", AT), other(1)]),
        Vec::new(),
        lines([install("/usr/bin/a", AT), install("/usr/bin/b", AT)]),
        lines((0..20_000).map(other)),
        lines([install("/usr/bin/c", AT), install("/usr/bin/b", AT)]),
    ];
    let whole = Firstseen::filter()?.run(&parts.concat())?.expect_code(0)?;
    assert_eq!(whole.count("alerts")?, 3);
    let mut firstseen = Firstseen::filter()?;
    for (number, part) in parts.iter().enumerate() {
        firstseen = match number {
            2 => firstseen.arg("-"),
            _ => firstseen.arg(written(&scratch, &format!("{number}.ndjson"), part)?),
        };
    }
    let ran = firstseen.run(&parts[2])?.expect_code(0)?;
    assert!(ran.stdout == whole.stdout, "what came out differs");
    for count in ["events", "alerts", "bytes"] {
        assert_eq!(ran.count(count)?, whole.count(count)?, "{count}");
    }
    Ok(())
}

#[test]
fn an_unfinished_line_is_finished_if_there_is_more() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let (loud, quiet) = (install("/usr/bin/a", AT), other(1));
    let first = written(&scratch, "first.ndjson", format!("{quiet}\n{loud}"))?;
    let second = written(&scratch, "second.ndjson", &quiet)?;
    let empty = written(&scratch, "empty.ndjson", "")?;
    let run = |arguments: &[&str], code| {
        let firstseen = Firstseen::filter()?.args(arguments).args([&empty, &first, &empty, &second, &second, &empty]);
        firstseen.run(b"")?.expect_code(code)
    };
    let ran = run(&[], 0)?;
    let split = ran.split();
    assert_eq!(String::from_utf8(split.events)?, format!("{quiet}\n{loud}\n{quiet}\n{quiet}"));
    assert_eq!(split.alerts.len(), 1);
    assert_eq!(ran.count("events")?, 4);
    // What was read, not what was put in.
    assert_eq!(ran.count("bytes")?, (loud.len() + 3 * quiet.len() + 1) as u64);

    // A line that is too long to be an event is no exception, nor are alerts.
    let alerts = scratch.path().join("alerts.ndjson").display().to_string();
    let ran = run(&["--max-line", "10", "--alerts", &alerts], 1)?;
    assert_eq!(String::from_utf8(ran.stdout)?, format!("{quiet}\n{loud}\n{quiet}\n{quiet}"));
    assert_eq!(run(&["--only-alerts"], 0)?.text()?.lines().count(), 1);
    Ok(())
}

#[test]
fn if_a_file_cannot_be_read_none_is() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let good = written(&scratch, "good.ndjson", lines([install("/usr/bin/a", AT)]))?;
    let state = scratch.path().join("seen");
    for (wrong, cause) in [(scratch.path().join("missing"), "No such file"), (scratch.path().to_owned(), "directory")] {
        let ran = Firstseen::filter()?.arg("--state").arg(&state).args([&good, &wrong]).run(b"")?.expect_code(2)?;
        assert!(ran.stderr.contains(&format!("cannot read {}", wrong.display())), "{}", ran.stderr);
        assert!(ran.stderr.contains(cause), "{}", ran.stderr);
        assert!(ran.stdout.is_empty() && !state.exists());
    }
    Ok(())
}

#[test]
fn a_line_in_trouble_is_named_by_its_file() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let first = written(&scratch, "first.ndjson", format!("{}\n{}", other(1), other(2)))?;
    let second = written(&scratch, "second.ndjson", format!("{}\nno dpkg\n{}\n", other(1), "x".repeat(4097)))?;
    let ran = Firstseen::filter()?.args(["--max-line", "4KiB"]).args([&first, &second]).run(b"")?.expect_code(0)?;
    for line in ["line 2: not ", "line 3: longer"] {
        let place = format!("warning: {}: {line}", second.display());
        assert!(ran.stderr.contains(&place), "{place} is missing: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("first.ndjson"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn match_reads_files_and_standard_input() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let event = install("/usr/bin/a", AT);
    let file = written(&scratch, "events.ndjson", format!("{}\n{event}", other(1)))?;
    let missing = scratch.path().join("missing.ndjson");
    let firstseen = || -> Result<_> { Ok(Firstseen::new("match")?.args(["--format", "json", "--now", NOW])) };
    let places = |text: &str| -> Result<Vec<(Value, Value)>> {
        let objects = text.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
        Ok(objects.iter().map(|object| (object["file"].clone(), object["line"].clone())).collect())
    };
    let name = Value::from(file.display().to_string());
    let expected = [(name.clone(), 2.into()), ("-".into(), 1.into()), (name, 2.into())];

    let ran = firstseen()?.arg(&file).arg("-").arg(&file).run(&lines([&event]))?.expect_code(0)?;
    assert_eq!(places(ran.text()?)?, expected);
    // As grep does: the others are looked at.
    let ran = firstseen()?.arg(&file).arg("-").args([&missing, &file]).run(&lines([&event]))?.expect_code(2)?;
    assert_eq!(places(ran.text()?)?, expected);
    assert!(ran.stderr.contains("missing.ndjson"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn rules_may_come_from_standard_input() -> Result<()> {
    let folder = data("rules-check");
    let rules = Firstseen::new("rules")?.args(["--format", "json"]).arg(&folder).run(b"")?.expect_code(0)?;
    let again = Firstseen::new("rules")?.args(["--format", "json", "-"]).run(&rules.stdout)?.expect_code(0)?;
    assert_eq!(again.text()?, rules.text()?);
    Ok(())
}
