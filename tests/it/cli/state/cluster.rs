//! `seed --from`.

use firstseen_tests::cluster::{Archive, Engine, Old, Say};
use firstseen_tests::running::{Running, wait_for};
use jiff::Timestamp;

use super::*;

const INDEX: &str = ".ds-logs-endpoint.events.process-default-2026.11.20-000001";

/// An install by a parent that no other has, at a minute before the present.
fn old(number: i64) -> Result<Old> {
    let time_ms = 1_795_521_600_000 - 60_000 * (number + 1);
    let at = Timestamp::from_millisecond(time_ms)?.to_string();
    Ok((time_ms, INDEX.to_owned(), install(&format!("/usr/bin/parent-{number}"), &at)))
}

fn olds(count: i64) -> Result<Vec<Old>> {
    (0..count).map(old).collect()
}

fn seed(archive: &Archive, path: &Path, options: &[&str]) -> Result<Firstseen> {
    let from = format!("{}/logs-*", archive.url());
    Ok(state("seed")?.args(["--now", NOW, "--from", &from]).args(options).arg(path))
}

/// How many terms a state has.
fn terms(path: &Path) -> Result<usize> {
    let list = run("export", &[], path, &[])?.expect_code(0)?;
    Ok(list.text()?.lines().filter(|line| line.contains("\"term\"")).count())
}

/// Since when a state knows its only rule.
fn met_ms(path: &Path) -> Result<Value> {
    let stats = run("stats", &["--format", "json"], path, &[])?.expect_code(0)?;
    let stats: Value = serde_json::from_str(stats.text()?)?;
    Ok(stats.pointer("/rules/0/met_ms").cloned().unwrap_or_default())
}

#[test]
fn documents_of_a_cluster_are_known() -> Result<()> {
    for (engine, tiebreak) in [(Engine::Elasticsearch, "_shard_doc"), (Engine::OpenSearch, "_id")] {
        let scratch = tempfile::tempdir()?;
        let path = scratch.path().join("seen");
        let mut documents = olds(2_345)?;
        // Some of the same time, one that is no strict JSON, one of an index that no rule
        // looks at, and one of before the window.
        let (time_ms, index, source) = old(7)?;
        documents.extend((0..3).map(|_| (time_ms, index.clone(), source.clone())));
        documents.push((time_ms, "metrics-x".to_owned(), install("/usr/bin/elsewhere", "2026-11-24T00:00:00Z")));
        documents.push((time_ms - 5 * 86_400_000, index, install("/usr/bin/long-ago", "2026-11-18T00:00:00Z")));
        let archive = Archive::start(engine, documents, |_| Say::Answer)?;
        for new in [2_345, 0] {
            let ran = seed(&archive, &path, &[])?.run(b"")?.expect_code(0)?;
            let expected = format!("2348 sightings in 2349 events recorded, {new} terms were not known");
            assert_eq!(ran.text()?.lines().last(), Some(&*expected), "{}", ran.stderr);
        }
        assert!(archive.searches().iter().any(|search| search["sort"][2].get(tiebreak).is_some()));
        // In OpenSearch `_shard_doc` tells documents of one index apart only.
        assert!(archive.searches().iter().all(|search| search["sort"][1] == json!({"_index": "asc"})));
        assert!(archive.requests().iter().all(|request| request.header("authorization").is_none()));
        assert_eq!(archive.open(), 0, "a point in time is left");
        assert!(!path.join("seed.json").exists());
        let (_, _, known) = old(1_234)?;
        let again = filter(&path, &[], &lines([&known, &install("/usr/bin/elsewhere", AT)]))?.expect_code(0)?;
        assert_eq!(alerted(&again)?, ["[\"/usr/bin/elsewhere\"]"]);
    }
    Ok(())
}

