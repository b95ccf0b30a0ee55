//! All that only works around the database library.
//!
//! It does not check the pages that it reads, unless it reads the whole file: so
//! each has a checksum here that it is compared with, whenever it is read. It may
//! panic on broken files: see [`caught`]. A start after one of its usual commits
//! walks the whole file: see [`begin_write`].
//!
//! ```text
//! page 0   magic "1ststate", format u64, CRC-32 of the library's header page as
//!          it was before its latest write and after it, u32 each
//! then     groups: a page of the CRC-32 of each of 1023 pages (its number first) and
//!          of itself, u32 each, 0 for one that was never written; then these pages
//! ```
//!
//! The checksums of what a commit wrote are in the file before the header page,
//! which makes the commit count. So they are right whenever the process ends. The
//! header page alone is written in place: after a kill it is one of the two that
//! page 0 knows. If it is neither, after a power cut, the library reads everything. So
//! it does where a page of checksums is broken: they are made anew from pages that the
//! library finds to be good, by checksums of its own.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::{Database, StorageBackend, WriteTransaction};

use crate::error::Cause;

/// What the file begins with, in this and every later format.
pub(crate) const MAGIC: &[u8; 8] = b"1ststate";

/// The format that is written, and the latest that can be read. The formats 1 and
/// 2 had a file of the library's own form; see [`takeover`](crate::takeover).
pub(crate) const FORMAT: u64 = 3;

/// Bytes of a page of the database, and of every other piece of the file.
const PAGE: u64 = 4096;
/// Pages that one page of checksums is of; its last one is its own.
const GROUP: u64 = PAGE / 4 - 1;
/// Bytes of a group without its checksums.
const GROUP_BYTES: u64 = GROUP * PAGE;

/// Memory for pages of the file, in bytes. The system caches them too.
const CACHE_BYTES: usize = 64 * 1024 * 1024;

/// So many bytes are written at most before they are synced: a start after a kill
/// waits for what was not.
const UNSYNCED_MAX: u64 = 64 * 1024 * 1024;

/// Opens the database in a file, which is made if the file is empty.
pub(crate) fn database(file: File) -> Result<Database, Cause> {
    let (pages, fits) = Pages::new(file)?;
    Ok(Database::builder().set_check_integrity_on_open(!fits).set_cache_size(CACHE_BYTES).create_with_backend(pages)?)
}

/// A transaction after which a start need not look at the whole file, even if the
/// process is killed.
pub(crate) fn begin_write(database: &Database) -> Result<WriteTransaction, Cause> {
    let mut transaction = database.begin_write()?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

/// Runs `work`, and turns a panic in it into an error.
///
/// The caller must not trust what `work` was changing when it panicked.
pub(crate) fn caught<T>(work: impl FnOnce() -> Result<T, Cause>) -> Result<T, Cause> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Cause::Damaged(format!("reading it failed: {}", text.unwrap_or("no message"))))
    })
}

/// The file without what stands between the database's pages.
#[derive(Debug)]
struct Pages {
    file: File,
    sums: Mutex<Sums>,
    /// Bytes written since the last sync.
    unsynced: AtomicU64,
}

#[derive(Debug, Default)]
struct Sums {
    /// One a page.
    values: Vec<u32>,
    /// Groups that are not in the file as they are here.
    dirty: BTreeSet<u64>,
    /// The first page of the database.
    header: Vec<u8>,
}

impl Pages {
    /// The pages in a file, and whether its header page and its checksums are what was
    /// written.
    fn new(file: File) -> Result<(Self, bool), Cause> {
        let length = file.metadata()?.len();
        let mut sums = Sums { header: vec![0; PAGE as usize], ..Sums::default() };
        let mut fits = true;
        if length == 0 {
            write_head(&file, [0; 2])?;
        } else {
            let bindings = read_head(&file)?;
            (sums.values, sums.dirty) = read_sums(&file, length_inside(length))?;
            if length_inside(length) > 0 {
                file.read_exact_at(&mut sums.header, place(0))?;
            }
            fits = bindings.contains(&sum(0, &sums.header)) && sums.dirty.is_empty();
        }
        Ok((Self { file, sums: Mutex::new(sums), unsynced: AtomicU64::new(0) }, fits))
    }

