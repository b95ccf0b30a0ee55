//! Bodies as they were before they were packed.

use std::io::{self, Read};

use bytes::Bytes;
use firstseen_unpack::{ZstdDecoder, begins_as_zstd};
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use hyper::HeaderMap;
use hyper::header::{CONTENT_ENCODING, HeaderValue};

use crate::budget::{NoRoom, Share};

/// How much is unpacked at a time.
const PIECE_BYTES: usize = 64 << 10;

/// How many times as long as it was packed a body becomes, at the least, as a rule.
const RATIO: usize = 4;

/// For how much of a body there is room at first.
const FIRST_BYTES_MAX: usize = 1 << 20;

/// How a body is packed, as Elasticsearch reads `Content-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Not at all. The engines take the body of an encoding that they do not know as it
    /// is.
    Identity,
    Gzip,
    /// With or without zlib's frame.
    Deflate,
    /// OpenSearch unpacks it, Elasticsearch does not.
    Zstd,
    /// In frames.
    Snappy,
}

/// Why a body cannot be unpacked.
#[derive(Debug)]
pub(crate) enum UnpackError {
    /// It is damaged.
    Damaged,
    /// It is longer than bodies may be.
    TooLong,
    /// There is no room for it.
    NoRoom(NoRoom),
}

impl Encoding {
    /// That of a body with these headers. Of several the first one counts.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::named(headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes).unwrap_or_default())
    }

    fn named(value: &[u8]) -> Self {
        let name = value.trim_ascii();
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match () {
            () if is("gzip") || is("x-gzip") => Self::Gzip,
            () if is("deflate") || is("x-deflate") => Self::Deflate,
            () if is("zstd") => Self::Zstd,
            () if is("snappy") => Self::Snappy,
            () => Self::Identity,
        }
    }

    /// Unpacks a body. What it takes is taken from `share`. With the error comes what could
    /// be unpacked: a cluster that reads piece by piece may store that.
    pub(crate) fn unpack(
        self,
        body: &Bytes,
        bytes_max: usize,
        share: &mut Share,
    ) -> Result<Bytes, (UnpackError, Bytes)> {
        let unpacked = match self {
            Self::Identity => return Ok(body.clone()),
            Self::Gzip => unpack(GzipMembers::new(body), body.len(), bytes_max, share),
            Self::Deflate if has_zlib_frame(body) => {
                unpack(ZlibDecoder::new(body.as_ref()), body.len(), bytes_max, share)
            }
            // As it is, by an engine that knows nothing of it.
            Self::Zstd if !begins_as_zstd(body) => return Ok(body.clone()),
            Self::Zstd => {
                if let Err(no_room) = share.grow(WINDOW_BYTES_MAX) {
                    return Err((UnpackError::NoRoom(no_room), Bytes::new()));
                }
                let unpacked =
                    unpack(ZstdDecoder::new(body.as_ref(), WINDOW_BYTES_MAX as u64), body.len(), bytes_max, share);
                share.shrink(WINDOW_BYTES_MAX);
                unpacked
            }
            Self::Snappy if !body.starts_with(&SNAPPY) => return Ok(body.clone()),
            Self::Snappy => unpack(snap::read::FrameDecoder::new(body.as_ref()), body.len(), bytes_max, share),
            Self::Deflate => unpack(DeflateDecoder::new(body.as_ref()), body.len(), bytes_max, share),
        };
        match unpacked {
            (unpacked, None) => Ok(Bytes::from(unpacked)),
            (unpacked, Some(error)) => Err((error, Bytes::from(unpacked))),
        }
    }
}

/// Largest window of a frame of zstd, which is held in memory: what the zstd tool makes
/// unless it is told to.
const WINDOW_BYTES_MAX: usize = 8 << 20;

/// How a stream of snappy frames begins.
const SNAPPY: [u8; 10] = *b"\xff\x06\x00\x00sNaPpY";

/// How a member of a gzip body begins (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The members of a gzip body, one after the other; what stands behind the last one does
/// not count, as for the engines.
struct GzipMembers<'b> {
    member: Option<GzDecoder<&'b [u8]>>,
}

impl<'b> GzipMembers<'b> {
    fn new(body: &'b [u8]) -> Self {
        Self { member: Some(GzDecoder::new(body)) }
    }
}

impl Read for GzipMembers<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            match member.read(buffer)? {
                0 => {
                    let rest = self.member.take().map(GzDecoder::into_inner).unwrap_or_default();
                    self.member = rest.starts_with(&GZIP).then(|| GzDecoder::new(rest));
                }
                length => return Ok(length),
            }
        }
        Ok(0)
    }
}

/// Whether it begins as RFC 1950 says, with the window of 32 KiB that the engines look for,
/// and a checksum.
fn has_zlib_frame(body: &[u8]) -> bool {
    match body {
        [method, flags, ..] => method & 0x78 == 0x78 && u16::from_be_bytes([*method, *flags]) % 31 == 0,
        _ => false,
    }
}

