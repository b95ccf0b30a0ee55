//! What is no document passes untouched.

use anyhow::Result;
use firstseen_tests::cluster::Cluster;
use firstseen_tests::proxy::{Proxy, raw, request};

use super::{INDEX, Site, bulk, install};

#[test]
fn requests_and_answers_pass_as_they_are() -> Result<()> {
    let site = Site::new(&[])?;
    site.cluster.record();
    let headers =
        [("authorization", "ApiKey c2VjcmV0"), ("x-opaque-id", "7"), ("connection", "X-Mine"), ("x-mine", "1")];
    let answer = request(&site.proxy.address, "GET", "/_nodes?pretty&a=%2F", &headers, b"")?;
    assert_eq!(answer.status, 404);
    assert_eq!(answer.headers["x-elastic-product"], "Elasticsearch");
    let answer = request(&site.proxy.address, "GET", "/", &[], b"")?;
    assert_eq!(answer.json()?["version"]["number"], "9.5.3");
    let answer = request(&site.proxy.address, "HEAD", "/", &[], b"")?;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_ne!(answer.headers["content-length"], "0");

    let requests = site.cluster.requests();
    let seen = &requests.iter().find(|request| request.target.starts_with("/_nodes")).unwrap();
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("GET", "/_nodes?pretty&a=%2F"));
    assert_eq!(seen.header("authorization"), Some("ApiKey c2VjcmV0"));
    assert_eq!(seen.header("x-opaque-id"), Some("7"));
    assert_eq!((seen.header("x-mine"), seen.header("connection")), (None, None));
    assert_eq!(seen.header("host"), Some(site.cluster.url().trim_start_matches("http://")));
    site.proxy.stop()?.expect_code(0)?;
    Ok(())
}

#[test]
fn a_bulk_arrives_byte_for_byte() -> Result<()> {
    let site = Site::new(&[])?;
    site.cluster.record();
    let plain = bulk([install(1), "{ \"odd\" : [1 , 2]}\r".to_owned()]);
    assert_eq!(site.proxy.bulk("/_bulk?refresh=false", &plain)?.status, 200);
    let chunked = format!(
        "PUT /logs-endpoint.events.a/_bulk/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
         {:x}\r\n{}\r\n0\r\n\r\n",
        plain.len(),
        String::from_utf8(plain.clone())?
    );
    assert_eq!(raw(&site.proxy.address, chunked.as_bytes())?.status, 200);
    let bulks: Vec<_> =
        site.cluster.requests().into_iter().filter(|request| request.target.contains("_bulk")).collect();
    let bulks: Vec<_> = bulks.iter().filter(|request| !request.target.contains("alerts")).collect();
    assert_eq!(bulks.len(), 2);
    assert_eq!(
        (bulks[0].target.as_str(), bulks[1].target.as_str()),
        ("/_bulk?refresh=false", "/logs-endpoint.events.a/_bulk/")
    );
    assert!(bulks.iter().all(|request| request.body == plain));
    Ok(())
}

#[test]
fn a_cluster_that_is_not_there_is_said() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let url = Cluster::start(|_| firstseen_tests::cluster::Act::Answer)?.url();
    let proxy = Proxy::start(&url, &folder.path().join("state"), &[])?;
    for answer in [request(&proxy.address, "GET", "/", &[], b"")?, proxy.bulk("/_bulk", &bulk([install(1)]))?] {
        assert_eq!(answer.status, 502);
        assert_eq!(answer.json()?["error"]["type"], "firstseen_upstream");
    }
    Ok(())
}

#[test]
fn a_node_that_is_not_there_is_left_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let gone = Cluster::start(|_| firstseen_tests::cluster::Act::Answer)?.url();
    let cluster = Cluster::start(|_| firstseen_tests::cluster::Act::Answer)?;
    let proxy = Proxy::start(&cluster.url(), &folder.path().join("state"), &["--upstream", &gone])?;
    for number in 0..10 {
        assert_eq!(proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(number)]))?.status, 200);
    }
    assert_eq!(cluster.documents(INDEX).len(), 10);
    Ok(())
}
