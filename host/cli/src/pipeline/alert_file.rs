//! The file that `--alerts` names.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// A file that alerts are appended to, each on a line of its own.
pub(crate) struct AlertFile {
    file: File,
    /// Its last byte is not a newline, so the next alert has to begin with one.
    mid_line: bool,
}

impl AlertFile {
    /// Opens a file, a pipe or a device; a file that is not there is made, for
    /// its owner only.
    ///
    /// # Errors
    ///
    /// When it cannot be opened for writing.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        let metadata = file.metadata()?;
        // A crash may have torn a line. If nobody can say, an empty line does
        // less harm than two alerts glued together.
        let mid_line = metadata.is_file() && metadata.len() > 0 && last_byte(path).map_or(true, |last| last != b'\n');
        Ok(Self { file, mid_line })
    }

    /// Appends whole lines. When it returns, they are on the disk.
    ///
    /// # Errors
    ///
    /// What writing gave. A part may have been written; the next line begins on
    /// a line of its own all the same.
    pub(crate) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.mid_line {
            self.write_all(b"\n")?;
        }
        self.write_all(lines)?;
        match self.file.sync_data() {
            // Pipes and devices hold nothing that could be synced.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            result => result,
        }
    }

    /// As the standard library's, but remembers how a part of it ended.
    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.file.write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => {
                    let (written, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
                    self.mid_line = !written.ends_with(b"\n");
                    bytes = rest;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The last byte of a file. It is read through another descriptor: a pipe that
/// was opened for both would never lose its reader.
fn last_byte(path: &Path) -> io::Result<u8> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::End(-1))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    let [byte] = byte;
    Ok(byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use rustix::pipe::{PipeFlags, pipe_with};

    #[test]
    fn a_torn_line_stays_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (before, after) in [("", "1\n"), ("0\n", "0\n1\n"), ("{\"torn", "{\"torn\n1\n")] {
            let path = folder.path().join("alerts.ndjson");
            fs::write(&path, before).unwrap();
            AlertFile::open(&path).unwrap().append(b"1\n").unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), after);
        }
    }

    #[test]
    fn a_new_file_is_its_owners() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("alerts.ndjson");
        AlertFile::open(&path).unwrap().append(b"1\n").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    }

    #[test]
    fn after_a_partial_write_the_next_line_begins_anew() {
        let (reader, writer) = pipe_with(PipeFlags::NONBLOCK).unwrap();
        let mut alerts = AlertFile { file: File::from(writer), mid_line: false };
        let long = [vec![b'x'; 1 << 20], b"\n".to_vec()].concat();
        assert_eq!(alerts.append(&long).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let mut reader = File::from(reader);
        let mut written = vec![0; 1 << 20];
        let length = reader.read(&mut written).unwrap();
        assert!(written[..length].iter().all(|&byte| byte == b'x'));
        // It is a pipe, which cannot be synced.
        alerts.append(b"1\n").unwrap();
        alerts.append(b"2\n").unwrap();
        drop(alerts);
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(rest.trim_start_matches('x'), "\n1\n2\n");
    }
}
