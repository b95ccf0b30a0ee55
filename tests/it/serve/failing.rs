//! Detection that fails: documents pass or are refused, as the operator wants it, and it
//! comes back by itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use firstseen_tests::cluster::{Act, Cluster};
use firstseen_tests::needs::missing;
use firstseen_tests::proxy::Proxy;
use firstseen_tests::running::wait_for;

use super::{ALERTS, INDEX, Site, bulk, install};

/// A small file system of its own, for as long as it is there.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where this process may not mount one.
    fn mount(folder: &Path) -> Result<Option<Self>> {
        let place = folder.join("disk");
        fs::create_dir(&place)?;
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=16m", "none"]).arg(&place).status();
        if !mounted.is_ok_and(|status| status.success()) {
            missing("the right to mount a small file system")?;
            return Ok(None);
        }
        Ok(Some(Self(place)))
    }

    /// Fills it, to the last byte.
    fn fill(&self) -> Result<()> {
        let mut bytes = 16 << 20;
        while bytes > 0 {
            let name = self.0.join(format!("filling-{bytes}"));
            match fs::write(&name, vec![0; bytes]) {
                Ok(()) => {}
                Err(_) => bytes /= 2,
            }
        }
        Ok(())
    }

    fn make_room(&self) -> Result<()> {
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("filling") {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // It may still be in use by a proxy that is being killed.
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}

fn full_disk(mode: &str, check: impl Fn(&Cluster, &Proxy) -> Result<()>) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Some(disk) = SmallDisk::mount(folder.path())? else { return Ok(()) };
    let cluster = Cluster::start(|_| Act::Answer)?;
    let proxy = Proxy::start(&cluster.url(), &disk.0.join("state"), &["--on-detection-error", mode])?;
    assert_eq!(proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(0)]))?.status, 200);
    wait_for(|| Ok(cluster.documents(ALERTS).len() == 1))?;
    disk.fill()?;
    check(&cluster, &proxy)?;

    disk.make_room()?;
    wait_for(|| Ok(proxy.ask("/readyz")?.status == 200))?;
    assert_eq!(proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(0), install(100_000)]))?.status, 200);
    wait_for(|| {
        let alerts = cluster.documents(ALERTS);
        Ok(alerts.iter().any(|alert| alert.source.contains("/usr/bin/parent-100000")))
    })?;
    let alerts = cluster.documents(ALERTS);
    let of_first = alerts.iter().filter(|alert| alert.source.contains("\"/usr/bin/parent-0\"")).count();
    ensure!(of_first == 1, "what was seen before is known: {of_first} alerts");
    drop(proxy);
    Ok(())
}

/// Sends until the state cannot take any more.
fn until_off(proxy: &Proxy) -> Result<u16> {
    for number in 1..20_000 {
        let answer =
            proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk((0..50).map(|more| install(number * 50 + more))))?;
        if answer.status != 200 || proxy.ask("/readyz")?.status == 503 {
            return Ok(answer.status);
        }
    }
    anyhow::bail!("the disk does not get full")
}

#[test]
fn documents_pass_a_full_disk() -> Result<()> {
    full_disk("pass", |cluster, proxy| {
        assert_eq!(until_off(proxy)?, 200);
        let before = cluster.documents(INDEX).len();
        assert_eq!(proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(99_999)]))?.status, 200);
        assert_eq!(cluster.documents(INDEX).len(), before + 1);
        let ready = proxy.ask("/readyz")?;
        assert_eq!(ready.status, 503);
        assert_ne!(ready.json()?["detection"], "on");
        assert!(proxy.metric("firstseen_passed_unexamined_total")?.unwrap_or_default() > 0.0);
        proxy.running().wait_for_stderr(|said| said.contains("DETECTION IS OFF"))?;
        Ok(())
    })
}

#[test]
fn documents_wait_for_a_full_disk() -> Result<()> {
    full_disk("refuse", |cluster, proxy| {
        let mut status = until_off(proxy)?;
        // The next ones at the latest.
        if status == 200 {
            status = proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(99_998)]))?.status;
        }
        assert_eq!(status, 503);
        let before = cluster.documents(INDEX).len();
        let answer = proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(99_999)]))?;
        assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (503, "1"));
        assert_eq!(cluster.documents(INDEX).len(), before);
        Ok(())
    })
}

#[test]
fn a_full_outbox_is_a_failure_of_detection() -> Result<()> {
    for (mode, status) in [("pass", 200), ("refuse", 503)] {
        let site = Site::new(&["--on-detection-error", mode, "--outbox-max", "3", "--alerts", "/dev/full"])?;
        let mut last = 0;
        for number in 0..5 {
            last = site.proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(number)]))?.status;
        }
        assert_eq!(last, status);
        assert_eq!(site.proxy.metric("firstseen_deferred_by_outbox_total")?, Some(2.0));
        assert_eq!(site.cluster.documents(INDEX).len(), if mode == "pass" { 5 } else { 3 });
        assert!(site.state().is_dir());
    }
    Ok(())
}

#[test]
fn rules_are_read_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let rules = folder.path().join("rules.ndjson");
    let rule = |name: &str, query: &str| {
        serde_json::json!({
            "rule_id": name, "name": name, "description": "d", "type": "query", "language": "kuery", "query": query,
            "severity": "low", "risk_score": 1, "index": ["*"], "from": "now-6m", "interval": "5m", "version": 1,
        })
        .to_string()
    };
    fs::write(&rules, rule("first", "file.path : *"))?;
    let site = Site::new(&["--rules", rules.to_str().unwrap_or_default()])?;
    site.proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(1)]))?;
    fs::write(&rules, "{")?;
    site.proxy.running().signal("HUP")?;
    site.proxy.running().wait_for_stderr(|said| said.contains("the rules stay as they were"))?;
    fs::write(&rules, rule("second", "process.name : dpkg"))?;
    site.proxy.running().signal("HUP")?;
    site.proxy.running().wait_for_stderr(|said| said.contains("the rules were read again"))?;
    site.proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(2)]))?;
    let alerts = site.wait_for_alerts(1)?;
    assert!(alerts[0].source.contains("\"kibana.alert.rule.rule_id\":\"second\""));
    Ok(())
}
