//! `ls` and `get`.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::process::Stdio;

use firstseen_tests::running::Running;

use super::*;

#[test]
fn terms_come_in_order_with_their_first_and_last_sighting() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let times = [("/usr/bin/b", AT), ("/tmp/a", "2026-11-20T00:00:00Z"), ("/tmp/a", "2026-11-24T10:00:00.5Z")];
    filter(&path, &[], &installs(&times))?.expect_code(0)?;
    let a = format!("2026-11-20T00:00:00.000Z  2026-11-24T10:00:00.500Z  {KEY}  [\"/tmp/a\"]");
    let b = format!("2026-11-24T11:59:00.000Z  2026-11-24T11:59:00.000Z  {KEY}  [\"/usr/bin/b\"]");
    let listed = |options: &[&str]| run("ls", options, &path, &[]);
    for (options, expected) in [
        (&[][..], &[&*a, &*b][..]),
        (&["--rule", RULE], &[&a, &b]),
        (&["--rule", KEY], &[&a, &b]),
        (&["--like", "/tmp/*"], &[&a]),
        (&["--like", "*/b", "--rule", RULE], &[&b]),
        (&["--like", "[\"/usr/*"], &[&b]),
    ] {
        assert_eq!(written(&listed(options)?.expect_code(0)?)?, expected, "{options:?}");
    }
    let none = listed(&["--like", "/opt/*"])?.expect_code(1)?;
    assert_eq!((none.text()?, &*none.stderr), ("", ""));
    Ok(())
}

#[test]
fn a_term_is_shown_with_all_its_stretches() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let times = [("/tmp/a b", AT), ("/tmp/a b", "2026-11-01T00:00:00Z"), ("/tmp/a b", "2026-11-24T10:00:00Z")];
    filter(&path, &[], &installs(&times))?.expect_code(0)?;
    for term in ["/tmp/a b", "[\"/tmp/a b\"]", " [ \"/tmp/a b\" ] "] {
        let ran = run("get", &["--rule", RULE], &path, &[term])?.expect_code(0)?;
        let expected = [
            format!("rule     {KEY}"),
            "term     [\"/tmp/a b\"]".to_owned(),
            "seen     2026-11-01T00:00:00.000Z".to_owned(),
            "seen     2026-11-24T10:00:00.000Z to 2026-11-24T11:59:00.000Z".to_owned(),
            "expires  2026-12-04T12:00:00.000Z".to_owned(),
        ];
        assert_eq!(written(&ran)?, expected);
    }
    let json = run("get", &["--rule", RULE, "--format", "json"], &path, &["/tmp/a b"])?.expect_code(0)?;
    let listed = run("ls", &["--format", "json"], &path, &[])?.expect_code(0)?;
    assert_eq!(json.text()?, listed.text()?);
    let none = run("get", &["--rule", RULE], &path, &["/tmp/a"])?.expect_code(1)?;
    assert!(none.stdout.is_empty());
    Ok(())
}

#[test]
fn what_could_do_harm_on_a_terminal_is_masked() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    seen(&path, &["/tmp/\u{1b}[31m\u{202e}x"])?;
    for options in [&[][..], &["--format", "json"]] {
        let ran = run("ls", options, &path, &[])?.expect_code(0)?;
        assert!(!ran.text()?.contains(['\u{1b}', '\u{202e}']), "{}", ran.text()?);
    }
    Ok(())
}

/// So many terms, as an export has them.
fn write_terms(path: &Path, terms: usize, term_bytes: usize) -> Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let long = "x".repeat(term_bytes);
    for number in 0..terms {
        let term = format!("[\"{number:08}{long}\"]");
        writeln!(out, "{}", json!({"rule": KEY, "term": term, "spans_ms": [[0, 1]], "expires_ms": i64::MAX}))?;
    }
    Ok(out.flush()?)
}

/// The memory that a process has had at most, in MB.
fn peak_mb(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? / 1000)
}

#[test]
fn a_long_list_takes_little_memory_and_may_be_left() -> Result<()> {
    const TERMS: usize = 100_000;
    let scratch = tempfile::tempdir()?;
    let [path, lines] = ["seen", "terms.ndjson"].map(|name| scratch.path().join(name));
    // 200 MB of them.
    write_terms(&lines, TERMS, 2_000)?;
    state("import")?.arg(&path).arg(&lines).run(b"")?.expect_code(0)?;
    for subcommand in ["ls", "export"] {
        let mut child = state(subcommand)?.arg(&path).into_command().stdout(Stdio::piped()).spawn()?;
        let mut out = BufReader::new(child.stdout.take().context("no pipe")?);
        let mut line = String::new();
        for number in 0..TERMS - 1_000 {
            line.clear();
            out.read_line(&mut line)?;
            let before_is_rule = usize::from(subcommand == "export");
            let wanted = format!("{:08}x", number.saturating_sub(before_is_rule));
            assert!(number == 0 || line.contains(&wanted), "{number}");
        }
        // What is left is more than a pipe holds, so that the process is still there.
        let peak = peak_mb(child.id())?;
        assert!(peak < 150, "{subcommand} took {peak} MB");
        // A reader that has seen enough, such as `head`, is no error.
        out.read_exact(&mut [0; 10])?;
        drop(out);
        let ran = Running::new(child).finish()?.expect_code(0)?;
        assert_eq!(ran.stderr, "");
    }
    Ok(())
}
