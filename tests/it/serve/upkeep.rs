//! `firstseen state` while the proxy has the state open.

use std::fs;
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use firstseen_tests::cluster::{Act, Cluster};
use firstseen_tests::events;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::output::Ran;
use firstseen_tests::proxy::Proxy;
use firstseen_tests::running::wait_for;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Site, bulk, install, parent};

/// Of the built-in rule.
const RULE: &str = "f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee";
const KEY: &str = r#"["f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee","process.parent.executable"]"#;

const BULK: &str = "/logs-endpoint.events.a/_bulk";

fn state(state: &Path, command: &str, rest: &[&str], input: &[u8]) -> Result<Ran> {
    Firstseen::new("state")?.arg(command).arg(state).args(rest).run(input)
}

/// The lines of an export about terms.
fn terms(export: &Ran) -> Result<Vec<String>> {
    let lines = export.text()?.lines().map(serde_json::from_str::<Value>).collect::<Result<Vec<_>, _>>()?;
    Ok(lines.iter().filter_map(|line| line.get("term")?.as_str()).map(str::to_owned).collect())
}

#[test]
fn a_state_in_use_can_be_looked_into() -> Result<()> {
    let site = Site::new(&[])?;
    site.proxy.bulk(BULK, &bulk([install(1), install(2)]))?;
    site.wait_for_alerts(2)?;
    let path = site.state();
    wait_for(|| Ok(site.proxy.metric("firstseen_outbox_alerts")? == Some(0.0)))?;

    let list = state(&path, "ls", &["--like", "*-2"], b"")?.expect_code(0)?;
    assert!(list.text()?.trim_end().ends_with(&format!("{KEY}  [\"/usr/bin/parent-2\"]")), "{}", list.text()?);
    assert_eq!(list.text()?.lines().count(), 1);
    let stats = state(&path, "stats", &["--format", "json"], b"")?.expect_code(0)?;
    let stats: Value = serde_json::from_str(stats.text()?)?;
    assert_eq!((&stats["terms"], &stats["outbox"]["alerts"]), (&json!(2), &json!(0)));
    assert_eq!(stats["rules"][0]["rule"], KEY);
    let get = |parent: &str| state(&path, "get", &["--rule", RULE, parent], b"");
    assert!(get("/usr/bin/parent-1")?.expect_code(0)?.text()?.contains("\nseen     20"));
    get("/usr/bin/parent-3")?.expect_code(1)?;
    let unknown = state(&path, "ls", &["--rule", "f4d1"], b"")?.expect_code(2)?;
    assert!(unknown.stderr.contains("does not know a rule f4d1"), "{}", unknown.stderr);

    // What is exported now is what is exported when the state is free.
    let export = state(&path, "export", &[], b"")?.expect_code(0)?;
    assert_eq!(terms(&export)?, ["[\"/usr/bin/parent-1\"]", "[\"/usr/bin/parent-2\"]"]);
    site.proxy.stop()?.expect_code(0)?;
    let free = state(&path, "export", &[], b"")?.expect_code(0)?;
    assert_eq!(free.text()?, export.text()?);
    Ok(())
}

#[test]
fn what_is_forgotten_alerts_again_and_what_is_imported_does_not() -> Result<()> {
    // Several workers, each with what it remembers.
    let site = Site::new(&["--jobs", "3"])?;
    let path = site.state();
    let send = |numbers: &[usize]| -> Result<()> {
        for number in numbers {
            assert_eq!(site.proxy.bulk(BULK, &bulk([install(*number), install(*number)]))?.status, 200);
        }
        Ok(())
    };
    send(&[1, 2, 1, 2])?;
    site.wait_for_alerts(2)?;
    let forgotten = state(&path, "forget", &["--rule", RULE, "/usr/bin/parent-1"], b"")?.expect_code(0)?;
    assert_eq!(forgotten.text()?, "1 terms forgotten\n");
    // Whenever the test runs.
    let line = json!({"rule": KEY, "term": "[\"/usr/bin/parent-3\"]", "expires_ms": i64::MAX,
        "spans_ms": [[0, i64::MAX]]});
    let imported = state(&path, "import", &[], line.to_string().as_bytes())?.expect_code(0)?;
    assert!(imported.text()?.starts_with("0 rules and 1 terms imported: 1 new"), "{}", imported.text()?);
    let now = Timestamp::now().to_string();
    let seeded = state(&path, "seed", &[], &events::lines([events::install("/usr/bin/parent-4", &now)]))?;
    let seeded = seeded.expect_code(0)?;
    assert!(seeded.text()?.ends_with("1 sightings in 1 events recorded, 1 terms were not known\n"));

    send(&[1, 2, 3, 4, 5])?;
    wait_for(|| {
        let alerts = site.cluster.documents(super::ALERTS);
        Ok(alerts.iter().any(|alert| parent(alert).is_ok_and(|parent| parent == "/usr/bin/parent-5")))
    })?;
    // An alert that comes again has the same id, and is in the index already.
    wait_for(|| Ok(site.proxy.metric("firstseen_outbox_alerts")? == Some(0.0)))?;
    let raised = format!("firstseen_alerts_total{{rule_id=\"{RULE}\"}}");
    assert_eq!(site.proxy.metric(&raised)?, Some(4.0), "1, 2, 1 again, and 5");
    let parents: Vec<String> = site.cluster.documents(super::ALERTS).iter().map(parent).collect::<Result<_>>()?;
    assert!(!parents.iter().any(|parent| parent.ends_with("-3") || parent.ends_with("-4")), "{parents:?}");

    let forgotten = state(&path, "forget", &["--rule", RULE, "--all"], b"")?.expect_code(0)?;
    assert_eq!(forgotten.text()?, "5 terms forgotten\n");
    send(&[3])?;
    wait_for(|| Ok(site.proxy.metric(&raised)? == Some(5.0)))?;
    site.proxy.stop()?.expect_code(0)?;
    let left = state(&path, "export", &[], b"")?.expect_code(0)?;
    assert_eq!(terms(&left)?, ["[\"/usr/bin/parent-3\"]"]);
    Ok(())
}

