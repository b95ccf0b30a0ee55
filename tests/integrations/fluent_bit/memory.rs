//! How much memory it takes, and what happens when there is none.

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::install;
use firstseen_tests::firstseen::NOW_MS;
use serde_json::json;

use super::host::FluentBit;
use super::{bake, new_terms, said, write_rule};

const NOW: &str = "2026-11-24T12:00:00Z";

/// Terms that the module remembers.
const TERMS_MAX: usize = 100_000;

/// Terms of a record.
const TERMS: usize = 1_000;

/// How much memory the module may take: for itself, one rule, and what it remembers.
const MEMORY_BYTES_MAX: usize = 48 << 20;

#[test]
fn what_is_remembered_has_a_bound() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = write_rule(scratch.path(), &new_terms("r", "a"))?;
    // What is learned raises nothing, and has no quota.
    let mut filter = FluentBit::start(&bake(&["--rules", &rules, "--learn", "1d"])?)?;
    let record = |filter: &mut FluentBit, number: usize| -> Result<Option<String>> {
        let terms: Vec<String> = (0..TERMS).map(|term| format!("{number}-{term}-{}", "x".repeat(64))).collect();
        let given = filter.filter(json!({ "a": terms }).to_string(), NOW_MS)?.context("dropped")?;
        Ok(said(&given).ok().and_then(|said| Some(said["warnings"][0].as_str()?.to_owned())))
    };
    let mut warnings = Vec::new();
    for number in 0..TERMS_MAX / TERMS {
        warnings.extend(record(&mut filter, number)?);
    }
    let (full, said_when_full) = (filter.memory_bytes(), warnings.len());
    for number in TERMS_MAX / TERMS..1_000_000 / TERMS {
        warnings.extend(record(&mut filter, number)?);
    }
    println!("{full} bytes with {TERMS_MAX} terms, {} after a million", filter.memory_bytes());
    ensure!(said_when_full == 0 && warnings.len() == 1 && warnings[0].contains("memory is full"), "{warnings:?}");
    ensure!(filter.memory_bytes() <= MEMORY_BYTES_MAX, "{} bytes", filter.memory_bytes());
    Ok(())
}

#[test]
fn records_pass_when_memory_cannot_grow() -> Result<()> {
    let mut filter = FluentBit::start(&bake(&[])?)?;
    filter.filter("{}", NOW_MS)?.context("dropped")?;
    let event = install("/bin/sh", NOW);
    let record = filter.give(format!("{event}\0").as_bytes())?;
    // All that is left is taken.
    filter.limit_memory(filter.memory_bytes());
    let mut pieces = Vec::new();
    for length in [1 << 20, 1 << 16, 1 << 10] {
        while pieces.len() < 4_000 {
            match filter.give(&vec![1; length])? {
                0 => break,
                piece => pieces.push(piece),
            }
        }
    }
    let length = u32::try_from(event.len())?;
    for _ in 0..10 {
        assert_eq!(filter.call(1 << 40, (0, 0, record), length, NOW_MS)?.as_deref(), Some(event.as_bytes()));
    }
    for piece in pieces {
        filter.take_back(piece)?;
    }
    let said = said(&filter.filter(&event, NOW_MS)?.context("dropped")?)?;
    assert_eq!((&said["unjudged"], &said["alerts"][0]["terms"]), (&json!(10), &json!(["/bin/sh"])));
    Ok(())
}

#[test]
fn without_memory_to_start_records_pass_and_say_so() -> Result<()> {
    let baked = bake(&[])?;
    let mut filter = FluentBit::start(&baked)?;
    filter.limit_memory(filter.memory_bytes() + (128 << 10));
    let event = install("/bin/sh", NOW);
    let given: Vec<_> = (0..6).map(|_| filter.filter(&event, NOW_MS)).collect::<Result<_>>()?;
    let dropped = given.iter().filter(|given| given.is_none()).count();
    ensure!(dropped <= 3, "{dropped} records are dropped");
    for given in given.into_iter().skip(3) {
        let given = given.context("dropped")?;
        ensure!(given == event.as_bytes() || said(&given)?.get("stopped").is_some(), "nothing is said");
    }
    Ok(())
}
