//! What alerts, and what comes back.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::{Firstseen, NOW_MS};
use firstseen_tests::output::id_of;
use firstseen_tests::{data, repository};
use serde_json::Value;

use super::host::FluentBit;
use super::{bake, ids, new_terms, said, without_start, write_rule};

#[test]
fn recorded_installs_alert_as_in_the_filter() -> Result<()> {
    let recorded = data("dpkg-i-recorded.ndjson");
    for clock in ["event", "arrival"] {
        let ran = Firstseen::filter()?.args(["--only-alerts", "--clock", clock]).stdin_file(&recorded)?.run(b"")?;
        let alerts = ran.expect_code(0)?.split().alerts;
        let expected: Vec<String> = alerts.iter().map(|alert| id_of(alert)).collect::<Result<_>>()?;
        ensure!(!expected.is_empty(), "nothing alerts");
        let mut filter = FluentBit::start(&bake(&["--clock", clock])?)?;
        let mut found = Vec::new();
        for line in fs::read_to_string(&recorded)?.lines() {
            let given = filter.filter(line, NOW_MS)?.context("dropped")?;
            let of_record = ids(&given);
            if of_record.is_empty() {
                assert_eq!(without_start(&given), line.as_bytes());
            } else {
                ensure!(given.starts_with(line.strip_suffix('}').context("no object")?.as_bytes()), "it was changed");
            }
            found.extend(of_record);
        }
        assert_eq!(found, expected, "{clock}");
    }
    Ok(())
}

/// Those that know nothing that Fluent Bit does not tell.
#[test]
fn the_cases_of_all_hosts_alert_the_same() -> Result<()> {
    for name in ["built-in-rule", "eql-events", "query-with-exceptions", "quota", "refused"] {
        let case = repository("integrations/conformance/cases").join(name);
        let scratch = tempfile::tempdir()?;
        let options = options_of(&case, scratch.path())?;
        let ran = Firstseen::new("module")?.args(["bake", "--output", "-"]).args(&options).run(b"")?;
        let mut filter = FluentBit::start(&ran.expect_code(i32::from(name == "refused"))?.stdout)?;
        let contexts = fs::read_to_string(case.join("contexts.ndjson"))?;
        let mut found = Vec::new();
        for (number, context) in (1..).zip(contexts.lines()) {
            let arrival = serde_json::from_str::<Value>(context)?["arrival"].as_i64().context("no arrival")?;
            for line in fs::read_to_string(case.join(format!("batch-{number}.ndjson")))?.lines() {
                let given = filter.filter(line, arrival)?;
                ensure!(given.is_some() || line.is_empty(), "{name}: dropped: {line}");
                found.extend(ids(&given.unwrap_or_default()));
            }
        }
        // What could carry no alert left it to this one.
        found.extend(ids(&filter.filter("{}", NOW_MS)?.context("dropped")?));
        let transcript = fs::read_to_string(case.join("transcript.ndjson"))?;
        let lines: Vec<Value> = transcript.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        let alerts = lines.iter().filter_map(|line| line.pointer("/given/alert/id")?.as_str());
        let expected: Vec<&str> = alerts.collect();
        ensure!(expected.len() >= 2, "{name}: nothing alerts");
        assert_eq!(found, expected, "{name}");
    }
    Ok(())
}

/// The configuration of a case as options, its documents in files of a folder.
fn options_of(case: &Path, folder: &Path) -> Result<Vec<String>> {
    let configuration: Value = serde_json::from_slice(&fs::read(case.join("configuration.json"))?)?;
    let mut options = Vec::new();
    for (member, option) in [("rules", "--rules"), ("exceptions", "--exceptions")] {
        for document in configuration.get(member).and_then(Value::as_array).into_iter().flatten() {
            let path: PathBuf = folder.join(document["name"].as_str().context("no name")?);
            fs::write(&path, document["content"].as_str().context("no content")?)?;
            options.extend([option.to_owned(), path.to_str().context("no text")?.to_owned()]);
        }
    }
    for (member, option) in [("clock", "--clock"), ("space", "--space"), ("format", "--alert-format")] {
        let value = configuration.get(member).and_then(Value::as_str).map(str::to_owned);
        options.extend(value.into_iter().flat_map(|value| [option.to_owned(), value]));
    }
    Ok(options)
}

#[test]
fn learning_raises_nothing_and_remembers() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = write_rule(scratch.path(), &new_terms("r", "a"))?;
    let mut filter = FluentBit::start(&bake(&["--rules", &rules, "--learn", "1h"])?)?;
    let hour = 60 * 60 * 1000;
    for (record, time_ms, alerts) in [
        (r#"{"a":"x"}"#, NOW_MS, 0),
        (r#"{"a":"y"}"#, NOW_MS + hour - 1, 0),
        (r#"{"a":"x"}"#, NOW_MS + hour, 0),
        (r#"{"a":"z"}"#, NOW_MS + hour, 1),
        // A time in the future makes it learn no longer.
        (r#"{"a":"v"}"#, NOW_MS + 1000 * hour, 1),
        (r#"{"a":"w"}"#, NOW_MS + hour, 1),
    ] {
        assert_eq!(ids(&filter.filter(record, time_ms)?.context("dropped")?).len(), alerts, "{record}");
    }
    Ok(())
}

#[test]
fn an_event_says_itself_where_it_is_bound_for() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = write_rule(scratch.path(), &new_terms("r", "a"))?;
    let elsewhere = r#"{"a":"x","data_stream":{"type":"metrics","dataset":"b","namespace":"c"}}"#;
    for (options, record, alerts) in [
        (&[][..], r#"{"a":"x"}"#, 1),
        (&[], elsewhere, 0),
        (&["--index", "logs-b-c"], r#"{"a":"x"}"#, 1),
        (&["--index", "metrics-b-c"], r#"{"a":"x"}"#, 0),
    ] {
        let mut filter = FluentBit::start(&bake(&[&["--rules", &rules], options].concat())?)?;
        assert_eq!(ids(&filter.filter(record, NOW_MS)?.context("dropped")?).len(), alerts, "{options:?} {record}");
    }
    Ok(())
}

#[test]
fn the_first_record_says_that_it_runs() -> Result<()> {
    let mut filter = FluentBit::start(&bake(&[])?)?;
    let first = said(&filter.filter("{}", NOW_MS)?.context("dropped")?)?;
    assert_eq!(first, serde_json::json!({"started": {"version": env!("CARGO_PKG_VERSION"), "rules": 1}}));
    assert_eq!(filter.filter("{}", NOW_MS)?.as_deref(), Some(&b"{}"[..]));
    Ok(())
}
