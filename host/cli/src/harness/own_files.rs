//! What a case brings along, in its folder or above: the rule it tests, and what
//! belongs to it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use firstseen::printable;
use firstseen::rule_files::{FileFault, LoadedRules, is_rule_file, load_rules};

use crate::args::OwnFiles;

const EXCEPTIONS: &str = "exceptions.ndjson";
const MAPPING: &str = "mapping.json";
const VALUE_LISTS: &str = "value_lists";

/// What in the folder of a case is no rule, though it ends like one.
const NO_RULES: [&str; 5] = ["events.ndjson", "expected.ndjson", "state.ndjson", EXCEPTIONS, MAPPING];

/// Each kind of file from the nearest folder that has it: that of the case, or one
/// above, up to `root`, or to the working directory if `root` lies in it.
///
/// # Errors
///
/// When a folder holds more than one file of rules, or one that cannot be read.
pub(super) fn own_files(root: &Path, folder: &Path) -> Result<OwnFiles> {
    let folders = folders(root, folder)?;
    let nearest = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|path| path.exists());
    Ok(OwnFiles {
        rules: folders
            .iter()
            .find_map(|folder| rule_file(folder, !folder.starts_with(root)).transpose())
            .transpose()?,
        exceptions: nearest(EXCEPTIONS),
        value_lists: nearest(VALUE_LISTS).map(|folder| files(&folder)).transpose()?.unwrap_or_default(),
        mapping: nearest(MAPPING),
    })
}

/// The folders that are looked into, the case's own first. They are called by the
/// path that was given as far as that goes.
fn folders(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> =
        folder.ancestors().take_while(|ancestor| ancestor.starts_with(root)).map(Path::to_owned).collect();
    let root = fs::canonicalize(root).with_context(|| root.display().to_string())?;
    let working = std::env::current_dir()?;
    folders.extend(root.ancestors().skip(1).take_while(|above| above.starts_with(&working)).map(Path::to_owned));
    Ok(folders)
}

/// The one file of rules in a folder. In one that `is_above` the tests, other things
/// may be broken.
fn rule_file(folder: &Path, is_above: bool) -> Result<Option<PathBuf>> {
    let mut found: Vec<PathBuf> = Vec::new();
    for path in files(folder)? {
        let name = path.file_name().unwrap_or_default();
        if !is_rule_file(&path) || NO_RULES.iter().any(|other| name == *other) {
            continue;
        }
        match holds_rules(&path) {
            Ok(true) => found.push(path),
            Ok(false) => {}
            Err(_) if is_above && !is_called_rule(&path) => {}
            Err(error) => return Err(error),
        }
    }
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().display().to_string();
    match found.as_slice() {
        [] => Ok(None),
        [path] => Ok(Some(path.clone())),
        all => {
            let names: Vec<String> = all.iter().map(name).collect();
            bail!(
                "{}: more than one file of rules ({}); a case tests one, so give each a folder of its own with its cases",
                folder.display(),
                names.join(", ")
            )
        }
    }
}

/// Whether a file is one of rules: it holds some, or is called `rule`, or would be
/// one if nothing were wrong with it. JSON and TOML of another kind is none.
///
/// # Errors
///
/// What is wrong with it.
fn holds_rules(path: &Path) -> Result<bool> {
    let LoadedRules { rules, problems, .. } = load_rules(&[path]);
    let is_other = |fault: &FileFault| {
        matches!(fault, FileFault::NotOne { .. } | FileFault::Nothing { .. } | FileFault::FileTooLarge { .. })
    };
    if rules.is_empty() && !is_called_rule(path) && problems.iter().any(|problem| is_other(&problem.fault)) {
        return Ok(false);
    }
    let problems: Vec<String> = problems.iter().map(|problem| printable(&problem.to_string())).collect();
    ensure!(problems.is_empty(), "{}", problems.join("\n  "));
    Ok(true)
}

fn is_called_rule(path: &Path) -> bool {
    path.file_stem() == Some(OsStr::new("rule"))
}

/// The files of a folder that are not hidden, sorted by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || -> std::io::Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !is_hidden && path.is_file() {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    };
    read().with_context(|| format!("cannot read the folder {}", folder.display()))
}
