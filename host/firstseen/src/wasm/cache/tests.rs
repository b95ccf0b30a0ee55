use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::time::{Duration, SystemTime};

use super::*;
use crate::wasm::runtime;

/// The smallest component, made different by a section with a number.
fn wasm(number: u8) -> Vec<u8> {
    [b"\0asm\x0d\0\x01\0\0\x02\x01", &[b'a' + number][..]].concat()
}

/// Whether a start has to compile.
fn compiles(path: &Path, number: u8) -> bool {
    let (engine, wasm) = (runtime::engine().unwrap(), wasm(number));
    let mut compiles = false;
    let compile = || {
        compiles = true;
        Component::from_binary(&engine, &wasm)
    };
    ModuleCache::in_directory(path).component(&engine, &wasm, compile).unwrap();
    compiles
}

fn key(number: u8) -> Key {
    Key::of(&runtime::engine().unwrap(), &wasm(number))
}

fn entry_of(path: &Path, number: u8) -> PathBuf {
    path.join(key(number).file_name())
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_second_start_takes_what_the_first_one_kept() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("caches/firstseen");
    assert!(compiles(&path, 0));
    let kept = fs::read(entry_of(&path, 0)).unwrap();
    assert!(!compiles(&path, 0));
    assert!(compiles(&path, 1));
    assert!(!compiles(&path, 1));
    assert_eq!(fs::read(entry_of(&path, 0)).unwrap(), kept);
    assert_eq!(names(&path).len(), 2);
    assert_eq!((mode(&path), mode(&entry_of(&path, 0))), (0o700, 0o600));
}

#[test]
fn off_is_off() {
    let engine = runtime::engine().unwrap();
    let mut compiled = 0;
    for _ in 0..2 {
        let compile = || {
            compiled += 1;
            Component::from_binary(&engine, &wasm(0))
        };
        ModuleCache::off().component(&engine, &wasm(0), compile).unwrap();
    }
    assert_eq!(compiled, 2);
}

#[test]
fn a_damaged_or_foreign_entry_is_written_anew() {
    let root = tempfile::tempdir().unwrap();
    let (path, entry) = (root.path(), entry_of(root.path(), 0));
    assert!(compiles(path, 0) && compiles(path, 1));
    let (good, other) = (fs::read(&entry).unwrap(), fs::read(entry_of(path, 1)).unwrap());
    let flipped = |place: usize| {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        bytes
    };
    let head = entry::head(&key(0), b"").len();
    let native = Component::from_binary(&runtime::engine().unwrap(), &wasm(0)).unwrap().serialize().unwrap();
    let cases = [
        ("empty", Vec::new()),
        ("text", b"not an entry".to_vec()),
        ("torn in the head", good[..head / 2].to_vec()),
        ("torn behind the head", good[..head].to_vec()),
        ("torn at the end", good[..good.len() - 1].to_vec()),
        ("too long", [&good[..], b"\0"].concat()),
        ("wrong magic", flipped(0)),
        ("wrong key", flipped(20)),
        ("wrong checksum", flipped(head - 1)),
        ("wrong native code", flipped(head)),
        ("wrong last byte", flipped(good.len() - 1)),
        ("another module's", other),
        ("native code alone", native),
        ("whole, but nothing wasmtime takes", [&entry::head(&key(0), b"code")[..], b"code"].concat()),
    ];
    for (what, bytes) in cases {
        fs::write(&entry, bytes).unwrap();
        assert!(compiles(path, 0), "{what}");
        assert_eq!(fs::read(&entry).unwrap(), good, "{what}");
        assert!(!compiles(path, 0), "{what}");
    }
}

#[test]
fn every_byte_counts() {
    let key = key(0);
    let good = [entry::head(&key, b"native code"), b"native code".to_vec()].concat();
    assert_eq!(entry::native(&good, &key), Some(&b"native code"[..]));
    for place in 0..good.len() {
        let mut bytes = good.clone();
        bytes[place] ^= 0x80;
        assert_eq!(entry::native(&bytes, &key), None, "{place}");
        assert_eq!(entry::native(&good[..place], &key), None, "{place}");
    }
}