#[test]
fn the_socket_is_for_its_owner_and_goes_with_the_proxy() -> Result<()> {
    let site = Site::new(&[])?;
    let socket = site.state().join("socket");
    let metadata = fs::symlink_metadata(&socket)?;
    assert!(metadata.file_type().is_socket());
    assert_eq!(metadata.permissions().mode() & 0o7777, 0o600);
    assert_eq!(fs::metadata(site.state())?.permissions().mode() & 0o7777, 0o700);

    // Another one is refused, and takes nothing away.
    let second = Firstseen::new("serve")?.args(["--listen", "127.0.0.1:0", "--admin", "none", "--state"]);
    let second = second.arg(site.state()).args(["--upstream", &site.cluster.url()]).run(b"")?.expect_code(2)?;
    assert!(second.stderr.contains("is in use by another process"), "{}", second.stderr);
    state(&site.state(), "stats", &[], b"")?.expect_code(0)?;

    // Neither do the clients' and the operator's addresses have any of it.
    assert_eq!(site.proxy.ask("/state")?.status, 404);
    site.proxy.stop()?.expect_code(0)?;
    assert!(!socket.exists());
    Ok(())
}

#[test]
fn a_socket_of_a_killed_proxy_is_in_nobodys_way() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("state");
    let cluster = Cluster::start(|_| Act::Answer)?;
    let proxy = Proxy::start(&cluster.url(), &path, &[])?;
    proxy.bulk(BULK, &bulk([install(1)]))?;
    proxy.kill()?;
    assert!(path.join("socket").exists());
    let stats = state(&path, "stats", &[], b"")?.expect_code(0)?;
    assert!(stats.text()?.starts_with("1 terms"), "{}", stats.text()?);

    let proxy = Proxy::start(&cluster.url(), &path, &[])?;
    proxy.bulk(BULK, &bulk([install(2)]))?;
    let stats = state(&path, "stats", &[], b"")?.expect_code(0)?;
    assert!(stats.text()?.starts_with("2 terms"), "{}", stats.text()?);
    let ran = proxy.stop()?.expect_code(0)?;
    assert!(!ran.stderr.contains("cannot be used"), "{}", ran.stderr);
    Ok(())
}

#[test]
fn without_a_socket_the_proxy_runs_and_says_so() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let cluster = Cluster::start(|_| Act::Answer)?;
    let path = folder.path().join("x".repeat(100));
    let proxy = Proxy::start(&cluster.url(), &path, &[])?;
    proxy.running().wait_for_stderr(|said| said.contains("cannot be used meanwhile") && said.contains("more than"))?;
    proxy.bulk(BULK, &bulk([install(1)]))?;
    let refused = state(&path, "stats", &[], b"")?.expect_code(2)?;
    assert!(refused.stderr.contains("is in use by another process"), "{}", refused.stderr);
    proxy.stop()?.expect_code(0)?;

    // Something else has its name.
    let path = folder.path().join("state");
    state(&path, "import", &[], b"")?.expect_code(0)?;
    fs::write(path.join("socket"), "notes")?;
    let proxy = Proxy::start(&cluster.url(), &path, &[])?;
    proxy.running().wait_for_stderr(|said| said.contains("is no socket"))?;
    proxy.stop()?.expect_code(0)?;
    assert_eq!(fs::read_to_string(path.join("socket"))?, "notes");
    Ok(())
}

#[test]
fn an_export_that_loses_the_proxy_is_an_error() -> Result<()> {
    let site = Site::new(&[])?;
    let mut lines = String::new();
    for number in 0..30_000 {
        let line = json!({"rule": "r", "term": format!("[\"{number}\"]"), "expires_ms": i64::MAX,
            "spans_ms": [[number, number]]});
        lines.push_str(&format!("{line}\n"));
    }
    state(&site.state(), "import", &[], lines.as_bytes())?.expect_code(0)?;
    let mut command = Firstseen::new("state")?.arg("export").arg(site.state()).into_command();
    let mut export = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdout = export.stdout.take().context("no output")?;
    // It has begun, and more than a pipe holds is left.
    let mut written = vec![0];
    stdout.read_exact(&mut written)?;
    site.proxy.stop()?.expect_code(0)?;
    stdout.read_to_end(&mut written)?;
    let ran = export.wait_with_output()?;
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    assert!(said.contains("ended before it had answered"), "{said}");
    ensure!(written.iter().filter(|byte| **byte == b'\n').count() < 30_000, "all was written before");
    Ok(())
}
