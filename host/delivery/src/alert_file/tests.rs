use super::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::fs::{CWD, FileType, Mode, mknodat};

fn append(alerts: &mut AlertFile, lines: &str) {
    alerts.append(lines.as_bytes(), |_| true).unwrap();
}

#[test]
fn a_torn_line_stays_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (before, after) in [("", "1\n"), ("0\n", "0\n1\n"), ("{\"torn", "{\"torn\n1\n")] {
        let path = folder.path().join("alerts.ndjson");
        fs::write(&path, before).unwrap();
        append(&mut AlertFile::open(&path).unwrap(), "1\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), after);
    }
}

#[test]
fn a_new_file_is_its_owners() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("alerts.ndjson");
    append(&mut AlertFile::open(&path).unwrap(), "1\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn what_has_the_name_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let [path, moved] = ["alerts", "alerts.1"].map(|name| folder.path().join(name));
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let mut alerts = AlertFile::open(&path).unwrap();
    append(&mut alerts, "1\n");
    fs::rename(&path, &moved).unwrap();
    append(&mut alerts, "2\n");
    assert_eq!((read(&moved).as_str(), read(&path).as_str()), ("1\n", "2\n"));
    fs::remove_file(&path).unwrap();
    append(&mut alerts, "3\n");
    assert_eq!(read(&path), "3\n");
    // As logrotate's copytruncate leaves it.
    fs::write(&path, "").unwrap();
    append(&mut alerts, "4\n");
    assert_eq!(read(&path), "4\n");
    fs::rename(&path, &moved).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(alerts.append(b"5\n", |_| true).is_err());
    fs::remove_dir(&path).unwrap();
    append(&mut alerts, "6\n");
    assert_eq!((read(&moved).as_str(), read(&path).as_str()), ("4\n", "6\n"));
}

/// A named pipe with one end, which reads without waiting.
fn pipe(folder: &Path) -> (PathBuf, File) {
    let path = folder.join("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let reader = OpenOptions::new().read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&path).unwrap();
    (path, reader)
}

#[test]
fn after_a_partial_write_the_next_line_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut reader) = pipe(folder.path());
    let mut alerts = AlertFile::open(&path).unwrap();
    let long = [vec![b'x'; 1 << 20], b"\n".to_vec()].concat();
    let mut asked = 0;
    let error = alerts.append(&long, |_| {
        asked += 1;
        asked < 3
    });
    assert_eq!((error.unwrap_err().kind(), asked), (io::ErrorKind::WouldBlock, 3));
    let mut written = vec![0; 1 << 20];
    let length = reader.read(&mut written).unwrap();
    assert!(written[..length].iter().all(|&byte| byte == b'x'));
    append(&mut alerts, "1\n");
    append(&mut alerts, "2\n");
    drop(alerts);
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(rest.trim_start_matches('x'), "\n1\n2\n");
}

#[test]
fn a_pipe_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (path, reader) = pipe(folder.path());
    drop(reader);
    let mut alerts = AlertFile::open(&path).unwrap();
    let error = alerts.append(b"1\n", |_| true).unwrap_err();
    assert_eq!(error.to_string(), "nobody reads this pipe");
    let mut reader = OpenOptions::new();
    let mut reader = reader.read(true).custom_flags(OFlags::NONBLOCK.bits().cast_signed()).open(&path).unwrap();
    append(&mut alerts, "2\n");
    let mut read = [0; 9];
    let length = reader.read(&mut read).unwrap();
    assert_eq!(&read[..length], b"2\n");
}