    fn sums(&self) -> MutexGuard<'_, Sums> {
        // Nothing in it is half changed when somebody panics.
        self.sums.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the checksums to the file. To be called before a sync, so that both
    /// are on disk after it, and before the header page is written.
    fn put_sums(&self, sums: &mut Sums) -> io::Result<()> {
        while let Some(group) = sums.dirty.first().copied() {
            let values = sums.values.iter().skip((group * GROUP) as usize).take(GROUP as usize);
            let mut bytes: Vec<u8> = values.flat_map(|sum| sum.to_le_bytes()).collect();
            bytes.resize(GROUP as usize * 4, 0);
            bytes.extend(sum(group as usize, &bytes).to_le_bytes());
            self.file.write_all_at(&bytes, place(group * GROUP_BYTES) - PAGE)?;
            sums.dirty.remove(&group);
        }
        Ok(())
    }

    /// To be called before `data` is written to the first page, at `offset`.
    fn bind(&self, offset: usize, data: &[u8]) -> io::Result<()> {
        let mut sums = self.sums();
        self.put_sums(&mut sums)?;
        let before = sum(0, &sums.header);
        let room = sums.header.get_mut(offset..).unwrap_or_default();
        room.iter_mut().zip(data).for_each(|(byte, new)| *byte = *new);
        write_head(&self.file, [before, sum(0, &sums.header)])
    }
}

impl StorageBackend for Pages {
    fn len(&self) -> io::Result<u64> {
        Ok(length_inside(self.file.metadata()?.len()))
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        for (place, part) in parts(offset, out.len()) {
            self.file.read_exact_at(out.get_mut(part).unwrap_or_default(), place)?;
        }
        let sums = self.sums();
        // The library reads nothing but its header in part.
        let all_agree = offset < PAGE
            || whole_pages(offset, out.len())?
                .zip(out.chunks_exact(PAGE as usize))
                .all(|(page, bytes)| sums.values.get(page) == Some(&sum(page, bytes)));
        match all_agree {
            true => Ok(()),
            // Not `InvalidData`, by which the library says something else.
            false => Err(io::Error::new(io::ErrorKind::InvalidInput, "a page does not have its checksum")),
        }
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.file.set_len(length_outside(length))?;
        let mut sums = self.sums();
        let groups_before = (sums.values.len() as u64).div_ceil(GROUP);
        sums.values.resize((length / PAGE) as usize, 0);
        sums.dirty.retain(|group| group * GROUP_BYTES < length);
        // Nothing must stay of pages that are no longer there, and each group has its
        // checksums, also where nothing was written yet.
        let groups = length.div_ceil(GROUP_BYTES);
        sums.dirty.extend(groups_before.min(groups.saturating_sub(1))..groups);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.put_sums(&mut self.sums())?;
        self.unsynced.store(0, Ordering::Relaxed);
        self.file.sync_data()
    }

    /// Gives the file up at once, though a process that is being made may have it too.
    fn close(&self) -> io::Result<()> {
        self.file.unlock()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let is_header = offset < PAGE;
        if is_header {
            self.bind(offset as usize, data)?;
        }
        for (place, part) in parts(offset, data.len()) {
            self.file.write_all_at(data.get(part).unwrap_or_default(), place)?;
        }
        if !is_header {
            let mut sums = self.sums();
            for (page, bytes) in whole_pages(offset, data.len())?.zip(data.chunks_exact(PAGE as usize)) {
                if let Some(value) = sums.values.get_mut(page) {
                    *value = sum(page, bytes);
                }
                sums.dirty.insert(page as u64 / GROUP);
            }
        }
        let length = data.len() as u64;
        if self.unsynced.fetch_add(length, Ordering::Relaxed) + length > UNSYNCED_MAX {
            self.unsynced.store(0, Ordering::Relaxed);
            self.file.sync_data()?;
        }
        Ok(())
    }
}

