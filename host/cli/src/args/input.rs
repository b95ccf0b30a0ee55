//! Where events come from.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::fs::{Access, access};

use crate::stream::Stream;

/// A stream of events: `-` is standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
}

/// The inputs that arguments name: standard input if there are none.
pub(crate) fn inputs(arguments: &[PathBuf]) -> Vec<Input> {
    match arguments {
        [] => vec![Input::Stdin],
        paths => paths.iter().map(|path| Input::from(path.as_path())).collect(),
    }
}

impl Input {
    /// Opens it for reading. A file in gzip or zstd is decompressed, standard input
    /// is taken as it is.
    ///
    /// # Errors
    ///
    /// What opening gave.
    pub(crate) fn open(&self) -> io::Result<Stream> {
        match self {
            Self::Stdin => Ok(io::stdin().as_fd().try_clone_to_owned()?.into()),
            Self::File(path) => Stream::of_file(File::open(path)?),
        }
    }

    /// Looks whether it could be read, without opening it: a pipe would take
    /// that for the whole of a reader's visit.
    ///
    /// # Errors
    ///
    /// Why it could not.
    pub(crate) fn ensure_readable(&self) -> Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        let check = || -> io::Result<()> {
            match path.metadata()?.is_dir() {
                true => Err(io::ErrorKind::IsADirectory.into()),
                false => Ok(access(path, Access::READ_OK)?),
            }
        };
        check().with_context(|| format!("cannot read {self}"))
    }

    /// Its size, if it is a regular file.
    pub(crate) fn file_bytes(&self) -> Option<u64> {
        let metadata = match self {
            Self::Stdin => File::from(io::stdin().as_fd().try_clone_to_owned().ok()?).metadata().ok()?,
            Self::File(path) => path.metadata().ok()?,
        };
        metadata.is_file().then_some(metadata.len())
    }

    /// The file, if it is not standard input.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(path) => Some(path),
        }
    }
}

impl From<&Path> for Input {
    fn from(path: &Path) -> Self {
        match path == Path::new("-") {
            true => Self::Stdin,
            false => Self::File(path.to_owned()),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}
