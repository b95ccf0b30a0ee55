//! What the operator sees.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use firstseen_tests::events;
use firstseen_tests::needs::missing;
use firstseen_tests::proxy::request;
use firstseen_tests::running::wait_for;
use serde_json::json;

use super::{Site, bulk, install, parents_rule};

#[test]
fn it_tells_how_it_fares() -> Result<()> {
    let site = Site::new(&[])?;
    assert_eq!(site.proxy.ask("/healthz")?.status, 200);
    wait_for(|| Ok(site.proxy.ask("/readyz")?.status == 200))?;
    site.proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(1), install(2)]))?;
    site.wait_for_alerts(2)?;
    assert_eq!(site.proxy.metric("firstseen_documents_total")?, Some(2.0));
    assert_eq!(site.proxy.metric("firstseen_terms")?, Some(2.0));
    assert_eq!(site.proxy.metric("firstseen_sightings_total")?, Some(2.0));
    assert_eq!(site.proxy.metric("firstseen_traps_total")?, Some(0.0));
    assert_eq!(site.proxy.metric("firstseen_module_seconds_count")?, Some(1.0));
    assert_eq!(site.proxy.metric("firstseen_commit_seconds_count")?, Some(1.0));
    let rule = "firstseen_alerts_total{rule_id=\"f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee\"}";
    assert_eq!(site.proxy.metric(rule)?, Some(2.0));
    wait_for(|| Ok(site.proxy.metric("firstseen_outbox_alerts")? == Some(0.0)))?;
    wait_for(|| Ok(site.proxy.metric("firstseen_outbox_age_seconds")? == Some(0.0)))?;
    let status = site.proxy.ask("/status.json")?.json()?;
    assert_eq!(status["last_alerts"].as_array().unwrap().len(), 2);
    assert_eq!(status["rules"][0]["alerts"], 2);
    Ok(())
}

#[test]
fn what_comes_from_events_reaches_the_page_as_text() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let rules = parents_rule(folder.path())?;
    let named = fs::read_to_string(&rules)?.replace("\"name\":\"parents\"", "\"name\":\"<b id='rule'>rule</b>\"");
    fs::write(&rules, named)?;
    let site = Site::new(&["--rules", &rules])?;
    let term = "<img src=x onerror=\"document.title='run'\">";
    site.proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([events::install(term, "2026-11-24T12:00:00.000Z")]))?;
    site.wait_for_alerts(1)?;
    let status = site.proxy.ask("/status.json")?;
    assert_eq!(status.headers["content-type"], "application/json");
    let status = status.json()?;
    assert_eq!(status["last_alerts"][0]["term"], json!([term]).to_string());
    assert_eq!(status["last_alerts"][0]["rule"], "<b id='rule'>rule</b>");

    let Some(dom) = dom_of(&format!("http://{}/", site.proxy.admin), folder.path())? else { return Ok(()) };
    // The page has seen it, and it stands there as text.
    ensure!(dom.contains("&lt;img src=x onerror="), "the term is not there: {dom}");
    ensure!(dom.contains("&lt;b id='rule'&gt;rule&lt;/b&gt;"), "the rule is not there: {dom}");
    ensure!(!dom.contains("<img") && !dom.contains("<b "), "it became markup: {dom}");
    ensure!(!dom.contains("<title>run"), "it was run");
    Ok(())
}

/// The page at an address as a browser has it after a while.
fn dom_of(url: &str, folder: &Path) -> Result<Option<String>> {
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let browser = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", &profile])
        .args(["--virtual-time-budget=5000", "--dump-dom", url])
        .output();
    match browser {
        Ok(ran) => {
            ensure!(ran.status.success(), "chromium: {}", String::from_utf8_lossy(&ran.stderr));
            Ok(Some(String::from_utf8(ran.stdout)?))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            missing(format_args!("chromium is not installed"))?;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

#[test]
fn it_answers_to_its_own_names_and_only_tells() -> Result<()> {
    let site = Site::new(&[])?;
    let page = site.proxy.ask("/")?;
    assert!(page.headers["content-security-policy"].starts_with("default-src 'none'"));
    assert!(!page.text()?.contains("<script>"), "no script in the page itself");
    let foreign = firstseen_tests::proxy::raw(
        &site.proxy.admin,
        b"GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
    )?;
    assert_eq!(foreign.status, 421);
    assert_eq!(request(&site.proxy.admin, "POST", "/", &[], b"")?.status, 405);
    assert_eq!(site.proxy.ask("/etc/passwd")?.status, 404);
    Ok(())
}