#[test]
fn what_may_do_another_time_is_tried_again() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let documents = olds(2_500)?;
    let last_of_first_page = {
        let mut times: Vec<i64> = documents.iter().map(|(time_ms, ..)| *time_ms).collect();
        times.sort_unstable();
        times[999]
    };
    let archive = Archive::start(Engine::Elasticsearch, documents, |number| match number {
        0 => Say::Status(429),
        1 => Say::BreakOff,
        3 => Say::Expire,
        5 => Say::Status(503),
        6 => Say::Body(r#"{"timed_out":false,"_shards":{"failed":1},"hits":{"hits":[]}}"#.to_owned()),
        _ => Say::Answer,
    })?;
    let ran = seed(&archive, &path, &[])?.run(b"")?.expect_code(0)?;
    for said in ["status 429", "broke off", "another one is opened: status 404", "status 503", "failed in a part"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    assert_eq!(terms(&path)?, 2_500);
    // Behind the last document in one point in time; from its time on in the next.
    let searches = archive.searches();
    assert_eq!(searches[3]["search_after"], json!([last_of_first_page, INDEX, 999]));
    assert_eq!(searches[4].get("search_after"), None);
    assert_eq!(searches[4]["query"]["bool"]["filter"][0]["range"]["@timestamp"]["gte"], last_of_first_page);
    assert_eq!(archive.open(), 0);
    Ok(())
}

#[test]
fn it_goes_on_where_it_was() -> Result<()> {
    for signal in ["TERM", "KILL"] {
        let scratch = tempfile::tempdir()?;
        let path = scratch.path().join("seen");
        let archive = Archive::start(Engine::Elasticsearch, olds(3_500)?, |number| match number {
            2 => Say::Hang,
            _ => Say::Answer,
        })?;
        let mut running: Running = seed(&archive, &path, &[])?.spawn()?;
        wait_for(|| Ok(archive.searches().len() == 3))?;
        let reached: Value = serde_json::from_slice(&fs::read(path.join("seed.json"))?)?;
        running.signal(signal)?;
        let ran = running.wait()?;
        if signal == "TERM" {
            let ran = ran.expect_code(2)?;
            assert!(ran.stderr.contains("it was ended by a signal; what is from before 2026-11-"), "{}", ran.stderr);
            assert_eq!(archive.open(), 0, "the point in time is closed");
        }
        assert_eq!(terms(&path)?, 2_000, "{signal}: both pages are in the state");
        assert_eq!(met_ms(&path)?, json!(1_795_521_600_000_i64), "{signal}: it learns until all is there");

        let before = archive.searches().len();
        let ran = seed(&archive, &path, &[])?.run(b"")?.expect_code(0)?;
        assert!(ran.stderr.contains("2000 documents were read before; it goes on at"), "{}", ran.stderr);
        let first = &archive.searches()[before];
        assert_eq!(first["query"]["bool"]["filter"][0]["range"]["@timestamp"]["gte"], reached["reached_ms"]);
        assert!(ran.text()?.contains("1501 sightings in 1501 events"), "{}", ran.text()?);
        assert_eq!(terms(&path)?, 3_500);
        assert_eq!(met_ms(&path)?, json!(old(3_499)?.0), "{signal}");
        assert!(!path.join("seed.json").exists());
    }
    Ok(())
}

#[test]
fn an_earlier_run_of_something_else_is_not_gone_on_with() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let [path, resume] = ["seen", "resume"].map(|name| scratch.path().join(name));
    let archive = Archive::start(Engine::Elasticsearch, olds(10)?, |_| Say::Answer)?;
    let resume_option = resume.to_string_lossy().into_owned();
    let other =
        r#"{"from":"http://b/c","state":"/","rules":1,"since_ms":0,"reached_ms":5,"documents":1,"first_ms":{}}"#;
    fs::write(&resume, other)?;
    let ran = seed(&archive, &path, &["--resume", &resume_option])?.run(b"")?.expect_code(0)?;
    assert!(ran.stderr.contains("is of another run") && ran.stderr.contains("begins anew"), "{}", ran.stderr);
    assert_eq!(terms(&path)?, 10);
    assert!(!resume.exists());
    fs::write(&resume, "notes")?;
    let ran = seed(&archive, &path, &["--resume", &resume_option])?.run(b"")?.expect_code(2)?;
    assert!(ran.stderr.contains("move it away"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&resume)?, "notes");
    assert_eq!(archive.open(), 0);
    Ok(())
}

