//! What the operator sees.

use anyhow::Result;
use firstseen_tests::proxy::request;
use firstseen_tests::running::wait_for;

use super::{Site, bulk, install};

#[test]
fn it_tells_how_it_fares() -> Result<()> {
    let site = Site::new(&[])?;
    assert_eq!(site.proxy.ask("/healthz")?.status, 200);
    wait_for(|| Ok(site.proxy.ask("/readyz")?.status == 200))?;
    site.proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(1), install(2)]))?;
    site.wait_for_alerts(2)?;
    assert_eq!(site.proxy.metric("firstseen_documents_total")?, Some(2.0));
    assert_eq!(site.proxy.metric("firstseen_terms")?, Some(2.0));
    let rule = "firstseen_alerts_total{rule_id=\"f4d1c0ac-aedb-4063-9fa6-cc651eb5e6ee\"}";
    assert_eq!(site.proxy.metric(rule)?, Some(2.0));
    wait_for(|| Ok(site.proxy.metric("firstseen_outbox_alerts")? == Some(0.0)))?;
    let status = site.proxy.ask("/status.json")?.json()?;
    assert_eq!(status["last_alerts"].as_array().unwrap().len(), 2);
    assert_eq!(status["rules"][0]["alerts"], 2);
    Ok(())
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
