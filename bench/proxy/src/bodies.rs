//! The `_bulk` bodies that everyone gets.

use std::fs::File;
use std::io::Write;

use anyhow::{Context, Result};
use firstseen_tests::endpoint_events::{Mix, write_events};
use flate2::Compression;
use flate2::write::GzEncoder;
use rustix::fs::{MemfdFlags, memfd_create};
use serde::Deserialize;

/// `@timestamp` of the first event, in epoch milliseconds.
const START_MS: i64 = 1_795_500_000_000;

/// Milliseconds from one event to the next.
const STEP_MS: u64 = 10;

/// What Filebeat asks for, so that answers are short.
const PATH: &str = "/_bulk?filter_path=errors,items.*.error,items.*.status";

/// A kind of body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) documents: usize,
    /// With gzip.
    pub(crate) is_packed: bool,
}

/// A request with its body.
pub(crate) struct Body {
    /// The head, as it is sent.
    pub(crate) head: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
    /// Where the body is in the file of all bodies.
    pub(crate) offset: u64,
}

/// Bodies of one kind, each event in one of them.
pub(crate) struct Bodies {
    pub(crate) kind: Kind,
    pub(crate) bodies: Vec<Body>,
    /// The bodies one after the other, in memory: what is sent from a file is not copied.
    pub(crate) file: File,
    /// Length of a body before it was packed, on average.
    pub(crate) plain_bytes: f64,
}

/// Generated endpoint events, and the data stream of each.
pub(crate) struct Events(Vec<(String, String)>);

impl Kind {
    /// `100 documents, gzip`.
    pub(crate) fn name(self) -> String {
        format!("{} documents, {}", self.documents, if self.is_packed { "gzip" } else { "plain" })
    }
}

impl Events {
    /// The same seed gives the same bytes.
    pub(crate) fn generate(events: usize, seed: u64) -> Result<Self> {
        #[derive(Deserialize)]
        struct Event {
            data_stream: DataStream,
        }
        #[derive(Deserialize)]
        struct DataStream {
            dataset: String,
        }
        let events = events as u64;
        let mix = Mix { seed, events, install_every: 60, parents: 200, start_ms: START_MS, step_ms: STEP_MS };
        let mut bytes = Vec::new();
        write_events(&mix, &mut bytes)?;
        let with_stream = |line: &str| {
            let Event { data_stream } = serde_json::from_str(line)?;
            Ok((format!("logs-{}-default", data_stream.dataset), line.to_owned()))
        };
        Ok(Self(String::from_utf8(bytes)?.lines().map(with_stream).collect::<Result<_>>()?))
    }
}

impl Bodies {
    /// As Elastic's agents send them: each action names the data stream of its document,
    /// and what is packed is packed quickly.
    pub(crate) fn of(events: &Events, kind: Kind) -> Result<Self> {
        let mut file = File::from(memfd_create("bodies", MemfdFlags::CLOEXEC)?);
        let (mut bodies, mut offset, mut plain_bytes) = (Vec::new(), 0, 0);
        for events in events.0.chunks_exact(kind.documents) {
            let mut bytes = Vec::new();
            for (stream, line) in events {
                writeln!(bytes, r#"{{"create":{{"_index":"{stream}"}}}}"#)?;
                writeln!(bytes, "{line}")?;
            }
            plain_bytes += bytes.len();
            if kind.is_packed {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                encoder.write_all(&bytes)?;
                bytes = encoder.finish()?;
            }
            file.write_all(&bytes)?;
            let head = head(kind, bytes.len());
            let length = bytes.len() as u64;
            bodies.push(Body { head, bytes, offset });
            offset += length;
        }
        let count = Some(bodies.len()).filter(|&count| count > 0);
        let count = count.with_context(|| format!("too few events for {}", kind.name()))? as f64;
        Ok(Self { kind, bodies, file, plain_bytes: plain_bytes as f64 / count })
    }

    /// The body of a number, over and over.
    pub(crate) fn body(&self, number: usize) -> &Body {
        &self.bodies[number % self.bodies.len()]
    }
}

/// The number of documents stands where clients name what they do, and everybody passes it
/// on: so the null upstream need not look into bodies.
fn head(Kind { documents, is_packed }: Kind, length: usize) -> Vec<u8> {
    let encoding = if is_packed { "content-encoding: gzip\r\n" } else { "" };
    format!(
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\n{encoding}\
         x-opaque-id: {documents}\r\ncontent-length: {length}\r\n\r\n"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::fs::FileExt;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn both_forms_of_a_body_say_the_same() {
        let events = Events::generate(25, 1).unwrap();
        let bodies = |is_packed| Bodies::of(&events, Kind { documents: 10, is_packed }).unwrap();
        let (plain, packed) = (bodies(false), bodies(true));
        assert_eq!((plain.bodies.len(), packed.bodies.len()), (2, 2));
        assert_eq!(packed.plain_bytes, plain.plain_bytes);
        for (plain, packed) in plain.bodies.iter().zip(&packed.bodies) {
            let mut unpacked = Vec::new();
            GzDecoder::new(&*packed.bytes).read_to_end(&mut unpacked).unwrap();
            assert_eq!(unpacked, plain.bytes);
            assert!(packed.bytes.len() < plain.bytes.len());
            let text = std::str::from_utf8(&plain.bytes).unwrap();
            assert!(text.lines().step_by(2).all(|line| line.starts_with(r#"{"create":{"_index":"logs-endpoint."#)));
            assert_eq!(text.lines().count(), 20);
        }
    }

    #[test]
    fn the_file_holds_the_bodies() {
        let bodies = Bodies::of(&Events::generate(4, 1).unwrap(), Kind { documents: 2, is_packed: true }).unwrap();
        for body in &bodies.bodies {
            let mut bytes = vec![0; body.bytes.len()];
            bodies.file.read_exact_at(&mut bytes, body.offset).unwrap();
            assert_eq!(bytes, body.bytes);
        }
        assert!(Bodies::of(&Events::generate(4, 1).unwrap(), Kind { documents: 5, is_packed: true }).is_err());
    }
}
