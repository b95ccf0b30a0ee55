//! A directory that nobody else can write to.

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use rustix::fs::{AtFlags, Dir, Mode, OFlags, openat, renameat, statat, unlinkat};

/// Greatest size of a file that is read. Native code has some times the size of
/// its module.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Permissions that would let others write.
const OTHERS_WRITE: u32 = 0o022;

/// Flags under which nothing is opened but what lies there itself, and at once.
const OPEN: OFlags = OFlags::NOFOLLOW.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK);

/// An open directory. It stays the one that was looked at, whatever becomes of
/// its path.
pub(super) struct Directory(OwnedFd);

impl Directory {
    /// Opens a directory, made for its owner only if it is not there.
    ///
    /// # Errors
    ///
    /// When it is not there and cannot be made, is no directory but a link to
    /// one, or others can put files into it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let open = || rustix::fs::open(path, OPEN | OFlags::DIRECTORY, Mode::empty());
        let directory = match open() {
            Err(rustix::io::Errno::NOENT) => {
                DirBuilder::new().recursive(true).mode(0o700).create(path)?;
                open()?
            }
            opened => opened?,
        };
        let directory = File::from(directory);
        check_private(&directory)?;
        Ok(Self(directory.into()))
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When there is none, or it is none of ours.
    pub(super) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        let file = File::from(openat(&self.0, name, OPEN, Mode::empty())?);
        // The directory may have been open to others once.
        check_private(&file)?;
        let bytes = file.metadata()?.len().min(FILE_BYTES_MAX);
        let mut content = Vec::with_capacity(usize::try_from(bytes).unwrap_or_default());
        file.take(bytes).read_to_end(&mut content)?;
        Ok(content)
    }

    /// Writes a file, whole or not at all, over one of that name.
    ///
    /// # Errors
    ///
    /// When it cannot be written, or somebody else is writing it.
    pub(super) fn write(&self, name: &str, parts: &[&[u8]]) -> io::Result<()> {
        let draft = format!("{name}.{}", std::process::id());
        let flags = OPEN | OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY;
        let written =
            openat(&self.0, &draft, flags, Mode::RUSR | Mode::WUSR).map_err(io::Error::from).and_then(|file| {
                let mut file = File::from(file);
                parts.iter().try_for_each(|part| file.write_all(part))
            });
        let placed = written.and_then(|()| Ok(renameat(&self.0, &draft, &self.0, name)?));
        if placed.is_err() {
            // One that a process of the same number left behind, too.
            let _ = unlinkat(&self.0, &draft, AtFlags::empty());
        }
        placed
    }

    /// Removes files, but for the newest ones and for those that `is_ours` does
    /// not know.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub(super) fn keep_newest(&self, count: usize, is_ours: impl Fn(&str) -> bool) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in Dir::read_from(&self.0)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            // Somebody else may have removed it meanwhile.
            if is_ours(name)
                && let Ok(status) = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)
            {
                files.push((status.st_mtime, status.st_mtime_nsec, name.to_owned()));
            }
        }
        files.sort_unstable();
        let surplus = files.len().saturating_sub(count);
        for (_, _, name) in files.iter().take(surplus) {
            let _ = unlinkat(&self.0, name.as_str(), AtFlags::empty());
        }
        Ok(())
    }
}

/// Whether a file or directory belongs to this user and nobody else can write
/// to it.
fn check_private(file: &File) -> io::Result<()> {
    let metadata = file.metadata()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    match is_ours && metadata.mode() & OTHERS_WRITE == 0 {
        true => Ok(()),
        false => Err(io::ErrorKind::PermissionDenied.into()),
    }
}
