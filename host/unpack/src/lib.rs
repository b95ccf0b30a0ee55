//! Reading zstd as it comes: frame behind frame, in bounded memory.
//!
//! The library below reads one frame.
//!
//! ```
//! use std::io::Read;
//!
//! use firstseen_unpack::{ZstdDecoder, begins_as_zstd};
//!
//! // A frame that is to be skipped, and nothing behind it.
//! let packed = [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 7];
//! assert!(begins_as_zstd(&packed));
//! let mut unpacked = Vec::new();
//! ZstdDecoder::new(packed.as_slice(), 8 << 20).read_to_end(&mut unpacked)?;
//! assert!(unpacked.is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

use std::io::{self, BufRead, Read};

use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

/// Whether something begins as a frame of zstd (RFC 8878), or as one that holds something
/// else, as what several threads have packed does.
#[must_use]
pub fn begins_as_zstd(bytes: &[u8]) -> bool {
    matches!(bytes, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// Decompresses frames of zstd one after another. Those that hold something else are
/// left out, and checksums are compared.
pub struct ZstdDecoder<R> {
    source: R,
    frame: FrameDecoder,
    /// Whether a frame was begun and not taken to its end.
    in_frame: bool,
}

impl<R: BufRead> ZstdDecoder<R> {
    /// A frame that asks for a larger window than so many bytes is an error: it is held in
    /// memory.
    pub fn new(source: R, window_bytes_max: u64) -> Self {
        let mut frame = FrameDecoder::new();
        frame.set_max_window_size(window_bytes_max);
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
