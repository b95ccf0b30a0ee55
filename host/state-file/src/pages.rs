//! The file page by page: what is read is what was written.
//!
//! The database library verifies its own checksums only when it reads the whole
//! file. So that a start need not, every page is compared with a checksum of its
//! own when it is first needed; see [`sums`](super::sums) for where these come
//! from. Pages that were not read or written as a whole, as the header, have
//! none.

use std::fs::File;
use std::io;
use std::ops::{Bound, Range};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ::redb::backends::FileBackend;
use ::redb::{BackendError, StorageBackend};

use super::fault::Fault;
use super::sums::{Keeping, PAGE, Sums, lock};

/// The file, with a checksum of each page that was read or written.
#[derive(Debug)]
pub(super) struct Pages {
    file: FileBackend,
    path: PathBuf,
    sums: Arc<Mutex<Sums>>,
    /// Bytes written since the last sync.
    unsynced: AtomicU64,
    /// Whether checksums were found before the file was locked, to be looked at
    /// again once it is.
    found: AtomicBool,
}

/// So many bytes are written at most before they are synced: a start after a kill
/// waits for what was not.
const UNSYNCED_MAX: u64 = 64 * 1024 * 1024;

impl Pages {
    /// The pages of the state file at `path`, and whether checksums for all of
    /// them were found.
    pub(super) fn new(file: File, path: &Path) -> Result<(Self, bool), Fault> {
        let file = FileBackend::new(file)?;
        let sums = find_sums(&file, path)?;
        let found = sums.is_kept();
        let sums = Arc::new(Mutex::new(sums));
        Ok((Self { file, path: path.to_owned(), sums, unsynced: AtomicU64::new(0), found: found.into() }, found))
    }

    /// Hands on a result of writing. After an error nobody knows what the file
    /// holds: the next start is to read all of it.
    fn written(&self, result: io::Result<()>) -> io::Result<()> {
        if result.is_err() {
            lock(&self.sums).discard();
        }
        result
    }

    /// What is to be told once the content has been verified.
    pub(super) fn keeping(&self) -> Keeping {
        Keeping(Arc::clone(&self.sums))
    }
}

fn find_sums(file: &FileBackend, path: &Path) -> io::Result<Sums> {
    let length = file.len()?;
    let mut header = vec![0; PAGE];
    let there = usize::try_from(length).map_or(PAGE, |length| length.min(PAGE));
    file.read(0, header.get_mut(..there).unwrap_or_default())?;
    Ok(Sums::find(path, header, length))
}

/// The pages that `length` bytes from `offset` touch, and whether they are those
/// bytes.
fn pages(offset: u64, length: usize) -> (Range<usize>, bool) {
    let (page, end) = (PAGE as u64, offset.saturating_add(length as u64));
    let index = |number| usize::try_from(number).unwrap_or(usize::MAX);
    (index(offset / page)..index(end.div_ceil(page)), offset.is_multiple_of(page) && end.is_multiple_of(page))
}

impl StorageBackend for Pages {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)?;
        let (pages, are_whole) = pages(offset, out.len());
        if are_whole && !lock(&self.sums).agree(pages, out) {
            // Not `InvalidData`, by which the library says something else.
            let error = "a page does not have its checksum";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.written(self.file.set_len(length))?;
        lock(&self.sums).truncate(usize::try_from(length / PAGE as u64).unwrap_or(usize::MAX));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        lock(&self.sums).sync();
        self.unsynced.store(0, Ordering::Relaxed);
        self.written(self.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if let Some(offset) = usize::try_from(offset).ok().filter(|offset| *offset < PAGE) {
            lock(&self.sums).bind_to(offset, data);
        }
        self.written(self.file.write(offset, data))?;
        let mut sums = lock(&self.sums);
        match pages(offset, data.len()) {
            (pages, true) => sums.put(pages, data),
            (pages, false) => sums.forget(pages),
        }
        drop(sums);
        let length = data.len() as u64;
        if self.unsynced.fetch_add(length, Ordering::Relaxed) + length > UNSYNCED_MAX {
            self.unsynced.store(0, Ordering::Relaxed);
            self.written(self.file.sync_data())?;
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        lock(&self.sums).sync();
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if !self.file.try_lock_range(start, end)? {
            return Ok(false);
        }
        if self.found.swap(false, Ordering::AcqRel) {
            let sums = find_sums(&self.file, &self.path)?;
            if !sums.is_kept() {
                // Somebody was at the file in between.
                return Ok(false);
            }
            *lock(&self.sums) = sums;
        }
        Ok(true)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
