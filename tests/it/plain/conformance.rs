//! The cases that every host of the module runs, `integrations/conformance`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use firstseen_tests::plain_host::{Host, compile, transcript};
use firstseen_tests::{golden, repository};

use super::{SHAPES, module};

#[test]
fn both_modules_give_the_transcripts() -> Result<()> {
    let cases = cases()?;
    ensure!(cases.len() >= 6, "only {} cases", cases.len());
    for (shape, has_simd) in [(SHAPES[0], true), (SHAPES[1], false)] {
        let module = compile(&module(shape)?, has_simd)?;
        for case in &cases {
            let transcript = transcript(&mut Host::new(&module)?, case).with_context(|| case.display().to_string())?;
            golden::check_file(&case.join("transcript.ndjson"), &transcript)?;
        }
    }
    Ok(())
}

/// Cases in which nothing happens, or everything, would say little.
#[test]
fn the_cases_have_every_kind_of_line() -> Result<()> {
    let mut all = String::new();
    for case in cases()? {
        all += &fs::read_to_string(case.join("transcript.ndjson"))?;
    }
    for part in [
        r#"{"report":{"loaded":"#,
        r#"{"report":{"refused":"#,
        r#"{"report":{"unusable":"#,
        r#"{"report":{"warning":"#,
        r#""answer":{"sighting":"unseen"}"#,
        r#""answer":{"sighting":"seen"}"#,
        r#""answer":{"sighting":"deferred"}"#,
        r#"{"given":{"alert":{"rule":0,"#,
        r#"{"given":{"alert":{"rule":null,"#,
        r#"{"given":{"unjudged":{"#,
        r#""cause":"work""#,
        r#"{"given":{"remark":{"#,
    ] {
        ensure!(all.contains(part), "no transcript has {part}");
    }
    Ok(())
}

fn cases() -> Result<Vec<PathBuf>> {
    let folder = fs::read_dir(repository("integrations/conformance/cases"))?;
    let mut cases: Vec<_> = folder.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    cases.sort();
    Ok(cases)
}
