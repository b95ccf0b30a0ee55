//! Which files a path stands for.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use super::problem::{FileFault, FileProblem};

/// Most files that are read.
pub(super) const FILES_MAX: usize = 100_000;

/// How deep below a given folder files are looked for.
const DEPTH_MAX: usize = 32;

/// Endings of the files that are looked at in folders.
const ENDINGS: [&str; 3] = ["toml", "json", "ndjson"];

/// Looks for rule files.
#[derive(Default)]
pub(super) struct Walk {
    /// What was found, in order.
    pub(super) files: Vec<PathBuf>,
    /// What could not be looked into.
    pub(super) problems: Vec<FileProblem>,
    /// The folders that were looked into, with links followed: none is
    /// entered twice, whatever links lead to it.
    entered: BTreeSet<PathBuf>,
    full: bool,
}

impl Walk {
    /// Adds a file, or the files in and below a folder, sorted by name.
    pub(super) fn add(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let (files, problems) = (self.files.len(), self.problems.len());
                // A folder that is given twice is read twice: what it holds is
                // then named as a duplicate.
                self.entered.clear();
                self.folder(path, 0);
                if self.files.len() == files && self.problems.len() == problems {
                    self.problems.push(FileProblem::new(path, FileFault::NoFiles));
                }
            }
            Ok(_) => self.file(path.to_owned()),
            Err(error) => self.problems.push(FileProblem::new(path, FileFault::Io(error))),
        }
    }

    fn folder(&mut self, folder: &Path, depth: usize) {
        if depth > DEPTH_MAX {
            self.problems.push(FileProblem::new(folder, FileFault::TooDeep { max: DEPTH_MAX }));
            return;
        }
        if let Err(error) = self.entries(folder, depth) {
            self.problems.push(FileProblem::new(folder, FileFault::Io(error)));
        }
    }

    fn entries(&mut self, folder: &Path, depth: usize) -> io::Result<()> {
        if !self.entered.insert(fs::canonicalize(folder)?) {
            return Ok(());
        }
        let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<DirEntry>>>()?;
        entries.sort_by_key(DirEntry::file_name);
        for entry in entries {
            if self.full {
                break;
            }
            if !is_hidden(&entry.file_name()) {
                self.entry(&entry, depth)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &DirEntry, depth: usize) -> io::Result<()> {
        let path = entry.path();
        let mut kind = entry.file_type()?;
        if kind.is_symlink() {
            match fs::metadata(&path) {
                Ok(metadata) => kind = metadata.file_type(),
                // A link to nowhere matters only where it would be a rule.
                Err(_) if !is_rule_file(&path) => return Ok(()),
                Err(error) => {
                    self.problems.push(FileProblem::new(&path, FileFault::Io(error)));
                    return Ok(());
                }
            }
        }
        if kind.is_dir() {
            self.folder(&path, depth + 1);
        } else if kind.is_file() && is_rule_file(&path) {
            self.file(path);
        }
        Ok(())
    }

    fn file(&mut self, path: PathBuf) {
        if self.files.len() < FILES_MAX {
            self.files.push(path);
        } else if !self.full {
            self.full = true;
            self.problems.push(FileProblem::new(&path, FileFault::TooManyFiles { max: FILES_MAX }));
        }
    }
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

/// Whether a file's name ends as that of a rule file does.
pub fn is_rule_file(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    fn found(root: &Path) -> (Vec<String>, usize) {
        let mut walk = Walk::default();
        walk.add(root);
        let names = walk.files.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string());
        (names.collect(), walk.problems.len())
    }

    #[test]
    fn rule_files_are_found_in_sorted_order() {
        let root =
            tree(&["b.toml", "a/z.json", "a/b.NDJSON", "c.md", ".git/x.toml", ".hidden.toml", "a/notes", "B.toml"]);
        let expected = ["B.toml", "a/b.NDJSON", "a/z.json", "b.toml"].map(str::to_owned).to_vec();
        assert_eq!(found(root.path()), (expected, 0));
    }

    #[test]
    fn an_empty_folder_and_a_missing_path_are_problems() {
        let root = tree(&["README.md"]);
        for path in [root.path().to_owned(), root.path().join("gone")] {
            assert_eq!(found(&path), (vec![], 1), "{}", path.display());
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once_and_loops_end() {
        let root = tree(&["..data/a.toml", "b/c.toml"]);
        let link = |to: &str, from: &str| std::os::unix::fs::symlink(to, root.path().join(from)).unwrap();
        link("..data/a.toml", "a.toml");
        link("..", "b/loop");
        link("b", "again");
        link("nowhere.toml", "gone.toml");
        link("nowhere", "gone");
        let expected = ["a.toml", "again/c.toml"].map(str::to_owned).to_vec();
        assert_eq!(found(root.path()), (expected, 1));
    }

    #[test]
    fn folders_are_not_followed_for_ever() {
        let deep = "d/".repeat(DEPTH_MAX + 1) + "a.toml";
        let root = tree(&[&deep, "a.toml"]);
        assert_eq!(found(root.path()), (vec!["a.toml".to_owned()], 1));
    }
}
