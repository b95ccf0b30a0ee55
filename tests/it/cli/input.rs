//! What events come in: files that are compressed, and what is no NDJSON.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use firstseen_tests::data;
use firstseen_tests::events::{install, lines, other};
use firstseen_tests::firstseen::{Firstseen, NOW};
use serde_json::{Value, json};

const AT: &str = "2026-11-24T11:59:00.000Z";
const MARK: &str = "\u{feff}";

/// Two events each: an install by `/usr/bin/a` or `/usr/bin/b`, and another.
fn compressed() -> [PathBuf; 2] {
    ["two-members.gz", "two-frames.zst"].map(|name| data("compressed").join(name))
}

fn plain() -> Result<Vec<u8>> {
    Ok(fs::read(data("compressed").join("events.ndjson"))?)
}

#[test]
fn compressed_files_are_read_whatever_they_are_called() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let whole = Firstseen::filter()?.run(&plain()?)?.expect_code(0)?;
    assert_eq!(whole.count("alerts")?, 2);
    for file in compressed() {
        let renamed = scratch.path().join("events.ndjson");
        fs::copy(&file, &renamed)?;
        let ran = Firstseen::filter()?.arg(&renamed).run(b"")?.expect_code(0)?;
        assert!(ran.stdout == whole.stdout, "what came out of {} differs", file.display());
        for count in ["events", "alerts", "malformed", "bytes"] {
            assert_eq!(ran.count(count)?, whole.count(count)?, "{count}");
        }
        assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);

        let query = Firstseen::new("match")?.args(["--query", "process.name:dpkg"]).arg(&file);
        let found = query.run(b"")?.expect_code(0)?;
        assert_eq!(found.text()?.lines().count(), 2);

        let test = Firstseen::new("test")?.args(["--bless", "--format", "json"]).arg(scratch.path());
        let report: Value = serde_json::from_str(test.run(b"")?.expect_code(0)?.text()?)?;
        assert_eq!(report["alerts"], 2);
    }
    Ok(())
}

#[test]
fn compressed_and_other_files_are_one_stream() -> Result<()> {
    let [gzip, zstd] = compressed();
    let plain_file = data("compressed").join("events.ndjson");
    let ran = Firstseen::filter()?.args([&zstd, &plain_file, &gzip]).run(b"")?.expect_code(0)?;
    assert_eq!(ran.split().events, plain()?.repeat(3));
    assert_eq!(ran.count("alerts")?, 2);
    Ok(())
}

#[test]
fn a_damaged_file_costs_what_is_behind_the_damage() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("events.gz");
    let [gzip, zstd] = compressed().map(fs::read);
    let (gzip, zstd) = (gzip?, zstd?);
    let flipped = |bytes: &[u8], place: usize| {
        let mut bytes = bytes.to_vec();
        bytes[place] ^= 1;
        bytes
    };
    let second = |bytes: &[u8], magic: &[u8]| bytes.windows(magic.len()).rposition(|window| window == magic);
    let gzip_second = second(&gzip, b"\x1f\x8b\x08").context("one member")?;
    let skippable = second(&zstd, b"\x50\x2a\x4d\x18").context("no skippable frame")?;
    let first_events: Vec<u8> = plain()?.split_inclusive(|&byte| byte == b'\n').take(2).flatten().copied().collect();
    let cases = [
        (gzip[..gzip.len() - 12].to_vec(), "its gzip data is cut off"),
        (flipped(&gzip, gzip.len() - 6), "its gzip data is damaged"),
        ([&gzip[..gzip_second], &b"garbage beyond the first member"[..]].concat(), "its gzip data is damaged"),
        (zstd[..zstd.len() - 12].to_vec(), "its zstd data is cut off"),
        (zstd[..skippable + 9].to_vec(), "its zstd data is cut off"),
        (flipped(&zstd, zstd.len() - 2), "its zstd data is damaged: the checksum is that of other data"),
        // A frame that wants a window of 16 GiB.
        ([&zstd[..skippable], &b"\x28\xb5\x2f\xfd\x00\xc0\x01\x00\x00"[..]].concat(), "its zstd data is damaged"),
    ];
    for (bytes, cause) in cases {
        fs::write(&path, &bytes)?;
        let ran = Firstseen::filter()?.arg(&path).run(b"")?.expect_code(2)?;
        assert!(ran.stderr.contains(&format!("cannot read {}: {cause}", path.display())), "{cause}: {}", ran.stderr);
        assert!(ran.split().events.starts_with(&first_events), "{cause}: {:?}", ran.text());
        assert!(ran.count("alerts")? >= 1);
        let ran =
            Firstseen::new("match")?.args(["--query", "process.name:dpkg"]).arg(&path).run(b"")?.expect_code(2)?;
        assert!(ran.stderr.contains(cause), "{}", ran.stderr);
    }
    Ok(())
}

