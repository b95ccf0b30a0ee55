//! The files of a state: for their owner only, never opened through a link.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// The name of a file with something behind it.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The directory that a file is in.
pub(crate) fn directory(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Takes the names in a file's directory to the disk, where the system can.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};

    match File::open(directory(path)).and_then(|directory| directory.sync_all()) {
        Err(error) if !matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => Err(error),
        _ => Ok(()),
    }
}

/// The path of a file without links in it, so that what is named after it is
/// beside it whatever it is called. The file itself need not be there.
pub(crate) fn resolve(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {
            let directory = fs::canonicalize(directory(path))?;
            Ok(path.file_name().map_or_else(|| path.to_owned(), |name| directory.join(name)))
        }
        // A link to nothing is an error: its file may come later.
        resolved => resolved,
    }
}

/// Creates an empty file, for its owner only: terms and alerts come from logs.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // Never through a link, never over what is there.
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Opens a regular file to be read, not through a link.
pub(crate) fn open_regular(path: &Path) -> io::Result<File> {
    open_with(path, OFlags::RDONLY)
}

/// The same, to be read and written.
pub(crate) fn open_regular_to_write(path: &Path) -> io::Result<File> {
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
