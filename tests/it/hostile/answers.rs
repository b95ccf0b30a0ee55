//! Components that come back with what they must not.

use anyhow::{Context, Result};
use firstseen_tests::events::{install, lines};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::Ran;

use super::{filter_with, some_lines};

/// An answer that breaks the contract counts as a trap: told, nothing of it
/// written.
fn assert_not_taken(behaviour: &str, because: &str) -> Result<()> {
    let few = filter_with(behaviour, &[], &some_lines(2))?.expect_code(1)?;
    assert!(few.stderr.contains(because), "{}", few.stderr);
    assert_eq!(few.count("alerts")?, 0);
    let many = filter_with(behaviour, &[], &some_lines(3000))?;
    assert!(many.stderr.contains(because), "{}", many.stderr);
    assert_eq!((many.count("events")?, many.count("alerts")?), (3000, 0));
    assert!(many.count("unjudged")? >= 1000);
    Ok(())
}

#[test]
fn a_line_beyond_the_batch() -> Result<()> {
    assert_not_taken("line-out-of-range", "names a line beyond the end of the batch")
}

#[test]
fn a_document_of_two_lines() -> Result<()> {
    assert_not_taken("document-with-newline", "not one JSON object on one line")
}

#[test]
fn a_document_that_is_not_json() -> Result<()> {
    assert_not_taken("document-not-json", "not one JSON object on one line")
}

/// JSON of a kind that an index refuses: an alert that is lost on the way.
#[test]
fn a_document_that_elasticsearch_does_not_take() -> Result<()> {
    for (behaviour, because) in [
        ("document-infinity", "number out of range"),
        ("document-half-pair", "unexpected end of hex escape"),
        ("document-control", "control character"),
        ("document-carriage-return", "there is a line break in it"),
        ("document-twice", "a member is there twice"),
        ("document-array", "it is no object"),
    ] {
        assert_not_taken(behaviour, &format!("on one line that Elasticsearch takes: {because}"))
            .with_context(|| behaviour.to_owned())?;
    }
    Ok(())
}

/// The built-in component's own documents are taken, whatever is in the event.
#[test]
fn the_built_in_component_writes_what_is_taken() -> Result<()> {
    let odd = [
        r#""a":1e999"#,
        r#""a":"\ud800""#,
        r#""a":{"b":1,"b":2},"a":3"#,
        "\"a\":\t{\r\"b\"\r:\t[1,\r2]}",
        r#""process.pid":1e999,"a.b":1,"a":{"b":2}"#,
    ];
    let event = |odd: &&str| {
        let event =
            install("/usr/bin/a", "2026-11-24T11:59:00.000Z").replace("/usr/bin/a", &format!("/usr/bin/{}", odd.len()));
        event.replacen('{', &format!("{{{odd},"), 1)
    };
    for format in ["kibana", "ecs"] {
        let ran =
            Firstseen::filter()?.args(["--only-alerts", "--format", format]).run(&lines(odd.iter().map(event)))?;
        let ran = ran.expect_code(0)?;
        assert_eq!((ran.count("alerts")?, ran.count("unjudged")?), (odd.len() as u64, 0), "{}", ran.stderr);
    }
    Ok(())
}

#[test]
fn an_answer_outside_its_memory() -> Result<()> {
    assert_not_taken("answer-out-of-memory", "the module failed")
}

#[test]
fn a_flood_of_messages_is_bounded_and_harmless() -> Result<()> {
    let ran = filter_with("log-flood", &[], &some_lines(300))?.expect_code(0)?;
    assert_eq!((ran.count("events")?, ran.count("unjudged")?, ran.count("alerts")?), (300, 0, 100));
    let said = ran.stderr.lines().count();
    assert!(said < 50, "{said} lines on standard error");
    assert!(ran.stderr.contains("further messages of the module are not shown"), "{}", ran.stderr);
    assert!(ran.stderr.contains("red"), "{}", ran.stderr);
    assert_harmless(&ran);
    Ok(())
}

/// Nothing a component says reaches a terminal as it is, or looks like a line
/// of `firstseen` itself.
fn assert_harmless(ran: &Ran) {
    for line in ran.stderr.lines() {
        assert!(line.chars().all(firstseen::is_printable), "{line:?}");
        // Further lines of a text have a gutter.
        let marks = ["firstseen: ", "  | ", "{"];
        assert!(marks.iter().any(|mark| line.starts_with(mark)), "forged: {line:?}");
    }
}

#[test]
fn the_text_of_a_refused_rule_is_harmless() -> Result<()> {
    let ran = filter_with("refuses-a-rule", &[], &some_lines(3))?.expect_code(0)?;
    assert!(ran.stderr.contains("not used"), "{}", ran.stderr);
    assert_harmless(&ran);
    Ok(())
}

#[test]
fn the_text_of_an_error_is_harmless() -> Result<()> {
    let ran = filter_with("refuses-batches", &[], &some_lines(3))?;
    assert!(ran.stderr.contains("red"), "{}", ran.stderr);
    assert_harmless(&ran);
    Ok(())
}

#[test]
fn an_error_for_every_batch_does_not_stop_the_events() -> Result<()> {
    // More than a batch.
    let ran = filter_with("refuses-batches", &[], &some_lines(50_000))?.expect_code(2)?;
    assert!(ran.stderr.contains("it refuses: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("DETECTION IS OFF"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn counts_that_cannot_be_are_not_believed() -> Result<()> {
    let ran = filter_with("lies-about-counts", &[], &some_lines(3))?;
    assert_eq!(ran.count("events")?, 3);
    Ok(())
}

#[test]
fn a_message_too_large_to_copy() -> Result<()> {
    let ran = filter_with("log-of-150-megabytes", &[], &some_lines(2))?.expect_code(1)?;
    assert_eq!((ran.count("events")?, ran.count("unjudged")?), (2, 2));
    assert!(ran.stderr.contains("line 1: passed on, not judged"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn questions_without_end() -> Result<()> {
    assert_not_taken("asks-for-ever", "it asks more often than 1000 for a batch")
}

#[test]
fn a_round_without_a_question() -> Result<()> {
    assert_not_taken("asks-nothing", "it asks, but nothing")
}

#[test]
fn more_questions_than_a_round_may_have() -> Result<()> {
    assert_not_taken("asks-much", "100001 questions in one call, and 100000 are allowed")
}

#[test]
fn answers_that_are_refused() -> Result<()> {
    assert_not_taken("refuses-answers", "it refuses: not what was asked")
}

#[test]
fn unjudged_lines_that_are_not_there() -> Result<()> {
    // Out of order in the whole batch, beyond its end in a line alone.
    assert_not_taken("skips-lines", "it names a line beyond the end of the batch")
}

#[test]
fn a_remark_on_a_rule_that_is_not_there() -> Result<()> {
    assert_not_taken("remarks-on-nothing", "it remarks on a line or a rule that is not there")
}

#[test]
fn an_alert_that_hides_its_event() -> Result<()> {
    assert_not_taken("hides-its-event", "does not say where its document names its event")
}

/// It may: an alert of the module's own, about nothing that stands in the batch.
#[test]
fn an_alert_of_no_rule_and_no_line_is_written() -> Result<()> {
    let ran = filter_with("alert-of-no-rule", &[], &some_lines(30))?.expect_code(0)?;
    assert_eq!((ran.count("alerts")?, ran.split().alerts.len()), (10, 10));
    Ok(())
}
