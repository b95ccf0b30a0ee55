//! What one start compiles, the next one finds.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use firstseen_tests::data;
use firstseen_tests::firstseen::Firstseen;

/// The alert, and what else came out, with a cache in a directory.
fn run(cache: &Path) -> Result<Vec<u8>> {
    let events = fs::read(data("dpkg-i-recorded.ndjson"))?;
    let ran = Firstseen::filter()?.env("FIRSTSEEN_CACHE_DIR", cache).run(&events)?.expect_code(0)?;
    ensure!(ran.count("alerts")? == 1);
    Ok(ran.stdout)
}

fn only_entry(cache: &Path) -> Result<PathBuf> {
    let mut entries = fs::read_dir(cache)?;
    let entry = entries.next().context("nothing was kept")??;
    ensure!(entries.next().is_none(), "more than one entry");
    Ok(entry.path())
}

#[test]
fn the_second_start_takes_it_and_a_damaged_one_is_replaced() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let cache = scratch.path().join("cache");
    let output = run(&cache)?;
    let entry = only_entry(&cache)?;
    let good = fs::read(&entry)?;
    // Long ago, so that a file written anew would show.
    let long_ago = SystemTime::UNIX_EPOCH;
    fs::File::open(&entry)?.set_modified(long_ago)?;
    ensure!(run(&cache)? == output);
    ensure!(only_entry(&cache)? == entry);
    ensure!(fs::metadata(&entry)?.modified()? == long_ago, "it was written anew");

    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    *damaged.get_mut(middle).context("empty")? ^= 1;
    fs::write(&entry, damaged)?;
    ensure!(run(&cache)? == output);
    ensure!(only_entry(&cache)? == entry);
    ensure!(fs::read(&entry)? == good, "it stayed damaged");
    Ok(())
}

#[test]
fn without_a_directory_all_works() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let file = scratch.path().join("file");
    fs::write(&file, "")?;
    ensure!(run(&file)? == run(Path::new(""))?);
    ensure!(fs::read(&file)?.is_empty());
    Ok(())
}

#[test]
fn what_is_kept_is_not_taken_for_a_module() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let cache = scratch.path().join("cache");
    run(&cache)?;
    let ran = Firstseen::filter()?.arg("--module").arg(only_entry(&cache)?).run(b"")?.expect_code(2)?;
    ensure!(ran.stderr.contains("not WebAssembly"), "{}", ran.stderr);
    Ok(())
}
