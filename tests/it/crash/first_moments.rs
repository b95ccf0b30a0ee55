//! Kills while the state is being made.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use firstseen_tests::events::{install, lines};
use firstseen_tests::firstseen::Firstseen;

use super::{Moments, kills};

/// Such a kill costs little, and only a few meet the moment.
const KILLS_EACH: usize = 2;

/// Longest wait for a file to appear; it bounds a failing test.
const HANG: Duration = Duration::from_secs(120);

#[test]
fn a_state_in_the_making_is_accepted_by_the_next_start() -> Result<()> {
    let scratch = tempfile::tempdir()?;
    let events = lines([install("/usr/bin/a", "2026-11-24T11:59:00.000Z")]);
    let mut moments = Moments(3);
    for number in 0..kills()? * KILLS_EACH {
        let folder = scratch.path().join(number.to_string());
        fs::create_dir(&folder)?;
        let state = folder.join("seen");
        let command = || -> Result<Firstseen> { Ok(Firstseen::filter()?.arg("--state").arg(&state)) };
        let running = command()?.spawn()?;
        let began = Instant::now();
        // Whatever it is called at first.
        while fs::read_dir(&folder)?.next().is_none() {
            ensure!(began.elapsed() < HANG, "no file appears");
        }
        // From at once to a few milliseconds later.
        sleep(Duration::from_secs_f64(0.005 * moments.next() * moments.next()));
        running.kill()?;
        let left = listing(&folder)?;
        let ran = command()?.run(&events)?;
        ensure!(ran.code()? == 0, "kill {number} left {left}: {}", ran.stderr);
        ensure!(ran.count("alerts")? == 1, "kill {number} left {left}: {}", ran.stderr);
    }
    Ok(())
}

/// The files of a folder, with their sizes.
fn listing(folder: &Path) -> Result<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.push(format!("{} ({} bytes)", entry.file_name().display(), entry.metadata()?.len()));
    }
    Ok(files.join(", "))
}