#[test]
fn an_entry_that_others_could_have_written_is_replaced() {
    let root = tempfile::tempdir().unwrap();
    let (path, entry) = (root.path(), entry_of(root.path(), 0));
    assert!(compiles(path, 0));
    for wrong in [0o602, 0o620] {
        chmod(&entry, wrong);
        assert!(compiles(path, 0), "{wrong:o}");
        assert_eq!(mode(&entry), 0o600);
    }
    let elsewhere = root.path().join("elsewhere");
    fs::rename(&entry, &elsewhere).unwrap();
    symlink(&elsewhere, &entry).unwrap();
    assert!(compiles(path, 0));
    assert!(fs::symlink_metadata(&entry).unwrap().is_file());
    fs::remove_file(&entry).unwrap();
    fs::create_dir(&entry).unwrap();
    assert!(compiles(path, 0) && compiles(path, 0));
    assert!(entry.is_dir());
}

#[test]
fn a_directory_that_is_not_private_is_not_used() {
    let root = tempfile::tempdir().unwrap();
    let made = |name: &str| {
        let path = root.path().join(name);
        fs::create_dir(&path).unwrap();
        path
    };
    let mut unused = Vec::new();
    for mode in [0o777, 0o1777, 0o770, 0o720, 0o702] {
        let path = made(&format!("mode-{mode:o}"));
        chmod(&path, mode);
        unused.push(path);
    }
    let link = root.path().join("link");
    symlink(made("target"), &link).unwrap();
    unused.push(link);
    let foreign = made("foreign");
    // Only root can give a directory away, and root's are foreign to all others.
    unused.push(if chown(&foreign, Some(1), None).is_ok() { foreign } else { PathBuf::from("/") });
    for path in unused {
        assert!(Directory::open(&path).is_err(), "{}", path.display());
        let before = names(&path);
        assert!(compiles(&path, 0) && compiles(&path, 0), "{}", path.display());
        assert_eq!(names(&path), before);
    }
}

#[test]
fn a_directory_that_cannot_be_had_stops_nothing() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let nobody_writes = root.path().join("read-only");
    fs::create_dir(&nobody_writes).unwrap();
    chmod(&nobody_writes, 0o500);
    // Root may write to it all the same.
    let root_writes = rustix::process::geteuid().is_root();
    let cases = [(file.clone(), true), (file.join("below"), true), (nobody_writes, !root_writes)];
    for (path, again) in cases {
        assert!(compiles(&path, 0), "{}", path.display());
        assert_eq!(compiles(&path, 0), again, "{}", path.display());
    }
}

#[test]
fn entries_do_not_pile_up() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("notes.code"), "").unwrap();
    let torn = format!("{}.7", key(0).file_name());
    let file = fs::File::create(root.path().join(&torn)).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    let count = u8::try_from(ENTRIES_MAX).unwrap() + 3;
    for number in 0..count {
        assert!(compiles(root.path(), number));
        // Times of files may be coarse.
        let at = SystemTime::now() - Duration::from_secs(u64::from(100 - number));
        fs::File::open(entry_of(root.path(), number)).unwrap().set_modified(at).unwrap();
    }
    let kept = names(root.path());
    assert!(kept.contains(&"notes.code".to_owned()) && !kept.contains(&torn));
    assert!(!compiles(root.path(), count - 1));
    assert!(kept.contains(&key(count - 1).file_name()) && !kept.contains(&key(0).file_name()));
    assert!(kept.len() <= ENTRIES_MAX + 1, "{kept:?}");
}

#[test]
fn a_draft_left_behind_is_in_the_way_once() {
    let root = tempfile::tempdir().unwrap();
    let draft = root.path().join(format!("{}.{}", key(0).file_name(), std::process::id()));
    fs::write(&draft, "").unwrap();
    assert!(compiles(root.path(), 0) && compiles(root.path(), 0));
    assert!(!compiles(root.path(), 0));
    assert!(!draft.exists());
}

#[test]
fn the_environment_says_where() {
    // FIRSTSEEN_CACHE_DIR, XDG_CACHE_HOME, HOME
    let cases = [
        ([Some("/f"), Some("/x"), Some("/h")], Some("/f")),
        ([Some(""), Some("/x"), Some("/h")], None),
        ([Some("relative"), None, Some("/h")], None),
        ([None, Some("/x"), Some("/h")], Some("/x/firstseen")),
        ([None, Some(""), Some("/h")], Some("/h/.cache/firstseen")),
        ([None, None, Some("/h")], Some("/h/.cache/firstseen")),
        ([None, None, Some("h")], None),
        ([None, None, None], None),
    ];
    for ([own, caches, home], expected) in cases {
        let variable = |name: &str| match name {
            "FIRSTSEEN_CACHE_DIR" => own.map(OsString::from),
            "XDG_CACHE_HOME" => caches.map(OsString::from),
            _ => home.map(OsString::from),
        };
        assert_eq!(path(variable).as_deref(), expected.map(Path::new), "{own:?} {caches:?} {home:?}");
    }
}
