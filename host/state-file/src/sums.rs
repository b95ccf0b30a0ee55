//! The checksums of a file's pages, in memory and in a file of their own.
//!
//! The file beside the state, `<state>.sums`, keeps them in step with it: what a
//! commit of the database wrote has its checksums on disk before the header page,
//! which makes the commit count. So they hold whenever the process ends. They
//! are bound to the content of the header page as it is, and as it will be when a
//! write of it that has begun is done: if either file was put back alone, or the
//! system went down in between, they do not fit and are not used.
//!
//! ```text
//! block 0     magic "1stsums2", binding u64, binding u64, zeros
//! then        the checksum of each page u64, 0 for a page that has none
//! ```

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hash::Hasher;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHasher;

use super::files::{create_private, open_regular, open_regular_to_write, with_suffix};

/// Bytes of a page of the database.
pub(super) const PAGE: usize = 4096;

/// Bytes that are written together, and how many checksums these are.
const BLOCK: usize = 4096;
const BLOCK_SUMS: usize = BLOCK / 8;

/// What a file of checksums begins with.
const MAGIC: &[u8; 8] = b"1stsums2";

/// A page that was neither read nor written yet. No checksum is 0.
const UNKNOWN: u64 = 0;

/// The checksums of the pages that were read or written.
#[derive(Debug)]
pub(super) struct Sums {
    path: PathBuf,
    values: Vec<u64>,
    /// Blocks that are not in the file as they are here.
    dirty: BTreeSet<usize>,
    /// The first page of the state file.
    header: Vec<u8>,
    /// Whether the bindings in the file were changed since it was synced.
    is_bound_anew: bool,
    /// Where they are kept, once the content they are of has been verified.
    file: Option<File>,
}

/// Says that the content of the state file has been verified.
#[derive(Debug, Clone)]
pub(super) struct Keeping(pub(super) Arc<Mutex<Sums>>);

impl Keeping {
    /// From now on the checksums are kept on disk.
    pub(super) fn start(&self) {
        let mut sums = lock(&self.0);
        if sums.file.is_none() {
            sums.start();
        }
    }
}

/// Nothing in it is half changed when somebody panics.
pub(super) fn lock(sums: &Mutex<Sums>) -> MutexGuard<'_, Sums> {
    sums.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the checksums of a state file are kept.
pub(super) fn path(state: &Path) -> PathBuf {
    with_suffix(state, ".sums")
}

impl Sums {
    /// The checksums of the state file at `state` that begins with `header` and
    /// has `length` bytes: those that were kept, or none.
    pub(super) fn find(state: &Path, header: Vec<u8>, length: u64) -> Self {
        let path = path(state);
        let (file, values) = read(&path, &header, length).unzip();
        Self { path, values: values.unwrap_or_default(), dirty: BTreeSet::new(), header, is_bound_anew: false, file }
    }

    /// Whether some were found that fit.
    pub(super) fn is_kept(&self) -> bool {
        self.file.is_some()
    }

    /// Whether `bytes` are what the pages held when they were last read or
    /// written.
    pub(super) fn agree(&mut self, pages: Range<usize>, bytes: &[u8]) -> bool {
        for (page, bytes) in pages.zip(bytes.chunks_exact(PAGE)) {
            let sum = checksum(bytes);
            match self.values.get(page).copied().unwrap_or(UNKNOWN) {
                UNKNOWN => self.set(page, sum),
                known if known != sum => return false,
                _ => {}
            }
        }
        true
    }

    /// Takes note of what was written to whole pages.
    pub(super) fn put(&mut self, pages: Range<usize>, bytes: &[u8]) {
        for (page, bytes) in pages.zip(bytes.chunks_exact(PAGE)) {
            self.set(page, checksum(bytes));
        }
    }

    /// Takes note that pages were written in part.
    pub(super) fn forget(&mut self, pages: Range<usize>) {
        for page in pages {
            self.set(page, UNKNOWN);
        }
    }

    fn set(&mut self, page: usize, sum: u64) {
        if self.values.len() <= page {
            self.values.resize(page + 1, UNKNOWN);
        }
        if let Some(value) = self.values.get_mut(page) {
            *value = sum;
            self.dirty.insert(page / BLOCK_SUMS);
        }
    }

