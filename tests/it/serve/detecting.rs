//! Documents that pass are judged, and alerts name them.

use std::io::Write;

use anyhow::Result;
use firstseen_tests::events;
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::proxy::request;
use firstseen_tests::running::wait_for;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{ALERTS, INDEX, Site, action, ancestor, bulk, install, parent};

#[test]
fn an_alert_names_the_document_that_the_cluster_stored() -> Result<()> {
    let site = Site::new(&[])?;
    let body = bulk([events::other(1), install(1), install(2), install(1)]);
    let answer = site.proxy.bulk("/logs-endpoint.events.a/_bulk", &body)?;
    assert_eq!(answer.json()?["items"].as_array().unwrap().len(), 4);
    let mut alerts = site.wait_for_alerts(2)?;
    alerts.sort_by_key(|alert| parent(alert).unwrap());
    let documents = site.cluster.documents(INDEX);
    for (alert, place) in alerts.iter().zip([1, 2]) {
        assert_eq!(ancestor(alert)?, (Some("logs-endpoint.events.a-000001".to_owned()), documents[place].id.clone()));
        let document: Value = serde_json::from_str(&alert.source)?;
        assert_eq!(document["kibana.alert.uuid"], alert.id.as_str());
    }
    site.proxy.stop()?.expect_code(0)?;
    Ok(())
}

#[test]
fn alerts_are_those_of_the_filter() -> Result<()> {
    let site = Site::new(&[])?;
    let sources: Vec<String> = (0..50).map(|number| install(number % 20)).collect();
    site.proxy.bulk("/logs-endpoint.events.process-default/_bulk", &bulk(&sources))?;
    let mut stored: Vec<String> = site.wait_for_alerts(20)?.into_iter().map(|alert| alert.id).collect();
    let filter = Firstseen::new("filter")?.args(["--only-alerts", "--index", "logs-endpoint.events.process-default"]);
    let mut filtered: Vec<String> = Vec::new();
    for alert in filter.run(&events::lines(&sources))?.alerts()? {
        filtered.push(alert["kibana.alert.uuid"].as_str().unwrap().to_owned());
    }
    stored.sort();
    filtered.sort();
    assert_eq!(stored, filtered);
    Ok(())
}

#[test]
fn every_way_to_bring_a_document_is_looked_at() -> Result<()> {
    let site = Site::new(&[])?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&bulk([install(1)]))?;
    let gzip = gzip.finish()?;
    let members = {
        let mut second = GzEncoder::new(Vec::new(), Compression::fast());
        second.write_all(&bulk([install(2)]))?;
        let mut first = GzEncoder::new(Vec::new(), Compression::fast());
        first.write_all(&bulk([events::other(1)]))?;
        [first.finish()?, second.finish()?].concat()
    };
    let upsert = json!({ "doc": serde_json::from_str::<Value>(&install(8))?, "doc_as_upsert": true }).to_string();
    let send = |method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]| -> Result<()> {
        request(&site.proxy.address, method, target, headers, body).map(drop)
    };
    send("POST", "/_bulk", &[("content-encoding", "GZIP")], &gzip)?;
    send("PUT", "/logs-endpoint.events.a/_bulk/", &[("content-encoding", "x-gzip")], &members)?;
    send("POST", "//_bulk", &[], &bulk([install(3)]))?;
    send("POST", "/%5Fbulk", &[], &bulk([install(4)]))?;
    send("POST", "/logs-endpoint.events.a/_doc", &[], install(5).as_bytes())?;
    send("PUT", "/logs-endpoint.events.a/_doc/1", &[], install(6).as_bytes())?;
    send("PUT", "/logs-endpoint.events.a/_create/2", &[], install(7).as_bytes())?;
    send("POST", "/_bulk", &[], &events::lines([action("update", json!({ "_index": INDEX, "_id": "9" })), upsert]))?;
    let commented =
        format!("{}\n{}\n", "{/*x*/\"ind\\u0065x\":{\"_index\":\"logs-endpoint.events.a\"}}//y", install(9));
    send("POST", "/_bulk", &[], commented.as_bytes())?;
    let behind_garbage = format!("no action\n{}\n", install(10));
    send("POST", "/_bulk", &[], behind_garbage.as_bytes())?;
    wait_for(|| Ok(site.cluster.documents(ALERTS).len() >= 10))?;
    let mut parents: Vec<String> = Vec::new();
    for alert in site.cluster.documents(ALERTS) {
        parents.push(parent(&alert)?);
    }
    for number in 1..=10 {
        assert!(parents.contains(&format!("/usr/bin/parent-{number}")), "{number} of {parents:?}");
    }
    Ok(())
}

