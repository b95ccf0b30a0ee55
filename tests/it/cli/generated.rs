//! Completions and manual pages.

use std::process::Command;

use anyhow::Result;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::missing;

#[test]
fn completions_know_the_subcommands_and_flags() -> Result<()> {
    for shell in ["bash", "zsh", "fish"] {
        let ran = Firstseen::new("completions")?.arg(shell).run(b"")?.expect_code(0)?;
        let script = ran.text()?;
        for word in ["filter", "module", "only-alerts", "call-timeout", "bless"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        assert_eq!(ran.stderr, "");
    }
    Firstseen::new("completions")?.arg("tcl").run(b"")?.expect_code(64)?;
    Ok(())
}

#[test]
fn bash_takes_its_completions() -> Result<()> {
    let script = Firstseen::new("completions")?.arg("bash").run(b"")?.expect_code(0)?;
    let complete = r#"
        COMP_WORDS=(firstseen filter --only) COMP_CWORD=2
        _firstseen firstseen --only filter
        echo "${COMPREPLY[@]}""#;
    let text = [script.text()?, complete].concat();
    match Command::new("bash").args(["--norc", "-c", &text]).output() {
        Ok(output) => assert_eq!(String::from_utf8(output.stdout)?, "--only-alerts\n"),
        Err(error) => missing(format_args!("there is no bash: {error}"))?,
    }
    Ok(())
}

#[test]
fn manual_pages() -> Result<()> {
    let page = Firstseen::new("man")?.run(b"")?.expect_code(0)?;
    for part in [".TH firstseen", ".SH NAME", ".SH SYNOPSIS", "Exit status"] {
        assert!(page.text()?.contains(part), "{part}: {}", page.text()?);
    }
    let filter = Firstseen::new("man")?.arg("filter").run(b"")?.expect_code(0)?;
    assert!(filter.text()?.contains("call\\-timeout"), "{}", filter.text()?);
    let unknown = Firstseen::new("man")?.arg("brew").run(b"")?.expect_code(2)?;
    assert!(unknown.stderr.contains("brew"), "{}", unknown.stderr);
    Ok(())
}