#[test]
fn what_is_no_ndjson_is_said_once() -> Result<()> {
    let event = json!({"@timestamp": NOW, "a": [1, 2]});
    let pretty = serde_json::to_string_pretty(&event)? + "\n";
    let hit = json!({"_index": "logs", "_id": "1", "_source": event}).to_string() + "\n";
    let [gzip, zstd] = compressed().map(fs::read);
    let utf16 = MARK.encode_utf16().chain(event.to_string().encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let cases: [(&str, Vec<u8>); 14] = [
        ("looks like gzip", gzip?),
        ("looks like zstd", zstd?),
        ("text in UTF-16", utf16),
        ("JSON over several lines", pretty.repeat(100).into_bytes()),
        ("JSON over several lines", pretty.clone().into_bytes()),
        ("a JSON array", serde_json::to_vec_pretty(&vec![&event; 20])?),
        ("a JSON array", serde_json::to_vec(&vec![&event; 20])?),
        ("`jq -c ._source`", hit.repeat(3).into_bytes()),
        ("`jq -c '.hits.hits[]._source'`", json!({"took": 1, "hits": {"hits": [event]}}).to_string().into_bytes()),
        ("`jq -c '.Records[]'`", json!({"Records": [event]}).to_string().into_bytes()),
        ("a bulk request", format!("{}\n{event}\n", json!({"create": {"_index": "logs"}})).into_bytes()),
        ("CSV", b"time,host,user\n1,web-1,root\n2,web-2,root\n".to_vec()),
        ("syslog", "Nov 30 06:25:01 web-1 CRON[1]: session opened\n".repeat(2_000).into_bytes()),
        ("like text", "a line of a log\n".repeat(30).into_bytes()),
    ];
    for (text, input) in cases {
        let ran = Firstseen::filter()?.run(&input)?;
        let said: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("it looks like")).collect();
        assert_eq!(said.len(), 1, "{text}: {}", ran.stderr);
        assert!(said[0].starts_with("firstseen: warning: standard input: ") && said[0].contains(text), "{said:?}");
        assert_eq!(ran.split().events, input, "{text}");
        let ran = Firstseen::new("match")?.args(["--query", "nothing:here", "-", "-"]).run(&input)?.expect_code(1)?;
        assert_eq!(ran.stderr.matches(text).count(), 1, "{text}: {}", ran.stderr);
    }
    // A case of events that are none tests nothing.
    let scratch = tempfile::tempdir()?;
    fs::write(scratch.path().join("events.ndjson"), &pretty)?;
    let ran = Firstseen::new("test")?.arg("--bless").arg(scratch.path()).run(b"")?.expect_code(1)?;
    assert!(ran.text()?.contains("events.ndjson: it looks like JSON over several lines"), "{}", ran.text()?);
    Ok(())
}

#[test]
fn nothing_is_said_of_events() -> Result<()> {
    let event = install("/usr/bin/a", AT);
    let long = json!({"@timestamp": NOW, "a": "x".repeat(200_000)}).to_string();
    let cases = [
        String::new(),
        "\n \n".to_owned(),
        format!("\n\n{event}"),
        format!("starting\n[1]\n{{\"a\":\n{event}\n"),
        long,
        "{}\n".to_owned(),
        json!({"@timestamp": NOW, "_source": {}, "_index": "logs", "index": {}}).to_string(),
        format!("{MARK}{event}"),
    ];
    for input in cases {
        let ran = Firstseen::filter()?.run(input.as_bytes())?;
        assert!(!ran.stderr.contains("looks like"), "{}: {}", input.get(..50).unwrap_or(&input), ran.stderr);
    }
    Ok(())
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_event() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let file = |name: &str, content: &[u8]| -> Result<PathBuf> {
        let path = scratch.path().join(name);
        fs::write(&path, content)?;
        Ok(path)
    };
    let events = |parent: &str| [MARK.as_bytes(), &lines([install(parent, AT), other(1)])].concat();
    let (a, b) = (events("/usr/bin/a"), events("/usr/bin/b"));
    let files = [file("a", &a)?, file("mark", MARK.as_bytes())?, file("b", &b)?];
    let ran = Firstseen::filter()?.args(&files).run(b"")?.expect_code(0)?;
    assert_eq!(ran.split().events, [&a, MARK.as_bytes(), b"\n", &b].concat());
    assert_eq!([ran.count("events")?, ran.count("malformed")?, ran.count("alerts")?], [4, 0, 2], "{}", ran.stderr);
    let ran = Firstseen::filter()?.run(&a)?.expect_code(0)?;
    assert_eq!((ran.split().events, ran.count("alerts")?), (a, 1));

    let found =
        Firstseen::new("match")?.args(["--format", "json", "--now", NOW]).arg(&files[2]).run(b"")?.expect_code(0)?;
    assert_eq!(serde_json::from_str::<Value>(found.text()?)?["line"], 1);
    assert!(!found.stderr.contains("no event"), "{}", found.stderr);
    Ok(())
}
