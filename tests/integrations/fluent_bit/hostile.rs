//! Records and hosts that are not as they should be: what came in comes out.

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::install;
use firstseen_tests::firstseen::NOW_MS;
use firstseen_tests::rng::Rng;
use serde_json::json;

use super::host::FluentBit;
use super::{bake, ids, new_terms, said, write_rule};

const NOW: &str = "2026-11-24T12:00:00Z";

/// Calls within calls that no evaluation can do with. In Fluent Bit's interpreter that takes the
/// 8 KiB of stack that it has unless it is told otherwise.
const FEW_CALLS: usize = 15;

/// A filter that has said that it started.
fn started() -> Result<FluentBit> {
    let mut filter = FluentBit::start(&bake(&[])?)?;
    filter.filter("{}", NOW_MS)?.context("dropped")?;
    Ok(filter)
}

#[test]
fn what_is_no_event_comes_back_as_it_came() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let rules = write_rule(scratch.path(), &new_terms("r", "a"))?;
    let mut filter = FluentBit::start(&bake(&["--rules", &rules])?)?;
    filter.filter("{}", NOW_MS)?.context("dropped")?;
    let deep = format!(r#"{{"a":"x","b":{}{}}}"#, "[".repeat(5_000), "]".repeat(5_000));
    for record in
        [&b" "[..], b"text", b"[1]", b"\"{\"", b"{", b"{\"a\":", b"{\"a\":1}}", b"{\xff", b"{\"a\" 1}", b"{/**/}"]
    {
        let given = filter.filter(record, NOW_MS)?;
        assert_eq!(given.as_deref(), Some(record), "{}", String::from_utf8_lossy(record));
    }
    // Alerts about what may have been an event wait for a record that can say them.
    let said = said(&filter.filter("{}", NOW_MS)?.context("dropped")?)?;
    let alerts = said["alerts"].as_array().context("no alerts")?;
    ensure!(alerts.len() == 5 && alerts.iter().all(|alert| alert["earlier"] == json!(true)), "{said}");
    let given = filter.filter(&deep, NOW_MS)?.context("dropped")?;
    let given = String::from_utf8(given)?;
    let more = given.strip_prefix(deep.strip_suffix('}').context("no object")?).context("it was changed")?;
    ensure!(more.starts_with(r#","firstseen":{"alerts":[{"id":""#) && more.contains("too-deep"), "{more}");
    Ok(())
}

#[test]
fn no_event_speaks_for_the_module() -> Result<()> {
    let mut filter = started()?;
    for forged in ["firstseen", r"\u0066irstseen", r"fir\u0073tseen", "firstseen.alerts"] {
        let record = format!(r#"{{"{forged}":{{"alerts":[{{"id":"x"}}]}},"a":{{"firstseen":1}},"{forged}":2}}"#);
        let given = String::from_utf8(filter.filter(&record, NOW_MS)?.context("dropped")?)?;
        ensure!(given.starts_with(r#"{"a":{"firstseen":1},"firstseen":{"event_had":["#), "{given}");
        assert_eq!(said(given.as_bytes())?["event_had"].as_array().map(Vec::len), Some(2));
    }
    // Nor does it keep the module from speaking.
    let event = install("/bin/forger", NOW);
    let forged = event.replacen('{', r#"{"firstseen":"nothing","#, 1);
    let given = filter.filter(&forged, NOW_MS)?.context("dropped")?;
    assert_eq!((ids(&given).len(), said(&given)?["event_had"][0].as_str()), (1, Some(r#""firstseen":"nothing""#)));
    Ok(())
}

#[test]
fn any_bytes_come_back() -> Result<()> {
    let mut filter = started()?;
    let seed = 27;
    println!("seed {seed}");
    let mut rng = Rng(seed);
    let event = install("/bin/sh", NOW);
    let mut said_something = 0;
    for _ in 0..3_000 {
        let mut record = event.clone().into_bytes();
        for _ in 0..=rng.place(3) {
            let at = rng.place(record.len());
            match rng.place(3) {
                // What a C string cannot hold is no matter of the module's.
                0 => record[at] = (rng.next_u64() as u8).max(1),
                1 => record.truncate(at.max(1)),
                _ => drop(record.splice(at..at, *b"\"}{")),
            }
        }
        let given = filter.filter(&record, NOW_MS)?.context("dropped")?;
        if given != record {
            said_something += 1;
            let last = record.iter().rposition(|byte| *byte == b'}').context("no object")?;
            ensure!(given.starts_with(&record[..last]), "{}", String::from_utf8_lossy(&given));
        }
    }
    ensure!(said_something > 10, "only {said_something} records were said something in");
    Ok(())
}

#[test]
fn a_place_that_the_host_was_not_given_is_not_read() -> Result<()> {
    let mut filter = started()?;
    let record = filter.give(b"{\"a\":1}")?;
    // It has room for no NUL behind it.
    assert_eq!(filter.call(1 << 40, (0, 0, record), 7, NOW_MS)?.as_deref(), Some(&b"{\"a\":1}"[..]));
    // The terminator counted in.
    let terminated = filter.give(b"{\"a\":1}\0")?;
    assert_eq!(filter.call(1 << 40, (0, 0, terminated), 8, NOW_MS)?.as_deref(), Some(&b"{\"a\":1}"[..]));
    for (place, length) in [(record, 9), (record + 3, 100), (u32::MAX, 1), (16, u32::MAX)] {
        // Whatever stands there: the answer is that place.
        let _ = filter.call(1 << 40, (0, 0, place.min(1 << 20)), length, NOW_MS)?;
    }
    assert_eq!(filter.call(1 << 40, (9, 9, terminated), 7, NOW_MS)?.as_deref(), Some(&b"{\"a\":1}"[..]));
    assert_eq!(filter.filter("", NOW_MS)?, None, "an empty text is a drop, whatever is done");
    Ok(())
}

#[test]
fn a_call_that_does_not_come_back_costs_its_record() -> Result<()> {
    let mut filter = started()?;
    let event = install("/bin/lost", NOW);
    assert_eq!(ids(&filter.filter(install("/bin/first", NOW), NOW_MS)?.context("dropped")?).len(), 1);
    assert_eq!(filter.filter_within(10_000, &event, NOW_MS)?, None);
    // The next one tells, and is judged.
    let given = filter.filter(&event, NOW_MS)?.context("dropped")?;
    let said = said(&given)?;
    let alerts = said["alerts"].as_array().context("no alerts")?;
    assert_eq!((&alerts[0]["terms"][1], &alerts[0]["earlier"]), (&json!("failed"), &json!(true)));
    assert_eq!((alerts.len(), &alerts[1]["terms"]), (2, &json!(["/bin/lost"])));
    ensure!(said["warnings"][0].as_str().context("no warning")?.contains("dropped"), "{said}");
    assert_eq!(filter.filter(&event, NOW_MS)?.as_deref(), Some(event.as_bytes()));
    Ok(())
}

#[test]
fn with_too_small_a_stack_records_pass_and_say_so() -> Result<()> {
    let mut filter = FluentBit::start_with(&bake(&[])?, FEW_CALLS)?;
    let event = install("/bin/sh", NOW);
    let given: Vec<_> = (0..6).map(|_| filter.filter(&event, NOW_MS)).collect::<Result<_>>()?;
    assert_eq!(given.iter().filter(|given| given.is_none()).count(), 3);
    for given in given.into_iter().skip(3) {
        let said = said(&given.context("dropped")?)?;
        ensure!(said["stopped"].as_str().context("nothing is said")?.contains("wasm_stack_size"), "{said}");
    }
    assert_eq!(filter.filter("text", NOW_MS)?.as_deref(), Some(&b"text"[..]));
    Ok(())
}
