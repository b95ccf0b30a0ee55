//! Reading files, within limits.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::problem::{FileFault, FileProblem};

/// Room for a file, made before its length is known: most rules have less.
const BYTES_EXPECTED: usize = 32 << 10;

/// What a rule file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One rule of detection-rules, or its exception lists.
    Toml,
    /// JSON of any layout.
    Json,
}

impl Format {
    /// By the file's ending, or by how its text begins.
    pub(super) fn of(path: &Path, text: &str) -> Self {
        let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
        match ending.as_str() {
            "toml" => Self::Toml,
            "json" | "ndjson" | "jsonl" => Self::Json,
            _ => Self::by_content(text),
        }
    }

    fn by_content(text: &str) -> Self {
        let text = text.trim_start();
        match text.strip_prefix('[') {
            // `[metadata]`, or an array of rules.
            Some(rest) if !rest.trim_start().starts_with(['{', ']']) => Self::Toml,
            None if !text.starts_with('{') => Self::Toml,
            _ => Self::Json,
        }
    }
}

/// The text of a file of at most `bytes_max` bytes, without a byte-order mark.
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<String, FileProblem> {
    let problem = |fault| FileProblem::new(path, fault);
    let bytes = bytes(path, bytes_max).map_err(|error| problem(FileFault::Io(error)))?;
    if bytes.len() > bytes_max {
        return Err(problem(FileFault::FileTooLarge { bytes_max }));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))?;
    if text.starts_with('\u{feff}') {
        text.remove(0);
    }
    Ok(text)
}

/// One byte over the limit is read, so that it shows.
fn bytes(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let mut bytes = Vec::with_capacity(BYTES_EXPECTED.min(bytes_max.saturating_add(1)));
    file.take(u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn not_utf8(path: &Path, error: &std::string::FromUtf8Error) -> FileProblem {
    let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', valid).count() + 1;
    FileProblem::at(path, line, None, FileFault::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_else_the_content() {
        use Format::{Json, Toml};
        let cases = [
            ("a.toml", "{", Toml),
            ("a.JSON", "[rule]", Json),
            ("a.ndjson", "", Json),
            ("a", " \n{}", Json),
            ("a", "[ {}]", Json),
            ("a", "[]", Json),
            ("a.txt", "[metadata]\n", Toml),
            ("a.txt", "# rule\n[rule]", Toml),
            ("/dev/fd/63", "name = 1", Toml),
        ];
        for (path, text, expected) in cases {
            assert_eq!(Format::of(Path::new(path), text), expected, "{path} {text}");
        }
    }

    #[test]
    fn limits_and_encoding() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        let cases: [(&[u8], Result<&str, &str>); 5] = [
            (b"\xef\xbb\xbfab", Ok("ab")),
            (b"abcdefgh", Ok("abcdefgh")),
            (b"abcdefghi", Err("larger than 0 KiB")),
            (b"a\nb\n\xff", Err(":3: not UTF-8")),
            (b"", Ok("")),
        ];
        for (content, expected) in cases {
            std::fs::write(&path, content).unwrap();
            match (read(&path, 8), expected) {
                (Ok(text), Ok(expected)) => assert_eq!(text, expected),
                (Err(problem), Err(expected)) => assert!(problem.to_string().contains(expected), "{problem}"),
                (read, _) => panic!("{content:?}: {read:?}"),
            }
        }
        assert!(read(folder.path(), 8).is_err());
    }
}