/// `packed_bytes` is how long it was packed.
fn unpack(
    mut decoder: impl Read,
    packed_bytes: usize,
    bytes_max: usize,
    share: &mut Share,
) -> (Vec<u8>, Option<UnpackError>) {
    let mut unpacked = Vec::new();
    let mut length = 0;
    let error = loop {
        if length == unpacked.len() {
            let room = if length == 0 { (packed_bytes * RATIO).min(FIRST_BYTES_MAX) } else { PIECE_BYTES };
            if let Err(no_room) = grow(&mut unpacked, room, share) {
                break Some(UnpackError::NoRoom(no_room));
            }
            unpacked.resize(unpacked.capacity(), 0);
        }
        // What a damaged piece begins with is lost, so they are short.
        let end = unpacked.len().min(length + PIECE_BYTES);
        match decoder.read(unpacked.get_mut(length..end).unwrap_or_default()) {
            Ok(0) => break None,
            Ok(more) => length += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break Some(UnpackError::Damaged),
        }
        if length > bytes_max {
            length = bytes_max;
            break Some(UnpackError::TooLong);
        }
    };
    unpacked.truncate(length);
    (unpacked, error)
}

/// Makes room in `buffer`, as a vector grows, once there is room for it.
pub(crate) fn grow(buffer: &mut Vec<u8>, by: usize, share: &mut Share) -> Result<(), NoRoom> {
    if buffer.capacity() - buffer.len() >= by {
        return Ok(());
    }
    let capacity = (buffer.len() + by).max(buffer.capacity() * 3 / 2).max(PIECE_BYTES);
    let more = capacity - buffer.capacity();
    share.grow(more)?;
    buffer.reserve_exact(capacity - buffer.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    use super::*;
    use crate::budget::Budget;

    const TEXT: &[u8] = b"{\"create\":{}}\n{\"message\":\"hello\"}\n";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(header: &str, body: Vec<u8>) -> Bytes {
        let encoding = Encoding::named(header.as_bytes());
        encoding.unpack(&Bytes::from(body), 1 << 20, &mut Budget::new(16 << 20).share()).unwrap()
    }

    #[test]
    fn every_form_is_unpacked() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(TEXT).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(TEXT).unwrap();
        assert_eq!(unpacked(" GZip", gzip(TEXT)), TEXT);
        assert_eq!(unpacked("x-gzip", [gzip(TEXT), gzip(TEXT)].concat()), [TEXT, TEXT].concat());
        assert_eq!(unpacked("gzip", [gzip(TEXT), b"garbage".to_vec()].concat()), TEXT);
        let mut snappy = snap::write::FrameEncoder::new(Vec::new());
        snappy.write_all(&TEXT.repeat(100)).unwrap();
        assert_eq!(unpacked("snappy", snappy.into_inner().unwrap()), TEXT.repeat(100));
        assert_eq!(unpacked("snappy", TEXT.to_vec()), TEXT);
        let zstd = |text: &[u8]| compress_to_vec(text, CompressionLevel::Fastest);
        let skipped = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
        let frames = [skipped.to_vec(), zstd(TEXT), skipped.to_vec(), zstd(TEXT)].concat();
        assert_eq!(unpacked("zstd", frames), [TEXT, TEXT].concat());
        assert_eq!(unpacked("deflate", zlib.finish().unwrap()), TEXT);
        assert_eq!(unpacked("deflate", raw.finish().unwrap()), TEXT);
        assert_eq!(unpacked("zstd", TEXT.to_vec()), TEXT);
        assert_eq!(unpacked("identity", TEXT.to_vec()), TEXT);
    }

    #[test]
    fn a_bomb_is_stopped() {
        let bomb = Bytes::from(gzip(&vec![b'a'; 10 << 20]));
        let budget = Budget::new(4 << 20);
        let unpack = |bytes_max, budget: &Budget| Encoding::Gzip.unpack(&bomb, bytes_max, &mut budget.share());
        assert!(matches!(unpack(1 << 20, &budget), Err((UnpackError::TooLong, _))));
        assert!(matches!(unpack(20 << 20, &budget), Err((UnpackError::NoRoom(NoRoom::Ever), _))));
        let mut taken = budget.share();
        taken.grow(3 << 20).unwrap();
        assert!(matches!(unpack(20 << 20, &budget), Err((UnpackError::NoRoom(NoRoom::Now), _))));
    }

    #[test]
    fn a_damaged_body_is_an_error() {
        let mut body = gzip(TEXT);
        body.truncate(body.len() - 5);
        let result = Encoding::Gzip.unpack(&Bytes::from(body), 1 << 20, &mut Budget::new(1 << 20).share());
        assert!(matches!(result, Err((UnpackError::Damaged, _))));
    }
}
