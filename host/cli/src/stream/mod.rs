//! Streams of events, opened: of files that are compressed their content.

mod beginning;
mod compressed;

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::tell;

pub(crate) use beginning::{BYTE_ORDER_MARK, Beginning};

/// A stream that is open for reading.
pub(crate) struct Stream {
    source: OwnedFd,
    /// What makes the stream of its source, if that is compressed.
    decoder: Option<Box<dyn Read + Send>>,
    source_bytes: u64,
}

impl Stream {
    /// A file; one in gzip or zstd, which its first bytes say, is decompressed. A
    /// pipe cannot be looked into without taking its bytes.
    ///
    /// # Errors
    ///
    /// When it cannot be looked into.
    pub(crate) fn of_file(file: File) -> io::Result<Self> {
        let decoder = if file.metadata()?.is_file() { compressed::decoder(&file)? } else { None };
        Ok(Self { decoder, ..Self::from(OwnedFd::from(file)) })
    }

    /// Bytes of its source that were taken so far.
    pub(crate) fn source_bytes(&self) -> u64 {
        self.source_bytes
    }
}

impl From<OwnedFd> for Stream {
    fn from(source: OwnedFd) -> Self {
        Self { source, decoder: None, source_bytes: 0 }
    }
}

impl AsFd for Stream {
    /// For a decoder, too, it is right to wait for its source: that is a file, which
    /// is always ready.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match &mut self.decoder {
            None => {
                let length = rustix::io::read(&self.source, bytes)?;
                self.source_bytes += length as u64;
                Ok(length)
            }
            Some(decoder) => {
                let length = decoder.read(bytes)?;
                // The decoder's file has the position of this one.
                self.source_bytes = tell(&self.source)?;
                Ok(length)
            }
        }
    }
}
