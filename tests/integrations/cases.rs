//! The cases that every integration runs: those of `integrations/conformance`, and a slice
//! of the corpus where that is there.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::corpus;
use firstseen_tests::plain_host::{Host, compile, transcript};
use firstseen_tests::repository;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Half an hour before noon, in milliseconds since 1970.
const ARRIVAL: u64 = 1_795_519_800_000;

/// Cases in a folder, and what alerts they give.
pub(super) struct Cases {
    pub(super) folder: PathBuf,
    /// What every integration says of them, without the name of the shape.
    pub(super) digest: String,
}

/// What of the corpus belongs to the cases: `integrations/conformance/corpus.json`.
#[derive(Deserialize)]
struct Slice {
    /// Files or folders of rules.
    rules: Vec<String>,
    events: Vec<Lines>,
}

/// Lines of a file, from 1, both ends included.
#[derive(Deserialize)]
struct Lines {
    file: String,
    from: usize,
    to: usize,
}

/// All cases, put together once.
///
/// # Errors
///
/// When they cannot be, and with `CI=true` without a corpus.
pub(super) fn cases() -> Result<&'static Cases> {
    static CASES: LazyLock<Result<Cases, String>> =
        LazyLock::new(|| prepare().map_err(|error| format!("no cases: {error:#}")));
    CASES.as_ref().map_err(|error| anyhow::anyhow!("{error}"))
}

fn prepare() -> Result<Cases> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("conformance-cases");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    for case in fs::read_dir(repository("integrations/conformance/cases"))? {
        let case = case?;
        let to = folder.join(case.file_name());
        fs::create_dir_all(&to)?;
        for file in fs::read_dir(case.path())? {
            let file = file?;
            fs::copy(file.path(), to.join(file.file_name()))?;
        }
    }
    slice(&folder.join("slice-of-the-corpus"))?;
    let digest = digest(&folder)?;
    Ok(Cases { folder, digest })
}

/// Makes a case of the corpus; its transcript is that of the module in Wasmtime.
fn slice(case: &Path) -> Result<()> {
    let slice = fs::read_to_string(repository("integrations/conformance/corpus.json"))?;
    let slice: Slice = serde_json::from_str(&slice)?;
    let mut listed = Firstseen::new("rules")?.args(["--format", "json"]);
    for rules in &slice.rules {
        let Some(rules) = corpus(rules)? else { return Ok(()) };
        listed = listed.arg(rules);
    }
    fs::create_dir_all(case)?;
    let rules = listed.run(b"")?.expect_code(0)?;
    let configuration = json!({ "rules": [{ "name": "rules.ndjson", "content": rules.text()? }] });
    fs::write(case.join("configuration.json"), configuration.to_string())?;
    let mut contexts = String::new();
    for (number, lines) in (1..).zip(&slice.events) {
        let Some(file) = corpus(&lines.file)? else { return Ok(()) };
        let text = fs::read_to_string(&file)?;
        let part: Vec<&str> = text.lines().skip(lines.from - 1).take(lines.to + 1 - lines.from).collect();
        ensure!(part.len() == lines.to + 1 - lines.from, "{} has too few lines", file.display());
        fs::write(case.join(format!("batch-{number}.ndjson")), part.join("\n") + "\n")?;
        writeln!(contexts, "{}", json!({ "arrival": ARRIVAL + number * 1000 }))?;
    }
    fs::write(case.join("contexts.ndjson"), contexts)?;
    let module = Firstseen::new("module")?.args(["--plain", "--output", "-"]).run(b"")?.expect_code(0)?;
    let said = transcript(&mut Host::new(&compile(&module.stdout, true)?)?, case)?;
    let alerts = said.lines().filter(|line| line.starts_with(r#"{"given":{"alert":"#)).count();
    // The playground shows no more than 100.
    ensure!(alerts > 50 && alerts < 100, "{alerts} alerts");
    Ok(fs::write(case.join("transcript.ndjson"), said)?)
}

/// The SHA-256 of the ids and documents of all alerts, as integrations write it.
fn digest(folder: &Path) -> Result<String> {
    let mut names: Vec<_> = fs::read_dir(folder)?.map(|case| Ok(case?.path())).collect::<Result<_>>()?;
    names.sort();
    let mut digest = Sha256::new();
    for case in &names {
        for line in fs::read_to_string(case.join("transcript.ndjson"))?.lines() {
            let said: Value = serde_json::from_str(line)?;
            if let Some(alert) = said.pointer("/given/alert") {
                let text = |name| alert.get(name).and_then(Value::as_str).context("no alert");
                digest.update(format!("{}\t{}\n", text("id")?, text("document")?));
            }
        }
    }
    let hex: String = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{} cases, {hex}", names.len()))
}