#[test]
fn hostile_answers_are_told() -> Result<()> {
    let hit = |hit: &str| format!(r#"{{"hits":{{"hits":[{hit}]}}}}"#);
    let no_source = hit(r#"{"_index":"a\u001b","_id":"1","sort":[1,2]}"#);
    let no_sort = hit(r#"{"_index":"a","_id":"1","_source":{}}"#);
    for (say, told) in [
        (Say::Body("no JSON".to_owned()), "is not understood"),
        (Say::Body("{}".to_owned()), "missing field `hits`"),
        (Say::Body(no_source), "has no _source"),
        (Say::Body(no_sort), "without the time"),
        (Say::Body("[".repeat(100_000)), "is not understood"),
        (Say::Status(302), "status 302: as it was told to, a redirection, and none is followed"),
        (Say::Status(403), "see FIRSTSEEN_SEED_API_KEY"),
        (Say::Status(404), "status 404"),
    ] {
        let scratch = tempfile::tempdir()?;
        let path = scratch.path().join("seen");
        let for_server = say.clone();
        let archive = Archive::start(Engine::Elasticsearch, Vec::new(), move |_| for_server.clone())?;
        let ran = seed(&archive, &path, &[])?.run(b"")?.expect_code(2)?;
        assert!(ran.stderr.contains(told) && !ran.stderr.contains('\u{1b}'), "{say:?}: {}", ran.stderr);
        assert_eq!(archive.open(), 0, "{say:?}: a point in time is left");
    }
    Ok(())
}

#[test]
fn long_documents_come_a_few_at_a_time() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let documents = (0..200).map(|number| {
        let (time_ms, index, source) = old(number)?;
        let long = format!("{{\"message\":\"{}\",{}", "x".repeat(600 << 10), source.get(1..).unwrap_or_default());
        Ok((time_ms, index, long))
    });
    let archive = Archive::start(Engine::Elasticsearch, documents.collect::<Result<_>>()?, |_| Say::Answer)?;
    seed(&archive, &path, &[])?.run(b"")?.expect_code(0)?;
    assert_eq!(terms(&path)?, 200);
    assert!(archive.searches().iter().any(|search| search["size"] == 62), "fewer are asked for");
    Ok(())
}

#[test]
fn credentials_come_from_the_environment_and_are_not_shown() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let archive = Archive::start(Engine::Elasticsearch, olds(1)?, |_| Say::Answer)?;
    let ran = seed(&archive, &path, &[])?.env("FIRSTSEEN_SEED_API_KEY", "c2VjcmV0").run(b"")?.expect_code(0)?;
    assert!(!ran.stderr.contains("c2VjcmV0"));
    assert!(archive.requests().iter().all(|request| request.header("authorization") == Some("ApiKey c2VjcmV0")));
    let with_password = archive.url().replace("http://", "http://user:secret@");
    for from in [format!("{with_password}/logs"), archive.url(), "localhost:9200/a".to_owned()] {
        let new = scratch.path().join("new");
        let ran = state("seed")?.args(["--from", &from]).arg(&new).run(b"")?.expect_code(2)?;
        assert!(!ran.stderr.contains("secret") && !new.exists(), "{}", ran.stderr);
    }
    // Nothing is made for nothing.
    let missing = format!("{}/missing", archive.url());
    let new = scratch.path().join("new");
    let ran = state("seed")?.args(["--from", &missing]).arg(&new).run(b"")?.expect_code(2)?;
    assert!(ran.stderr.contains("no point in time of missing can be opened") && !new.exists(), "{}", ran.stderr);
    Ok(())
}

#[test]
fn a_state_in_use_is_seeded_from_a_cluster() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let path = scratch.path().join("seen");
    let archive = Archive::start(Engine::Elasticsearch, olds(1_500)?, |_| Say::Answer)?;
    let mut running = Firstseen::filter()?.args(["--only-alerts", "--clock", "event", "--state"]).arg(&path).spawn()?;
    running.write(&installs(&[("/usr/bin/a", AT)]))?;
    running.wait_for_stdout(|stdout| !stdout.is_empty())?;
    seed(&archive, &path, &[])?.run(b"")?.expect_code(0)?;
    let (_, _, known) = old(1_234)?;
    running.write(&lines([known, install("/usr/bin/b", AT)]))?;
    assert_eq!(alerted(&running.finish()?.expect_code(0)?)?, ["[\"/usr/bin/a\"]", "[\"/usr/bin/b\"]"]);
    assert_eq!(terms(&path)?, 1_502);
    Ok(())
}
