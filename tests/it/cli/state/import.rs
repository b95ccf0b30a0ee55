//! `export` and `import`.

use super::*;

const OTHER_RULE: &str = r#"{"rule_id":"pairs","name":"Pairs","description":"","type":"new_terms","language":"kuery",
    "query":"process.name:*","new_terms_fields":["host.name","process.parent.executable"],"history_window_start":"now-7d",
    "from":"now-9m","severity":"low","risk_score":1}"#;

/// Parents with all that texts may hold, at times before and after each other.
fn stream(hours: &[u32], parents: std::ops::Range<u32>) -> Vec<u8> {
    let name = |parent: u32| match parent % 4 {
        0 => format!("/opt/{parent}/run"),
        1 => format!("/tmp/{parent} \"quoted\" \\ \n\t\u{1b}"),
        2 => format!("/tmp/{parent}/größe \u{202e}\u{9b}\u{e0041}"),
        _ => format!("C:\\{parent}\\ünter.exe"),
    };
    let at = |hour: u32| format!("2026-11-{:02}T{:02}:00:00Z", 1 + hour / 24, hour % 24);
    let all = hours.iter().flat_map(|hour| parents.clone().map(move |parent| (*hour, parent)));
    lines(all.map(|(hour, parent)| install(&name(parent), &at(hour + parent * 2))))
}

#[test]
fn an_imported_state_alerts_like_the_original() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let place = |name: &str| scratch.path().join(name);
    let rules = place("rules.ndjson");
    fs::write(&rules, OTHER_RULE.replace('\n', " "))?;
    let options = ["--rules", &*rules.to_string_lossy(), "--learn", "12h"].map(str::to_owned);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    for options in [&["--learn", "12h"][..], &options] {
        let [original, copy] = ["original", "copy"].map(place);
        for events in [stream(&[0, 200], 0..40), stream(&[400, 90], 20..60)] {
            filter(&original, options, &events)?.expect_code(0)?;
        }
        let exported = run("export", &[], &original, &[])?.expect_code(0)?.stdout;
        let import = || state("import")?.args(["--now", NOW]).arg(&copy).run(&exported)?.expect_code(0);
        let imported = import()?;
        assert!(imported.text()?.contains(" 0 widened, 0 known already, 0 expired"), "{}", imported.text()?);
        assert!(run("export", &[], &copy, &[])?.expect_code(0)?.stdout == exported, "another export");
        assert!(import()?.text()?.contains(" 0 new, 0 widened,"), "twice does no harm");

        let events = stream(&[150, 410, 500, 20], 0..80);
        let expected = filter(&original, options, &events)?.expect_code(0)?;
        let got = filter(&copy, options, &events)?.expect_code(0)?;
        let (alerts, events) = (expected.count("alerts")?, expected.count("events")?);
        assert!(alerts > 40 && alerts < events, "{alerts} alerts of {events} events");
        assert!(got.stdout == expected.stdout, "other alerts");
        [original, copy].iter().try_for_each(fs::remove_dir_all)?;
    }
    Ok(())
}

#[test]
fn two_states_become_one() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [one, other, both] = ["one", "other", "both"].map(|name| scratch.path().join(name));
    seen(&one, &["/usr/bin/a", "/usr/bin/b"])?;
    seen(&other, &["/usr/bin/b", "/usr/bin/c"])?;
    let files: Vec<_> = [&one, &other]
        .into_iter()
        .map(|path| {
            let file = path.with_extension("ndjson");
            fs::write(&file, run("export", &[], path, &[])?.expect_code(0)?.stdout)?;
            anyhow::Ok(file)
        })
        .collect::<Result<_>>()?;
    let ran = state("import")?.args(["--now", NOW]).arg(&both).args(&files).run(b"")?.expect_code(0)?;
    let counts = "2 rules and 4 terms imported: 3 new, 0 widened, 1 known already, 0 expired\n";
    assert_eq!(ran.text()?, counts);
    let events = installs(&["a", "b", "c", "d"].map(|name| (&*format!("/usr/bin/{name}").leak(), AT)));
    assert_eq!(alerted(&filter(&both, &[], &events)?)?, ["[\"/usr/bin/d\"]"]);
    Ok(())
}

#[test]
fn a_part_of_a_list_can_be_imported() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [path, part] = ["seen", "part"].map(|name| scratch.path().join(name));
    seen(&path, &["/usr/bin/a", "/tmp/b"])?;
    let list = run("ls", &["--like", "/tmp/*", "--format", "json"], &path, &[])?.expect_code(0)?;
    state("import")?.args(["--now", NOW]).arg(&part).run(&list.stdout)?.expect_code(0)?;
    let events = installs(&[("/usr/bin/a", AT), ("/tmp/b", AT)]);
    assert_eq!(alerted(&filter(&part, &[], &events)?)?, ["[\"/usr/bin/a\"]"]);
    // The rule was met only by the import, so it learns.
    let held_back = filter(&part, &["--learn", "1h"], &installs(&[("/usr/bin/c", AT)]))?;
    assert_eq!(held_back.count("alerts")?, 0);
    Ok(())
}

