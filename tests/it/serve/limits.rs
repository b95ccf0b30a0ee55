//! What a client may not do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::Result;
use firstseen_tests::proxy::{raw, request};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{INDEX, Site, bulk, install};

#[test]
fn too_much_is_refused() -> Result<()> {
    let site = Site::new(&["--max-body", "64KiB", "--max-unpacked", "1MiB"])?;
    let long = bulk([format!("{{\"a\":\"{}\"}}", "x".repeat(100_000))]);
    assert_eq!(site.proxy.bulk("/_bulk", &long)?.status, 413);
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&vec![b' '; 50 << 20])?;
    let bomb = bomb.finish()?;
    let answer = request(&site.proxy.address, "POST", "/_bulk", &[("content-encoding", "gzip")], &bomb)?;
    assert_eq!(answer.status, 413);
    let headers = format!("GET / HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    assert_eq!(raw(&site.proxy.address, headers.as_bytes())?.status, 431);
    assert!(site.cluster.documents(INDEX).is_empty());
    Ok(())
}

#[test]
fn what_two_servers_may_read_otherwise_is_refused() -> Result<()> {
    let site = Site::new(&[])?;
    site.cluster.record();
    let before = site.cluster.requests().len();
    for head in [
        "POST /_bulk HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        "POST /_bulk HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "POST /_bulk HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nhost: a\r\n\r\n",
        "no request\r\n\r\n",
    ] {
        let status = raw(&site.proxy.address, head.as_bytes())?.status;
        assert!((400..=501).contains(&status), "{head}: {status}");
    }
    // A length beside a coding does not count, and does not go on.
    let smuggling = "POST /_search HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\
                     connection: close\r\n\r\n0\r\n\r\nPOST /_bulk HTTP/1.1\r\n\r\n";
    raw(&site.proxy.address, smuggling.as_bytes())?;
    let seen = site.cluster.requests();
    let search = seen.iter().find(|request| request.target == "/_search").unwrap();
    assert_eq!((search.body.as_slice(), search.header("content-length")), (b"".as_slice(), None));
    assert!(seen.iter().skip(before).all(|request| !request.target.contains("_bulk")), "{seen:?}");
    Ok(())
}

#[test]
fn memory_that_all_share_is_bounded() -> Result<()> {
    let site = Site::new(&["--max-memory", "200KiB"])?;
    // A part of a body holds its room.
    let mut waiting = TcpStream::connect(&site.proxy.address)?;
    waiting.write_all(b"POST /_bulk HTTP/1.1\r\nhost: a\r\ncontent-length: 150000\r\n\r\n{")?;
    std::thread::sleep(Duration::from_millis(200));
    let long = bulk([format!("{{\"a\":\"{}\"}}", "x".repeat(80_000))]);
    let answer = site.proxy.bulk("/_bulk", &long)?;
    assert_eq!((answer.status, answer.headers["retry-after"].as_str()), (429, "1"));
    drop(waiting);
    firstseen_tests::running::wait_for(|| Ok(site.proxy.bulk("/logs-endpoint.events.a/_bulk", &long)?.status == 200))?;
    Ok(())
}

#[test]
fn a_slow_sender_is_given_up() -> Result<()> {
    let site = Site::new(&["--client-timeout", "1s"])?;
    let mut slow = TcpStream::connect(&site.proxy.address)?;
    slow.write_all(b"POST /_bulk HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{")?;
    let mut said = String::new();
    slow.read_to_string(&mut said)?;
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    let mut slower = TcpStream::connect(&site.proxy.address)?;
    slower.write_all(b"POST /_bulk HTTP/1.1\r\nhost:")?;
    let mut said = Vec::new();
    slower.read_to_end(&mut said)?;
    assert_eq!(site.proxy.bulk("/logs-endpoint.events.a/_bulk", &bulk([install(1)]))?.status, 200);
    Ok(())
}
