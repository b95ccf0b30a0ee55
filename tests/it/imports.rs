//! What the component asks of a host, read from the file that `firstseen
//! module` writes.

use std::fs;
use std::process::Command;

use anyhow::Result;
use firstseen_test_components::Interfaces;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::missing;

#[test]
fn logging_and_nothing_else() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("firstseen.wasm");
    let ran = Firstseen::new("module")?.arg("--output").arg(&path).run(b"")?.expect_code(0)?;
    assert!(ran.stdout.is_empty() && ran.stderr.is_empty());

    let Interfaces { imports, exports, packages } = Interfaces::of(&fs::read(&path)?)?;
    assert_eq!(imports, ["firstseen:detection/logging@0.2.0"]);
    assert_eq!(exports, ["firstseen:detection/state@0.2.0", "firstseen:detection/detector@0.2.0"]);
    assert!(packages.iter().all(|name| !name.starts_with("wasi:")), "{packages:?}");
    Ok(())
}

#[test]
fn the_written_component_is_the_built_in_one() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("firstseen.wasm");
    Firstseen::new("module")?.arg("--output").arg(&path).run(b"")?.expect_code(0)?;
    let built_in = Firstseen::new("module")?.run(b"")?.expect_code(0)?;
    let written = Firstseen::new("module")?.arg("--module").arg(&path).run(b"")?.expect_code(0)?;
    assert_eq!(built_in.text()?, written.text()?);
    let description: serde_json::Value = serde_json::from_str(built_in.text()?)?;
    let rule = description.pointer("/rules/0/new_terms_fields/0").and_then(serde_json::Value::as_str);
    assert_eq!(rule, Some("process.parent.executable"));

    let ran = Firstseen::new("module")?.args(["--output", "-"]).run(b"")?.expect_code(0)?;
    assert!(ran.stdout == fs::read(&path)?, "standard output has another component");
    assert_eq!(ran.stderr, "");

    let nowhere = scratch.path().join("missing/firstseen.wasm");
    let ran = Firstseen::new("module")?.arg("--output").arg(&nowhere).run(b"")?.expect_code(2)?;
    assert!(ran.stderr.contains(&*nowhere.to_string_lossy()), "{}", ran.stderr);
    Ok(())
}

#[test]
fn no_component_is_written_to_a_terminal() -> Result<()> {
    let firstseen = firstseen_tests::firstseen::binary()?;
    let command = format!("'{}' module --output -", firstseen.display());
    // It gives the command a terminal, and passes on how it ends.
    match Command::new("script").args(["--quiet", "--return", "--command", &command, "/dev/null"]).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(2), "{text}");
            assert!(text.contains("a terminal: name a file"), "{text}");
        }
        Err(error) => missing(format_args!("there is no script: {error}"))?,
    }
    Ok(())
}