    /// Forgets all pages from number `pages` on.
    pub(super) fn truncate(&mut self, pages: usize) {
        // Zeros stand for them in the file.
        for page in pages..self.values.len() {
            self.set(page, UNKNOWN);
        }
    }

    /// To be called before the state file is synced: what it is then has its
    /// checksums, and its binding, on disk.
    pub(super) fn sync(&mut self) {
        if !self.dirty.is_empty() || self.is_bound_anew {
            self.keep(|sums, file| sums.write_dirty(file));
        }
    }

    /// To be called before `data` is written to the first page at `offset`.
    pub(super) fn bind_to(&mut self, offset: usize, data: &[u8]) {
        self.sync();
        let before = binding(&self.header);
        let room = self.header.get_mut(offset..).unwrap_or_default();
        room.iter_mut().zip(data).for_each(|(byte, new)| *byte = *new);
        let bindings = [before, binding(&self.header)];
        self.is_bound_anew = true;
        self.keep(|_, file| write_bindings(file, bindings));
    }

    /// Writes to the file, if there is one. If that fails there is none any more:
    /// the next start then reads the whole state file.
    fn keep(&mut self, write: impl FnOnce(&mut Self, &mut File) -> io::Result<()>) {
        if let Some(mut file) = self.file.take() {
            match write(self, &mut file) {
                Ok(()) => self.file = Some(file),
                Err(_) => drop(fs::remove_file(&self.path)),
            }
        }
    }

    /// Keeps none for the next start.
    pub(super) fn discard(&mut self) {
        self.keep(|_, _| Err(io::ErrorKind::Other.into()));
    }

    fn start(&mut self) {
        if !is_ours(&self.path) {
            return;
        }
        // Its name may be that of a file that does not fit.
        let _ = fs::remove_file(&self.path);
        self.file = create_private(&self.path).ok();
        self.dirty = (0..self.values.len().div_ceil(BLOCK_SUMS)).collect();
        let bindings = [binding(&self.header); 2];
        self.keep(|sums, file| {
            sums.write_dirty(file)?;
            write_bindings(file, bindings)
        });
    }

    fn write_dirty(&mut self, file: &mut File) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(BLOCK);
        for block in &self.dirty {
            let sums = self.values.iter().skip(block * BLOCK_SUMS).take(BLOCK_SUMS);
            bytes.clear();
            bytes.extend(sums.flat_map(|sum| sum.to_le_bytes()));
            // Nothing stays of pages that are no longer there.
            bytes.resize(BLOCK, 0);
            file.seek(SeekFrom::Start(((block + 1) * BLOCK) as u64))?;
            file.write_all(&bytes)?;
        }
        file.sync_data()?;
        self.dirty.clear();
        self.is_bound_anew = false;
        Ok(())
    }
}

fn write_bindings(file: &mut File, bindings: [u64; 2]) -> io::Result<()> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend(bindings.iter().flat_map(|binding| binding.to_le_bytes()));
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&bytes)
}

/// The checksums in a file, if they are of a state file that begins with `header`,
/// for the pages of `length` bytes.
fn read(path: &Path, header: &[u8], length: u64) -> Option<(File, Vec<u64>)> {
    let mut file = open_regular_to_write(path).ok()?;
    let mut block = [0; BLOCK];
    file.read_exact(&mut block).ok()?;
    let (bindings, _) = block.strip_prefix(MAGIC)?.as_chunks::<8>();
    let fits = bindings.iter().take(2).any(|bytes| u64::from_le_bytes(*bytes) == binding(header));
    if !fits {
        return None;
    }
    let mut bytes = Vec::new();
    // No more than there are pages, however long the file is.
    (&mut file).take(8 * length.div_ceil(PAGE as u64)).read_to_end(&mut bytes).ok()?;
    let (sums, []) = bytes.as_chunks() else { return None };
    Some((file, sums.iter().map(|sum| u64::from_le_bytes(*sum)).collect()))
}

/// Whether there is nothing at `path`, or a file of checksums to be replaced:
/// whatever version wrote it, and whatever a power cut left of it.
fn is_ours(path: &Path) -> bool {
    let mut magic = Vec::new();
    match open_regular(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut magic)) {
        Ok(_) => magic.starts_with(b"1stsums") || magic.iter().all(|byte| *byte == 0),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

fn binding(header: &[u8]) -> u64 {
    checksum(header)
}

fn checksum(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish().max(1)
}
