//! Documents without ids that get some.

use std::io::Write;

use anyhow::{Context, Result};
use firstseen_tests::events;
use firstseen_tests::proxy::{Response, request};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::{INDEX, Site, action, ancestor, bulk, install};

fn send(site: &Site, body: &[u8], encoding: &str) -> Result<Response> {
    let mut headers = vec![("content-type", "application/x-ndjson"), ("x-elastic-uncompressed-request-length", "1")];
    if !encoding.is_empty() {
        headers.push(("content-encoding", encoding));
    }
    request(&site.proxy.address, "POST", &format!("/{INDEX}/_bulk"), &headers, body)
}

fn statuses(answer: &Response) -> Result<Vec<u64>> {
    let answer = answer.json()?;
    let items = answer.get("items").and_then(Value::as_array).context("no items")?;
    Ok(items.iter().filter_map(|item| item.as_object()?.values().next()?["status"].as_u64()).collect())
}

#[test]
fn what_is_sent_twice_is_stored_once() -> Result<()> {
    let site = Site::new(&["--assign-ids"])?;
    site.cluster.record();
    // Two of them are equal, and both are documents.
    let sources = [install(1), events::other(1), events::other(1), install(2)];
    let body = bulk(&sources);
    assert_eq!(statuses(&send(&site, &body, "")?)?, [201; 4]);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&body)?;
    assert_eq!(statuses(&send(&site, &gzip.finish()?, "gzip")?)?, [409; 4]);

    let documents = site.cluster.documents(INDEX);
    let stored: Vec<&str> = documents.iter().map(|document| &*document.source).collect();
    assert_eq!(stored, sources);
    assert!(documents.iter().all(|document| document.id.len() == 22), "{documents:?}");
    let alerts = site.wait_for_alerts(2)?;
    let index = Some(format!("{INDEX}-000001"));
    let mut ancestors = alerts.iter().map(ancestor).collect::<Result<Vec<_>>>()?;
    let mut wanted: Vec<_> = [0, 3].map(|place: usize| (index.clone(), documents[place].id.clone())).into();
    ancestors.sort();
    wanted.sort();
    assert_eq!(ancestors, wanted);
    assert_eq!(site.proxy.metric("firstseen_ids_assigned_total")?, Some(8.0));
    assert_eq!(site.proxy.metric("firstseen_ids_known_total")?, Some(4.0));

    for request in site.cluster.requests().iter().filter(|request| request.target.contains(INDEX)) {
        if request.target.ends_with("_bulk") {
            let unpacked = request.unpacked().len().to_string();
            assert_eq!(request.header("x-elastic-uncompressed-request-length"), Some(&*unpacked));
        }
    }
    Ok(())
}

#[test]
fn only_what_has_no_id_and_takes_one_gets_one() -> Result<()> {
    let site = Site::new(&["--assign-ids"])?;
    let create = |index: &str| action("create", json!({ "_index": index }));
    let lines = [
        [create("a-time-series"), events::other(1)],
        [create("hidden"), events::other(1)],
        [create("logs"), events::other(1)],
        [action("index", json!({ "_index": "logs" })), events::other(2)],
        [action("create", json!({ "_index": "logs", "_id": "mine" })), events::other(3)],
    ];
    let answer = site.proxy.bulk("/_bulk", &events::lines(lines.concat()))?;
    assert_eq!(statuses(&answer)?, [201; 5]);
    let ids = |index: &str| -> Vec<String> {
        site.cluster.documents(index).into_iter().map(|document| document.id).collect()
    };
    assert!(ids("a-time-series")[0].starts_with("given-"));
    assert!(ids("hidden")[0].starts_with("given-"));
    let logs = ids("logs");
    assert!(logs[0].len() == 22 && logs[1].starts_with("given-") && logs[2] == "mine", "{logs:?}");
    assert_eq!(site.proxy.metric("firstseen_ids_assigned_total")?, Some(1.0));
    let said = site.proxy.stop()?.stderr;
    assert!(said.contains("documents for hidden get no ids"), "{said}");
    Ok(())
}

#[test]
fn a_body_that_is_no_bulk_goes_on_as_it_is() -> Result<()> {
    let site = Site::new(&["--assign-ids"])?;
    site.cluster.record();
    let body = [bulk([install(1)]), b"no action\n".to_vec()].concat();
    send(&site, &body, "")?;
    let seen = site.cluster.requests();
    let seen = seen.iter().find(|request| request.target.ends_with("_bulk")).unwrap();
    assert_eq!(seen.unpacked(), body);
    assert_eq!(site.proxy.metric("firstseen_ids_assigned_total")?, Some(0.0));
    Ok(())
}
