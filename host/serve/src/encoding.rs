//! Bodies as they were before they were packed.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

use crate::budget::{NoRoom, Share};

/// How much is unpacked at a time.
const PIECE_BYTES: usize = 64 << 10;

/// How a body is packed, as Elasticsearch reads `Content-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Not at all. Elasticsearch takes the body of an encoding that it does not know
    /// as it is.
    Identity,
    Gzip,
    /// With or without zlib's frame.
    Deflate,
    /// OpenSearch unpacks it, Elasticsearch does not.
    Zstd,
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
    /// That of a header's value.
    pub(crate) fn of(header: Option<&[u8]>) -> Self {
        let name = header.unwrap_or_default().trim_ascii();
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        match () {
            () if is("gzip") || is("x-gzip") => Self::Gzip,
            () if is("deflate") || is("x-deflate") => Self::Deflate,
            () if is("zstd") => Self::Zstd,
            () => Self::Identity,
        }
    }

    /// Unpacks a body. What it takes is taken from `share`.
    ///
    /// What could be unpacked of a damaged body is not given: the cluster refuses
    /// all of it, or, where it reads piece by piece, may not.
    pub(crate) fn unpack(
        self,
        body: &Bytes,
        bytes_max: usize,
        share: &mut Share,
    ) -> Result<Bytes, (UnpackError, Bytes)> {
        let unpacked = match self {
            Self::Identity => return Ok(body.clone()),
            Self::Gzip => unpack(MultiGzDecoder::new(body.as_ref()), bytes_max, share),
            Self::Deflate if has_zlib_frame(body) => unpack(ZlibDecoder::new(body.as_ref()), bytes_max, share),
            Self::Zstd => match StreamingDecoder::new(body.as_ref()) {
                Ok(decoder) => unpack(decoder, bytes_max, share),
                // As it is, then.
                Err(_) => return Ok(body.clone()),
            },
            Self::Deflate => unpack(DeflateDecoder::new(body.as_ref()), bytes_max, share),
        };
        match unpacked {
            (unpacked, None) => Ok(Bytes::from(unpacked)),
            (unpacked, Some(error)) => Err((error, Bytes::from(unpacked))),
        }
    }
}

/// Whether it begins as RFC 1950 says: 32 KiB at most, deflate, and a checksum of
/// both.
fn has_zlib_frame(body: &[u8]) -> bool {
    match body {
        [method, flags, ..] => {
            method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([*method, *flags]) % 31 == 0
        }
        _ => false,
    }
}

fn unpack(mut decoder: impl Read, bytes_max: usize, share: &mut Share) -> (Vec<u8>, Option<UnpackError>) {
    let mut unpacked = Vec::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match decoder.read(&mut piece) {
            Ok(0) => return (unpacked, None),
            Ok(length) => {
                if unpacked.len() + length > bytes_max {
                    return (unpacked, Some(UnpackError::TooLong));
                }
                if let Err(no_room) = grow(&mut unpacked, length, share) {
                    return (unpacked, Some(UnpackError::NoRoom(no_room)));
                }
                unpacked.extend_from_slice(piece.get(..length).unwrap_or_default());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return (unpacked, Some(UnpackError::Damaged)),
        }
    }
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

    use super::*;
    use crate::budget::Budget;

    const TEXT: &[u8] = b"{\"create\":{}}\n{\"message\":\"hello\"}\n";

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn unpacked(header: &str, body: Vec<u8>) -> Bytes {
        let encoding = Encoding::of(Some(header.as_bytes()));
        encoding.unpack(&Bytes::from(body), 1 << 20, &mut Budget::new(1 << 20).share()).unwrap()
    }

    #[test]
    fn every_form_is_unpacked() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(TEXT).unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(TEXT).unwrap();
        assert_eq!(unpacked(" GZip", gzip(TEXT)), TEXT);
        assert_eq!(unpacked("x-gzip", [gzip(TEXT), gzip(TEXT)].concat()), [TEXT, TEXT].concat());
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
