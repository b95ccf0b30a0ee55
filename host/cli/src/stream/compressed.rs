//! Compressed files: gzip and zstd, told by their first bytes.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use firstseen_unpack::{ZstdDecoder, begins_as_zstd};
use flate2::bufread::MultiGzDecoder;

/// How a gzip file begins: with deflate, the only method there is.
pub(super) const GZIP: &[u8] = b"\x1f\x8b\x08";

/// How a frame of zstd begins.
pub(super) const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Largest window of a frame of zstd, which is held in memory: what the zstd
/// command takes unless it is told otherwise.
const WINDOW_BYTES_MAX: u64 = 128 << 20;

/// Bytes of one read of a file.
const READ_BYTES: usize = 128 << 10;

/// What decompresses a file, if it is compressed. Its position is not moved.
pub(super) fn decoder(file: &File) -> io::Result<Option<Box<dyn Read + Send>>> {
    let mut magic = [0; 4];
    let length = file.read_at(&mut magic, 0)?;
    let magic = magic.get(..length).unwrap_or_default();
    let source = || io::Result::Ok(BufReader::with_capacity(READ_BYTES, file.try_clone()?));
    Ok(if magic.starts_with(GZIP) {
        Some(Box::new(Named { format: "gzip", decoder: MultiGzDecoder::new(source()?) }))
    } else if begins_as_zstd(magic) {
        Some(Box::new(Named { format: "zstd", decoder: ZstdDecoder::new(source()?, WINDOW_BYTES_MAX) }))
    } else {
        None
    })
}

/// A decoder whose errors say what it cannot read.
struct Named<D> {
    format: &'static str,
    decoder: D,
}

impl<D: Read> Read for Named<D> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            io::ErrorKind::UnexpectedEof => {
                io::Error::new(error.kind(), format!("its {} data is cut off", self.format))
            }
            kind => io::Error::new(kind, format!("its {} data is damaged: {error}", self.format)),
        })
    }
}
