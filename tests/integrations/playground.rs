//! The page in which rules are tried, in a real browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use anyhow::{Result, anyhow, ensure};
use firstseen_tests::firstseen::Firstseen;
use firstseen_tests::needs::{corpus, missing};
use firstseen_tests::repository;
use firstseen_tests::running::Running;

use crate::cases::cases;
use crate::write_module;

/// The built page, and what it was built from.
struct Page {
    tools: PathBuf,
    plain: PathBuf,
    file: PathBuf,
}

/// The page, built once; none where what builds it cannot be had.
fn page() -> Result<Option<&'static Page>> {
    static TOOLS: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| tools().map_err(|error| format!("{error:#}")));
    static PAGE: LazyLock<Result<Page, String>> = LazyLock::new(|| first_build().map_err(|error| format!("{error:#}")));
    if let Err(cause) = &*TOOLS {
        missing(format_args!("what builds the page is not there: {cause}"))?;
        return Ok(None);
    }
    PAGE.as_ref().map(Some).map_err(|cause| anyhow!("{cause}"))
}

/// What builds and drives the page, from npm's registry.
fn tools() -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("integration-playground");
    ran(Command::new("sh").arg(repository("integrations/playground/tools.sh")).arg(&folder))?;
    Ok(folder)
}

fn first_build() -> Result<Page> {
    let tools = tools()?;
    let [plain, file] = ["wasm", "html"].map(|ending| tools.join("playground").with_extension(ending));
    write_module(&["--plain"], &plain)?;
    build(&tools, &plain, &file, &tools)?;
    Ok(Page { tools, plain, file })
}

fn build(tools: &Path, plain: &Path, page: &Path, from: &Path) -> Result<()> {
    let script = repository("integrations/playground/build.js");
    let mut command = Command::new("node");
    command.current_dir(from).arg(script).args([tools, plain, page]);
    ran(&mut command).map(drop)
}

/// What a program prints, which must succeed.
fn ran(command: &mut Command) -> Result<String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let ran = Running::new(child).finish()?;
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    ensure!(ran.code()? == 0, "{text}{}", ran.stderr);
    Ok(text)
}

/// Runs a group of tests in the browser; answers what they print, or nothing if they cannot run.
fn in_browser(group: &str) -> Result<Option<String>> {
    let Some(built) = page()? else { return Ok(None) };
    if Command::new("chromium").arg("--version").output().is_err() {
        return missing("chromium is not installed").map(|()| None);
    }
    let mut command = Command::new("node");
    command.arg(repository("integrations/playground/tests/playground.js")).args([&built.tools, &built.file]);
    let said = ran(command.arg(&cases()?.folder).arg(group))?;
    println!("{said}");
    ensure!(said.lines().any(|line| line.starts_with("ok ")), "nothing was tested: {said}");
    Ok(Some(said))
}

#[test]
fn its_worker_gives_the_same_as_every_host() -> Result<()> {
    let Some(said) = in_browser("conformance")? else { return Ok(()) };
    let digest = &cases()?.digest;
    ensure!(said.lines().any(|line| line == format!("plain: {digest}")), "not {digest}");
    println!("Chromium: {digest}");
    Ok(())
}

#[test]
fn what_is_pasted_is_judged() -> Result<()> {
    in_browser("judging").map(drop)
}

#[test]
fn hostile_links_and_events_are_text() -> Result<()> {
    in_browser("hostile").map(drop)
}

#[test]
fn long_runs_end() -> Result<()> {
    in_browser("runs").map(drop)
}

#[test]
fn it_is_for_everyone() -> Result<()> {
    in_browser("access").map(drop)
}

#[test]
fn two_builds_are_the_same() -> Result<()> {
    let Some(built) = page()? else { return Ok(()) };
    let scratch = tempfile::tempdir()?;
    let again = scratch.path().join("again.html");
    build(&built.tools, &built.plain, &again, scratch.path())?;
    ensure!(fs::read(&built.file)? == fs::read(&again)?, "two builds differ");
    Ok(())
}

#[test]
fn toml_becomes_what_the_command_makes_of_it() -> Result<()> {
    let Some(built) = page()? else { return Ok(()) };
    let Some(rules) = corpus("elastic")? else { return Ok(()) };
    let scratch = tempfile::tempdir()?;
    let written = scratch.path().join("rules.ndjson");
    let listed = Firstseen::new("rules")?.args(["--format", "json"]).arg(&rules).run(b"")?.expect_code(0)?;
    fs::write(&written, &listed.stdout)?;
    let mut command = Command::new("node");
    command.arg(repository("integrations/playground/tests/rules.js")).args([&built.tools, scratch.path()]);
    println!("{}", ran(command.args([&rules, &written]))?);
    Ok(())
}
