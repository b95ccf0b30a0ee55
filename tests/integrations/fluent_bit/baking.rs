//! What is baked, and what is not.

use std::fs;

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::{Firstseen, NOW_MS};
use serde_json::json;
use wasmparser::{Parser, Payload};

use super::host::FluentBit;
use super::{bake, new_terms, said, write_rule};
use crate::write_module;

/// The first byte of all vector instructions.
const VECTOR: u8 = 0xfd;

#[test]
fn it_has_no_imports_and_no_vector_instructions() -> Result<()> {
    let baked = bake(&[])?;
    let (mut exports, mut instructions) = (Vec::new(), 0);
    for payload in Parser::new(0).parse_all(&baked) {
        match payload? {
            Payload::ImportSection(imports) => assert_eq!(imports.count(), 0),
            Payload::ExportSection(all) => {
                exports = all.into_iter().map(|export| Ok(export?.name.to_owned())).collect::<Result<_>>()?;
            }
            Payload::CodeSectionEntry(function) => {
                for place in function.get_operators_reader()?.into_iter_with_offsets() {
                    let (_, offset) = place?;
                    ensure!(baked[offset] != VECTOR, "a vector instruction at byte {offset}");
                    instructions += 1;
                }
            }
            _ => {}
        }
    }
    ensure!(instructions > 100_000, "only {instructions} instructions");
    for name in ["memory", "malloc", "free", "firstseen", "firstseen_configure"] {
        ensure!(exports.iter().any(|export| export == name), "{name}: {exports:?}");
    }
    Ok(())
}

#[test]
fn it_still_is_a_plain_module() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = write_rule(scratch.path(), &new_terms("r", "a"))?;
    let reports = FluentBit::start(&bake(&["--rules", &rules])?)?.configure()?;
    ensure!(reports.lines().count() == 1 && reports.contains(r#"{"loaded":{"rule-id":"r","#), "{reports}");
    let plain = scratch.path().join("plain.wasm");
    write_module(&["--plain", "--scalar"], &plain)?;
    let reports = FluentBit::start(&fs::read(&plain)?)?.configure()?;
    ensure!(reports.contains("DPKG Package Installed"), "{reports}");
    Ok(())
}

#[test]
fn rules_that_do_not_run_are_named() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let mut wrong = new_terms("wrong", "a");
    wrong["query"] = json!("a: (");
    write_rule(scratch.path(), &wrong)?;
    write_rule(scratch.path(), &new_terms("right", "a"))?;
    let folder = scratch.path().to_str().context("no text")?;
    let output = scratch.path().join("baked.wasm");
    let ran = |more: &[&str]| {
        Firstseen::new("module")?.args(["bake", "--rules", folder]).args(more).arg("--output").arg(&output).run(b"")
    };
    let strict = ran(&["--strict"])?.expect_code(2)?;
    ensure!(strict.stderr.contains("wrong") && !output.exists(), "{}", strict.stderr);
    let baked = ran(&[])?.expect_code(1)?;
    ensure!(baked.stderr.contains("not used: ") && baked.stderr.contains("baked 1 rules"), "{}", baked.stderr);
    let first = said(&FluentBit::start(&fs::read(&output)?)?.filter("{}", NOW_MS)?.context("dropped")?)?;
    let started = &first["started"];
    assert_eq!((&started["rules"], &started["refused"][0]["rule_id"]), (&json!(1), &json!("wrong")));
    ensure!(started["refused"][0]["cause"].as_str().context("no cause")?.starts_with("query: "), "{started}");
    Ok(())
}

#[test]
fn what_is_no_module_of_ours_is_refused() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let write = |name: &str, bytes: &[u8]| -> Result<String> {
        let path = scratch.path().join(name);
        fs::write(&path, bytes)?;
        Ok(path.to_str().context("no text")?.to_owned())
    };
    let (plain, component) = (scratch.path().join("plain.wasm"), scratch.path().join("component.wasm"));
    write_module(&["--plain"], &plain)?;
    write_module(&[], &component)?;
    let baked = bake(&[])?;
    for (path, cause) in [
        (write("text.wasm", b"text")?, "it is no WebAssembly module"),
        (write("empty.wasm", b"\0asm\x01\0\0\0")?, "it exports no firstseen_baked"),
        (write("cut.wasm", &baked[..baked.len() / 2])?, "it is no WebAssembly module"),
        (write("baked.wasm", &baked)?, "rules were baked into it already"),
        (plain.to_str().context("no text")?.to_owned(), "vector instructions"),
        (component.to_str().context("no text")?.to_owned(), "it is a component"),
    ] {
        let ran =
            Firstseen::new("module")?.args(["bake", "--output", "-", "--module", &path]).run(b"")?.expect_code(2)?;
        ensure!(ran.stdout.is_empty() && ran.stderr.contains(cause), "{path}: {}", ran.stderr);
        ensure!(ran.stderr.contains(&path) && ran.stderr.contains("--plain --scalar"), "{}", ran.stderr);
    }
    // A module that another command of this version wrote will do.
    write_module(&["--plain", "--scalar"], &plain)?;
    assert_eq!(bake(&["--module", plain.to_str().context("no text")?])?, baked);
    Ok(())
}

#[test]
fn the_command_is_called_as_its_help_says() -> Result<()> {
    for wrong in [&["bake"][..], &["--plain", "bake", "--output", "-"], &["bake", "--output", "-", "--learn", "x"]] {
        Firstseen::new("module")?.args(wrong).run(b"")?.expect_code(64)?;
    }
    let help = Firstseen::new("module")?.args(["bake", "--help"]).run(b"")?.expect_code(0)?;
    ensure!(help.text()?.contains("Exit status"), "{}", help.text()?);
    Ok(())
}