/// Never 0, which stands for a page that was not written.
fn sum(page: usize, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&(page as u64).to_le_bytes());
    hasher.update(bytes);
    hasher.finalize().max(1)
}

fn write_head(file: &File, bindings: [u32; 2]) -> io::Result<()> {
    let [before, after] = bindings.map(u32::to_le_bytes);
    let head = [&MAGIC[..], &FORMAT.to_le_bytes(), &before, &after].concat();
    file.write_all_at(&head, 0)
}

/// Reads what [`write_head`] wrote, once the format is known to be this one.
fn read_head(file: &File) -> Result<[u32; 2], Cause> {
    let foreign = || Cause::NotAState("it does not begin like one".to_owned());
    let mut head = [0; 24];
    file.read_exact_at(&mut head, 0).map_err(|_| foreign())?;
    let (numbers, _) = head.strip_prefix(MAGIC).ok_or_else(foreign)?.as_chunks::<8>();
    match *numbers {
        [format, bindings] => match u64::from_le_bytes(format) {
            FORMAT => {
                let bindings = u64::from_le_bytes(bindings);
                Ok([bindings as u32, (bindings >> 32) as u32])
            }
            format if format > FORMAT => Err(Cause::Newer { format, supported: FORMAT }),
            _ => Err(Cause::malformed("its format number")),
        },
        _ => Err(foreign()),
    }
}

/// Reads the checksums of `length` bytes in pages, and tells of which groups they were
/// broken: there they are those of the pages as they are.
fn read_sums(file: &File, length: u64) -> io::Result<(Vec<u32>, BTreeSet<u64>)> {
    let (mut sums, mut broken) = (Vec::new(), BTreeSet::new());
    let mut page = [0; PAGE as usize];
    for group in 0..length.div_ceil(GROUP_BYTES) {
        file.read_exact_at(&mut page, place(group * GROUP_BYTES) - PAGE)?;
        let (values, own) = page.split_at(GROUP as usize * 4);
        if own == sum(group as usize, values).to_le_bytes() || page == [0; PAGE as usize] {
            sums.extend(values.as_chunks().0.iter().map(|sum| u32::from_le_bytes(*sum)));
            continue;
        }
        broken.insert(group);
        for number in group * GROUP..((group + 1) * GROUP).min(length / PAGE) {
            file.read_exact_at(&mut page, place(number * PAGE))?;
            sums.push(sum(number as usize, &page));
        }
    }
    sums.truncate((length / PAGE) as usize);
    Ok((sums, broken))
}

/// Where in the file a byte of the database lies.
fn place(offset: u64) -> u64 {
    offset.saturating_add((offset / GROUP_BYTES + 2) * PAGE)
}

/// How long the file is for a database of `length` bytes.
fn length_outside(length: u64) -> u64 {
    length.checked_sub(1).map_or(PAGE, |last| place(last).saturating_add(1))
}

/// How many bytes of the database, in whole pages, are in a file of `length`.
fn length_inside(length: u64) -> u64 {
    let groups = length.saturating_sub(PAGE);
    let (whole, rest) = (groups / (GROUP_BYTES + PAGE), groups % (GROUP_BYTES + PAGE));
    whole * GROUP_BYTES + rest.saturating_sub(PAGE) / PAGE * PAGE
}

/// The parts of a stretch of the database that lie side by side in the file.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, Range<usize>)> {
    let mut done = 0_usize;
    std::iter::from_fn(move || {
        let start = offset.saturating_add(done as u64);
        let room = usize::try_from(GROUP_BYTES - start % GROUP_BYTES).unwrap_or(usize::MAX);
        let part = done..length.min(done.saturating_add(room));
        done = part.end;
        (!part.is_empty()).then(|| (place(start), part))
    })
}

