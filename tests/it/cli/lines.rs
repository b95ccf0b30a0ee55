//! Lines of every kind flow byte for byte and are counted.

use anyhow::{Context, Result, ensure};
use firstseen_tests::events::{install, other};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::Ran;

const AT: &str = "2026-11-24T11:59:00.000Z";

/// Runs and makes sure that the events came out as they went in, and were all
/// judged.
fn pass(arguments: &[&str], input: &[u8]) -> Result<Ran> {
    run(arguments, input, 0)
}

/// The same where one event is not judged in full, and raises an alert.
fn pass_unjudged(arguments: &[&str], input: &[u8]) -> Result<Ran> {
    let ran = run(arguments, input, 1)?;
    ensure!(ran.count("unjudged")? == 1, "{}", ran.stderr);
    Ok(ran)
}

fn run(arguments: &[&str], input: &[u8], code: i32) -> Result<Ran> {
    let ran = Firstseen::filter()?.args(arguments).run(input)?.expect_code(code)?;
    ensure!(ran.split().events == input, "the events came out changed");
    ensure!(ran.count("bytes")? == input.len() as u64, "not every byte was counted");
    Ok(ran)
}

/// Events, malformed ones and alerts.
fn counts(ran: &Ran) -> Result<[u64; 3]> {
    Ok([ran.count("events")?, ran.count("malformed")?, ran.count("alerts")?])
}

#[test]
fn an_event_with_an_unreadable_time_is_named_by_its_line() -> Result<()> {
    // More than a batch holds.
    let mut lines: Vec<String> = (0..4_000).map(|number| format!("{}{}", other(number), " ".repeat(200))).collect();
    lines.extend([install("/usr/bin/a", AT), install("/usr/bin/b", "yester\nday")]);
    let ran = pass(&["--clock", "event"], lines.join("\n").as_bytes())?;
    assert_eq!(counts(&ran)?, [4_002, 0, 1], "{}", ran.stderr);
    let said = "line 4002: matches rule f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee, but has in `@timestamp` what is no time, \
                `yester\u{fffd}day`, so the rule cannot see it";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    Ok(())
}

#[test]
fn malformed_lines_pass_and_the_others_are_judged() -> Result<()> {
    let first = install("/usr/bin/a", AT);
    let second = install("/usr/bin/b", AT);
    let truncated = first.get(..first.len() - 1).context("too short")?;
    // Each with what the rule needs, so that it is looked at.
    let kinds: [(&[u8], &str, bool); 6] = [
        (b"[{\"event\":\"dpkg\"}]", "not an object", false),
        (b"plain text of dpkg", "text", false),
        (b"\"dpkg\"", "a string", false),
        (truncated.as_bytes(), "cut off", true),
        (b"{\"name\":\"\xff\xfe\"}", "not UTF-8", true),
        (b"{\"a\":1} {\"b\":\"dpkg\"}", "two on a line", true),
    ];
    for (line, what, could_be_event) in kinds {
        let input = [first.as_bytes(), line, second.as_bytes(), b""].join(&b'\n');
        let pass = if could_be_event { pass_unjudged } else { pass };
        let ran = pass(&[], &input).with_context(|| what.to_owned())?;
        let alerts = 2 + u64::from(could_be_event);
        assert_eq!(counts(&ran)?, [3, 1, alerts], "{what}: {}", ran.stderr);
        assert!(ran.stderr.contains("line 2"), "{what}: {}", ran.stderr);
    }
    Ok(())
}

#[test]
fn lines_that_no_rule_can_match_are_not_looked_at() -> Result<()> {
    let input = format!("no JSON\n{{\"a\":}}\n\n{}\n", install("/usr/bin/a", AT));
    assert_eq!(counts(&pass(&[], input.as_bytes())?)?, [3, 0, 1]);
    Ok(())
}

#[test]
fn deep_nesting_passes() -> Result<()> {
    let deep = |depth: usize| [b"{\"a\":".repeat(depth), b"1".to_vec(), b"}".repeat(depth)].concat();
    let install = install("/usr/bin/a", AT).into_bytes();
    // One that matches is looked at in full.
    let deep_install = [b"{\"deep\":", &*deep(100_000), b",", install.get(1..).unwrap_or_default()].concat();
    let input = [deep(100), deep_install, install, Vec::new()].join(&b'\n');
    assert_eq!(counts(&pass_unjudged(&[], &input)?)?, [3, 1, 2]);
    Ok(())
}

