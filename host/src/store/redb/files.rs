//! The files beside a state file: named after it, for its owner only.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// The name of a file with something behind it.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The directory that a file is in.
pub(super) fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Takes the names in a file's directory to the disk. Not every system can, and
/// none needs it for the store to be correct.
pub(super) fn sync_directory(path: &Path) {
    if let Ok(directory) = File::open(directory(path)) {
        let _ = directory.sync_all();
    }
}

/// Creates an empty file, for its owner only: terms and alerts come from logs.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Never through a link, never over what is there.
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a regular file to be read, not through a link.
pub(super) fn open_regular(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDONLY)
}

/// The same, to be read and written.
pub(super) fn open_regular_to_write(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDWR)
}

fn open_with(path: &Path, access: OFlags) -> io::Result<File> {
    let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
}
