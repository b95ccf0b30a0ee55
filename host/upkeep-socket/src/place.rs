//! The place of a socket: a name in a directory, for its owner only.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use crate::error::StartError;

/// What follows the name of a socket in that of the directory in which it is made.
const DRAFT: &str = ".new";

/// A name that is taken. Dropping it gives it up, unless somebody else has it by then.
pub(crate) struct Place {
    path: PathBuf,
    /// Device and inode.
    identity: (u64, u64),
}

impl Place {
    /// Listens at a path. A socket that nobody listens to any more is replaced, nothing
    /// else is.
    pub(crate) fn listen(path: &Path) -> Result<(Self, UnixListener), StartError> {
        let io = |cause| StartError::Io { path: path.to_owned(), cause };
        ensure_free(path)?;
        // Nobody else can reach it there before it is for its owner only.
        let mut draft = path.as_os_str().to_owned();
        draft.push(DRAFT);
        let draft = PathBuf::from(draft);
        let socket = draft.join("s");
        if [&socket, path].into_iter().any(|path| !fits(path)) {
            return Err(StartError::TooLong(path.to_owned()));
        }
        remove_draft(&draft, &socket);
        let listening = || {
            DirBuilder::new().mode(0o700).create(&draft)?;
            let listener = UnixListener::bind(&socket)?;
            fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
            let identity = identity(&socket)?;
            fs::rename(&socket, path)?;
            Ok((Self { path: path.to_owned(), identity }, listener))
        };
        let result = listening().map_err(io);
        remove_draft(&draft, &socket);
        result
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the name still is that of this socket.
    pub(crate) fn is_held(&self) -> bool {
        identity(&self.path).is_ok_and(|identity| identity == self.identity)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_held() {
            // Whoever comes later finds that nobody listens.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether the path of a socket can be so long.
pub(crate) fn fits(path: &Path) -> bool {
    SocketAddr::from_pathname(path).is_ok()
}

/// What a process that was killed left, or this one.
fn remove_draft(draft: &Path, socket: &Path) {
    // It is not there as a rule; what is in the way otherwise is told by what follows.
    let _ = fs::remove_file(socket);
    let _ = fs::remove_dir(draft);
}

fn ensure_free(path: &Path) -> Result<(), StartError> {
    let io = |cause| StartError::Io { path: path.to_owned(), cause };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => Err(StartError::NotASocket(path.to_owned())),
        Ok(_) if !fits(path) => Err(StartError::TooLong(path.to_owned())),
        Ok(_) => match UnixStream::connect(path) {
            Ok(_) => Err(StartError::Taken(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            Err(error) => Err(io(error)),
        },
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}