/// The numbers of the pages that are `length` bytes from `offset`.
fn whole_pages(offset: u64, length: usize) -> io::Result<Range<usize>> {
    let end = offset.saturating_add(length as u64);
    if !offset.is_multiple_of(PAGE) || !end.is_multiple_of(PAGE) {
        return Err(io::Error::new(io::ErrorKind::Unsupported, "a part of a page"));
    }
    Ok((offset / PAGE) as usize..(end / PAGE) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_places_fit_each_other() {
        for pages in [0, 1, 2, GROUP - 1, GROUP, GROUP + 1, 3 * GROUP + 7] {
            let length = pages * PAGE;
            assert_eq!(length_inside(length_outside(length)), length, "{pages} pages");
            assert_eq!(length_inside(length_outside(length) + 1), length, "{pages} pages and a byte");
        }
        assert_eq!([0, 1, PAGE, 2 * PAGE].map(length_inside), [0; 4]);
        assert_eq!(
            (place(0), place(GROUP_BYTES - 1), place(GROUP_BYTES)),
            (2 * PAGE, 2 * PAGE + GROUP_BYTES - 1, 3 * PAGE + GROUP_BYTES)
        );
    }

    #[test]
    fn what_crosses_groups_is_read_as_it_was_written() {
        let file = tempfile::tempfile().unwrap();
        let (pages, fits) = Pages::new(file.try_clone().unwrap()).unwrap();
        assert!(fits);
        let length = (2 * GROUP + 5) * PAGE;
        pages.set_len(length).unwrap();
        let data: Vec<u8> = (0..(GROUP + 9) * PAGE).map(|byte| (byte / 7) as u8).collect();
        let offset = (GROUP - 4) * PAGE;
        pages.write(offset, &data).unwrap();
        pages.write(3, b"header").unwrap();
        pages.sync_data().unwrap();

        let (pages, fits) = Pages::new(file.try_clone().unwrap()).unwrap();
        assert!(fits);
        assert_eq!(pages.len().unwrap(), length);
        let mut read = vec![0; data.len()];
        pages.read(offset, &mut read).unwrap();
        assert!(read == data);
        pages.read(PAGE, &mut read[..PAGE as usize]).expect_err("it was never written");
        read_back_is_refused(&file, offset);
    }

    /// The content of another page, checksum and all, is not taken for this one's.
    fn read_back_is_refused(file: &File, offset: u64) {
        let mut page = vec![0; PAGE as usize];
        file.read_exact_at(&mut page, place(offset + PAGE)).unwrap();
        file.write_all_at(&page, place(offset)).unwrap();
        let (pages, _) = Pages::new(file.try_clone().unwrap()).unwrap();
        pages.read(offset, &mut page).unwrap_err();
        pages.read(offset + PAGE, &mut page).unwrap();
    }

    #[test]
    fn sums_of_pages_that_were_cut_off_do_not_come_back() {
        let file = tempfile::tempfile().unwrap();
        let (pages, _) = Pages::new(file.try_clone().unwrap()).unwrap();
        let mut page = vec![7; PAGE as usize];
        for cut in [PAGE, 0] {
            pages.set_len(3 * PAGE).unwrap();
            pages.write(2 * PAGE, &page).unwrap();
            pages.sync_data().unwrap();
            pages.set_len(cut).unwrap();
            pages.set_len(3 * PAGE).unwrap();
            pages.sync_data().unwrap();
            let (again, _) = Pages::new(file.try_clone().unwrap()).unwrap();
            assert!(again.sums().values.iter().all(|sum| *sum == 0));
        }
        pages.read(2 * PAGE, &mut page).unwrap_err();
    }
}
