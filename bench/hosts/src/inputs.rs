//! What every host gets: events, rules, modules.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use firstseen_bench_common::rules::RuleSet;
use firstseen_tests::endpoint_events::{Mix, write_events};
use firstseen_tests::running::Running;

/// `@timestamp` of the first event, in epoch milliseconds.
const START_MS: i64 = 1_795_500_000_000;

/// Milliseconds from one event to the next.
const STEP_MS: u64 = 10;

/// Rules, and the file that hosts read them from; none: they are built in.
pub(crate) struct Load {
    pub(crate) rules: RuleSet,
    pub(crate) path: Option<PathBuf>,
}

/// Files that `firstseen module` has written.
pub(crate) struct Modules {
    pub(crate) component: PathBuf,
    pub(crate) plain: PathBuf,
    pub(crate) scalar: PathBuf,
}

impl Load {
    pub(crate) fn built_in() -> Result<Self> {
        Ok(Self { rules: RuleSet::one()?, path: None })
    }

    /// Writes rules into one file, as NDJSON.
    pub(crate) fn of(rules: RuleSet, folder: &Path) -> Result<Self> {
        let path = folder.join("rules.ndjson");
        let mut file = BufWriter::new(File::create(&path)?);
        rules.rules.iter().try_for_each(|rule| writeln!(file, "{}", rule.json))?;
        file.flush()?;
        Ok(Self { rules, path: Some(path) })
    }
}

impl Modules {
    pub(crate) fn write(firstseen: &Path, folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let module = |name: &str, options: &[&str]| {
            let path = folder.join(name);
            let mut command = Command::new(firstseen);
            command.arg("module").args(options).arg("--output").arg(&path);
            let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
            let child = child.with_context(|| firstseen.display().to_string())?;
            Running::new(child).finish()?.expect_code(0)?;
            anyhow::Ok(path)
        };
        Ok(Self {
            component: module("component.wasm", &[])?,
            plain: module("plain.wasm", &["--plain"])?,
            scalar: module("scalar.wasm", &["--plain", "--scalar"])?,
        })
    }
}

/// Writes events; the same seed gives the same bytes. Answers with their number of bytes.
pub(crate) fn write_event_file(events: u64, seed: u64, path: &Path) -> Result<u64> {
    let mix = Mix { seed, events, install_every: 60, parents: 200, start_ms: START_MS, step_ms: STEP_MS };
    let mut file = BufWriter::new(File::create(path)?);
    let written = write_events(&mix, &mut file)?;
    file.flush()?;
    Ok(written.bytes)
}

#[cfg(test)]
mod tests {
    use firstseen_bench_common::rules::Rule;

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_events() {
        let folder = tempfile::tempdir().unwrap();
        let written = |name, seed| {
            let path = folder.path().join(name);
            let bytes = write_event_file(20, seed, &path).unwrap();
            let text = fs::read_to_string(&path).unwrap();
            assert_eq!(text.len() as u64, bytes);
            assert_eq!(text.lines().count(), 20);
            text
        };
        assert_eq!(written("a", 1), written("b", 1));
        assert_ne!(written("a", 1), written("c", 2));
    }

    #[test]
    fn rules_are_a_line_each() {
        let folder = tempfile::tempdir().unwrap();
        let json = ["a", "b"].map(|category| format!(r#"{{"type":"eql","query":"{category} where true"}}"#));
        let rules = json.clone().map(|json| Rule::of(json).unwrap()).to_vec();
        let load = Load::of(RuleSet { title: "two".to_owned(), rules }, folder.path()).unwrap();
        assert_eq!(fs::read_to_string(load.path.unwrap()).unwrap(), json.map(|json| json + "\n").concat());
    }
}