#[test]
fn what_is_looked_at_is_what_goes_on() -> Result<()> {
    let site = Site::new(&[])?;
    site.cluster.record();
    // The header is for the proxy alone, so the cluster reads a plain body.
    let headers = [("content-encoding", "gzip"), ("connection", "content-encoding")];
    request(&site.proxy.address, "POST", &format!("/{INDEX}/_bulk"), &headers, &bulk([install(1)]))?;
    site.wait_for_alerts(1)?;
    let seen = site.cluster.requests();
    let seen = seen.iter().find(|request| request.target.contains(INDEX)).unwrap();
    assert_eq!(seen.header("content-encoding"), None);
    Ok(())
}

#[test]
fn a_body_that_cannot_be_unpacked_is_said() -> Result<()> {
    for (mode, status) in [("pass", 200), ("refuse", 415)] {
        let site = Site::new(&["--on-detection-error", mode])?;
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&bulk([install(1)]))?;
        let mut damaged = gzip.finish()?;
        damaged.truncate(damaged.len() - 9);
        let headers = [("content-encoding", "gzip")];
        let answer = request(&site.proxy.address, "POST", &format!("/{INDEX}/_bulk"), &headers, &damaged)?;
        assert_eq!(answer.status, status);
        let unjudged = site.proxy.metric("firstseen_unjudged_total")?;
        assert_eq!(unjudged, Some(if mode == "pass" { 1.0 } else { 0.0 }));
    }
    Ok(())
}

#[test]
fn documents_of_very_many_targets_are_looked_at() -> Result<()> {
    let site = Site::new(&[])?;
    let targets =
        (0..100_000).flat_map(|number| [action("create", json!({ "_index": format!("a-{number}") })), "{}".into()]);
    let body =
        [events::lines(targets), events::lines([action("create", json!({ "_index": INDEX })), install(1)])].concat();
    assert_eq!(site.proxy.bulk("/_bulk", &body)?.status, 200);
    site.wait_for_alerts(1)?;
    Ok(())
}

#[test]
fn a_document_that_is_refused_alerts_all_the_same() -> Result<()> {
    let site = Site::with(|| firstseen_tests::cluster::Act::Items(400), &[])?;
    site.proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(1), install(2)]))?;
    let alerts = site.wait_for_alerts(2)?;
    for alert in alerts {
        let document: Value = serde_json::from_str(&alert.source)?;
        match parent(&alert)?.as_str() {
            "/usr/bin/parent-1" => assert_eq!(document.get("firstseen.event.stored"), None),
            _ => {
                assert_eq!(document["firstseen.event.stored"], false);
                assert_eq!(document["firstseen.event.reason"], "status 400: stand_in: as it was told to");
            }
        }
    }
    Ok(())
}

#[test]
fn alerts_go_into_a_file() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("alerts.ndjson");
    let site = Site::new(&["--alerts", file.to_str().unwrap()])?;
    site.proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(1)]))?;
    wait_for(|| Ok(std::fs::read_to_string(&file)?.ends_with('\n')))?;
    let alert: Value = serde_json::from_str(&std::fs::read_to_string(&file)?)?;
    assert_eq!(alert["kibana.alert.ancestors"][0]["index"], "logs-endpoint.events.a-000001");
    Ok(())
}
