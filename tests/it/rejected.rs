//! What is refused, from `tests/data/rejected`: each case with its message.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::{data, golden};

const FOLDER: &str = "rejected";

#[test]
fn rules() -> Result<()> {
    check_all("rules", |case| Ok(vec![case.to_owned()]))
}

#[test]
fn exceptions() -> Result<()> {
    check_all("exceptions", |case| Ok(beside("with-a-list.json", "--exceptions", &[case.to_owned()])))
}

#[test]
fn value_lists() -> Result<()> {
    check_all("value-lists", |case| Ok(beside("runs.json", "--value-list", &files(case)?)))
}

#[test]
fn mappings() -> Result<()> {
    check_all("mappings", |case| Ok(beside("runs.json", "--mapping", &[case.to_owned()])))
}

/// The rules beside which other documents are checked have no fault of their
/// own.
#[test]
fn what_is_checked_beside_them_runs() -> Result<()> {
    let list = r#"{"list_id":"list","type":"detection","namespace_type":"single","name":"A List"}"#;
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("list.ndjson");
    fs::write(&path, list)?;
    let check = Firstseen::new("check")?.args(["runs.json", "with-a-list.json"]).arg("--exceptions").arg(path);
    check.current_dir(data(FOLDER)).run(b"")?.expect_code(0)?;
    Ok(())
}

/// Checks the cases of a kind; `arguments` are those for a case, whose path is
/// relative to the folder of all kinds.
fn check_all(kind: &str, arguments: impl Fn(&Path) -> Result<Vec<PathBuf>>) -> Result<()> {
    let mut cases = BTreeSet::new();
    let mut texts = BTreeSet::new();
    for path in entries(&Path::new(FOLDER).join(kind))? {
        let path = path.strip_prefix(FOLDER)?.to_owned();
        match path.extension().is_some_and(|extension| extension == "txt") {
            true => texts.insert(path),
            false => cases.insert(path),
        };
    }
    ensure!(!cases.is_empty(), "there is no case in {kind}");
    let mut differing = Vec::new();
    let mut named = BTreeSet::new();
    for case in &cases {
        let text = case.with_extension("txt");
        texts.remove(&text);
        ensure!(named.insert(text.clone()), "two cases have the text {}", text.display());
        let ran = Firstseen::new("check")?.args(arguments(case)?).current_dir(data(FOLDER)).run(b"")?;
        let refuses = ["unusable", "refused", "off", "not ours"];
        let is_refused = ran.text()?.lines().any(|line| refuses.iter().any(|status| line.starts_with(status)));
        ensure!(is_refused, "{} is not refused:\n{}", case.display(), ran.text()?);
        let code = ran.status.code().context("a signal ended it")?;
        let said = format!("{}{}exit status {code}\n", ran.text()?, ran.stderr);
        differing.extend(golden::check_file(&data(FOLDER).join(text), &said).err().map(|error| format!("{error:#}")));
    }
    ensure!(texts.is_empty(), "without a case: {texts:?}");
    ensure!(differing.is_empty(), "{}", differing.join("\n\n"));
    Ok(())
}

fn beside(rule: &str, option: &str, paths: &[PathBuf]) -> Vec<PathBuf> {
    let options = paths.iter().flat_map(|path| [PathBuf::from(option), path.clone()]);
    [PathBuf::from(rule)].into_iter().chain(options).collect()
}

/// The files in a folder of a case and in those below, in order.
fn files(case: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in entries(&Path::new(FOLDER).join(case))? {
        let path = path.strip_prefix(FOLDER)?.to_owned();
        match data(FOLDER).join(&path).is_dir() {
            true => files.extend(self::files(&path)?),
            false => files.push(path),
        }
    }
    Ok(files)
}

/// What is in a folder of the test data, in order, relative to the data.
fn entries(folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let full = data("").join(folder);
    let entries = fs::read_dir(&full).with_context(|| full.display().to_string())?;
    entries.map(|entry| Ok(folder.join(entry?.file_name()))).collect()
}