#[test]
fn what_has_expired_is_left_out_and_counted() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [path, copy] = ["seen", "copy"].map(|name| scratch.path().join(name));
    seen(&path, &["/usr/bin/a"])?;
    let exported = run("export", &[], &path, &[])?.expect_code(0)?.stdout;
    let ran = state("import")?.args(["--now", "2027-11-24T12:00:00Z"]).arg(&copy).run(&exported)?.expect_code(0)?;
    assert!(ran.text()?.contains("0 new, 0 widened, 0 known already, 1 expired"), "{}", ran.text()?);
    run("ls", &[], &copy, &[])?.expect_code(1)?;
    Ok(())
}

/// A line of a term.
fn term(name: &str) -> String {
    let term = json!([name]).to_string();
    json!({"rule": KEY, "term": term, "spans_ms": [[-5, 7]], "expires_ms": i64::MAX}).to_string()
}

#[test]
fn a_faulty_line_is_named_and_nothing_of_its_batch_is_imported() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let file = scratch.path().join("export.ndjson");
    let good = term("a");
    let long_key = term("a").replace("f4d1c0ac", &"r".repeat(1024));
    for (line, cause) in [
        (&*"x".repeat(10 << 20), "longer than 256 KiB"),
        (&term(&"x".repeat(32 << 10)), "a term of 32772 bytes, and 32768 are allowed"),
        (&long_key, "and 1024 are allowed"),
        ("{", "EOF while parsing"),
        ("\u{0}", "expected value, in column 1"),
        (&format!("{good}{good}"), "trailing characters"),
        (&good.replace("[[-5,7]]", "[[7,-5]]"), "not in order"),
        (&good.replace("[[-5,7]]", "[]"), "`spans_ms` is empty"),
        (&good.replace("-5", "\"2026-11-24\""), "invalid type: string"),
        (&good.replace("-5", "-1e3"), "invalid type: floating point"),
        (&good.replace("-5", "-9223372036854775809"), "invalid type: floating point"),
        (&good.replace("expires_ms", "expires"), "unknown field `expires`"),
        (&good.replace("\"term\"", "\"met_ms\":1,\"term\""), "members of a term and of a rule together"),
        ("{\"rule\":7,\"met_ms\":1}", "invalid type: integer `7`"),
        ("{\"rule\":\"r\",\"rule\":\"s\",\"met_ms\":1}", "duplicate field `rule`"),
    ] {
        let path = scratch.path().join("seen");
        fs::write(&file, format!("{good}\n\n{line}\n{}\n", term("b")))?;
        let ran = state("import")?.arg(&path).arg(&file).run(b"")?.expect_code(2)?;
        let place = format!("{}:3: ", file.display());
        assert!(ran.stderr.contains(&place) && ran.stderr.contains(cause), "{cause}: {}", ran.stderr);
        assert!(ran.stderr.len() < 1_000, "{cause}: {}", ran.stderr);
        assert!(ran.text()?.starts_with("0 rules and 0 terms imported"), "{}", ran.text()?);
        assert!(run("ls", &[], &path, &[])?.expect_code(1)?.stdout.is_empty(), "{cause}");
        fs::remove_dir_all(&path)?;
    }
    Ok(())
}

#[test]
fn what_is_not_utf8_is_named_and_batches_before_it_stay() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let mut lines = lines((0..12_345).map(|number| term(&number.to_string())));
    lines.extend_from_slice(b"{\"rule\":\"\xff\",\"met_ms\":1}\n");
    let ran = state("import")?.arg(&path).run(&lines)?.expect_code(2)?;
    assert!(ran.stderr.contains("standard input:12346: invalid unicode code point"), "{}", ran.stderr);
    assert!(ran.stderr.contains("nothing of its batch is in the state, what came before it is"), "{}", ran.stderr);
    assert!(ran.text()?.starts_with("0 rules and 10000 terms imported: 10000 new"), "{}", ran.text()?);
    let listed = run("ls", &[], &path, &[])?.expect_code(0)?;
    assert_eq!(listed.text()?.lines().count(), 10_000);
    Ok(())
}

#[test]
fn extremes_and_unknown_rules_are_taken_as_they_are() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let lines = [
        json!({"rule": "no id", "met_ms": i64::MIN, "first_event_ms": -1}).to_string(),
        json!({"rule": "no id", "term": "no array", "spans_ms": [[i64::MIN, -1], [1, i64::MAX]], "expires_ms": i64::MAX})
            .to_string(),
        json!({"rule": "", "term": "", "spans_ms": [[0, 0]], "expires_ms": i64::MAX}).to_string(),
    ];
    let text = lines.join("\r\n");
    state("import")?.args(["--now", NOW]).arg(&path).run(text.as_bytes())?.expect_code(0)?;
    let exported = run("export", &[], &path, &[])?.expect_code(0)?;
    let exported = exported.text()?;
    assert!(lines.iter().all(|line| exported.contains(line)), "{exported}");
    let listed = run("ls", &["--rule", "no id"], &path, &[])?.expect_code(0)?;
    assert_eq!(listed.text()?, format!("{} ms  {} ms  no id  no array\n", i64::MIN, i64::MAX));
    Ok(())
}
