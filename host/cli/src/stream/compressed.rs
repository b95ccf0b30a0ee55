//! Compressed files: gzip and zstd, told by their first bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::fs::FileExt;

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

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
    } else if magic.starts_with(ZSTD) || is_skippable(magic) {
        Some(Box::new(Named { format: "zstd", decoder: ZstdDecoder::new(source()?) }))
    } else {
        None
    })
}

/// Whether a file begins with a frame of zstd that holds something else, as those do
/// that were compressed by several threads.
fn is_skippable(magic: &[u8]) -> bool {
    matches!(magic, [0x50..=0x5f, 0x2a, 0x4d, 0x18])
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

/// Decompresses frames of zstd one after another.
struct ZstdDecoder<R> {
    source: R,
    frame: FrameDecoder,
    /// Whether a frame was begun and not taken to its end.
    in_frame: bool,
}

impl<R: BufRead> ZstdDecoder<R> {
    fn new(source: R) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(WINDOW_BYTES_MAX);
        Self { source, frame, in_frame: false }
    }

    /// Begins the next frame; false if there is none.
    fn begin(&mut self) -> io::Result<bool> {
        loop {
            if self.source.fill_buf()?.is_empty() {
                return Ok(false);
            }
            match self.frame.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                // One that holds something else, for other programs.
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    let skipped = io::copy(&mut self.source.by_ref().take(u64::from(length)), &mut io::sink())?;
                    if skipped < u64::from(length) {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                }
                Err(error) => return Err(failure(error)),
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        self.in_frame = false;
        match self.frame.get_checksum_from_data() {
            Some(checksum) if self.frame.get_calculated_checksum() != Some(checksum) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "the checksum is that of other data"))
            }
            _ => Ok(()),
        }
    }
}

impl<R: BufRead> Read for ZstdDecoder<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            if !self.in_frame && !self.begin()? {
                return Ok(0);
            }
            self.in_frame = true;
            while self.frame.can_collect() == 0 && !self.frame.is_finished() {
                let some = BlockDecodingStrategy::UptoBlocks(1);
                self.frame.decode_blocks(&mut self.source, some).map_err(failure)?;
            }
            match self.frame.read(bytes)? {
                0 if !bytes.is_empty() => self.end()?,
                length => return Ok(length),
            }
        }
    }
}

/// The error of a frame; where the file ends within it, that says so.
fn failure(error: FrameDecoderError) -> io::Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(one) = cause {
        if let Some(io) = one.downcast_ref::<io::Error>() {
            return io::Error::new(io.kind(), error.to_string());
        }
        cause = one.source();
    }
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
