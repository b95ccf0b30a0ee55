//! Requests that are broken in every way: the proxy stays, in bounded memory, and the
//! cluster sees nothing that the client did not send.
//!
//! `FIRSTSEEN_MUTATIONS` says how many (1,000).

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use firstseen_tests::cluster::unpack_gzip;
use firstseen_tests::rng::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{INDEX, Site, bulk, install};

/// What the proxy may have at most, of memory. Its module is a part of it.
const MEMORY_KIB: u64 = 400 << 10;

/// How much of a body is looked through.
const UNPACKED_BYTES: usize = 16 << 10;

fn gzip(body: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body)?;
    Ok(encoder.finish()?)
}

/// A request that is well, in one of several forms.
fn request(rng: &mut Rng, number: usize) -> Result<Vec<u8>> {
    let body = bulk((0..1 + rng.place(3)).map(|more| install(number * 10 + more)));
    let (head, body) = match rng.place(4) {
        0 => (format!("content-length: {}", body.len()), body),
        1 => {
            let packed = gzip(&body)?;
            (format!("content-encoding: gzip\r\ncontent-length: {}", packed.len()), packed)
        }
        2 => {
            let chunked = [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
            ("transfer-encoding: chunked".to_owned(), chunked)
        }
        _ => {
            let bomb = gzip(&vec![b'{'; 1 << 20])?;
            (format!("content-encoding: gzip\r\ncontent-length: {}", bomb.len()), bomb)
        }
    };
    let head = format!("POST /{INDEX}/_bulk HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{head}\r\n\r\n");
    Ok([head.as_bytes(), &body].concat())
}

/// Breaks a request.
fn mutate(rng: &mut Rng, mut request: Vec<u8>) -> Vec<u8> {
    for _ in 0..=rng.place(3) {
        let at = rng.place(request.len());
        match rng.place(8) {
            0 => request.truncate(at),
            1 => request.insert(at, rng.next_u64() as u8),
            2 => drop(request.drain(at..(at + 1 + rng.place(20)).min(request.len()))),
            3 => {
                let piece = request.get(at..(at + 40).min(request.len())).unwrap_or_default().to_vec();
                request.splice(at..at, piece);
            }
            4 => {
                let line: &[u8] = match rng.place(4) {
                    0 => b"Content-Length: 3\r\n",
                    1 => b"Transfer-Encoding: chunked\r\n",
                    2 => b"Transfer-Encoding: \x0bchunked\r\n",
                    _ => b"Content-Encoding: deflate\r\n",
                };
                let end = request.windows(2).position(|pair| pair == b"\r\n").map_or(0, |end| end + 2);
                request.splice(end..end, line.iter().copied());
            }
            5 => request.extend_from_slice(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"),
            _ => {
                if let Some(byte) = request.get_mut(at) {
                    *byte ^= 1 << rng.place(8);
                }
            }
        }
        if request.is_empty() {
            break;
        }
    }
    request
}

/// The most memory that a process had, in KiB.
fn peak_kib(id: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no peak")?;
    Ok(peak.trim().trim_end_matches(" kB").parse()?)
}

#[test]
fn broken_requests_break_nothing() -> Result<()> {
    let count: usize = match std::env::var("FIRSTSEEN_MUTATIONS") {
        Ok(text) => text.parse()?,
        Err(_) => 1_000,
    };
    let seed = 0xbad;
    println!("seed {seed}");
    let site = Site::new(&["--client-timeout", "200ms", "--max-memory", "64MiB"])?;
    let mut rng = Rng(seed);
    let mut sent = Vec::new();
    for number in 0..count {
        let request = request(&mut rng, number)?;
        let broken = mutate(&mut rng, request);
        let mut stream = TcpStream::connect(&site.proxy.address).context("nobody is there any more")?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        // It may be refused, and closed, before all of it is sent.
        let _ = stream.write_all(&broken);
        if rng.place(4) > 0 {
            let mut answer = Vec::new();
            if let Err(error) = stream.read_to_end(&mut answer) {
                ensure!(error.kind() != std::io::ErrorKind::WouldBlock, "request {number} hangs");
            }
        }
        sent.push(broken);
    }
    let well = site.proxy.bulk(&format!("/{INDEX}/_bulk"), &bulk([install(count * 10 + 100)]))?;
    ensure!(well.status == 200, "status {}", well.status);
    let peak = peak_kib(site.proxy.running().id())?;
    ensure!(peak < MEMORY_KIB, "{peak} KiB of memory");
    println!("{count} requests, {peak} KiB at most");

    // What is stored stands in what was sent, packed or not.
    let unpacked: Vec<Vec<u8>> = sent
        .iter()
        .map(|request| {
            let start = request.windows(2).position(|pair| pair == [0x1f, 0x8b]).unwrap_or(request.len());
            let mut unpacked = request.clone();
            // What can be unpacked of it; bombs are longer, and hold no documents.
            unpacked.extend(unpack_gzip(request.get(start..).unwrap_or_default(), UNPACKED_BYTES));
            unpacked
        })
        .collect();
    // Most are lines as they were sent, which is seen at once.
    let lines: BTreeSet<&[u8]> = unpacked.iter().flat_map(|sent| sent.split(|&byte| byte == b'\n')).collect();
    let documents: BTreeSet<String> =
        site.cluster.documents(INDEX).into_iter().map(|document| document.source).collect();
    for document in documents.iter().filter(|document| !document.contains(&format!("parent-{}", count * 10 + 100))) {
        let is_sent = |sent: &Vec<u8>| sent.windows(document.len().max(1)).any(|part| part == document.as_bytes());
        let is_plain = document.is_empty() || lines.contains(document.as_bytes());
        let is_there = is_plain || document.contains('\u{fffd}') || unpacked.iter().any(is_sent);
        ensure!(is_there, "nobody has sent this: {document}");
    }
    site.proxy.stop()?;
    Ok(())
}
