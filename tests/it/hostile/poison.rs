//! One line at fault costs the detection of that line, of nothing else.

use anyhow::Result;
use firstseen_tests::events::lines;
use firstseen_tests::output::split;

use super::filter_with;

/// Matching lines with one at fault among them.
fn poisoned(count: usize, at: usize) -> Vec<u8> {
    lines((0..count).map(|number| match number == at {
        true => format!("{{\"poison\":\"#{number}!\"}}"),
        false => format!("{{\"match\":\"#{number}\"}}"),
    }))
}

#[test]
fn the_other_lines_of_the_batch_are_judged() -> Result<()> {
    for (count, at) in [(1, 0), (2, 1), (40, 0), (40, 17), (40, 39)] {
        let input = poisoned(count, at);
        let ran = filter_with("poison", &[], &input)?.expect_code(1)?;
        let counts = (ran.count("events")?, ran.count("unjudged")?, ran.count("alerts")?);
        // An alert for each of the others also says that what was recorded
        // before the trap was forgotten: they would be known else.
        assert_eq!(counts, (count as u64, 1, count as u64 - 1), "line {at} of {count}: {}", ran.stderr);
        let told = format!("line {}: passed on, not judged: the module panicked", at + 1);
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
    }
    Ok(())
}

#[test]
fn alerts_stay_with_their_events() -> Result<()> {
    let ran = filter_with("poison", &[], &poisoned(20, 7))?.expect_code(1)?;
    let text = ran.text()?;
    let output: Vec<&str> = text.lines().collect();
    let pairs = output.iter().zip(output.iter().skip(1));
    let followed = pairs.filter(|(line, next)| line.contains("match") && next.contains("kibana.alert.uuid")).count();
    assert_eq!(followed, 19);
    Ok(())
}

#[test]
fn a_line_at_fault_now_and_then_does_not_switch_it_off() -> Result<()> {
    // Batches of 256 KiB at least, each with one line at fault.
    let padding = "x".repeat(3000);
    let line = |number: usize| match number % 200 {
        100 => format!("{{\"poison\":\"#{number}!\",\"padding\":\"{padding}\"}}"),
        _ => format!("{{\"match\":\"#{number}\",\"padding\":\"{padding}\"}}"),
    };
    let ran = filter_with("poison", &[], &lines((0..1000).map(line)))?.expect_code(1)?;
    assert_eq!((ran.count("events")?, ran.count("unjudged")?), (1000, 5), "{}", ran.stderr);
    assert!(!ran.stderr.contains("DETECTION IS OFF"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn what_a_failed_call_recorded_is_not_kept() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let state = scratch.path().join("seen");
    let state = state.to_string_lossy();
    let with_state = ["--state", &state];
    let first = filter_with("poison", &with_state, &lines(["{\"match\":\"#1\"}", "{\"poison\":\"#2!\"}"]))?;
    assert_eq!(first.expect_code(1)?.count("alerts")?, 1);
    // The line at fault was observed before the trap; if that had been kept, it
    // would be known to a component that can judge it.
    let second = filter_with("well-behaved", &with_state, &lines(["{\"match\":\"#1\"}", "{\"poison\":\"#2!\"}"]))?;
    let second = second.expect_code(0)?;
    assert_eq!((second.count("alerts")?, split(&second.stdout).alerts.len()), (1, 1));
    Ok(())
}