#[test]
fn empty_lines_are_no_events() -> Result<()> {
    let input = format!("\n\n{}\n   \n\r\n\n{}\n\n", install("/usr/bin/a", AT), other(1));
    assert_eq!(counts(&pass(&[], input.as_bytes())?)?, [2, 0, 1]);
    assert_eq!(counts(&pass(&[], b"")?)?, [0, 0, 0]);
    assert_eq!(counts(&pass(&[], b"\n")?)?, [0, 0, 0]);
    Ok(())
}

#[test]
fn carriage_returns_stay() -> Result<()> {
    let input = format!("{}\r\n{}\r\n", install("/usr/bin/a", AT), other(1));
    assert_eq!(counts(&pass(&[], input.as_bytes())?)?, [2, 0, 1]);
    Ok(())
}

#[test]
fn the_last_line_may_lack_its_newline() -> Result<()> {
    let quiet = format!("{}\n{}", install("/usr/bin/a", AT), other(1));
    assert_eq!(counts(&pass(&[], quiet.as_bytes())?)?, [2, 0, 1]);

    // An alert after it needs a line of its own.
    let loud = format!("{}\n{}", other(1), install("/usr/bin/a", AT));
    let ran = Firstseen::filter()?.run(loud.as_bytes())?.expect_code(0)?;
    assert_eq!(counts(&ran)?, [2, 0, 1]);
    assert_eq!(ran.split().alerts.len(), 1);
    assert_eq!(ran.split().events, [loud.as_bytes(), b"\n"].concat());
    Ok(())
}

#[test]
fn lines_over_the_limit_pass_unjudged() -> Result<()> {
    let padded = |bytes: usize, parent: &str| {
        let event = install(parent, AT);
        let padding = bytes.saturating_sub(event.len());
        format!("{event}{}", " ".repeat(padding))
    };
    // The limit itself is still within it.
    let input = [padded(4096, "/usr/bin/a"), padded(4097, "/usr/bin/b"), padded(0, "/usr/bin/c"), String::new()];
    let ran = pass_unjudged(&["--max-line", "4KiB"], input.join("\n").as_bytes())?;
    assert_eq!(counts(&ran)?, [3, 1, 3]);
    assert!(ran.stderr.contains("line 2"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn a_line_of_five_mebibytes_passes() -> Result<()> {
    let huge = format!("{{\"text\":\"{}\"}}", "x".repeat(5 << 20));
    let input = [&*install("/usr/bin/a", AT), &huge, &install("/usr/bin/b", AT), ""].join("\n");
    let ran = pass_unjudged(&[], input.as_bytes())?;
    assert_eq!(counts(&ran)?, [3, 1, 3]);
    assert!(ran.stderr.contains("line 2"), "{}", ran.stderr);
    // With room for it, it is judged.
    assert_eq!(counts(&pass(&["--max-line", "8MiB"], input.as_bytes())?)?, [3, 0, 2]);
    Ok(())
}

#[test]
fn a_line_beyond_what_the_component_takes_passes() -> Result<()> {
    // Lines of up to 32 MiB are judged at most, whatever is asked for.
    Firstseen::filter()?.args(["--max-line", "33MiB"]).run(b"")?.expect_code(64)?;
    let mut input = format!("{{\"text\":\"{}\"}}\n", "x".repeat(33 << 20)).into_bytes();
    input.extend((0..20_000).flat_map(|number| format!("{}\n", other(number)).into_bytes()));
    input.extend(format!("{}\n", install("/usr/bin/a", AT)).into_bytes());
    let ran = pass_unjudged(&["--max-line", "32MiB", "--call-timeout", "60s"], &input)?;
    assert_eq!(ran.count("alerts")?, 2);
    assert_eq!(ran.count("malformed")?, 1);
    Ok(())
}

#[test]
fn a_last_line_over_the_limit_is_counted_even_when_its_end_comes_late() -> Result<()> {
    let huge = "x".repeat(64 << 10);
    let mut running = Firstseen::filter()?.args(["--max-line", "4KiB"]).spawn()?;
    running.write(huge.as_bytes())?;
    running.wait_for_stdout(|stdout| stdout.len() == huge.len())?;
    let ran = running.finish()?.expect_code(0)?;
    assert_eq!(counts(&ran)?, [1, 1, 0]);
    Ok(())
}

#[test]
fn many_batches_keep_their_order() -> Result<()> {
    // Well over what is read and judged at a time.
    let mut input = String::new();
    for number in 0..40_000 {
        input.push_str(&other(number));
        input.push('\n');
        if number % 1000 == 0 {
            input.push_str(&install(&format!("/opt/{number}/run"), AT));
            input.push_str("\nno JSON, dpkg\n");
        }
    }
    assert_eq!(counts(&pass(&[], input.as_bytes())?)?, [40_080, 40, 40]);
    Ok(())
}
