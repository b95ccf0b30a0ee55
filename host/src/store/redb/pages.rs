//! The file page by page: what is read is what was written.
//!
//! The database library verifies its checksums only when it reads the whole
//! file. So that a start need not, a store that is closed leaves checksums of
//! the pages in a second file, `<state>.sums`, and a page is compared with its
//! own when it is first needed. Pages that were not read or written as a whole,
//! as free ones and the header, have none. The second file is bound to the
//! content of the first by the header page, which every commit changes: after a
//! crash, or if either file was put back alone, it does not fit and is not used.

use std::fs::{self, File};
use std::hash::Hasher;
use std::io::{self, Read, Write};
use std::ops::{Bound, Range};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::redb::backends::FileBackend;
use ::redb::{BackendError, StorageBackend};
use rustc_hash::FxHasher;
use rustix::fs::{Mode, OFlags};

use super::fault::Fault;
use super::open::create_private;

const PAGE: usize = 4096;

/// What a file of checksums begins with.
const MAGIC: &[u8; 8] = b"1stsums\n";

/// The file, with a checksum of each page that was read or written.
#[derive(Debug)]
pub(super) struct Pages {
    file: FileBackend,
    sums_path: PathBuf,
    sums: Mutex<Vec<u64>>,
    /// Whether checksums were found before the file was locked, to be looked at
    /// again once it is.
    found: AtomicBool,
    trusted: Trusted,
}

/// Whether the checksums may be left for the next start.
#[derive(Debug, Clone, Default)]
pub(super) struct Trusted(Arc<AtomicBool>);

impl Trusted {
    /// Says so: the content they are of has been verified.
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// A page that was neither read nor written yet. No checksum is 0.
const UNKNOWN: u64 = 0;

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish().max(1)
}

/// Where the checksums of a state file are kept.
pub(super) fn sums_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sums");
    name.into()
}

impl Pages {
    /// The pages of `file`, and whether checksums for all of them were found.
    pub(super) fn new(file: File, path: &Path) -> Result<(Self, bool), Fault> {
        let sums_path = sums_path(path);
        let file = FileBackend::new(file)?;
        let sums = read_sums(&sums_path, &file);
        let found = sums.is_some();
        let sums = Mutex::new(sums.unwrap_or_default());
        let pages = Self { file, sums_path, sums, found: found.into(), trusted: Trusted::default() };
        Ok((pages, found))
    }

    pub(super) fn trusted(&self) -> Trusted {
        self.trusted.clone()
    }

    fn sums(&self) -> MutexGuard<'_, Vec<u64>> {
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands on a result of writing. After an error nobody knows what the file
    /// holds.
    fn written(&self, result: io::Result<()>) -> io::Result<()> {
        if result.is_err() {
            self.trusted.0.store(false, Ordering::Release);
        }
        result
    }

    fn leave_sums(&self) -> Option<()> {
        if !is_ours(&self.sums_path) {
            return None;
        }
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.sums().iter().flat_map(|sum| sum.to_le_bytes()));
        bytes.extend(binding(&bytes, &self.file)?.to_le_bytes());
        let mut draft = self.sums_path.clone().into_os_string();
        draft.push(format!(".new-{}", std::process::id()));
        let draft = PathBuf::from(draft);
        // What an earlier process of this number left.
        let _ = fs::remove_file(&draft);
        let put = create_private(&draft).and_then(|mut file| file.write_all(&bytes));
        let put = put.and_then(|()| fs::rename(&draft, &self.sums_path));
        if put.is_err() {
            let _ = fs::remove_file(&draft);
        }
        put.ok()
    }
}

/// Opens a file of checksums: a regular one, not through a link.
fn open_sums(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Whether there is nothing at `path`, or a file of checksums to be replaced.
fn is_ours(path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    match open_sums(path) {
        Ok(mut file) => file.read_exact(&mut magic).is_ok() && magic == *MAGIC,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// The checksums that were left, if they are of this content.
fn read_sums(path: &Path, file: &FileBackend) -> Option<Vec<u64>> {
    let opened = open_sums(path).ok()?;
    // One for each page, one for the whole.
    let length_max = MAGIC.len() as u64 + 8 * (file.len().ok()?.div_ceil(PAGE as u64) + 1);
    let mut bytes = Vec::new();
    opened.take(length_max).read_to_end(&mut bytes).ok()?;
    let (sums, bound_to) = bytes.split_last_chunk()?;
    if binding(sums, file)? != u64::from_le_bytes(*bound_to) {
        return None;
    }
    let (sums, []) = sums.strip_prefix(MAGIC)?.as_chunks() else { return None };
    Some(sums.iter().map(|sum| u64::from_le_bytes(*sum)).collect())
}

/// What binds checksums to the content of a file.
fn binding(sums: &[u8], file: &FileBackend) -> Option<u64> {
    let mut header = [0; PAGE];
    file.read(0, &mut header).ok()?;
    let mut hasher = FxHasher::default();
    hasher.write(&header);
    hasher.write_u64(file.len().ok()?);
    hasher.write(sums);
    Some(hasher.finish())
}

/// The pages that `length` bytes from `offset` touch, and whether they are those
/// bytes.
fn pages(offset: u64, length: usize) -> (Range<usize>, bool) {
    let (page, end) = (PAGE as u64, offset.saturating_add(length as u64));
    let index = |number| usize::try_from(number).unwrap_or(usize::MAX);
    (index(offset / page)..index(end.div_ceil(page)), offset.is_multiple_of(page) && end.is_multiple_of(page))
}

/// The checksums of some pages, unknown where there were none.
fn slice(sums: &mut Vec<u64>, pages: Range<usize>) -> impl Iterator<Item = &mut u64> {
    if sums.len() < pages.end {
        sums.resize(pages.end, UNKNOWN);
    }
    sums.iter_mut().take(pages.end).skip(pages.start)
}

impl StorageBackend for Pages {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)?;
        let (pages, true) = pages(offset, out.len()) else {
            return Ok(());
        };
        for (known, page) in slice(&mut self.sums(), pages).zip(out.chunks_exact(PAGE)) {
            let sum = checksum(page);
            if *known == UNKNOWN {
                *known = sum;
            } else if *known != sum {
                // Not `InvalidData`, by which the library says something else.
                let error = "a page does not have its checksum";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, error));
            }
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.written(self.file.set_len(length))?;
        let pages = usize::try_from(length / PAGE as u64).unwrap_or(usize::MAX);
        self.sums().truncate(pages);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.written(self.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.written(self.file.write(offset, data))?;
        let mut sums = self.sums();
        match pages(offset, data.len()) {
            (pages, true) => {
                slice(&mut sums, pages).zip(data.chunks_exact(PAGE)).for_each(|(sum, page)| *sum = checksum(page));
            }
            (pages, false) => slice(&mut sums, pages).for_each(|sum| *sum = UNKNOWN),
        }
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        if self.trusted.0.load(Ordering::Acquire) {
            // Without it the next start reads the whole file.
            let _ = self.leave_sums();
        }
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        if !self.file.try_lock_range(start, end)? {
            return Ok(false);
        }
        if self.found.swap(false, Ordering::AcqRel) {
            match read_sums(&self.sums_path, &self.file) {
                Some(sums) => *self.sums() = sums,
                // Somebody was at the file in between.
                None => return Ok(false),
            }
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
